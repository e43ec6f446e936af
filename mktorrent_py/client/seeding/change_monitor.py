"""Watches over seeded content: what each file was when it was checked, and whether it still is that file.

A file is the same while its size, modification time, inode and device are. Its change time may move when its mode,
owner or links did; when it moved for no such reason, somebody wrote to it and set the clock back.
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

FILES_A_WALK = 5000
"""Looking at so many takes about 25 ms."""

FILES_AT_REST = 500
"""How many are looked at while nobody is there to be given anything."""

_READABLE = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH


class FileState(NamedTuple):
    """What the system says of a file: size in bytes, times in nanoseconds."""

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
        """Raises OSError."""
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
class Placement:
    """Where the files of a torrent lie, and what each was when it was looked at.

    `paths` are absolute, in the order of the layout, as the system has them; empty for a stored link, which has no
    bytes to give. `states` are None for those.
    """

    paths: tuple[bytes, ...]
    states: tuple[FileState | None, ...]


class Patrol:
    """Goes round the files of many torrents, a bounded number of them at a time, and starts again at the end."""

    def __init__(self) -> None:
        self._placements: dict[str, Placement] = {}
        self._round: Iterator[tuple[str, bytes, FileState]] = iter(())

    def watch(self, key: str, placement: Placement) -> None:
        self._placements[key] = placement

    def forget(self, key: str) -> None:
        self._placements.pop(key, None)

    def walk(self, files: int) -> dict[str, str]:
        """Look at the next `files` files at most: which torrents have one that changed, and how."""
        changes: dict[str, str] = {}
        for key, path, state in islice(self._round, files):
            change = change_of(path, state) if key in self._placements else None
            if change is not None:
                changes.setdefault(key, change)
            files -= 1
        if files:
            self._round = self._all_files()
        return changes

    def _all_files(self) -> Iterator[tuple[str, bytes, FileState]]:
        for key, placement in list(self._placements.items()):
            for path, state in zip(placement.paths, placement.states, strict=True):
                if state is not None:
                    yield key, path, state


def place(layout: Layout, paths: Sequence[bytes]) -> Placement:
    """Look at every file. Raises ContentError for one that is missing, of another length, or not to be read."""
    paths = [b"" if file.symlink is not None else path for file, path in zip(layout.files, paths, strict=True)]
    states = [_look(path, file.length) if path else None for file, path in zip(layout.files, paths, strict=True)]
    return Placement(paths=tuple(paths), states=tuple(states))


def change_of(path: bytes, then: FileState) -> str | None:
    """How a file differs from what it was, as a sentence; None when it does not, in any way that matters."""
    change = _change(path, then)
    return f"{shown(path)} {change}" if change is not None else None


def shown(path: bytes) -> str:
    """A path of the system as people read it."""
    return printable(os.fsdecode(path))


def _look(path: bytes, length: int) -> FileState:
    try:
        state = FileState.of(path)
    except FileNotFoundError:
        raise ContentError(f"{shown(path)} is missing") from None
    except OSError as error:
        raise ContentError(f"cannot read {shown(path)}: {(error.strerror or str(error)).lower()}") from error
    fault = _fault(path, state, length)
    if fault is not None:
        raise ContentError(f"{shown(path)} {fault}")
    return state


def _fault(path: bytes, state: FileState, length: int) -> str | None:
    if not stat.S_ISREG(state.mode):
        return "is not a file"
    if state.size != length:
        return f"has {state.size:,} bytes, not {length:,}"
    return None if _may_read(path, state) else "may not be read"


def _may_read(path: bytes, state: FileState) -> bool:
    """Whether we may, and anybody may: the superuser respects a file that was closed to all."""
    return bool(state.mode & _READABLE) and os.access(path, os.R_OK)


def _change(path: bytes, then: FileState) -> str | None:
    try:
        now = FileState.of(path)
    except FileNotFoundError:
        return "was removed"
    except OSError as error:
        return f"cannot be read any more: {(error.strerror or str(error)).lower()}"
    if now == then:
        return None
    if now.size != then.size:
        return f"has {now.size:,} bytes now, not {then.size:,}"
    if (now.inode, now.device) != (then.inode, then.device):
        return "was replaced"
    if now.mtime != then.mtime or not _explains_ctime(then, now):
        return "was written to"
    return None if _may_read(path, now) else "may not be read any more"


def _explains_ctime(then: FileState, now: FileState) -> bool:
    return now.ctime == then.ctime or (now.mode, now.owner, now.links) != (then.mode, then.owner, then.links)
