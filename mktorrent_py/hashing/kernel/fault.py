"""Why a unit could not be read."""

from __future__ import annotations

from typing import Literal

Reason = Literal["missing", "unreadable", "changed", "short", "cancelled"]


class ReadFault(Exception):  # noqa: N818 - a fault of the content, which `verify` reports and goes on from
    """A file of a unit could not be read as planned.

    `file` is its index in the unit's paths (-1: none, the work was stopped); `errno` is the system's, or 0.
    `reason` is `missing`; `unreadable` (any other error, or not a regular file); `changed` (size, modification time
    or inode are not those of the scan, when it was opened or when it had been read); `short` (an unchecked file ends
    before the row does); or `cancelled`.
    """

    __slots__ = ("errno", "file", "reason")

    def __init__(self, file: int, reason: Reason, errno: int = 0) -> None:
        super().__init__(file, reason, errno)
        self.file = file
        self.reason: Reason = reason
        self.errno = errno

    def __str__(self) -> str:
        return f"file {self.file} of the unit: {self.reason}" if self.file >= 0 else self.reason
