"""Watching a folder of torrent files: which are new, changed or gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

from mktorrent_py.errors import ContentError
from mktorrent_py.torrentfile import reason_of

SUFFIX = ".torrent"
RESCAN_MS = 5000
"""Some file systems report no changes, so the folder is also listed this often."""


class FileStamp(NamedTuple):
    """What changes when a file does: modification time in nanoseconds, and size in bytes."""

    mtime_ns: int
    size: int


class FolderChanges(NamedTuple):
    """Paths in the order of their names: `changed` are new or have other content, `removed` are gone."""

    changed: list[Path]
    removed: list[Path]


class FolderWatch:
    """The `*.torrent` files of a folder; with `recursive` those of its subfolders too. `files` is the last scan."""

    def __init__(self, folder: Path, *, recursive: bool) -> None:
        self.folder = folder
        self.files: dict[Path, FileStamp] = {}
        self._recursive = recursive

    def scan(self) -> FolderChanges:
        """List the folder and compare it with the last scan. Raises ContentError when it cannot be listed."""
        before, self.files = self.files, self._list()
        return FolderChanges(
            changed=[path for path, stamp in self.files.items() if before.get(path) != stamp],
            removed=[path for path in before if path not in self.files],
        )

    async def changes(self) -> AsyncIterator[FolderChanges]:
        """Yield what changed since the last scan, whenever something did, until cancelled.

        A folder that cannot be listed for a moment (a volume that is mounted again) keeps its files.
        """
        from watchfiles import awatch

        events = awatch(
            self.folder,
            watch_filter=lambda _, path: path.endswith(SUFFIX),
            step=100,
            debounce=400,
            rust_timeout=RESCAN_MS,
            yield_on_timeout=True,
            recursive=self._recursive,
        )
        async for _ in events:
            try:
                changes = await asyncio.to_thread(self.scan)
            except ContentError:
                continue
            if any(changes):
                yield changes

    def _list(self) -> dict[Path, FileStamp]:
        try:
            # Globbing does not report a folder that cannot be read.
            next(self.folder.iterdir(), None)
        except OSError as error:
            raise ContentError(
                f"cannot read {self.folder}: {reason_of(error)}", code="folder-unreadable", folder=str(self.folder)
            ) from error
        files = {}
        for path in sorted((self.folder.rglob if self._recursive else self.folder.glob)(f"*{SUFFIX}")):
            try:
                stat = path.stat()
            except OSError:
                # Removed since it was listed.
                continue
            if path.is_file():
                files[path] = FileStamp(stat.st_mtime_ns, stat.st_size)
        return files
