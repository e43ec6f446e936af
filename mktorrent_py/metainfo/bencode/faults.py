"""Errors for bytes that are not bencode."""

from __future__ import annotations

import re
from typing import NoReturn

from mktorrent_py.errors import BencodeError, LimitError
from mktorrent_py.metainfo.bencode.limits import MAX_DIGITS, MAX_LENGTH_DIGITS

STRAY_END = "an end without a start"
_NUMBER = re.compile(rb"(?:i-?|(?=[0-9]))([0-9]*)")


def refuse(data: bytes, start: int) -> NoReturn:
    """Raise the error for the integer, the string or the unknown byte at `start`."""
    number = _NUMBER.match(data, start)
    if number is None:
        _refuse_byte(data, start)
    end, digits, is_integer = number.end(), number.end() - number.start(1), data[start] == ord("i")
    if is_integer and digits > MAX_DIGITS:
        raise LimitError(f"an integer has more than {MAX_DIGITS:,} digits", offset=start)
    if not is_integer and digits > MAX_LENGTH_DIGITS:
        raise BencodeError(f"the length of a string has more than {MAX_LENGTH_DIGITS} digits", offset=start)
    if end == len(data) or (not is_integer and data[end : end + 1] == b":"):
        raise BencodeError("the data ends in the middle of a value", offset=len(data))
    raise BencodeError(f"{shown(data[end : end + 1])} is not a digit", offset=end)


def _refuse_byte(data: bytes, start: int) -> NoReturn:
    if start >= len(data):
        raise BencodeError("the data ends in the middle of a value" if data else "there is no data", offset=len(data))
    raise BencodeError(f"no value starts with {shown(data[start : start + 1])}", offset=start)


def shown(key: bytes) -> str:
    """Format a key for a message: printable, quoted, not too long."""
    return repr(key)[1:] if len(key) <= 40 else repr(key[:40])[1:] + "..."
