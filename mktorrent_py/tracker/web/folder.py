"""The folder of torrent files that a tracker serves, read at the start and followed as it changes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.errors import TorrentError
from mktorrent_py.torrentfile import read_bytes
from mktorrent_py.tracker.web.torrent_list import ListedTorrent, TorrentList
from mktorrent_py.web.folder_watch import FolderChanges, FolderWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableTorrent:
    """A file that is not listed, and why."""

    path: Path
    reason: str


class TorrentFolder:
    """Every `*.torrent` in a folder and its subfolders; `torrents` are those of the last scan."""

    def __init__(self, folder: Path) -> None:
        self.torrents = TorrentList()
        self._watch = FolderWatch(folder, recursive=True)
        self._read: dict[Path, ListedTorrent | UnreadableTorrent] = {}
        self._reported: set[UnreadableTorrent] = set()

    def scan(self) -> None:
        """Bring `torrents` up to date. Raises ContentError when the folder cannot be read."""
        self._apply(self._watch.scan())

    async def changes(self) -> AsyncIterator[TorrentList]:
        """Yield `torrents` whenever files came, changed or went, until cancelled."""
        async for changes in self._watch.changes():
            await asyncio.to_thread(self._apply, changes)
            yield self.torrents

    def new_failures(self) -> list[UnreadableTorrent]:
        """Files that could not be read, without those that an earlier call returned."""
        failures = {result for result in self._read.values() if isinstance(result, UnreadableTorrent)}
        new = sorted(failures - self._reported, key=lambda failure: failure.path)
        self._reported = failures
        return new

    def _apply(self, changes: FolderChanges) -> None:
        read = {path: result for path, result in self._read.items() if path in self._watch.files}
        for path in changes.changed:
            try:
                read[path] = ListedTorrent.parse(read_bytes(path), self._watch.files[path].mtime_ns // 1_000_000_000)
            except TorrentError as error:
                read[path] = UnreadableTorrent(path=path, reason=str(error))
        self._read = read
        # Of two files with the same infohash the first by path is listed.
        results = [read[path] for path in self._watch.files]
        self.torrents = TorrentList(result for result in results if isinstance(result, ListedTorrent))
