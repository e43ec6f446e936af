"""Releases on disk, our seeder, and leechers for the tests of seeding and downloading."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import shake_128
from pathlib import Path
from typing import Any

import libtorrent as lt
from commands import MKT

from mktorrent_py.client.options import SeedOptions, SessionOptions
from mktorrent_py.client.seeding.content_check import CheckOptions, locate, verify_or_raise
from mktorrent_py.client.seeding.events import Basis, SeedEvent
from mktorrent_py.client.seeding.seeder import Seeder
from mktorrent_py.client.seeding.torrents import SeedableTorrent
from mktorrent_py.client.session import Session
from mktorrent_py.client.settings import HAS_WEBTORRENT
from mktorrent_py.create import CreateOptions, create_torrent
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo

PIECE_LENGTH = 65536
HERE = "127.0.0.1"
QUIET = SessionOptions(port=0, bind=HERE, dht=False, lsd=False, pex=False, upnp=False)
QUIET_WORDS = ("--bind", HERE, "--no-dht", "--no-lsd", "--no-upnp")
TREE: Mapping[str, int] = {
    "a.bin": 300_001,
    "docs/Überblick.txt": 40_000,
    "docs/empty": 0,
    "one piece": PIECE_LENGTH,
    "z/deep/er/tail.bin": 70_000,
}
INTEROP_TREE: Mapping[str, int] = {
    "disc.img": 24_000_001,
    "docs/Überblick.txt": 40_000,
    "docs/empty": 0,
    "exactly one piece": PIECE_LENGTH,
    **{f"many/{number:02}.bin": 1000 * number + 1 for number in range(50)},
}
PATIENCE = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Content on disk and its torrent."""

    content: Path
    torrent: Path
    metainfo: Metainfo

    @property
    def magnet(self) -> str:
        return str(Magnet.from_metainfo(self.metainfo))

    def files(self) -> dict[str, bytes]:
        return files_below(self.content)


def make_release(
    directory: Path,
    version: TorrentVersion = TorrentVersion.HYBRID,
    tree: Mapping[str, int] = TREE,
    *,
    name: str = "release",
    **options: Any,
) -> Release:
    """Write a tree whose bytes follow from its names, and a torrent of it beside it."""
    content = directory / name
    for path, length in tree.items():
        file = content / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(shake_128(path.encode()).digest(length))
    options = {"piece_length": PIECE_LENGTH, **options}
    metainfo = create_torrent(content, CreateOptions(version=version, **options)).metainfo
    torrent = directory / f"{name}.torrent"
    torrent.write_bytes(metainfo.to_bytes())
    return Release(content=content, torrent=torrent, metainfo=metainfo)


def paths_below(directory: Path) -> dict[str, Path]:
    """Return every file by its path below the directory, without the pad files that some clients write."""
    found = {path.relative_to(directory): path for path in directory.rglob("*") if path.is_file()}
    return {path.as_posix(): file for path, file in found.items() if ".pad" not in path.parts}


def files_below(directory: Path) -> dict[str, bytes]:
    """Return the bytes of each of these files."""
    return {path: file.read_bytes() for path, file in paths_below(directory).items()}


def snapshot(directory: Path) -> dict[str, tuple[int, int, int]]:
    """Return everything below a directory, with size, mtime and mode."""
    paths = sorted(directory.rglob("*"))
    states = [(path, path.lstat()) for path in paths]
    return {str(path): (state.st_size, state.st_mtime_ns, state.st_mode) for path, state in states}


def ready(release: Release, *, verified: bool = True) -> SeedableTorrent:
    """Return a release that was checked, as the seeder takes it."""
    placement = verify_or_raise(locate(release.metainfo, [release.content], CheckOptions()))
    basis = Basis.CHECKED if verified else Basis.TRUSTED
    return SeedableTorrent(key=str(release.torrent), metainfo=release.metainfo, placement=placement, basis=basis)


async def until(is_so: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"not so in {seconds:g} s"
        await asyncio.sleep(0.02)


def at_once(scene: Callable[..., Any], cases: Mapping[str, Sequence[Any]]) -> None:
    """Run a scene for all cases at the same time, as each mostly waits; a failure names its case."""
    with ThreadPoolExecutor(len(cases)) as pool:
        futures = {name: pool.submit(scene, *words) for name, words in cases.items()}
    for name, future in futures.items():
        try:
            future.result()
        except BaseException as error:
            error.add_note(f"in the case {name}")
            raise


class Running:
    """A seeder that runs in this event loop, and its events so far."""

    def __init__(self, seeder: Seeder) -> None:
        self.seeder = seeder
        self.events: list[SeedEvent] = []
        self.port = int(seeder.session.addresses[0].rpartition(":")[2]) if seeder.session.addresses else 0
        self.task = asyncio.create_task(self._collect())

    async def _collect(self) -> None:
        async for event in self.seeder.run():
            self.events.append(event)

    def of_kind(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    async def until(self, kind: type, seconds: float = PATIENCE) -> Any:
        """Wait for the first event of a kind."""
        deadline = time.monotonic() + seconds
        while not self.of_kind(kind):
            assert time.monotonic() < deadline, f"no {kind.__name__} in {self.events}"
            await asyncio.sleep(0.02)
        return self.of_kind(kind)[0]


@contextlib.asynccontextmanager
async def seeding(
    *releases: Release, session: SessionOptions = QUIET, verified: bool = True, **options: Any
) -> AsyncIterator[Running]:
    """Seed while the body runs."""
    chosen = SeedOptions(session=session, **options)
    seeder = Seeder(Session(session, count_blocks=chosen.peers_done is not None), chosen, keep_waiting=True)
    for release in releases:
        seeder.add(ready(release, verified=verified))
    running = Running(seeder)
    try:
        yield running
    finally:
        seeder.stop("the test is over")
        await running.task


class Leecher:
    """A libtorrent client in this process that downloads one torrent, or has it."""

    def __init__(self, source: Release | str, directory: Path, *, have: bool = False) -> None:
        self.session = lt.session(
            {
                "listen_interfaces": f"{HERE}:0",
                "enable_dht": False,
                "enable_lsd": False,
                "enable_upnp": False,
                "enable_natpmp": False,
                "enable_outgoing_utp": False,
                "enable_incoming_utp": False,
                **({"webtorrent_stun_server": ""} if HAS_WEBTORRENT else {}),
                "allow_multiple_connections_per_ip": True,
            }
        )
        directory.mkdir(parents=True, exist_ok=True)
        if isinstance(source, str):
            parameters = lt.parse_magnet_uri(source)
        else:
            parameters = lt.load_torrent_buffer(source.metainfo.to_bytes())
        parameters.save_path = str(directory)
        # Managed, it would turn peers away until its first turn comes.
        parameters.flags &= ~(lt.torrent_flags.auto_managed | lt.torrent_flags.paused)
        if have:
            parameters.flags |= lt.torrent_flags.seed_mode
        self.handle = self.session.add_torrent(parameters)

    @property
    def port(self) -> int:
        return self.session.listen_port()

    def is_done(self) -> bool:
        return bool(self.handle.status().is_seeding)

    async def fetch_from(self, port: int, seconds: float = PATIENCE) -> None:
        """Connect, and wait until everything is there."""
        deadline = time.monotonic() + seconds
        while not self.is_done():
            assert time.monotonic() < deadline, f"not done: {self.handle.status().progress}"
            self.dial(port)
            await asyncio.sleep(0.05)

    async def until_done(self, seconds: float = PATIENCE) -> None:
        """Wait until everything is there."""
        await until(self.is_done, seconds)

    def dial(self, port: int) -> None:
        if not self.handle.status().num_peers:
            self.handle.connect_peer((HERE, port))


class Process:
    """`mkt` in a process of its own; with --json its stdout is read as objects."""

    def __init__(self, *words: str | Path, cwd: Path | None = None) -> None:
        self.process = subprocess.Popen(
            [*MKT, *map(str, words)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=cwd,
        )

    def wait_for(self, event: str) -> dict[str, Any]:
        """Return the next event of this name on stdout."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            facts: dict[str, Any] = json.loads(line)
            if facts.get("event") == event:
                return facts
        raise AssertionError(f"no {event}: {self.process.communicate()[1].decode()}")

    def end(self, number: int | None = None, seconds: float = PATIENCE) -> tuple[int, str, str]:
        """Send a signal, or none, and wait; return exit code, stdout, stderr."""
        if number is not None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=seconds)
        return self.process.returncode, out.decode(), err.decode()


@contextlib.contextmanager
def running(*words: str | Path, **place: Any) -> Iterator[Process]:
    """Run `mkt`, and kill it at the end if it still runs."""
    process = Process(*words, **place)
    try:
        yield process
    finally:
        if process.process.poll() is None:
            process.process.send_signal(signal.SIGKILL)
        process.process.communicate()


def run_mkt(*words: str | Path, seconds: float = PATIENCE, **place: Any) -> tuple[int, str, str]:
    """Run `mkt` to its end; return exit code, stdout, stderr."""
    with running(*words, **place) as process:
        return process.end(seconds=seconds)
