"""The options of seeding and fetching, each met by somebody who would notice if it did nothing."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
import time
from collections.abc import Coroutine, Sequence
from dataclasses import replace
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
from tracker_rig import tracking

from mktorrent_py.errors import ExitCode, NetworkError
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.swarm import events, seed
from mktorrent_py.swarm.session import Encryption, Session, settings_of

PIECES = 20
LENGTH = PIECES * PIECE_LENGTH
BIG = {"big.bin": LENGTH}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seed, "TICK", 0.1)


def handle_of(running: Running) -> lt.torrent_handle:
    (torrent,) = running.seeder.torrents.values()
    return torrent.handle


def pieces_of(leecher: Leecher) -> set[int]:
    status = leecher.handle.status(lt.torrent_handle.query_pieces)
    return {number for number, there in enumerate(status.pieces) if there}


def received(leecher: Leecher) -> int:
    return int(leecher.handle.status().total_payload_download)


def together(scenes: Sequence[Coroutine[Any, Any, None]]) -> None:
    """Play scenes at the same time, as they wait most of it."""

    async def play() -> None:
        async with asyncio.TaskGroup() as group:
            for scene in scenes:
                group.create_task(scene)

    asyncio.run(play())


# How much, and to how many


async def rate_of(leecher: Leecher, seconds: float) -> float:
    """Bytes a second, from when it has begun."""
    await until(lambda: received(leecher) > 0)
    before, started = received(leecher), time.monotonic()
    await asyncio.sleep(seconds)
    return (received(leecher) - before) / (time.monotonic() - started)


def test_the_limits_are_what_is_measured(tmp_path: Path) -> None:
    """Up at 1 MB/s; 1.5 MB down at 1 MB/s take their time, and not much more."""

    async def up() -> None:
        release = make_release(tmp_path / "up", tree={"a": 8_000_000})
        async with seeding(release, session=replace(QUIET, upload_limit=1_000_000)) as seeder:
            leecher = Leecher(release, tmp_path / "up" / "out")
            leecher.dial(seeder.port)
            assert 700_000 < await rate_of(leecher, 2) < 1_300_000

    async def down() -> None:
        release = make_release(tmp_path / "down", tree={"a": 1_500_000})
        async with seeding(release) as seeder:
            where = ("-d", tmp_path / "down" / "out", "--port", "0", *QUIET_WORDS, "--peer", f"{HERE}:{seeder.port}")
            words = ("fetch", release.torrent, *where, "--json", "--download-limit", "1M")
            code, out, _ = await asyncio.to_thread(run_mkt, *words)
        assert code == 0
        assert 1 < json.loads(out)["seconds"] < 8

    together([up(), down()])


async def unchoked(running: Running, leechers: list[Leecher], seconds: float) -> list[int]:
    """How many were served at a time, as often as looked, from when somebody is."""
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


def test_as_many_are_served_as_there_are_slots(tmp_path: Path) -> None:
    """The others get nothing, not even the pieces that some give to everybody whom they choke (BEP 6)."""

    async def scene(slots: int) -> None:
        directory = tmp_path / str(slots)
        release = make_release(directory, tree=BIG)
        async with seeding(release, session=replace(QUIET, slots=slots, upload_limit=300_000)) as seeder:
            leechers = [Leecher(release, directory / str(number)) for number in range(3)]
            assert max(await unchoked(seeder, leechers, 1.5)) == slots
            assert sum([received(leecher) > 1000 for leecher in leechers]) == slots

    together([scene(1), scene(3)])


def test_more_than_max_peers_are_turned_away(tmp_path: Path) -> None:
    release = make_release(tmp_path, tree=BIG)

    async def scene() -> int:
        async with seeding(release, session=replace(QUIET, max_peers=2, upload_limit=20_000)) as seeder:
            leechers = [Leecher(release, tmp_path / str(number)) for number in range(2)]
            for leecher in leechers:
                leecher.dial(seeder.port)
            await until(lambda: len(handle_of(seeder).get_peer_info()) == len(leechers))
            assert not await raw_peer_is_met(release, seeder)
            return len(handle_of(seeder).get_peer_info())

    assert asyncio.run(scene()) == 2


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
        await until(lambda: seeder.seeder.uploaded >= LENGTH)
    assert len(first) + len(second) < PIECES
    assert not first & second
    assert 0.9 < seeder.seeder.ratio < 1.5
    assert not seeder.told(events.SeedFailed)


async def change_what_is_super_seeded(directory: Path) -> None:
    release = make_release(directory, tree=BIG)
    async with seeding(release, session=replace(QUIET, upload_limit=200_000), super_seed=True) as seeder:
        leecher = Leecher(release, directory / "out")
        leecher.dial(seeder.port)
        await until(lambda: pieces_of(leecher), 40)
        with (release.content / "big.bin").open("r+b") as file:
            file.write(b"changed")
        assert "was written to" in (await seeder.until(events.SeedFailed)).reason


def test_a_super_seed_gives_about_one_copy(tmp_path: Path) -> None:
    """libtorrent shows nobody a piece for ten seconds, so that all of these wait together."""

    kinds = [(version, verified) for version in TorrentVersion for verified in (True, False)]
    scenes = [super_seed(tmp_path / f"{version}-{verified}", version, verified) for version, verified in kinds]
    together([*scenes, change_what_is_super_seeded(tmp_path / "changed")])


# How peers are met


async def raw_peer_is_met(release: Release, running: Running) -> bool:
    return await HostilePeer().dial(running.port, release.metainfo.infohashes.swarm_keys[0])


async def fetches(leecher: Leecher, port: int, *, expected: bool) -> bool:
    """Whether it gets everything in the time that it takes when it can."""
    deadline = time.monotonic() + (PATIENCE if expected else 1.5)
    while not leecher.is_done() and time.monotonic() < deadline:
        leecher.dial(port)
        await asyncio.sleep(0.05)
    return leecher.is_done()


def test_obfuscation_is_as_was_said(tmp_path: Path) -> None:
    async def scene(encryption: Encryption, plain: bool, obfuscated: bool) -> None:
        release = make_release(tmp_path / encryption, tree={"a": 10_000})
        async with seeding(release, session=replace(QUIET, encryption=encryption)) as seeder:
            assert await raw_peer_is_met(release, seeder) is plain
            leecher = Leecher(release, tmp_path / encryption / "out")
            leecher.session.apply_settings({"out_enc_policy": int(lt.enc_policy.pe_forced)})
            assert await fetches(leecher, seeder.port, expected=obfuscated) is obfuscated

    cases = [(Encryption.ALLOW, True, True), (Encryption.REQUIRE, False, True), (Encryption.OFF, True, False)]
    together([scene(*case) for case in cases])


def test_addresses_are_exchanged_or_not(tmp_path: Path) -> None:
    """One peer is told of another, or is not."""

    async def scene(pex: bool, private: bool) -> None:
        directory = tmp_path / f"{pex} {private}"
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

    together([scene(True, False), scene(False, False), scene(True, True)])


def test_utp_is_spoken_or_not(tmp_path: Path) -> None:
    """By a peer that speaks nothing else."""

    async def scene(utp: bool) -> None:
        release = make_release(tmp_path / str(utp), tree={"a": 10_000})
        leecher = Leecher(release, tmp_path / str(utp) / "out")
        leecher.session.apply_settings({"enable_outgoing_utp": True, "enable_outgoing_tcp": False})
        async with seeding(release, session=replace(QUIET, utp=utp)) as seeder:
            assert await fetches(leecher, seeder.port, expected=utp) is utp

    together([scene(True), scene(False)])


@pytest.mark.parametrize("how", ["http", "udp"])
def test_trackers_are_told_the_address_that_was_said(tmp_path: Path, how: str) -> None:
    async def scene() -> set[str]:
        with tracking() as tracker:
            release = make_release(tmp_path, tree={"a": 10_000}, trackers=((tracker.url(how),),))
            async with seeding(release, session=replace(QUIET, announce_ip="192.0.2.77")) as seeder:
                await seeder.until(events.TrackerAnswered)
            return tracker.told

    assert asyncio.run(scene()) == {"192.0.2.77"}


# Where it listens


@pytest.mark.parametrize("utp", [True, False])
@pytest.mark.parametrize(
    ("family", "kind", "host"),
    [
        (socket.AF_INET, socket.SOCK_STREAM, HERE),
        (socket.AF_INET6, socket.SOCK_STREAM, "::1"),
        (socket.AF_INET, socket.SOCK_DGRAM, HERE),
        (socket.AF_INET6, socket.SOCK_DGRAM, "::1"),
    ],
)
def test_a_port_that_is_taken_in_part_is_taken(
    family: socket.AddressFamily, kind: socket.SocketKind, host: str, utp: bool
) -> None:
    """UDP trackers are asked from the same port, so that it takes both, with uTP or without."""
    with socket.socket(family, kind) as taken:
        taken.bind((host, 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NetworkError, match=f"port {port} is taken") as caught:
            Session(replace(QUIET, bind=None, port=port, utp=utp))
        assert "--port" in (caught.value.hint or "")


@pytest.mark.parametrize(("bind", "address"), [("::1", "[::1]"), ("127.0.0.9", "127.0.0.9"), ("lo", HERE)])
def test_a_binding_is_where_it_listens_and_whence_it_calls(tmp_path: Path, bind: str, address: str) -> None:
    async def scene() -> None:
        with tracking() as tracker:
            release = make_release(tmp_path, tree={"a": 10_000}, trackers=((tracker.url(),),))
            async with seeding(release, session=replace(QUIET, bind=bind)) as seeder:
                places = {each.rpartition(":")[0] for each in (await seeder.until(events.Listening)).addresses}
                assert places - {"[::1]"} == {address} - {"[::1]"}
                assert address in places
                if address != "[::1]":
                    await seeder.until(events.TrackerAnswered)
                    assert tracker.asked_from == {("http", address)}
                with pytest.raises(OSError) as refused, socket.create_connection(("127.0.0.5", seeder.port), 1):
                    pass
                assert refused.value.errno == errno.ECONNREFUSED

    asyncio.run(scene())


# What is said wrong

BAD = {
    "seed fetch": [
        ("--port", "70000"),
        ("--port", "-1"),
        ("--port", "any"),
        ("--bind", ""),
        ("--bind", "127.0.0.1,0.0.0.0"),
        ("--bind", "127.0.0.1:80"),
        ("--upload-limit", "fast"),
        ("--upload-limit", "-1"),
        ("--upload-limit", "0.4"),
        ("--upload-limit", "9G"),
        ("--max-peers", "0"),
        ("--encryption", "maybe"),
        ("--proxy", ""),
        ("--proxy", "ftp://h:1"),
        ("--proxy", "socks5://h:1"),
    ],
    "seed": [
        ("--slots", "0"),
        ("--ratio", "-1"),
        ("--ratio", "nan"),
        ("--ratio", "inf"),
        ("--for", "long"),
        ("--for", "-5s"),
        ("--until-peers-done", "0"),
        ("--announce-ip", ""),
        ("--announce-ip", "seed.example"),
        ("--http", "x"),
    ],
    "fetch": [
        ("--download-limit", ""),
        ("--timeout", "soon"),
        ("--peer", "host"),
        ("--max-metadata", "0"),
        ("--max-metadata", "-1"),
        ("--max-metadata", "lots"),
        ("--max-metadata", "5G"),
        ("--max-metadata", "1M/s"),
    ],
}


@pytest.mark.parametrize(
    ("verb", "option", "value"),
    [(verb, *pair) for verbs, pairs in BAD.items() for verb in verbs.split() for pair in pairs],
)
def test_bad_values_are_usage_errors(
    tmp_path: Path, verb: str, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line that says what is wrong, one that says what to do, and nothing is begun."""
    from mktorrent_py.cli import main

    release = make_release(tmp_path, tree={"a": 10})
    where = [str(release.content)] if verb == "seed" else ["-d", str(tmp_path / "out")]
    words = [verb, str(release.torrent), *where, f"{option}={value}", "--bind=127.0.0.1"]
    code = main(words if option != "--bind" else words[:-1])
    out, err = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert not out
    said, hint = err.splitlines()
    assert said.startswith("mkt: ")
    assert hint.strip()
    assert not (tmp_path / "out").exists()


def test_libtorrent_has_every_setting() -> None:
    settings = settings_of(replace(QUIET, announce_ip="192.0.2.7"))
    assert set(settings) <= set(lt.session(settings).get_settings())
