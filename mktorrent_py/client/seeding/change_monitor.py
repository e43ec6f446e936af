"""Monitors seeded files: what each was when it was checked, and whether it is still the same.

A file is unchanged while its size, modification time, inode and device are. Its change time (ctime) may differ when its
mode, owner or links do; when it differs for no such reason, the file was written to and its times were set back.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from mktorrent_py.errors import ContentError
from mktorrent_py.formatting import printable
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.torrentfile import reason_of

FILES_PER_POLL = 5000
"""A poll of so many files takes about 25 ms."""

FILES_PER_IDLE_POLL = 500
"""Files in a poll while no peer is connected."""

_READABLE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


class FileState(NamedTuple):
    """What the system reports about a file: size in bytes, times in nanoseconds."""

    size: int
    mtime: int
    ctime: int
    inode: int
    device: int
    mode: int
    owner: tuple[int, int]
    links: int

    @classmethod
    def of(cls, path: bytes) -> FileState:
        """Read the state of a file. Raises OSError."""
        status = os.stat(path)  # noqa: PTH116 - a path of bytes
        return cls(
            size=status.st_size,
            mtime=status.st_mtime_ns,
            ctime=status.st_ctime_ns,
            inode=status.st_ino,
            device=status.st_dev,
            mode=status.st_mode,
            owner=(status.st_uid, status.st_gid),
            links=status.st_nlink,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlacement:
    """Where the files of a torrent are on disk, and the state of each when it was looked at.

    `paths` are absolute, in the order of the layout, as the system has them; empty for a stored link, which has no
    content. `states` are None for those.
    """

    paths: tuple[bytes, ...]
    states: tuple[FileState | None, ...]


class ChangeMonitor:
    """Polls the files of many torrents in turn, a bounded number at a time."""

    def __init__(self) -> None:
        self._placements: dict[str, FilePlacement] = {}
        self._turn: Iterator[tuple[str, bytes, FileState]] = iter(())

    def watch(self, key: str, placement: FilePlacement) -> None:
        self._placements[key] = placement

    def forget(self, key: str) -> None:
        self._placements.pop(key, None)

    def poll(self, files: int) -> dict[str, str]:
        """Look at the next `files` files; return the torrents with a changed one, by key, and the change."""
        changes: dict[str, str] = {}
        for key, path, state in islice(self._turn, files):
            change = describe_change(path, state) if key in self._placements else None
            if change is not None:
                changes.setdefault(key, change)
            files -= 1
        if files:
            self._turn = self._all_files()
        return changes

    def _all_files(self) -> Iterator[tuple[str, bytes, FileState]]:
        for key, placement in list(self._placements.items()):
            for path, state in zip(placement.paths, placement.states, strict=True):
                if state is not None:
                    yield key, path, state


def stat_files(layout: Layout, paths: Sequence[bytes]) -> FilePlacement:
    """Read the state of every file. Raises ContentError for one that is missing, unreadable or of another length."""
    paths = [b"" if file.symlink is not None else path for file, path in zip(layout.files, paths, strict=True)]
    states = [_stat(path, file.length) if path else None for file, path in zip(layout.files, paths, strict=True)]
    return FilePlacement(paths=tuple(paths), states=tuple(states))


def describe_change(path: bytes, before: FileState) -> str | None:
    """Return how a file differs from its earlier state, as a sentence; None when its content cannot have changed."""
    change = _change(path, before)
    return f"{display(path)} {change}" if change is not None else None


def display(path: bytes) -> str:
    """Return a path of the system as printable text."""
    return printable(os.fsdecode(path))


def _stat(path: bytes, length: int) -> FileState:
    try:
        state = FileState.of(path)
    except FileNotFoundError:
        raise ContentError(f"{display(path)} is missing") from None
    except OSError as error:
        raise ContentError(f"cannot read {display(path)}: {reason_of(error)}") from error
    if not stat.S_ISREG(state.mode):
        raise ContentError(f"{display(path)} is not a file")
    if state.size != length:
        raise ContentError(f"{display(path)} has {state.size:,} bytes, not {length:,}")
    if not _is_readable(path, state):
        raise ContentError(f"{display(path)} cannot be read: permission denied")
    return state


def _is_readable(path: bytes, state: FileState) -> bool:
    """Return whether we may read the file and its mode lets anyone: root respects a file that is closed to all."""
    return bool(state.mode & _READABLE) and os.access(path, os.R_OK)


def _change(path: bytes, before: FileState) -> str | None:
    try:
        now = FileState.of(path)
    except FileNotFoundError:
        return "was removed"
    except OSError as error:
        return f"can no longer be read: {reason_of(error)}"
    if now == before:
        return None
    if now.size != before.size:
        return f"has {now.size:,} bytes now, not {before.size:,}"
    if (now.inode, now.device) != (before.inode, before.device):
        return "was replaced"
    access = (now.mode, now.owner, now.links) != (before.mode, before.owner, before.links)
    if now.mtime != before.mtime or (now.ctime != before.ctime and not access):
        return "was written to"
    return None if _is_readable(path, now) else "can no longer be read: permission denied"
