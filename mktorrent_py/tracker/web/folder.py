"""The folder of torrents: read at the start, and again as files come, change and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from watchfiles import Change, awatch

from mktorrent_py.errors import ContentError, TorrentError
from mktorrent_py.torrentfile import read_bytes, reason_of
from mktorrent_py.tracker.web.torrent_list import ListedTorrent, Listing

SUFFIX = ".torrent"
RESCAN_MS = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A file of the folder that is left out, and why."""

    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class _Read:
    """One file as it was when it was read: (modification time in ns, size) tells when to read it again."""

    stamp: tuple[int, int]
    result: ListedTorrent | Unreadable


class Catalogue:
    """Every `*.torrent` in a folder and below it. Only files that changed are read again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._read: dict[Path, _Read] = {}
        self._told: set[Unreadable] = set()

    def scan(self) -> Listing:
        """Bring the listing up to date. Raises ContentError when the folder cannot be read."""
        self._read = {path: self._look_at(path, stamp) for path, stamp in self._files()}
        return Listing(read.result for read in self._read.values() if isinstance(read.result, ListedTorrent))

    def news(self) -> list[Unreadable]:
        """Files that are torrents by name only, those left out that `news` has not told of yet."""
        unreadable = {read.result for read in self._read.values() if isinstance(read.result, Unreadable)}
        news = sorted(unreadable - self._told, key=lambda each: each.path)
        self._told = unreadable
        return news

    async def watch(self, changed: Callable[[Listing], None]) -> None:
        """Call `changed` with the new listing whenever torrents came, changed or went; runs until cancelled.

        The system tells of most changes at once; some file systems tell of none, so the folder is also looked at
        every few seconds.
        """
        watching = awatch(
            self.folder, watch_filter=_is_torrent, step=100, debounce=400, rust_timeout=RESCAN_MS, yield_on_timeout=True
        )
        async for _ in watching:
            before = self._read
            try:
                listing = await asyncio.to_thread(self.scan)
            except ContentError:
                # A folder that is gone for a moment (a volume mounted anew) keeps its torrents tracked.
                continue
            if self._read != before:
                changed(listing)

    def _files(self) -> Iterator[tuple[Path, tuple[int, int]]]:
        try:
            list(self.folder.iterdir())
        except OSError as error:
            raise ContentError(f"cannot read {self.folder}: {reason_of(error)}") from error
        for path in sorted(self.folder.rglob(f"*{SUFFIX}")):
            try:
                stat = path.stat()
            except OSError:
                # Gone since it was listed.
                continue
            if path.is_file():
                yield path, (stat.st_mtime_ns, stat.st_size)

    def _look_at(self, path: Path, stamp: tuple[int, int]) -> _Read:
        known = self._read.get(path)
        if known is not None and known.stamp == stamp:
            return known
        try:
            return _Read(stamp, ListedTorrent.of(read_bytes(path), stamp[0] // 1_000_000_000))
        except TorrentError as error:
            return _Read(stamp, Unreadable(path=path, reason=str(error)))


def _is_torrent(_: Change, path: str) -> bool:
    return path.endswith(SUFFIX)
