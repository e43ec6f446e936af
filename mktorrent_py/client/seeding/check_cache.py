"""Remembers checks, so that content that has not changed since its last one need not be read again.

The cache is a text file with a line for each check: the torrent's infohashes, and a digest of the paths of its files
and of what the system reports about them (size, inode, times). Lines are only appended, each by one write, through a
descriptor that is opened before the process gives up the right to write; a torn or meaningless line is ignored.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

from mktorrent_py.client.seeding.change_monitor import FilePlacement
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.metainfo.infohash import Infohashes
from mktorrent_py.torrentfile import reason_of

SETTLED_AFTER = 2_000_000_000
"""Nanoseconds that a file must have been unchanged when its check began: timestamps of file systems are coarse."""

_MODE = 0o600


class CheckCache:
    """The cache in the file at `path`, which is created when it does not exist."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError for a file that cannot be read and written."""
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
            with open(self._descriptor, "rb", closefd=False) as file:
                lines = file.read().splitlines()
        except OSError as error:
            raise UsageError(
                f"cannot use {printable(str(path))} as a check cache: {reason_of(error)}", code="cache-unusable"
            ) from error
        pairs = [line.split(b" ") for line in lines]
        self._digests = {pair[0]: pair[1] for pair in pairs if len(pair) == 2}

    def is_current(self, infohashes: Infohashes, placement: FilePlacement) -> bool:
        """Return whether these very files passed a check and have not changed since."""
        return self._digests.get(_key(infohashes)) == _digest(placement)

    def record(self, infohashes: Infohashes, placement: FilePlacement, *, seconds: float) -> None:
        """Record that files passed a check that began `seconds` ago.

        Files that had changed shortly before are not recorded: another change might have left their times the same.
        """
        began = time.time_ns() - round(seconds * 1e9)
        times = [max(state.mtime, state.ctime) for state in placement.states if state is not None]
        if max(times, default=0) > began - SETTLED_AFTER:
            return
        key, digest = _key(infohashes), _digest(placement)
        self._digests[key] = digest
        with contextlib.suppress(OSError):  # a full disk costs a check at the next start, and no more
            os.write(self._descriptor, b"\n%b %b\n" % (key, digest))


def _key(infohashes: Infohashes) -> bytes:
    return b"%b+%b" % ((infohashes.v1 or b"").hex().encode(), (infohashes.v2 or b"").hex().encode())


def _digest(placement: FilePlacement) -> bytes:
    """Return the digest of a placement, without devices: their numbers may change when the machine restarts."""
    digest = hashlib.sha256()
    for path, state in zip(placement.paths, placement.states, strict=True):
        facts = (state.size, state.mtime, state.ctime, state.inode) if state is not None else ()
        digest.update(b"%b\0%b\0" % (path, repr(facts).encode()))
    return digest.hexdigest().encode()
