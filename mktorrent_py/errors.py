"""Every exception of the package. Each carries the exit code that `mkt` ends with.

Expected trouble with content (a missing file in `verify`, a fault while hashing) is data, not an exception;
these are for what stops the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum


class ExitCode(IntEnum):
    """What `mkt` tells the shell."""

    DONE = 0
    NO = 1
    USAGE = 2
    CONTENT = 3
    METAINFO = 4
    REFUSED = 5
    NETWORK = 6
    DEFECT = 70
    INTERRUPTED = 130


class TorrentError(Exception):
    """Root of all errors of this package.

    `message` says what happened and to what; `hint` says what to do next, when something can be done.
    `path` is where in a metainfo it happened (`info.files[3].length`), composed segment by segment while the
    error travels up through `located`; `offset` is the byte where it was seen, when there is one. `source` is what was
    read when it happened, a file or standard input, where whoever read it knows.
    """

    exit_code = ExitCode.NO

    def __init__(self, message: str, *, hint: str | None = None, path: str = "", offset: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.path = path
        self.offset = offset
        self.source = ""

    def __str__(self) -> str:
        where = "".join([f"{place}: " for place in (self.source, self.path) if place])
        at = f" (at byte {self.offset:,})" if self.offset is not None else ""
        return f"{where}{self.message}{at}"


class UsageError(TorrentError):
    """The caller asked for something that cannot be: a bad option value, nothing to hash."""

    exit_code = ExitCode.USAGE


class ContentError(TorrentError):
    """Content cannot be read, or changed while it was hashed."""

    exit_code = ExitCode.CONTENT


class MetainfoError(TorrentError):
    """The metainfo is invalid: a rule of a BEP is broken in a way that cannot be read around."""

    exit_code = ExitCode.METAINFO


class BencodeError(MetainfoError):
    """The bytes are not (strict) bencode; `offset` says where."""


class LimitError(BencodeError):
    """The bytes are larger, deeper or more numerous than the limits allow."""


class MagnetError(MetainfoError):
    """The text is not a magnet URI that names a torrent."""


class RefusedError(TorrentError):
    """It would overwrite a file, or change an infohash, without having been told to."""

    exit_code = ExitCode.REFUSED


class NetworkError(TorrentError):
    """Nothing could be reached in the time given."""

    exit_code = ExitCode.NETWORK


@contextmanager
def located(segment: str) -> Iterator[None]:
    """Prefix the path of any TorrentError that passes through with `segment` (`info`, `files[3]`, `length`)."""
    try:
        yield
    except TorrentError as error:
        joint = "" if not error.path or error.path.startswith("[") else "."
        error.path = f"{segment}{joint}{error.path}"
        raise


@contextmanager
def reading(source: str) -> Iterator[None]:
    """Say of any MetainfoError that passes through what was read when it happened."""
    try:
        yield
    except MetainfoError as error:
        error.source = error.source or source
        raise
