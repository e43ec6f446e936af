"""Seeding and downloading as a program does it: with the functions of `mktorrent_py.client`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import free_port
from seeding_rig import HERE, PATIENCE, QUIET, Release, files_below, make_release

from mktorrent_py.client import (
    Encryption,
    FetchOptions,
    SeedOptions,
    SessionOptions,
    fetch,
    fetch_metadata,
    seed,
    torrent_file_path,
)
from mktorrent_py.client.fetching.events import FetchFinished, FetchPhase, FetchProgress, FetchResult, MetadataReceived
from mktorrent_py.client.seeding.api import Seeding
from mktorrent_py.client.seeding.events import Listening, NoTorrents, SeedEnded, SeedEvent, SeedFailed, SeedStarted
from mktorrent_py.client.session import open_session
from mktorrent_py.errors import ContentError, NetworkError, RefusedError, TorrentError, UsageError
from mktorrent_py.metainfo.infohash import TorrentVersion

Peer = tuple[str, int]


@asynccontextmanager
async def seeded(release: Release, **options: Any) -> AsyncIterator[tuple[Seeding, Peer]]:
    """Seed a release while the body runs, and give the address of its peer."""
    chosen = SeedOptions(**{"session": QUIET, **options})
    async with seed(release.torrent, content=release.content, options=chosen) as seeding:
        address = None
        async for event in seeding:
            if isinstance(event, Listening):
                address = event.addresses[0]
            if isinstance(event, SeedStarted):
                break
        assert address is not None
        host, _, port = address.rpartition(":")
        yield seeding, (host, int(port))


def from_peer(*peers: Peer, **options: Any) -> FetchOptions:
    return FetchOptions(**{"session": QUIET, "peers": peers, "timeout": PATIENCE, **options})


def is_free(port: int) -> bool:
    """Return whether a session can listen there, now or soon."""

    async def listen() -> None:
        async with open_session(replace(QUIET, port=port)):
            pass

    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            asyncio.run(listen())
        except NetworkError:
            time.sleep(0.05)
        else:
            return True
    return False


# The two forms in an event loop, and the one that blocks


@pytest.mark.parametrize("version", list(TorrentVersion))
def test_a_program_downloads_a_magnet_in_ten_lines(tmp_path: Path, version: TorrentVersion) -> None:
    release = make_release(tmp_path, version)

    async def program() -> FetchResult:
        async with seeded(release) as (_, peer):
            download = fetch(release.magnet, tmp_path / "out", options=from_peer(peer))
            return await download.result()

    result = asyncio.run(program())
    assert files_below(tmp_path / "out" / "release") == release.files()
    assert result.path == tmp_path / "out" / "release"
    assert result.metainfo.infohashes == release.metainfo.infohashes
    assert [path for path in result.paths if path and path.is_file()] == list(result.paths)
    assert result.received >= result.length > 0
    assert result.renamed == ()


def test_events_tell_each_phase_in_order_and_the_result_last(tmp_path: Path) -> None:
    release = make_release(tmp_path)

    async def program() -> list[Any]:
        async with seeded(release) as (_, peer):
            download = fetch(release.magnet, tmp_path / "out", options=from_peer(peer))
            told = [event async for event in download]
            assert await download.result() == told[-1].result
            assert [event async for event in download] == []
            return told

    told = asyncio.run(program())
    phases = [event.phase for event in told if isinstance(event, FetchProgress)]
    assert sorted(phases, key=list(FetchPhase).index) == phases
    assert set(phases) == set(FetchPhase)
    assert [type(event) for event in told if not isinstance(event, FetchProgress)] == [MetadataReceived, FetchFinished]
    for event in told:
        if isinstance(event, FetchProgress) and event.total is not None:
            assert 0 <= event.done <= event.total


def test_a_second_download_finds_everything_and_can_be_seeded(tmp_path: Path) -> None:
    """Content that exists needs no peer. This form blocks, outside an event loop."""
    release = make_release(tmp_path)
    result = fetch(release.torrent, tmp_path, options=FetchOptions(session=QUIET)).run()
    assert (result.received, result.length) == (0, release.metainfo.info.layout.content_length)
    events: list[SeedEvent] = []
    ended = seed(result.seedable(), options=SeedOptions(session=QUIET, duration=0.0)).run(events.append)
    assert isinstance(ended, SeedEnded)
    assert ended == events[-1]
    assert [event.name for event in events if isinstance(event, SeedStarted)] == ["release"]


def test_only_a_complete_download_can_be_seeded(tmp_path: Path) -> None:
    release = make_release(tmp_path)
    result = fetch(release.torrent, tmp_path, options=FetchOptions(session=QUIET, select=["*.bin"])).run()
    assert [path is None for path in result.paths].count(True) > 0
    with pytest.raises(UsageError, match="leaves out files"):
        result.seedable()


def test_metadata_alone(tmp_path: Path) -> None:
    release = make_release(tmp_path)

    async def program() -> None:
        async with seeded(release) as (_, peer):
            metainfo = await fetch_metadata(release.magnet, options=from_peer(peer)).result()
        assert metainfo.info == release.metainfo.info
        assert metainfo.piece_layers == release.metainfo.piece_layers
        assert torrent_file_path(metainfo, tmp_path / "new") == tmp_path / "new" / "release.torrent"

    asyncio.run(program())
    assert list((tmp_path / "new").iterdir()) == []


def test_the_process_may_write_elsewhere_afterwards(tmp_path: Path) -> None:
    """A library does not restrict its host unless it is asked to."""
    release = make_release(tmp_path)
    fetch(release.torrent, tmp_path, options=FetchOptions(session=QUIET)).run()
    seed(release.torrent, content=release.content, options=SeedOptions(session=QUIET, duration=0.0)).run()
    (tmp_path / "elsewhere").write_bytes(b"x")


# Stopping early


def test_a_seeding_run_is_stopped_and_says_why(tmp_path: Path) -> None:
    release = make_release(tmp_path)
    seeding = seed(release.torrent, options=SeedOptions(session=QUIET))
    ended = seeding.run(lambda event: seeding.stop("enough") if isinstance(event, SeedStarted) else None)
    assert ended.reason == "enough"
    assert ended.error is None


def test_a_run_stopped_before_it_starts_ends_at_once(tmp_path: Path) -> None:
    seeding = seed(make_release(tmp_path).torrent, options=SeedOptions(session=QUIET))
    seeding.stop("no longer needed")
    assert seeding.run().reason == "no longer needed"


async def leave_the_context(port: int, release: Release) -> None:
    async with seeded(release, session=replace(QUIET, port=port)):
        pass


async def close_it(port: int, release: Release) -> None:
    async with seeded(release, session=replace(QUIET, port=port)) as (seeding, _):
        await seeding.aclose()
        await seeding.aclose()


async def cancel_a_seeding_task(port: int, release: Release) -> None:
    options = SeedOptions(session=replace(QUIET, port=port))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(seed(release.torrent, options=options).result(), 0.5)


async def cancel_a_download(port: int, release: Release) -> None:
    options = FetchOptions(session=replace(QUIET, port=port), timeout=0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(fetch(release.magnet, release.content.parent / "out", options=options).result(), 0.5)


async def break_out_of_a_download(port: int, release: Release) -> None:
    options = FetchOptions(session=replace(QUIET, port=port), timeout=0)
    async with fetch(release.magnet, release.content.parent / "out", options=options) as download:
        async for _ in download:
            break


async def keep_the_error_of_a_download(port: int, release: Release) -> None:
    options = FetchOptions(session=replace(QUIET, port=port), timeout=0.5)
    download = fetch(release.magnet, release.content.parent / "out", options=options)
    with pytest.raises(NetworkError) as kept:
        await download.result()
    assert kept.value.code == "metadata-stalled"
    await asyncio.to_thread(is_free, port)


@pytest.mark.parametrize(
    "scene",
    [
        leave_the_context,
        close_it,
        cancel_a_seeding_task,
        cancel_a_download,
        break_out_of_a_download,
        keep_the_error_of_a_download,
    ],
)
def test_an_early_end_closes_the_session(tmp_path: Path, scene: Callable[[int, Release], Any]) -> None:
    """Nothing listens at the port any more, and no task is left."""
    release, port = make_release(tmp_path), free_port()

    async def program() -> None:
        await scene(port, release)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(program())
    assert is_free(port)


# Errors


@pytest.mark.parametrize("form", ["result", "iterate", "block"])
def test_errors_are_raised_in_every_form(tmp_path: Path, form: str) -> None:
    def download() -> Any:
        return fetch(tmp_path / "none.torrent", tmp_path, options=FetchOptions(session=QUIET))

    async def iterate() -> None:
        async for _ in download():
            pass

    async def wait() -> None:
        await download().result()

    with pytest.raises(UsageError, match=r"no torrent file .*none\.torrent"):
        if form == "block":
            download().run()
        else:
            asyncio.run(wait() if form == "result" else iterate())


def test_existing_files_are_refused_with_a_code_and_repaired_on_request(tmp_path: Path) -> None:
    release = make_release(tmp_path / "source")
    (tmp_path / "out" / "release").mkdir(parents=True)
    (tmp_path / "out" / "release" / "a.bin").write_bytes(b"mine")

    async def program() -> None:
        async with seeded(release) as (_, peer):
            with pytest.raises(RefusedError) as refused:
                await fetch(release.torrent, tmp_path / "out", options=from_peer(peer)).result()
            assert refused.value.code == "content-differs"
            assert refused.value.hint is None
            await fetch(release.torrent, tmp_path / "out", options=from_peer(peer, repair=True)).result()

    asyncio.run(program())
    assert files_below(tmp_path / "out" / "release") == release.files()


def test_content_that_does_not_match_is_an_event_and_the_error_of_the_result(tmp_path: Path) -> None:
    release = make_release(tmp_path)
    (release.content / "a.bin").write_bytes(b"other")
    events: list[SeedEvent] = []
    ended = seed(release.torrent, options=SeedOptions(session=QUIET)).run(events.append)
    (failed,) = [event for event in events if isinstance(event, SeedFailed)]
    assert ended.error is failed.error
    assert isinstance(failed.error, ContentError)
    assert failed.error.code == "content-mismatch"


def test_a_status_address_that_is_taken_ends_the_run_and_its_session(tmp_path: Path) -> None:
    release, port = make_release(tmp_path), free_port()

    async def program() -> None:
        server = await asyncio.start_server(lambda *_: None, HERE, 0)
        taken = server.sockets[0].getsockname()[1]
        options = SeedOptions(session=replace(QUIET, port=port), status_address=(HERE, taken))
        async with server:
            with pytest.raises(NetworkError, match="cannot serve at"):
                await seed(release.torrent, options=options).result()

    asyncio.run(program())
    assert is_free(port)


def test_an_empty_directory_is_reported_and_watched(tmp_path: Path) -> None:
    seeding = seed(tmp_path, options=SeedOptions(session=QUIET, watch=True, duration=0.2))
    events: list[SeedEvent] = []
    assert seeding.run(events.append).reason == "time limit reached"
    assert NoTorrents(directory=str(tmp_path)) in events


def test_a_directory_among_torrent_files_is_refused_at_once(tmp_path: Path) -> None:
    release = make_release(tmp_path)
    with pytest.raises(UsageError, match="is a directory"):
        seed([release.torrent, release.content])


# Options are checked when they are made


@pytest.mark.parametrize(
    "make",
    [
        lambda: FetchOptions(select="*.iso"),
        lambda: FetchOptions(select=[1]),  # type: ignore[list-item]
        lambda: FetchOptions(peers="127.0.0.1:1"),  # type: ignore[arg-type]
        lambda: FetchOptions(peers=["127.0.0.1:1"]),  # type: ignore[list-item]
        lambda: FetchOptions(peers=[("127.0.0.1", "1")]),  # type: ignore[list-item]
        lambda: FetchOptions(timeout="2min"),  # type: ignore[arg-type]
        lambda: FetchOptions(repair="yes"),  # type: ignore[arg-type]
        lambda: FetchOptions(session={}),  # type: ignore[arg-type]
        lambda: SeedOptions(ratio="2"),  # type: ignore[arg-type]
        lambda: SeedOptions(peers_done=1.5),  # type: ignore[arg-type]
        lambda: SeedOptions(peers_done=True),
        lambda: SeedOptions(cache=b"cache"),  # type: ignore[arg-type]
        lambda: SeedOptions(status_address="127.0.0.1:80"),  # type: ignore[arg-type]
        lambda: SessionOptions(port="6881"),  # type: ignore[arg-type]
        lambda: SessionOptions(dht=1),  # type: ignore[arg-type]
        lambda: SessionOptions(bind=7),  # type: ignore[arg-type]
        lambda: SessionOptions(proxy="socks5://h:1"),  # type: ignore[arg-type]
        lambda: SessionOptions(encryption=None),  # type: ignore[arg-type]
    ],
)
def test_a_value_of_another_type_is_a_type_error(make: Callable[[], object]) -> None:
    with pytest.raises(TypeError, match="must be"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: FetchOptions(timeout=-1),
        lambda: FetchOptions(timeout=float("nan")),
        lambda: SeedOptions(ratio=float("inf")),
        lambda: SeedOptions(duration=-0.5),
        lambda: SessionOptions(port=65536),
        lambda: SessionOptions(bind="a,b"),
        lambda: SessionOptions(announce_ip="seed.example"),
        lambda: SessionOptions(encryption="maybe"),  # type: ignore[arg-type]
    ],
)
def test_a_value_that_cannot_be_is_a_usage_error(make: Callable[[], object]) -> None:
    with pytest.raises(UsageError) as caught:
        make()
    assert "--" not in f"{caught.value}{caught.value.hint}"


def test_lists_and_names_become_what_the_options_hold() -> None:
    options = FetchOptions(select=["a", "b"], peers=[("h", 1)])
    assert (options.select, options.peers) == (("a", "b"), (("h", 1),))
    assert SessionOptions(encryption="require").encryption is Encryption.REQUIRE  # type: ignore[arg-type]
    assert SeedOptions(cache="file").cache == Path("file")  # type: ignore[arg-type]
    assert issubclass(UsageError, TorrentError)
