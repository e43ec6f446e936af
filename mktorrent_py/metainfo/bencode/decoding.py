"""The decoder: `decode` for canonical bencode and nothing else, `decode_leniently` for what real torrents hold."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

from mktorrent_py.errors import BencodeError, LimitError
from mktorrent_py.metainfo.bencode.faults import STRAY_END, refuse, shown
from mktorrent_py.metainfo.bencode.limits import DEFAULT_LIMITS, MAX_DIGITS, MAX_LENGTH_DIGITS, Limits, check_size
from mktorrent_py.metainfo.bencode.values import EMPTY, Dictionary, Value

try:
    from mktorrent_py.metainfo import _bencode
except ImportError:  # installed without a compiler
    _bencode = None  # type: ignore[assignment]

MAX_IRREGULARITIES = 100
"""Irregularities that a Document keeps, so that hostile bytes cannot turn into a million messages."""

_MAX_INTERNED_KEYS = 1024
_DICTIONARY, _END, _INTEGER, _LIST = b"deil"
_ZERO, _NINE, _MINUS = b"09-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Irregularity:
    """A departure from canonical bencode that could be read around, at byte `offset`.

    `rule` is one of unsorted-keys, duplicate-key, leading-zero, negative-zero, trailing-data.
    """

    rule: str
    offset: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """What lenient decoding found: the value, its first MAX_IRREGULARITIES irregularities, and where it ends.

    `ends` are the offsets at which the members of an outermost list, or keys and values of a dictionary, end.
    """

    value: Value
    irregularities: tuple[Irregularity, ...]
    end: int
    ends: Sequence[int] = field(default=(), repr=False)

    def members(self, data: bytes) -> Iterator[tuple[bytes, int, int]]:
        """Each key of the outermost dictionary of this `data`, and where its raw value begins and ends, in file order.

        Of duplicate keys the first one. As `dictionary_spans`, without going through the data again.
        """
        has_duplicates = isinstance(self.value, Dictionary) and len(self.ends) > len(self.value.flat)
        seen: set[bytes] = set()
        start = 1
        for middle, stop in zip(self.ends[::2], self.ends[1::2], strict=True):
            key = data[data.index(b":", start) + 1 : middle]
            if key not in seen:
                yield key, middle, stop
            if has_duplicates:
                seen.add(key)
            start = stop


def decode(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Value:
    """Decode the one value of `data`, which must be canonical.

    Raises BencodeError with the offset of the first fault, or LimitError.
    """
    document = decode_leniently(data, limits=limits)
    if document.irregularities:
        first = document.irregularities[0]
        raise BencodeError(first.message, offset=first.offset)
    return document.value


def decode_leniently(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """The value at the start of `data`, canonical or not; of duplicate keys the first one wins, as in libtorrent.

    Raises BencodeError when the structure is broken, LimitError when a limit is exceeded.
    """
    check_size(data, limits)
    irregularities: list[Irregularity] = []
    ends = array("Q")
    value, end = _parse_canonical(data, limits, ends) or _parse(data, limits, irregularities, ends)
    if end < len(data):
        _note(irregularities, "trailing-data", end, "data follows the end of the value")
    return Document(value=value, irregularities=tuple(irregularities), end=end, ends=ends)


def _parse_canonical(data: bytes, limits: Limits, ends: array[int]) -> tuple[Value, int] | None:
    """Parse with the compiled twin of `_parse`; None where that is missing or stops."""
    if _bencode is None:
        return None
    most = len(data) + 1  # of anything; the twin counts in 64 bits
    found = _bencode.parse(data, min(limits.depth, most), min(limits.tokens, most), EMPTY)
    if found is None:
        return None
    value, end, members = found
    ends.frombytes(members)
    return value, end


def _parse(data: bytes, limits: Limits, irregularities: list[Irregularity], ends: array[int]) -> tuple[Value, int]:
    """The value at the start of `data`, and the offset of its end; `ends` gets those of its own members.

    One loop, one token a round: this is where large torrents spend their time, so calls are kept for the rare cases.
    `items` collects the innermost open container; `seen` is None until that container turns out to be a disordered
    dictionary, and then all its keys so far. `stack` holds the same three for every container around it.
    """
    position, size = 0, len(data)
    stack: list[tuple[list[Any], bool, set[bytes] | None]] = []
    items: list[Any] = []
    in_dictionary, seen = False, None
    interned: dict[bytes, bytes] = {}
    value: Value
    for _ in repeat(None, min(limits.tokens, size + 1)):
        if position >= size:
            refuse(data, position)
        byte, start = data[position], position
        is_key = in_dictionary and not len(items) & 1
        if _ZERO <= byte <= _NINE:
            colon = data.find(b":", position, position + MAX_LENGTH_DIGITS + 1)
            digits = data[position:colon] if colon > 0 else b""
            if not digits.isdigit():
                refuse(data, position)
            if byte == _ZERO and len(digits) > 1:
                _note(irregularities, "leading-zero", start, "the length of a string starts with a zero")
            position = colon + 1 + int(digits)
            if position > size:
                refuse(data, start)
            value = data[colon + 1 : position]
            if is_key:
                if items and (seen is not None or value <= items[-2]):
                    seen = _note_disorder(value, start, items, seen, irregularities)
                value = interned.get(value, value)
                if len(interned) < _MAX_INTERNED_KEYS:
                    interned[value] = value
        elif byte == _END:
            if not stack or (in_dictionary and not is_key):
                raise BencodeError("a dictionary key has no value" if stack else STRAY_END, offset=position)
            position += 1
            value = _close(items, in_dictionary, seen)
            items, in_dictionary, seen = stack.pop()
        elif is_key:
            raise BencodeError("a dictionary key is not a string", offset=position)
        elif byte == _INTEGER:
            value, position = _integer(data, position, irregularities)
        elif byte in (_LIST, _DICTIONARY):
            if len(stack) == limits.depth:
                raise LimitError(
                    f"nested more than {limits.depth:,} deep", offset=position, limit="depth", maximum=limits.depth
                )
            stack.append((items, in_dictionary, seen))
            items, in_dictionary, seen = [], byte == _DICTIONARY, None
            position += 1
            continue
        else:
            refuse(data, position)
        if len(stack) < 2:
            if not stack:
                return value, position
            ends.append(position)
        items.append(value)
    raise LimitError(f"more than {limits.tokens:,} values", offset=position, limit="tokens", maximum=limits.tokens)


def _close(items: list[Any], in_dictionary: bool, seen: set[bytes] | None) -> Value:
    if not in_dictionary:
        return tuple(items)
    if seen is not None:
        items = _in_order(items)
    return Dictionary.from_flat(items) if items else EMPTY


def _in_order(items: list[Any]) -> list[Any]:
    """Key, value, key, value ... with ascending keys; of equal keys the first remains. Indices, to spare memory."""
    ordered: list[Any] = []
    for index in sorted(range(0, len(items), 2), key=items.__getitem__):
        if not ordered or ordered[-2] != items[index]:
            ordered += items[index], items[index + 1]
    return ordered


def _integer(data: bytes, start: int, irregularities: list[Irregularity]) -> tuple[int, int]:
    """The integer at `start`, and the offset of its end."""
    end = data.find(b"e", start, start + MAX_DIGITS + 3)
    digits = data[start + 1 : end] if end > 0 else b""
    unsigned = digits[1:] if digits.startswith(b"-") else digits
    if not unsigned.isdigit() or len(unsigned) > MAX_DIGITS:
        refuse(data, start)
    if digits[0] == _MINUS and unsigned.strip(b"0") == b"":
        _note(irregularities, "negative-zero", start, "an integer is minus zero")
    elif unsigned[0] == _ZERO and len(unsigned) > 1:
        _note(irregularities, "leading-zero", start, "an integer starts with a zero")
    try:
        return int(digits), end + 1
    except ValueError:  # the interpreter runs with a lower bound on digits than its default
        raise LimitError("an integer has more digits than this Python converts", offset=start) from None


def _note(irregularities: list[Irregularity], rule: str, offset: int, message: str) -> None:
    if len(irregularities) < MAX_IRREGULARITIES:
        irregularities.append(Irregularity(rule=rule, offset=offset, message=message))


def _note_disorder(
    key: bytes, offset: int, items: list[Any], seen: set[bytes] | None, irregularities: list[Irregularity]
) -> set[bytes]:
    """Note what is wrong with `key` after the keys in `items`, if anything. Returns all keys seen."""
    if seen is None:
        seen = set(items[::2])
    if key in seen:
        _note(irregularities, "duplicate-key", offset, f"the key {shown(key)} appears twice in a dictionary")
    elif key < items[-2]:
        _note(irregularities, "unsorted-keys", offset, f"the key {shown(key)} comes after {shown(items[-2])}")
    seen.add(key)
    return seen
