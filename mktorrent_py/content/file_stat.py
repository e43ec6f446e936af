"""What is known of files without opening them: their names, their modes, whether they can be read."""

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
from mktorrent_py.content.selection import escape_pattern
from mktorrent_py.errors import ContentError
from mktorrent_py.metainfo.paths import unsafe_reason

_READ_ERRORS = {
    errno.EACCES: ("permission-denied", "Run as a user who can read it."),
    errno.EPERM: ("permission-denied", "Run as a user who can read it."),
    errno.ENAMETOOLONG: ("path-too-long", "Start from a directory nearer to it."),
}
"""What an errno of a read is called in error codes, and what to do about it."""

# An inode may have 64 bits and more; what is kept fits a signed 64-bit integer.
INODE_MASK = 2**63 - 1

_READABLE_BY_ALL = stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH
_PLAIN_FILE = stat.S_IFREG | _READABLE_BY_ALL
_PLAIN_BITS = stat.S_IFMT(0xFFFF) | _READABLE_BY_ALL


class DiskFile(NamedTuple):
    """Where a file is, in bytes from the content's root, and its state: size in bytes, mtime, 63-bit inode."""

    path: bytes
    size: int
    mtime_ns: int
    inode: int

    @classmethod
    def of(cls, path: bytes, status: os.stat_result) -> DiskFile:
        return cls(path, status.st_size, status.st_mtime_ns, status.st_ino & INODE_MASK)

    @classmethod
    def listed(cls, path: bytes, record: Record) -> DiskFile:
        """Make one from the record of a listed directory."""
        _, _, size, mtime_ns, inode, _ = record
        return cls(path, size, mtime_ns, inode & INODE_MASK)


def check_paths(values: object, what: str) -> frozenset[Path]:
    """Return a set of paths, which may be strings; a single one is a TypeError."""
    if isinstance(values, str | bytes | os.PathLike) or not isinstance(values, Iterable):
        raise TypeError(f"{what} must be a collection of paths, not {type(values).__name__}")
    return frozenset([Path(value) for value in values])


def invalid_name_reason(name: str, *, allow_raw: bool) -> str | None:
    """Return why a torrent must not have a name; None when it may."""
    if not allow_raw and is_not_utf8(name):
        return "the name is not UTF-8"
    reason = unsafe_reason(name)
    return None if reason is None else f"the name {reason}"


def is_not_utf8(name: str) -> bool:
    """Whether a name holds bytes that are not UTF-8, as surrogates."""
    return not name.isascii() and any("\ud800" <= char <= "\udfff" for char in name)


def attributes_of(name: str, status: os.stat_result) -> str:
    """Return BEP 47's letters: h for a dot file or one that Windows hides, x for one its owner may execute."""
    hidden = name.startswith(".") or has_hidden_attribute(status)
    return "h" * hidden + "x" * bool(status.st_mode & stat.S_IXUSR)


def is_readable(path: bytes, status: os.stat_result) -> bool:
    """Whether a file can be read: by its mode, or by asking the system where the mode does not decide.

    Opening each file would cost too much.
    """
    if status.st_mode & _READABLE_BY_ALL == _READABLE_BY_ALL:
        return True
    return os.access(path, os.R_OK, effective_ids=os.access in os.supports_effective_ids)


def is_plain_file(mode: int) -> bool:
    """Whether a mode alone shows that an entry is a regular file, no link, which every user can read."""
    return mode & _PLAIN_BITS == _PLAIN_FILE


def permission_denied() -> PermissionError:
    """Return the error that opening the file would raise."""
    return PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def unreadable(shown: str, error: OSError | ValueError, *, name: str | None = None) -> ContentError:
    """Return the error for what cannot be read: the content itself, or an entry in it called `name`.

    The code is `content-` or `entry-` and `permission-denied`, `path-too-long` or `unreadable`. An entry's error has
    the `pattern` that excludes it. A ValueError is Python's for a path that no system accepts.
    """
    cause, number = (error.strerror, error.errno) if isinstance(error, OSError) else (None, None)
    cause = cause or str(error)
    kind, hint = _READ_ERRORS.get(number or 0, ("unreadable", None))
    message = f"cannot read {shown}: {cause[:1].lower()}{cause[1:]}"
    if name is None:
        return ContentError(message, code=f"content-{kind}", hint=hint, file=shown)
    return ContentError(message, code=f"entry-{kind}", hint=hint, file=shown, pattern=escape_pattern(name))


def is_one_of(path: bytes, paths: Iterable[Path]) -> bool:
    """Whether `path` is one of the absolute `paths`, whatever links lead to its directory; a link is itself."""
    directory, name = os.path.split(os.path.abspath(path))
    real = os.path.join(os.path.realpath(directory), name)
    return any(
        real == os.path.join(os.path.realpath(os.fsencode(other.parent)), os.fsencode(other.name)) for other in paths
    )


def decode_name(name: bytes) -> str:
    """Decode a name for a torrent: UTF-8 whatever the locale, other bytes as surrogates."""
    return name.decode("utf-8", "surrogateescape")


def has_hidden_attribute(status: os.stat_result) -> bool:
    return bool(getattr(status, "st_file_attributes", 0) & stat.FILE_ATTRIBUTE_HIDDEN)
