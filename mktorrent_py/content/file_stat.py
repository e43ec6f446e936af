"""How things on the disk look without being opened: their names, their modes, whether a file could be read."""

# Paths are bytes here, which pathlib does not know.
# ruff: noqa: PTH100, PTH118

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from mktorrent_py.content.directory import Record
from mktorrent_py.metainfo.paths import unsafe_reason

# An inode may have 64 bits and more; what is kept fits a signed 64-bit integer.
INODE_MASK = 2**63 - 1

_READABLE_BY_ALL = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
_PLAIN_FILE = stat.S_IFREG | _READABLE_BY_ALL
_PLAIN_BITS = stat.S_IFMT(0xFFFF) | _READABLE_BY_ALL


class DiskFile(NamedTuple):
    """Where a file lies, in bytes from the content's root, and how it looked: its size in bytes, a 63-bit inode."""

    path: bytes
    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: bytes, status: os.stat_result) -> DiskFile:
        return cls(path, status.st_size, status.st_mtime_ns, status.st_ino & INODE_MASK)

    @classmethod
    def listed(cls, path: bytes, record: Record) -> DiskFile:
        """As its directory was listed with it."""
        _, _, size, mtime_ns, inode, _ = record
        return cls(path, size, mtime_ns, inode & INODE_MASK)


def name_fault(name: str, *, allow_raw: bool) -> str | None:
    """Why a name must not be written into a torrent; None when it may."""
    if not allow_raw and is_raw(name):
        return "the name is not UTF-8"
    reason = unsafe_reason(name)
    return None if reason is None else f"the name {reason}"


def is_raw(name: str) -> bool:
    """Whether a name holds bytes that are not UTF-8, as surrogates."""
    return not name.isascii() and any("\ud800" <= char <= "\udfff" for char in name)


def attributes_of(name: str, status: os.stat_result) -> str:
    """BEP 47's letters: h for a dot file or one that Windows hides, x for one its owner may run."""
    hidden = name.startswith(".") or has_hidden_attribute(status)
    return "h" * hidden + "x" * bool(status.st_mode & stat.S_IXUSR)


def may_read(path: bytes, status: os.stat_result) -> bool:
    """Whether a file can be read, by its mode where that is plain, else by asking; opening each would cost too much."""
    if status.st_mode & _READABLE_BY_ALL == _READABLE_BY_ALL:
        return True
    return os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids)


def is_plain_file(mode: int) -> bool:
    """Whether the mode of an entry alone says that it is a file, no link to one, which everybody may read."""
    return mode & _PLAIN_BITS == _PLAIN_FILE


def permission_denied() -> PermissionError:
    """The error that opening the file would raise."""
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def is_one_of(path: bytes, paths: Iterable[Path]) -> bool:
    """Whether `path` is one of the absolute `paths`, however its directory is spelt; a link counts as itself."""
    directory, name = os.path.split(os.path.abspath(path))
    real = os.path.join(os.path.realpath(directory), name)
    return any(
        real == os.path.join(os.path.realpath(os.fsencode(other.parent)), os.fsencode(other.name)) for other in paths
    )


def decode_name(name: bytes) -> str:
    """A name as a torrent holds it: UTF-8 whatever the locale, other bytes as surrogates."""
    return name.decode("utf-8", "surrogateescape")


def has_hidden_attribute(status: os.stat_result) -> bool:
    return bool(getattr(status, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN)
