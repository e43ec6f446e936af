"""Feeds a seeder: checks one torrent after the other, and follows a directory of torrents as files come and go."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mktorrent_py.client.seeding.content_check import CheckOptions, check, locate
from mktorrent_py.client.seeding.events import Checking
from mktorrent_py.client.seeding.seeder import Seeder
from mktorrent_py.client.seeding.torrents import SeedableTorrent
from mktorrent_py.errors import TorrentError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.torrentfile import read_metainfo, reason_of

SUFFIX = ".torrent"
REPORT_EVERY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedSource:
    """A torrent file, and the places to look for its content."""

    torrent: Path
    places: tuple[Path, ...]

    @property
    def key(self) -> str:
        return str(self.torrent)


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedQueue:
    """What is to be seeded: checked torrents, torrents to check, and those that appear in the `watched` directory."""

    sources: tuple[SeedSource, ...] = ()
    ready: tuple[SeedableTorrent, ...] = ()
    watched: Path | None = None
    places: tuple[Path, ...] = ()
    check: CheckOptions = field(default_factory=CheckOptions)

    def __len__(self) -> int:
        return len(self.ready) + len(self.sources)


def resolve_sources(
    paths: Sequence[Path], content: Sequence[Path], options: CheckOptions, *, watch: bool = False
) -> SeedQueue:
    """Return the queue of torrent files, or of the torrent files in a directory, which may be watched.

    Content is looked for in `content`, or else beside each torrent file. Raises UsageError for a directory among
    several torrent files, and for one that cannot be listed.
    """
    if len(paths) == 1 and paths[0].is_dir():
        directory = paths[0]
        places = tuple(content) or (directory,)
        torrents = [directory / name for name in sorted(_modification_times(directory))]
        sources = tuple([SeedSource(torrent=path, places=places) for path in torrents])
        return SeedQueue(sources=sources, watched=directory if watch else None, places=places, check=options)
    for path in paths:
        if path.is_dir():
            message = f"{printable(str(path))} is a directory, where a torrent file is expected"
            raise UsageError(message, code="torrent-is-directory")
    sources = tuple([SeedSource(torrent=path, places=tuple(content) or (path.parent,)) for path in paths])
    return SeedQueue(sources=sources, check=options)


async def run_queue(queue: SeedQueue, seeder: Seeder) -> None:
    """Add everything to the seeder, each torrent as soon as it is checked; then watch, where that is asked for."""
    for torrent in queue.ready:
        try:
            seeder.add(torrent)
        except TorrentError as error:
            seeder.fail(torrent.metainfo.info.name, error)
        finally:
            seeder.expected -= 1
    await _check_all(queue.sources, queue.check, seeder)
    if queue.watched is not None:
        await _watch(queue, queue.watched, seeder)


async def _check_all(sources: Iterable[SeedSource], options: CheckOptions, seeder: Seeder) -> None:
    for source in sources:
        try:
            seeder.add(await _checked(source, options, seeder))
        except TorrentError as error:
            seeder.fail(source.torrent.name, error)
        finally:
            seeder.checking = None
            seeder.expected -= 1


async def _checked(source: SeedSource, options: CheckOptions, seeder: Seeder) -> SeedableTorrent:
    """Check a torrent in a thread, while `seeder.checking` follows its progress. Raises TorrentError."""
    metainfo: Metainfo | None = None
    progress = Progress()

    def run() -> SeedableTorrent:
        nonlocal metainfo
        metainfo = read_metainfo(source.torrent)
        found = check(locate(metainfo, source.places, options), options, torrent=source.torrent, progress=progress)
        return SeedableTorrent(
            key=source.key,
            metainfo=metainfo,
            placement=found.placement,
            basis=found.basis,
            checked=found.seconds,
        )

    work = asyncio.create_task(asyncio.to_thread(run))
    try:
        while not (await asyncio.wait([work], timeout=REPORT_EVERY))[0]:
            if metainfo is not None:
                total = metainfo.info.layout.content_length
                done = min(progress.bytes_done, total)
                seeder.checking = Checking(name=metainfo.info.name, done=done, total=total)
    except asyncio.CancelledError:
        progress.cancel()
        raise
    return work.result()


async def _watch(queue: SeedQueue, directory: Path, seeder: Seeder) -> None:
    """Follow a directory. A file that changed is another torrent; one that failed may have been incomplete."""
    from watchfiles import awatch

    known = await asyncio.to_thread(_modification_times, directory)
    known = {source.torrent.name: known.get(source.torrent.name, 0) for source in queue.sources}
    async for _ in awatch(directory, watch_filter=_is_torrent, recursive=False, **_POLL_TOO):
        present = await asyncio.to_thread(_modification_times, directory)
        changed = [name for name, time in present.items() if time != known.get(name)]
        for name in [*(known.keys() - present.keys()), *changed]:
            seeder.remove(str(directory / name))
        seeder.expected += len(changed)
        sources = [SeedSource(torrent=directory / name, places=queue.places) for name in changed]
        await _check_all(sources, queue.check, seeder)
        known = present


_POLL_TOO: dict[str, Any] = {"rust_timeout": 5000, "yield_on_timeout": True}
"""Some file systems do not report changes: look every 5 s in any case."""


def _is_torrent(change: object, path: str) -> bool:
    return path.endswith(SUFFIX)


def _modification_times(directory: Path) -> dict[str, int]:
    """Return when each torrent file of a directory was last changed, by name. Raises UsageError."""
    times = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    with contextlib.suppress(FileNotFoundError):
                        times[entry.name] = entry.stat().st_mtime_ns
    except OSError as error:
        message = f"cannot list {printable(str(directory))}: {reason_of(error)}"
        raise UsageError(message, code="directory-unreadable") from error
    return times
