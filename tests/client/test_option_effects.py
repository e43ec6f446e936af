"""The effect of each option of seeding and downloading, as a peer observes it.

Most of the time is waiting, for ten seconds where libtorrent shows the peers of a super seed nothing yet: all scenes
are run at once, and each test reports how its own ended.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Coroutine
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import libtorrent as lt
import pytest
from hostile_rig import HostilePeer
from seeding_rig import (
    HERE,
    PATIENCE,
    PIECE_LENGTH,
    QUIET,
    QUIET_WORDS,
    Leecher,
    Release,
    Running,
    make_release,
    run_mkt,
    seeding,
    until,
)

from mktorrent_py.client.options import Encryption
from mktorrent_py.client.seeding import events, seeder
from mktorrent_py.metainfo.infohash import TorrentVersion

PIECES = 20
LENGTH = PIECES * PIECE_LENGTH
BIG = {"big.bin": LENGTH}


def handle_of(running: Running) -> lt.torrent_handle:
    (torrent,) = running.seeder.torrents.values()
    return torrent.handle


def pieces_of(leecher: Leecher) -> set[int]:
    status = leecher.handle.status(lt.torrent_handle.query_pieces)
    return {number for number, there in enumerate(status.pieces) if there}


def received(leecher: Leecher) -> int:
    return int(leecher.handle.status().total_payload_download)


# How much, and to how many


async def set_up() -> None:
    """Wait until the other scenes are set up, which blocks the event loop for seconds on a busy machine."""
    await asyncio.sleep(0)


async def rate_of(leecher: Leecher, seconds: float) -> float:
    """Return bytes a second, from the first byte."""
    await until(lambda: received(leecher) > 0)
    before, started = received(leecher), time.monotonic()
    await asyncio.sleep(seconds)
    return (received(leecher) - before) / (time.monotonic() - started)


async def limit_up(directory: Path) -> None:
    release = make_release(directory, tree={"a": 8_000_000})
    async with seeding(release, session=replace(QUIET, upload_limit=1_000_000)) as seeder:
        leecher = Leecher(release, directory / "out")
        await set_up()
        leecher.dial(seeder.port)
        assert 700_000 < await rate_of(leecher, 3) < 1_300_000


async def limit_down(directory: Path) -> None:
    """3 MB at 1 MB/s take three seconds, and not much more."""
    release = make_release(directory, tree={"a": 3_000_000})
    async with seeding(release) as seeder:
        where = ("-d", directory / "out", "--port", "0", *QUIET_WORDS, "--peer", f"{HERE}:{seeder.port}")
        words = ("fetch", release.torrent, *where, "--json", "--download-limit", "1M")
        code, out, _ = await asyncio.to_thread(run_mkt, *words)
    assert code == 0
    assert 2 < json.loads(out)["seconds"] < 10


async def unchoked(running: Running, leechers: list[Leecher], seconds: float) -> list[int]:
    """Sample how many peers are unchoked, from the first one on."""
    await set_up()
    for leecher in leechers:
        leecher.dial(running.port)

    def served() -> int:
        return sum([not info.flags & lt.peer_info.choked for info in handle_of(running).get_peer_info()])

    await until(served)
    await until(lambda: len(handle_of(running).get_peer_info()) == len(leechers))
    seen = []
    started = time.monotonic()
    while time.monotonic() - started < seconds:
        seen.append(served())
        await asyncio.sleep(0.05)
    return seen


async def limit_slots(directory: Path, slots: int) -> None:
    """The others get nothing, not even the pieces that the fast extension allows choked peers (BEP 6)."""
    release = make_release(directory, tree=BIG)
    async with seeding(release, session=replace(QUIET, slots=slots, upload_limit=300_000)) as seeder:
        leechers = [Leecher(release, directory / str(number)) for number in range(3)]
        assert max(await unchoked(seeder, leechers, 1.5)) == slots
        assert sum([received(leecher) > 1000 for leecher in leechers]) == slots


async def limit_peers(directory: Path) -> None:
    release = make_release(directory, tree=BIG)
    async with seeding(release, session=replace(QUIET, max_peers=2, upload_limit=20_000)) as seeder:
        leechers = [Leecher(release, directory / str(number)) for number in range(2)]
        for leecher in leechers:
            leecher.dial(seeder.port)
        await until(lambda: len(handle_of(seeder).get_peer_info()) == len(leechers))
        assert not await raw_peer_is_met(release, seeder)
        assert len(handle_of(seeder).get_peer_info()) == len(leechers)


# Super-seeding


async def super_seed(directory: Path, version: TorrentVersion, verified: bool) -> None:
    """Two that do not know each other get different pieces at first; then they exchange what they have."""
    release = make_release(directory, version, tree=BIG)
    session = replace(QUIET, upload_limit=600_000)
    async with seeding(release, session=session, verified=verified, super_seed=True) as seeder:
        one, two = (Leecher(release, directory / name) for name in ("one", "two"))
        for leecher in (one, two):
            leecher.session.apply_settings({"unchoke_interval": 1})
            leecher.dial(seeder.port)
        await until(lambda: pieces_of(one) and pieces_of(two), 40)
        first, second = pieces_of(one), pieces_of(two)
        one.handle.connect_peer((HERE, two.port))
        await until(lambda: one.is_done() and two.is_done(), 40)
        await until(lambda: seeder.seeder.statistics.uploaded >= LENGTH)
    assert len(first) + len(second) < PIECES
    assert not first & second
    assert 0.9 < seeder.seeder.statistics.ratio < 1.5
    assert not seeder.of_kind(events.SeedFailed)


async def change_what_is_super_seeded(directory: Path) -> None:
    release = make_release(directory, tree=BIG)
    async with seeding(release, session=replace(QUIET, upload_limit=200_000), super_seed=True) as seeder:
        leecher = Leecher(release, directory / "out")
        leecher.dial(seeder.port)
        await until(lambda: pieces_of(leecher), 40)
        with (release.content / "big.bin").open("r+b") as file:
            file.write(b"changed")
        assert "was written to" in str((await seeder.until(events.SeedFailed)).error)


# How peers are met


async def raw_peer_is_met(release: Release, running: Running) -> bool:
    return await HostilePeer().dial(running.port, release.metainfo.infohashes.swarm_keys[0])


async def completes(leecher: Leecher, port: int, *, expected: bool) -> bool:
    """Return whether the leecher completes in the time it needs when it can."""
    deadline = time.monotonic() + (PATIENCE if expected else 1.5)
    while not leecher.is_done() and time.monotonic() < deadline:
        leecher.dial(port)
        await asyncio.sleep(0.05)
    return leecher.is_done()


async def obfuscate(directory: Path, encryption: Encryption, plain: bool, obfuscated: bool) -> None:
    release = make_release(directory, tree={"a": 10_000})
    async with seeding(release, session=replace(QUIET, encryption=encryption)) as seeder:
        assert await raw_peer_is_met(release, seeder) is plain
        leecher = Leecher(release, directory / "out")
        leecher.session.apply_settings({"out_enc_policy": int(lt.enc_policy.pe_forced)})
        assert await completes(leecher, seeder.port, expected=obfuscated) is obfuscated


async def exchange_addresses(directory: Path, pex: bool, private: bool) -> None:
    """One peer receives the address of another, or does not."""
    release = make_release(directory, tree=BIG, private=private)
    is_told = pex and not private
    async with seeding(release, session=replace(QUIET, pex=pex, upload_limit=20_000)) as seeder:
        leecher = Leecher(release, directory / "out")
        leecher.dial(seeder.port)
        await seeder.until(events.PeerJoined)
        key, told = release.metainfo.infohashes.swarm_keys[0], False
        # What the first message does not name, the next may after a minute: ask again instead.
        for _ in range(6 if is_told else 1):
            told = told or await HostilePeer().dial(seeder.port, key, 3, for_gossip=True)
        assert told is is_told


async def speak_utp(directory: Path, utp: bool) -> None:
    """With a peer that speaks nothing else."""
    release = make_release(directory, tree={"a": 10_000})
    leecher = Leecher(release, directory / "out")
    leecher.session.apply_settings({"enable_outgoing_utp": True, "enable_outgoing_tcp": False})
    async with seeding(release, session=replace(QUIET, utp=utp)) as seeder:
        assert await completes(leecher, seeder.port, expected=utp) is utp


Scene = Callable[[Path], Coroutine[Any, Any, None]]
SCENES: dict[str, Scene] = {
    "upload limit": limit_up,
    "download limit": limit_down,
    "one slot": partial(limit_slots, slots=1),
    "three slots": partial(limit_slots, slots=3),
    "two peers at most": limit_peers,
    **{
        f"super seed {version}{'' if verified else ', not hashed before'}": partial(
            super_seed, version=version, verified=verified
        )
        for version in TorrentVersion
        for verified in (True, False)
    },
    "super seed, changed": change_what_is_super_seeded,
    "obfuscation allowed": partial(obfuscate, encryption=Encryption.ALLOW, plain=True, obfuscated=True),
    "obfuscation required": partial(obfuscate, encryption=Encryption.REQUIRE, plain=False, obfuscated=True),
    "obfuscation off": partial(obfuscate, encryption=Encryption.OFF, plain=True, obfuscated=False),
    "PEX": partial(exchange_addresses, pex=True, private=False),
    "no PEX": partial(exchange_addresses, pex=False, private=False),
    "no PEX in private": partial(exchange_addresses, pex=True, private=True),
    "uTP": partial(speak_utp, utp=True),
    "no uTP": partial(speak_utp, utp=False),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, BaseException | None]:
    """Run all scenes; return how each ended."""

    async def play() -> list[BaseException | None]:
        directories = [tmp_path_factory.mktemp("scene") for _ in SCENES]
        scenes = [scene(directory) for scene, directory in zip(SCENES.values(), directories, strict=True)]
        return await asyncio.gather(*scenes, return_exceptions=True)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(seeder, "TICK", 0.1)
        return dict(zip(SCENES, asyncio.run(play()), strict=True))


@pytest.mark.parametrize("name", SCENES)
def test_the_option_has_its_effect(outcomes: dict[str, BaseException | None], name: str) -> None:
    error = outcomes[name]
    if error is not None:
        raise error
