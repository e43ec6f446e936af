"""Feeds a seeder: checks one torrent after the other, and follows what comes into and goes out of a directory."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mktorrent_py.client.seeding.content_check import CheckOptions, find, settle, vouch
from mktorrent_py.client.seeding.events import Basis, Checking
from mktorrent_py.client.seeding.seeder import Seeder
from mktorrent_py.client.seeding.torrents import Ready
from mktorrent_py.content.scan import Content
from mktorrent_py.errors import TorrentError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.torrentfile import read_metainfo, reason_of

SUFFIX = ".torrent"
SHOWN_EVERY = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A torrent file, and where to look for its content."""

    torrent: Path
    places: tuple[Path, ...]

    @property
    def key(self) -> str:
        return str(self.torrent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """What is to be seeded: torrents by name, and, where `watched` is a directory, all that come into it."""

    items: tuple[Item, ...]
    ready: tuple[Ready, ...] = ()
    watched: Path | None = None
    places: tuple[Path, ...] = ()
    check: CheckOptions = field(default_factory=CheckOptions)


def gather(what: Sequence[Path], content: Sequence[Path], check: CheckOptions, *, watch: bool = False) -> Library:
    """What `what` means: a torrent and its content, or torrents whose content is looked for in `content`.

    A directory without a second word is a directory of torrents. Where no content is named, it is looked for beside
    each torrent file. Raises UsageError.
    """
    if len(what) == 1 and what[0].is_dir():
        places = tuple(content) or (what[0],)
        items = tuple([Item(torrent=path, places=places) for path in torrents_in(what[0])])
        return Library(items=items, watched=what[0] if watch else None, places=places, check=check)
    if len(what) == 2 and not content and not _is_torrent_file(what[1]):
        return Library(items=(Item(torrent=what[0], places=(what[1],)),), check=check)
    _refuse_directories(what)
    items = tuple([Item(torrent=path, places=tuple(content) or (path.parent,)) for path in what])
    return Library(items=items, check=check)


def _is_torrent_file(path: Path) -> bool:
    return path.suffix == SUFFIX and not path.is_dir()


def _refuse_directories(torrents: Sequence[Path]) -> None:
    for path in torrents:
        if path.is_dir():
            raise UsageError(
                f"{printable(str(path))} is a directory, and stands where a torrent file should",
                hint="Say --content DIR for where the content of several torrents is.",
            )


def created_library(metainfo: Metainfo, content: Content, seconds: float) -> Library:
    """What was just created, to be seeded without being read again; hashing it took `seconds`.

    Raises ContentError when a file has changed since.
    """
    placement = settle(metainfo.info.layout, content.root, content.disk)
    ready = Ready(key=content.name, metainfo=metainfo, placement=placement, basis=Basis.CHECKED, checked=seconds)
    return Library(items=(), ready=(ready,))


def torrents_in(directory: Path) -> list[Path]:
    """The torrent files of a directory, by name. Raises UsageError when it cannot be listed."""
    return [directory / name for name in sorted(_times_of(directory))]


async def feed(library: Library, seeder: Seeder) -> None:
    """Give everything to the seeder, each torrent as soon as it is checked; then watch, where that is asked for."""
    for ready in library.ready:
        try:
            seeder.add(ready)
        except TorrentError as error:
            seeder.refuse(ready.metainfo.info.name, error)
        finally:
            seeder.expected -= 1
    await _check_all(library.items, library.check, seeder)
    if library.watched is not None:
        await _watch(library, library.watched, seeder)


async def _check_all(items: Iterable[Item], options: CheckOptions, seeder: Seeder) -> None:
    for item in items:
        try:
            seeder.add(await _checked(item, options, seeder))
        except TorrentError as error:
            seeder.refuse(item.torrent.name, error)
        finally:
            seeder.checking = None
            seeder.expected -= 1


async def _checked(item: Item, options: CheckOptions, seeder: Seeder) -> Ready:
    check = _Check(item, options)
    work = asyncio.create_task(asyncio.to_thread(check.run))
    try:
        while not (await asyncio.wait([work], timeout=SHOWN_EVERY))[0]:
            seeder.checking = check.state()
    except asyncio.CancelledError:
        check.progress.cancel()
        raise
    return work.result()


class _Check:
    """The check of one torrent, in a thread; others may ask how far it is."""

    def __init__(self, item: Item, options: CheckOptions) -> None:
        self.progress = Progress()
        self._item, self._options = item, options
        self._metainfo: Metainfo | None = None

    def run(self) -> Ready:
        """Raises TorrentError."""
        self._metainfo = metainfo = read_metainfo(self._item.torrent)
        verification = find(metainfo, self._item.places, self._options)
        found = vouch(verification, self._options, torrent=self._item.torrent, progress=self.progress)
        return Ready(
            key=self._item.key,
            metainfo=metainfo,
            placement=found.placement,
            basis=found.basis,
            checked=found.seconds,
        )

    def state(self) -> Checking | None:
        if self._metainfo is None:
            return None
        total = self._metainfo.info.layout.content_length
        return Checking(name=self._metainfo.info.name, done=min(self.progress.bytes_done, total), total=total)


async def _watch(library: Library, directory: Path, seeder: Seeder) -> None:
    """A torrent file that changes is another one; one that was refused may not have been whole."""
    from watchfiles import awatch

    known = await asyncio.to_thread(_times_of, directory)
    known = {item.torrent.name: known.get(item.torrent.name, 0) for item in library.items}
    async for _ in awatch(directory, watch_filter=_is_torrent, recursive=False, **_LOOK_ANYWAY):
        there = await asyncio.to_thread(_times_of, directory)
        fresh = [name for name, time in there.items() if time != known.get(name)]
        for name in [*(known.keys() - there.keys()), *fresh]:
            seeder.remove(str(directory / name))
        seeder.expected += len(fresh)
        items = [Item(torrent=directory / name, places=library.places) for name in fresh]
        await _check_all(items, library.check, seeder)
        known = there


_LOOK_ANYWAY: dict[str, Any] = {"rust_timeout": 5000, "yield_on_timeout": True}
"""Some file systems do not tell of changes: look every 5 s in any case."""


def _is_torrent(change: object, path: str) -> bool:
    return path.endswith(SUFFIX)


def _times_of(directory: Path) -> dict[str, int]:
    """The torrent files of a directory, by name, and when each was last changed. Raises UsageError."""
    times = {}
    try:
        with os.scandir(directory) as entries:
            for entry in entries:
                if entry.name.endswith(SUFFIX):
                    with contextlib.suppress(FileNotFoundError):
                        times[entry.name] = entry.stat().st_mtime_ns
    except OSError as error:
        raise UsageError(f"cannot list {printable(str(directory))}: {reason_of(error)}") from error
    return times
