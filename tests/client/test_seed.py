"""Seeding to a real peer: what is uploaded, when it stops, and that content is never written to."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import libtorrent as lt
import pytest
from commands import free_port
from seeding_rig import (
    HERE,
    PATIENCE,
    QUIET,
    QUIET_WORDS,
    Leecher,
    Release,
    Running,
    files_below,
    make_release,
    ready,
    run_mkt,
    running,
    seeding,
    snapshot,
)

from mktorrent_py import client
from mktorrent_py.cli.commands.seed import SourceOptions
from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.client.options import Encryption
from mktorrent_py.client.seeding import events, peer_tracking, seeder
from mktorrent_py.client.seeding.content_check import CheckOptions, locate, refuse_newer, verify_or_raise
from mktorrent_py.client.seeding.queue import resolve_sources
from mktorrent_py.client.seeding.torrents import SeedableTorrent
from mktorrent_py.client.session import Session
from mktorrent_py.client.settings import session_settings
from mktorrent_py.create import CreateOptions, create_torrent
from mktorrent_py.errors import ContentError, NetworkError, RefusedError, UsageError
from mktorrent_py.metainfo.infohash import TorrentVersion

VERSIONS = list(TorrentVersion)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeder, "TICK", 0.1)


@pytest.mark.parametrize("by", ["torrent", "magnet"])
@pytest.mark.parametrize("version", VERSIONS)
def test_a_peer_receives_every_byte(tmp_path: Path, version: TorrentVersion, by: str) -> None:
    release = make_release(tmp_path, version)
    before = snapshot(release.content)

    async def scene() -> list[events.SeedEvent]:
        leecher = Leecher(release if by == "torrent" else release.magnet, tmp_path / "out")
        async with seeding(release) as seeder:
            await leecher.fetch_from(seeder.port)
        return seeder.events

    told = asyncio.run(scene())
    assert files_below(tmp_path / "out" / "release") == release.files()
    assert snapshot(release.content) == before
    ended = told[-1]
    assert isinstance(ended, events.SeedEnded)
    assert ended.error is None


@pytest.mark.parametrize("version", VERSIONS)
def test_content_that_was_not_hashed_is_uploaded_too(tmp_path: Path, version: TorrentVersion) -> None:
    release = make_release(tmp_path, version)

    async def scene() -> None:
        leecher = Leecher(release, tmp_path / "out")
        async with seeding(release, verified=False) as seeder:
            await leecher.fetch_from(seeder.port)

    asyncio.run(scene())
    assert files_below(tmp_path / "out" / "release") == release.files()


def test_content_under_another_name_is_read_where_it_is(tmp_path: Path) -> None:
    """libtorrent gets the paths where the verifier found the files, whatever the name of the directory."""
    release = make_release(tmp_path)
    true = release.files()
    release.content.rename(tmp_path / "auf der Platte")
    moved = replace(release, content=tmp_path / "auf der Platte")

    async def scene() -> None:
        leecher = Leecher(release, tmp_path / "out")
        async with seeding(moved) as seeder:
            await leecher.fetch_from(seeder.port)

    asyncio.run(scene())
    assert files_below(tmp_path / "out" / "release") == true


def test_a_created_torrent_is_not_read_again(tmp_path: Path) -> None:
    make_release(tmp_path)
    created = create_torrent(tmp_path / "release", CreateOptions())
    item = SeedableTorrent.created(created.metainfo, created.draft.content, seconds=0.5)
    assert item.checked == 0.5
    assert [Path(os.fsdecode(path)).read_bytes() for path in item.placement.paths] == [
        (tmp_path / "release").joinpath(*file.path).read_bytes() for file in created.metainfo.info.files
    ]
    os.utime(tmp_path / "release" / "a.bin")
    with pytest.raises(ContentError, match="changed"):
        SeedableTorrent.created(created.metainfo, created.draft.content)


def flip(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes([file.read(1)[0] ^ 1]) if not file.seek(0) else b"")


def rewrite(path: Path) -> None:
    data = path.read_bytes()
    path.unlink()
    path.write_bytes(data[::-1])


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


FAULTS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "flip": ("a.bin", flip),
    "truncate": ("a.bin", lambda path: os.truncate(path, 1000)),
    "lengthen": ("a.bin", append),
    "delete": ("a.bin", Path.unlink),
    "delete the last": ("z/deep/er/tail.bin", Path.unlink),
    "replace": ("a.bin", rewrite),
    "delete an empty file": ("docs/empty", Path.unlink),
    "fill an empty file": ("docs/empty", append),
    "chmod": ("a.bin", lambda path: path.chmod(0)),
    "remove all": ("", shutil.rmtree),
    "move away": ("", lambda path: path.rename(path.with_name("elsewhere"))),
}


@pytest.mark.parametrize(
    ("fault", "verified"),
    [*[(fault, True) for fault in FAULTS], ("flip", False), ("delete", False), ("remove all", False)],
)
def test_a_fault_ends_a_torrent_and_nothing_is_written(tmp_path: Path, fault: str, verified: bool) -> None:
    """A peer with the valid data is connected, and one that downloads."""
    release = make_release(tmp_path)
    shutil.copytree(release.content, tmp_path / "true" / "release")
    path, deed = FAULTS[fault]

    async def scene() -> tuple[list[events.SeedEvent], dict[str, tuple[int, int, int]]]:
        holder = Leecher(release, tmp_path / "true", have=True)
        wanting = Leecher(release, tmp_path / "out")
        wanting.handle.set_download_limit(20_000)
        async with seeding(release, verified=verified) as seeder:
            for peer in (holder, wanting):
                peer.dial(seeder.port)
            await seeder.until(events.PeerJoined)
            deed(release.content / path)
            after = snapshot(tmp_path / "release")
            await seeder.until(events.SeedFailed)
            holder.dial(seeder.port)
            await asyncio.sleep(0.3)
        return seeder.events, after

    told, after = asyncio.run(scene())
    assert snapshot(tmp_path / "release") == after
    failure = next(event for event in told if isinstance(event, events.SeedFailed))
    assert isinstance(failure.error, ContentError)
    ended = told[-1]
    assert isinstance(ended, events.SeedEnded)
    assert ended.error is failure.error


def test_other_torrents_continue_when_one_fails(tmp_path: Path) -> None:
    one, other = make_release(tmp_path, name="one"), make_release(tmp_path, name="other")

    async def scene() -> None:
        leecher = Leecher(other, tmp_path / "out")
        async with seeding(one, other) as seeder:
            (one.content / "a.bin").unlink()
            assert (await seeder.until(events.SeedFailed)).name == "one"
            await leecher.fetch_from(seeder.port)
            assert list(seeder.seeder.torrents) == [str(other.torrent)]

    asyncio.run(scene())


@pytest.mark.parametrize("damage", ["missing", "short", "corrupt"])
def test_wrong_content_is_not_seeded(tmp_path: Path, damage: str) -> None:
    release = make_release(tmp_path)
    file = release.content / "a.bin"
    {"missing": file.unlink, "short": lambda: os.truncate(file, 5), "corrupt": lambda: flip(file)}[damage]()
    with pytest.raises(ContentError, match=f"a.bin is {damage}"):
        verify_or_raise(locate(release.metainfo, [release.content], CheckOptions()))


def test_trust_looks_at_sizes_and_times(tmp_path: Path) -> None:
    release = make_release(tmp_path)
    trusting = CheckOptions(trust=True)
    old = release.torrent.stat().st_mtime_ns
    for path in release.content.rglob("*"):
        os.utime(path, ns=(old, old))
    refuse_newer(verify_or_raise(locate(release.metainfo, [release.content], trusting)), release.torrent)
    os.utime(release.content / "a.bin", ns=(old + 1, old + 1))
    with pytest.raises(ContentError, match="was modified after"):
        refuse_newer(verify_or_raise(locate(release.metainfo, [release.content], trusting)), release.torrent)
    os.truncate(release.content / "a.bin", 5)
    with pytest.raises(ContentError, match="short"):
        verify_or_raise(locate(release.metainfo, [release.content], trusting))


def test_it_stops_when_peers_have_everything(tmp_path: Path) -> None:
    release = make_release(tmp_path)

    async def scene() -> list[events.SeedEvent]:
        async with seeding(release, peers_done=2) as seeder:
            for number in range(2):
                await Leecher(release, tmp_path / f"out{number}").fetch_from(seeder.port)
            await asyncio.wait_for(seeder.task, 10)
        return seeder.events

    told = asyncio.run(scene())
    assert told[-1].reason == "2 peers have everything"
    assert len([event for event in told if isinstance(event, events.PeerLeft) and event.done]) == 2


def test_a_peer_that_arrives_with_everything_does_not_count(tmp_path: Path) -> None:
    release = make_release(tmp_path)

    async def scene() -> int:
        async with seeding(release, peers_done=1, duration=1.5) as seeder:
            Leecher(release, tmp_path, have=True).dial(seeder.port)
            await asyncio.wait_for(seeder.task, 10)
        return seeder.seeder.status().peers_done

    assert asyncio.run(scene()) == 0


def test_a_peer_that_stays_for_a_moment_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Peers are polled once a second; the id of one that leaves names its client, too."""
    monkeypatch.setattr(seeder, "TICK", 60)
    release = make_release(tmp_path)

    async def scene() -> Running:
        async with seeding(release) as seeder:
            leecher = Leecher(release, tmp_path / "out")
            await leecher.fetch_from(seeder.port)
            leecher.session.pause()
            await seeder.until(events.PeerLeft)
            return seeder

    (joined,) = asyncio.run(scene()).of_kind(events.PeerJoined)
    assert joined.client.startswith("-LT2")


def test_the_peers_of_every_torrent_are_polled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few are polled each time."""
    monkeypatch.setattr(peer_tracking, "TORRENTS_PER_TICK", 1)
    releases = [make_release(tmp_path, tree={"a": 300_000 + number}, name=f"r{number}") for number in range(3)]

    async def scene() -> set[str]:
        async with seeding(*releases) as seeder:
            leechers = [Leecher(release, tmp_path / "out" / release.content.name) for release in releases]
            for leecher in leechers:
                leecher.handle.set_download_limit(1000)
                leecher.dial(seeder.port)
            while len(joined := seeder.of_kind(events.PeerJoined)) < len(releases):
                await asyncio.sleep(0.05)
            return {event.name for event in joined if "libtorrent" in event.client}

    assert asyncio.run(asyncio.wait_for(scene(), PATIENCE)) == {"r0", "r1", "r2"}


def test_a_tracker_is_reported_once_whatever_our_addresses(tmp_path: Path) -> None:
    """libtorrent announces from each of them, and not from all it is reachable."""
    release = make_release(tmp_path, trackers=((f"http://{HERE}:1/announce",),))

    async def scene() -> Running:
        async with seeding(release, session=replace(QUIET, bind=None)) as seeder:
            await seeder.until(events.TrackerFailed)
            await asyncio.sleep(1)
            return seeder

    told = asyncio.run(scene()).of_kind(events.TrackerFailed)
    assert [event.reason for event in told] == ["connection refused"]


@pytest.mark.parametrize(
    ("option", "reason"), [({"ratio": 1.0}, "ratio 1 reached"), ({"duration": 0.3}, "time limit reached")]
)
def test_it_stops_by_itself(tmp_path: Path, option: dict[str, float], reason: str) -> None:
    release = make_release(tmp_path)

    async def scene() -> list[events.SeedEvent]:
        async with seeding(release, **option) as seeder:
            if "ratio" in option:
                await Leecher(release, tmp_path / "out").fetch_from(seeder.port)
            await asyncio.wait_for(seeder.task, 10)
        return seeder.events

    ended = asyncio.run(scene())[-1]
    assert isinstance(ended, events.SeedEnded)
    assert ended.reason == reason


def test_the_limit_holds_for_the_local_network_too(tmp_path: Path) -> None:
    """libtorrent exempts it by default."""
    release = make_release(tmp_path, tree={"a": 3_000_000})

    async def scene() -> int:
        async with seeding(release, session=replace(QUIET, upload_limit=200_000)) as seeder:
            leecher = Leecher(release, tmp_path / "out")
            leecher.dial(seeder.port)
            await seeder.until(events.PeerJoined)
            await asyncio.sleep(1.5)
            return int(leecher.handle.status().total_payload_download)

    assert asyncio.run(scene()) < 1_000_000


def test_the_same_torrent_is_not_seeded_twice(tmp_path: Path) -> None:
    release = make_release(tmp_path)

    async def scene() -> None:
        async with seeding(release) as seeder:
            with pytest.raises(RefusedError, match=r"already exists in session$"):
                seeder.seeder.add(replace(ready(release), key="again"))

    asyncio.run(scene())


# The session


def test_a_port_in_use_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind((HERE, 0))
        taken.listen()
        with pytest.raises(NetworkError, match=r"port \d+ is already in use"):
            Session(replace(QUIET, port=taken.getsockname()[1]))


@pytest.mark.parametrize("place", ["203.0.113.9", "nosuch7", "2001:db8::9"])
def test_a_bind_address_of_another_machine_is_an_error(place: str) -> None:
    with pytest.raises(UsageError, match="no address or interface"):
        Session(replace(QUIET, bind=place, port=free_port()))


def test_nothing_connects_out_unasked() -> None:
    settings = session_settings(QUIET)
    assert not settings.get("webtorrent_stun_server")
    assert settings["dht_bootstrap_nodes"] == ""
    for switch in ("enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp", "listen_system_port_fallback"):
        assert settings[switch] is False
    assert settings["max_retry_port_bind"] == 0
    assert session_settings(replace(QUIET, bind="10.0.0.1"))["outgoing_interfaces"] == "10.0.0.1"
    assert set(settings) <= set(lt.session(settings).get_settings()), "a setting that libtorrent does not have"


@pytest.mark.parametrize("private", [True, False])
def test_a_private_torrent_uses_no_dht_lsd_or_pex(tmp_path: Path, private: bool) -> None:
    release = make_release(tmp_path, private=private)

    async def scene() -> tuple[bool, int]:
        session = replace(QUIET, dht=True, lsd=True, pex=True)
        async with seeding(release, session=session) as seeder:
            (torrent,) = seeder.seeder.torrents.values()
            return seeder.seeder.session.lt.get_settings()["enable_dht"], int(torrent.handle.flags())

    dht, flags = asyncio.run(scene())
    switches = lt.torrent_flags.disable_dht | lt.torrent_flags.disable_lsd | lt.torrent_flags.disable_pex
    assert dht is not private
    assert bool(flags & switches) is private


@pytest.mark.parametrize("encryption", list(Encryption))
def test_peers_connect_with_each_encryption(tmp_path: Path, encryption: Encryption) -> None:
    release = make_release(tmp_path)

    async def scene() -> None:
        async with seeding(release, session=replace(QUIET, encryption=encryption)) as seeder:
            leecher = Leecher(release, tmp_path / "out")
            policy = {Encryption.REQUIRE: lt.enc_policy.pe_forced, Encryption.OFF: lt.enc_policy.pe_disabled}
            leecher.session.apply_settings({"out_enc_policy": int(policy.get(encryption, lt.enc_policy.pe_enabled))})
            await leecher.fetch_from(seeder.port)

    asyncio.run(scene())
    assert files_below(tmp_path / "out" / "release") == release.files()


def test_without_libtorrent_the_error_has_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "libtorrent", None)
    with pytest.raises(UsageError) as caught:
        client.seed("release.torrent")
    assert caught.value.code == "libtorrent-missing"
    assert caught.value.hint


# The command


def seed_words(release: Release, *more: str) -> list[str | Path]:
    return ["seed", release.torrent, release.content, "--port", "0", *QUIET_WORDS, *more]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_stops_in_time_with_a_dead_tracker(tmp_path: Path, number: signal.Signals) -> None:
    with socket.socket() as silent:
        silent.bind((HERE, 0))
        silent.listen()
        url = f"http://{HERE}:{silent.getsockname()[1]}/announce"
        release = make_release(tmp_path, trackers=((url,),))
        with running(*seed_words(release, "--json")) as process:
            process.wait_for("seed-started")
            started = time.monotonic()
            code, out, err = process.end(number)
    assert time.monotonic() - started < 5
    assert (code, err) == (0, "")
    assert "asked to stop" in out


def test_the_tracker_receives_the_stop_announce(tmp_path: Path) -> None:
    async def scene() -> list[bytes]:
        asked: list[bytes] = []

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readline())
            body = b"d8:completei3e10:incompletei12e8:intervali1800e5:peers0:e"
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(answer, HERE, 0)
        port = server.sockets[0].getsockname()[1]
        release = make_release(tmp_path, TorrentVersion.V1, trackers=((f"http://{HERE}:{port}/announce",),))
        async with server, seeding(release) as seeder:
            tracker = await seeder.until(events.TrackerAnswered)
            assert (tracker.seeds, tracker.peers) == (3, 12)
        return asked

    asked = asyncio.run(scene())
    assert b"event=started" in asked[0]
    assert b"left=0" in asked[0]
    assert b"event=stopped" in asked[-1]


def test_a_fault_ends_the_command_with_exit_code_3_and_the_reason(tmp_path: Path) -> None:
    release = make_release(tmp_path)
    with running(*seed_words(release)) as process:
        assert process.process.stdout is not None
        while b"checked" not in process.process.stdout.readline():
            pass
        (release.content / "docs" / "empty").unlink()
        code, _, err = process.end()
    assert code == ExitCode.CONTENT
    assert "docs/empty was removed" in err
    assert not (release.content / "docs" / "empty").exists()


def test_a_second_signal_stops_at_once(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind((HERE, 0))
        silent.listen()
        release = make_release(tmp_path, trackers=((f"http://{HERE}:{silent.getsockname()[1]}/announce",),))
        with running(*seed_words(release, "--json")) as process:
            process.wait_for("seed-started")
            process.process.send_signal(signal.SIGINT)
            time.sleep(0.3)
            started = time.monotonic()
            code, _, _ = process.end(signal.SIGINT)
    assert code == ExitCode.INTERRUPTED
    assert time.monotonic() - started < 1


def test_a_directory_is_watched(tmp_path: Path) -> None:
    """Torrents come and go; one that cannot be seeded does not delay the others."""
    content = tmp_path / "content"
    watched = tmp_path / "torrents"
    for directory in (content, watched):
        directory.mkdir()
    names = [make_release(content, name=name) for name in ("one", "two")]
    shutil.move(names[0].torrent, watched / "one.torrent")
    (watched / "bad.torrent").write_bytes(b"no torrent")
    words = ["seed", watched, "--content", content, "--port", "0", *QUIET_WORDS, "--json"]
    with running(*words) as process:
        assert process.wait_for("seed-failed")["name"] == "bad.torrent"
        assert process.wait_for("seed-started")["name"] == "one"
        shutil.move(names[1].torrent, watched / "two.torrent")
        assert process.wait_for("seed-started")["name"] == "two"
        edited = run_mkt("edit", watched / "two.torrent", "--comment", "second pressing")
        assert edited[0] == 0
        assert process.wait_for("seed-removed")["name"] == "two"
        assert process.wait_for("seed-started")["name"] == "two"
        (watched / "one.torrent").unlink()
        assert process.wait_for("seed-removed")["name"] == "one"
        code, out, _ = process.end(signal.SIGTERM)
    assert "seed-ended" in out
    assert code == ExitCode.METAINFO


def test_sources_become_torrents_and_places_of_content(tmp_path: Path) -> None:
    release = make_release(tmp_path)
    options = CheckOptions()
    one = resolve_sources([release.torrent], [release.content], options)
    assert [source.places for source in one.sources] == [(release.content,)]
    beside = resolve_sources([release.torrent], [], options)
    assert beside.sources[0].places == (tmp_path,)
    several = resolve_sources([release.torrent, release.torrent], [tmp_path / "x"], options)
    assert {source.places for source in several.sources} == {(tmp_path / "x",)}
    two = resolve_sources([release.torrent, tmp_path / "other.torrent"], [], options)
    assert [source.places for source in two.sources] == [(tmp_path,), (tmp_path,)]
    with pytest.raises(UsageError, match="is a directory"):
        resolve_sources([release.torrent, release.torrent, release.content], [], options)
    directory = resolve_sources([tmp_path], [], options, watch=True)
    assert directory.watched is not None and directory.watched.folder == tmp_path
    assert [source.torrent for source in directory.sources] == [release.torrent]


@pytest.mark.parametrize(
    ("sources", "content", "expected"),
    [
        (["a.torrent", "dir"], None, (["a.torrent"], ["dir"])),
        (["a.torrent", "b.torrent"], None, (["a.torrent", "b.torrent"], [])),
        (["a.torrent", "dir"], ["elsewhere"], (["a.torrent", "dir"], ["elsewhere"])),
        (["a.torrent"], None, (["a.torrent"], [])),
        (["a.torrent", "b.torrent", "dir"], None, (["a.torrent", "b.torrent", "dir"], [])),
    ],
)
def test_the_second_of_two_words_may_be_the_content(
    sources: list[str], content: list[str] | None, expected: tuple[list[str], list[str]]
) -> None:
    words = {"sources": [Path(word) for word in sources], "content": content and [Path(word) for word in content]}
    options = SourceOptions({**dict.fromkeys(SourceOptions.__annotations__), **words})
    torrents, places = options.split()
    assert ([str(path) for path in torrents], [str(path) for path in places]) == expected


def test_an_empty_directory_is_watched_with_a_note(tmp_path: Path) -> None:
    code, _, err = run_mkt("seed", tmp_path, "--port", "0", *QUIET_WORDS, "--for", "1s")
    assert code == 0
    assert "contains no torrents yet" in err


def test_a_missing_torrent_file_ends_it_at_once(tmp_path: Path) -> None:
    code, out, err = run_mkt("seed", tmp_path / "none.torrent", tmp_path, "--port", "0", *QUIET_WORDS)
    assert code == ExitCode.CONTENT
    assert "none.torrent: no such file" in err
    assert float(dict(line.split("\t", 1) for line in out.splitlines())["seconds"]) < seeder.TICK


@pytest.mark.parametrize(
    "words", [("--encryption", "maybe"), ("--upload-limit", "fast"), ("--for", "long"), ("--http", "x")]
)
def test_bad_values_are_usage_errors(tmp_path: Path, words: tuple[str, str]) -> None:
    release = make_release(tmp_path, tree={"a": 10})
    code, out, err = run_mkt(*seed_words(release, *words))
    assert code == ExitCode.USAGE
    assert not out
    assert err.startswith("mkt: ")
