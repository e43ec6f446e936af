"""Where values stand, found without decoding them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import repeat

from mktorrent_py.errors import BencodeError, LimitError
from mktorrent_py.metainfo.bencode.faults import STRAY_END, refuse
from mktorrent_py.metainfo.bencode.limits import DEFAULT_LIMITS, MAX_DIGITS, MAX_LENGTH_DIGITS, Limits, check_size

_TOKEN = re.compile(rb"[lde]|i-?[0-9]{1,%d}e|([0-9]{1,%d}):" % (MAX_DIGITS, MAX_LENGTH_DIGITS))
_CONTAINERS = (b"l", b"d")


def dictionary_spans(data: bytes, start: int = 0, *, limits: Limits = DEFAULT_LIMITS) -> dict[bytes, tuple[int, int]]:
    """Where the raw value of every key of the dictionary at `start` begins and ends; of duplicate keys the first one.

    Values are stepped over, not judged: of their form only what is needed to find their end is checked. Twice as fast
    as decoding. Raises BencodeError and LimitError as decoding does, and BencodeError when there is no dictionary.
    """
    check_size(data, limits)
    if data[start : start + 1] != b"d":
        raise BencodeError("not a dictionary", offset=start)
    spans: dict[bytes, tuple[int, int]] = {}
    position = start + 1
    while data[position : position + 1] != b"e":
        key, position = _key(data, position)
        end = _skip(data, position, limits)
        spans.setdefault(key, (position, end))
        position = end
    return spans


def locate(data: bytes, path: Sequence[bytes | int]) -> int | None:
    """The offset of the value at a path of keys and list indices (`(b"info", b"files", 3)`), for error messages.

    None when there is no such value, or when the way to it is not bencode.
    """
    position = 0
    try:
        for step in path:
            if isinstance(step, bytes):
                position = dictionary_spans(data, position)[step][0]
            else:
                position = _list_item(data, position, step)
    except (BencodeError, LookupError):
        return None
    return position


def _list_item(data: bytes, start: int, index: int) -> int:
    if data[start : start + 1] != b"l":
        raise BencodeError("not a list", offset=start)
    position = start + 1
    for _ in range(index):
        position = _skip(data, position, DEFAULT_LIMITS)
    if index < 0 or data[position : position + 1] in (b"e", b""):
        raise IndexError(index)
    return position


def _key(data: bytes, start: int) -> tuple[bytes, int]:
    """The dictionary key at `start`, and the offset of its value."""
    token = _TOKEN.match(data, start)
    if token is None:
        refuse(data, start)
    if token[1] is None:
        raise BencodeError("a dictionary key is not a string", offset=start)
    end = token.end() + int(token[1])
    if end > len(data):
        refuse(data, start)
    return data[token.end() : end], end


def _skip(data: bytes, start: int, limits: Limits) -> int:
    """The offset of the end of the value at `start`."""
    position, depth, size = start, 0, len(data)
    match = _TOKEN.match
    for _ in repeat(None, min(limits.tokens, size + 1)):
        token = match(data, position)
        if token is None:
            refuse(data, position)
        position, length = token.end(), token[1]
        if length is not None:
            position += int(length)
            if position > size:
                refuse(data, token.start())
        elif token[0] in _CONTAINERS:
            depth += 1
            if depth > limits.depth:
                raise LimitError(
                    f"nested more than {limits.depth:,} deep", offset=token.start(), limit="depth", maximum=limits.depth
                )
        elif token[0] == b"e":
            depth -= 1
            if depth < 0:
                raise BencodeError(STRAY_END, offset=start)
        if depth == 0:
            return position
    raise LimitError(f"more than {limits.tokens:,} values", offset=position, limit="tokens", maximum=limits.tokens)
