"""Lists a directory in one call: its entries by name, and the status of each.

Compiled where there was a C compiler; `os.scandir` is the fallback, and the reference in tests.
"""

from __future__ import annotations

import os
import stat

try:
    from mktorrent_py.content import _listing
except ImportError:  # installed without a compiler
    _listing = None  # type: ignore[assignment]

Record = tuple[bytes, int, int, int, int, int]
"""Name, mode, size in bytes, mtime in nanoseconds, inode and device, of the entry itself where it is a link.

Where the status of an entry cannot be read, the mode holds the kind alone and the rest is 0.
"""


def list_directory(path: bytes) -> list[Record]:
    """List the entries of a directory, sorted by name. Raises OSError."""
    return scan_directory(path) if _listing is None else _listing.list_directory(path)


def scan_directory(path: bytes) -> list[Record]:
    """Do the same by `os.scandir`."""
    with os.scandir(path) as entries:
        return sorted([_record(entry) for entry in entries])


def _record(entry: os.DirEntry[bytes]) -> Record:
    try:
        # Not `entry.stat()`: on Windows an entry of a directory knows neither its inode nor its device.
        status = os.lstat(entry.path)
    except OSError:
        return entry.name, _kind(entry), 0, 0, 0, 0
    return entry.name, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev


def _kind(entry: os.DirEntry[bytes]) -> int:
    if entry.is_symlink():
        return stat.S_IFLNK
    if entry.is_dir(follow_symlinks=False):
        return stat.S_IFDIR
    return stat.S_IFREG if entry.is_file(follow_symlinks=False) else 0
