"""Remembers what was checked, so that content that has not changed since need not be read again.

The record is a text file with a line for each check: a torrent's infohashes, and a digest of where its files lay and
what the system said of them (length, inode, times of change). It is only ever added to, by one write a line, through a
descriptor that was opened before this process gave up the right to write; a line that is torn or makes no sense counts
for nothing, and its torrent is read again.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

from mktorrent_py.client.seeding.change_monitor import Placement, shown
from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo.infohash import Infohashes

SETTLED_AFTER = 2_000_000_000
"""Nanoseconds a file must have been at rest when its check began: file systems tell times apart only so finely."""

_MODE = 0o600


class Proofs:
    """The record at `path`, which is made when it is not there."""

    def __init__(self, path: Path) -> None:
        """Raises UsageError for a file that cannot be read and written."""
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, _MODE)
            with open(self._descriptor, "rb", closefd=False) as file:
                lines = file.read().splitlines()
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise UsageError(f"cannot keep a record of checks in {shown(os.fsencode(path))}: {reason}") from error
        words = [line.split(b" ") for line in lines]
        self._digests = {pair[0]: pair[1] for pair in words if len(pair) == 2}

    def hold(self, infohashes: Infohashes, placement: Placement) -> bool:
        """Whether these very files were found right, and have not changed since."""
        return self._digests.get(_key(infohashes)) == _digest(placement)

    def add(self, infohashes: Infohashes, placement: Placement, *, seconds: float) -> None:
        """Take note of files that were just found right, by a check that began `seconds` ago.

        A file that had changed shortly before is not remembered: another change might have left its times as they are.
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


def _digest(placement: Placement) -> bytes:
    """Devices are left out: their numbers may be others after the machine was started again."""
    found = hashlib.sha256()
    for path, state in zip(placement.paths, placement.states, strict=True):
        facts = (state.size, state.mtime, state.ctime, state.inode) if state is not None else ()
        found.update(b"%b\0%b\0" % (path, repr(facts).encode()))
    return found.hexdigest().encode()
