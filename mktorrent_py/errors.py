"""Every exception of the package.

Expected trouble with content (a missing file in `verify_content`, a read fault while hashing) is data in a result, not
an exception; these are for what stops the work.

    TorrentError
        UsageError          an argument or a combination of arguments that cannot be
        ContentError        content cannot be read, or changed while it was hashed
        CancelledError      the caller asked for the work to stop
        MetainfoError       the metainfo is invalid
            BencodeError    the bytes are not bencode
                LimitError  the bytes exceed the limits that were set
            MagnetError     the text is not a magnet URI that names a torrent
        RefusedError        would overwrite a file, or change an infohash, without permission
        NetworkError        nothing could be reached in the time given
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar


class TorrentError(Exception):
    """Root of all errors of this package.

    `message` states what is wrong and with what. `code` identifies the kind of error (`overwrite-refused`) and never
    changes; `data` holds the values it is about. `hint` says what to do next, where something can be done that does
    not depend on how the caller was asked. `path` is the place in a metainfo (`info.files[3].length`), composed segment
    by segment while the error travels up through `located`; `offset` is the byte where it was seen. `source` is what
    was being read, a file or standard input, where the reader knows.
    """

    default_code: ClassVar[str] = "error"

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        hint: str | None = None,
        path: str = "",
        offset: int | None = None,
        **data: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.data = data
        self.hint = hint
        self.path = path
        self.offset = offset
        self.source = ""

    def __str__(self) -> str:
        where = "".join([f"{place}: " for place in (self.source, self.path) if place])
        at = f" (at byte {self.offset:,})" if self.offset is not None else ""
        return f"{where}{self.message}{at}"


class UsageError(TorrentError):
    """An argument has a value that it cannot have, or arguments contradict each other."""

    default_code = "usage"


class ContentError(TorrentError):
    """Content cannot be read, or changed while it was hashed."""

    default_code = "content-unreadable"


class CancelledError(TorrentError):
    """The caller asked for the work to stop before it was complete."""

    default_code = "cancelled"


class MetainfoError(TorrentError):
    """The metainfo is invalid: a rule of a BEP is broken in a way that cannot be read around."""

    default_code = "metainfo-invalid"


class BencodeError(MetainfoError):
    """The bytes are not (strict) bencode; `offset` says where."""

    default_code = "bencode-invalid"


class LimitError(BencodeError):
    """The bytes are larger, deeper or more numerous than the limits allow."""

    default_code = "limit-exceeded"


class MagnetError(MetainfoError):
    """The text is not a magnet URI that names a torrent."""

    default_code = "magnet-invalid"


class RefusedError(TorrentError):
    """The work would overwrite a file, or change an infohash, without permission."""

    default_code = "refused"


class NetworkError(TorrentError):
    """Nothing could be reached in the time given."""

    default_code = "network"


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
    """Name in any MetainfoError that passes through what was read when it happened."""
    try:
        yield
    except MetainfoError as error:
        error.source = error.source or source
        raise
