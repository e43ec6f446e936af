"""Feeds a seeder: checks one torrent after the other, and follows a directory of torrents as files come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mktorrent_py.client.seeding.content_check import CheckOptions, check, locate
from mktorrent_py.client.seeding.events import Checking
from mktorrent_py.client.seeding.seeder import Seeder
from mktorrent_py.client.seeding.torrents import SeedableTorrent
from mktorrent_py.errors import ContentError, TorrentError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.torrentfile import read_metainfo
from mktorrent_py.web.folder_watch import FolderWatch

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
    watched: FolderWatch | None = None
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
        places = tuple(content) or (paths[0],)
        folder = FolderWatch(paths[0], recursive=False)
        try:
            folder.scan()
        except ContentError as error:
            raise UsageError(error.message, code=error.code, **error.data) from error
        sources = tuple([SeedSource(torrent=path, places=places) for path in folder.files])
        return SeedQueue(sources=sources, watched=folder if watch else None, places=places, check=options)
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


async def _watch(queue: SeedQueue, folder: FolderWatch, seeder: Seeder) -> None:
    """Follow a directory. A file that changed is another torrent; one that failed may have been incomplete."""
    async for changes in folder.changes():
        for path in [*changes.removed, *changes.changed]:
            seeder.remove(str(path))
        seeder.expected += len(changes.changed)
        sources = [SeedSource(torrent=path, places=queue.places) for path in changes.changed]
        await _check_all(sources, queue.check, seeder)
