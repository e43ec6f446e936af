"""Bencode (BEP 3): a decoder that survives any bytes and says where they went wrong, and a canonical encoder.

Decoding never recurses, takes time linear in the input and memory of at most some thirty times its size. To keep that
bound a decoded dictionary is not a `dict` but a `Dictionary`: one flat tuple, keys in order.

Two doors to one parser: `decode` wants canonical bencode and nothing after it; `decode_leniently` reads what real
torrents hold, as long as the structure is sound, and lists every departure from the canonical form.

bencode.py writes. It does not read: its 4.1.0 takes unsorted keys, and loops for ever on `d0:0:-5:e`.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any, NoReturn, TypeAlias, Union

import bencodepy  # type: ignore[import-untyped]

from mktorrent_py.errors import BencodeError, LimitError

try:
    from mktorrent_py.metainfo import _bencode
except ImportError:  # installed without a compiler
    _bencode = None  # type: ignore[assignment]

Value: TypeAlias = Union[int, bytes, tuple["Value", ...], "Dictionary"]
Encodable: TypeAlias = Union[
    int, bytes, str, "Raw", Sequence["Encodable"], Mapping[str, "Encodable"], Mapping[bytes, "Encodable"]
]

MAX_DIGITS = 4300
"""Digits of an integer that are read: what Python converts by default, because converting takes quadratic time.

BEP 3 sets no bound, so longer integers are a LimitError and not an invalid form."""

MAX_IRREGULARITIES = 100
"""Irregularities that a Document keeps, so that hostile bytes cannot turn into a million messages."""

_MAX_INTERNED_KEYS = 1024
_MAX_LENGTH_DIGITS = 20
_DICTIONARY, _END, _INTEGER, _LIST = b"deil"
_ZERO, _NINE, _MINUS = b"09-"


class Dictionary(Mapping[bytes, Value]):
    """An immutable bencoded dictionary: keys are bytes, in raw byte order; lookups take logarithmic time.

    `flat` is key, value, key, value ... for those who compare a whole dictionary with a pattern.
    """

    __slots__ = ("flat",)
    flat: tuple[Any, ...]

    def __init__(self, items: Mapping[bytes, Value] | Iterable[tuple[bytes, Value]] = ()) -> None:
        self.flat = tuple(part for item in sorted(dict(items).items()) for part in item)

    @classmethod
    def _from_flat(cls, flat: Sequence[Any]) -> Dictionary:
        """Wrap key, value, key, value ..., whose keys are known to ascend."""
        self = cls.__new__(cls)
        self.flat = tuple(flat)
        return self

    def __getitem__(self, key: bytes) -> Value:
        flat = self.flat
        index = 2 * bisect_left(range(len(flat) // 2), key, key=lambda pair: flat[2 * pair])
        if index == len(flat) or flat[index] != key:
            raise KeyError(key)
        value: Value = flat[index + 1]
        return value

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.flat[::2])

    def __len__(self) -> int:
        return len(self.flat) // 2

    def items(self) -> ItemsView[bytes, Value]:
        return _Items(self)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Dictionary):
            return self.flat == other.flat
        return super().__eq__(other)

    def __hash__(self) -> int:
        return hash(self.flat)

    def __repr__(self) -> str:
        return f"Dictionary({dict(self)!r})"


class _Items(ItemsView[bytes, Value]):
    """The pairs of a Dictionary in order, without looking every key up again."""

    _mapping: Dictionary

    def __iter__(self) -> Iterator[tuple[bytes, Value]]:
        flat = self._mapping.flat
        return zip(flat[::2], flat[1::2], strict=True)


_EMPTY = Dictionary()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much bencode is read before it counts as an attack.

    `size` in bytes; `depth` in nested lists and dictionaries; `tokens` counts every integer, string, start and end.
    """

    size: int = 128 * 1024 * 1024
    depth: int = 128
    tokens: int = 16_000_000


DEFAULT_LIMITS = Limits()


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
    """The one value that `data` holds in canonical form.

    Raises BencodeError with the offset of the first fault, or LimitError.
    """
    document = decode_leniently(data, limits=limits)
    if document.irregularities:
        first = document.irregularities[0]
        raise BencodeError(first.message, offset=first.offset)
    return document.value


def decode_leniently(data: bytes, *, limits: Limits = DEFAULT_LIMITS) -> Document:
    """The value at the start of `data`, canonical or not; of duplicate keys the first one wins, as in libtorrent.

    Raises BencodeError when the structure is broken, LimitError when there is too much of it.
    """
    _check_size(data, limits)
    irregularities: list[Irregularity] = []
    ends = array("Q")
    value, end = _parse_canonical(data, limits, ends) or _parse(data, limits, irregularities, ends)
    if end < len(data):
        _note(irregularities, "trailing-data", end, "data follows the end of the value")
    return Document(value=value, irregularities=tuple(irregularities), end=end, ends=ends)


def _check_size(data: bytes, limits: Limits) -> None:
    if len(data) > limits.size:
        raise LimitError(f"{len(data):,} bytes of bencode, more than the limit of {limits.size:,}")


def _parse_canonical(data: bytes, limits: Limits, ends: array[int]) -> tuple[Value, int] | None:
    """What `_parse` would give, from its quick twin; None where that is missing or gives up."""
    if _bencode is None:
        return None
    most = len(data) + 1  # of anything; the twin counts in 64 bits
    found = _bencode.parse(data, min(limits.depth, most), min(limits.tokens, most), _EMPTY)
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
            _refuse(data, position)
        byte, start = data[position], position
        is_key = in_dictionary and not len(items) & 1
        if _ZERO <= byte <= _NINE:
            colon = data.find(b":", position, position + _MAX_LENGTH_DIGITS + 1)
            digits = data[position:colon] if colon > 0 else b""
            if not digits.isdigit():
                _refuse(data, position)
            if byte == _ZERO and len(digits) > 1:
                _note(irregularities, "leading-zero", start, "the length of a string starts with a zero")
            position = colon + 1 + int(digits)
            if position > size:
                _refuse(data, start)
            value = data[colon + 1 : position]
            if is_key:
                if items and (seen is not None or value <= items[-2]):
                    seen = _note_disorder(value, start, items, seen, irregularities)
                value = interned.get(value, value)
                if len(interned) < _MAX_INTERNED_KEYS:
                    interned[value] = value
        elif byte == _END:
            if not stack or (in_dictionary and not is_key):
                raise BencodeError("a dictionary key has no value" if stack else _STRAY_END, offset=position)
            position += 1
            value = _close(items, in_dictionary, seen)
            items, in_dictionary, seen = stack.pop()
        elif is_key:
            raise BencodeError("a dictionary key is not a string", offset=position)
        elif byte == _INTEGER:
            value, position = _integer(data, position, irregularities)
        elif byte in (_LIST, _DICTIONARY):
            if len(stack) == limits.depth:
                raise LimitError(f"nested more than {limits.depth:,} deep", offset=position)
            stack.append((items, in_dictionary, seen))
            items, in_dictionary, seen = [], byte == _DICTIONARY, None
            position += 1
            continue
        else:
            _refuse(data, position)
        if len(stack) < 2:
            if not stack:
                return value, position
            ends.append(position)
        items.append(value)
    raise LimitError(f"more than {limits.tokens:,} values", offset=position)


def _close(items: list[Any], in_dictionary: bool, seen: set[bytes] | None) -> Value:
    if not in_dictionary:
        return tuple(items)
    if seen is not None:
        items = _in_order(items)
    return Dictionary._from_flat(items) if items else _EMPTY


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
        _refuse(data, start)
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
        _note(irregularities, "duplicate-key", offset, f"the key {_shown(key)} appears twice in a dictionary")
    elif key < items[-2]:
        _note(irregularities, "unsorted-keys", offset, f"the key {_shown(key)} comes after {_shown(items[-2])}")
    seen.add(key)
    return seen


def _shown(key: bytes) -> str:
    """A key as it may stand in a message: printable, quoted, not too long."""
    return repr(key)[1:] if len(key) <= 40 else repr(key[:40])[1:] + "..."


def _refuse(data: bytes, start: int) -> NoReturn:
    """Say what is wrong with the integer, the string or the unknown byte at `start`."""
    number = _NUMBER.match(data, start)
    if number is None:
        _refuse_byte(data, start)
    end, digits, is_integer = number.end(), number.end() - number.start(1), data[start] == _INTEGER
    if is_integer and digits > MAX_DIGITS:
        raise LimitError(f"an integer has more than {MAX_DIGITS:,} digits", offset=start)
    if not is_integer and digits > _MAX_LENGTH_DIGITS:
        raise BencodeError(f"the length of a string has more than {_MAX_LENGTH_DIGITS} digits", offset=start)
    if end == len(data) or (not is_integer and data[end : end + 1] == b":"):
        raise BencodeError("the data ends in the middle of a value", offset=len(data))
    raise BencodeError(f"{_shown(data[end : end + 1])} is not a digit", offset=end)


def _refuse_byte(data: bytes, start: int) -> NoReturn:
    if start >= len(data):
        raise BencodeError("the data ends in the middle of a value" if data else "there is no data", offset=len(data))
    raise BencodeError(f"no value starts with {_shown(data[start : start + 1])}", offset=start)


_STRAY_END = "an end without a start"
_NUMBER = re.compile(rb"(?:i-?|(?=[0-9]))([0-9]*)")


def dictionary_spans(data: bytes, start: int = 0, *, limits: Limits = DEFAULT_LIMITS) -> dict[bytes, tuple[int, int]]:
    """Where the raw value of every key of the dictionary at `start` begins and ends; of duplicate keys the first one.

    Values are stepped over, not judged: of their form only what is needed to find their end is checked. Twice as fast
    as decoding. Raises BencodeError and LimitError as decoding does, and BencodeError when there is no dictionary.
    """
    _check_size(data, limits)
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
        _refuse(data, start)
    if token[1] is None:
        raise BencodeError("a dictionary key is not a string", offset=start)
    end = token.end() + int(token[1])
    if end > len(data):
        _refuse(data, start)
    return data[token.end() : end], end


def _skip(data: bytes, start: int, limits: Limits) -> int:
    """The offset of the end of the value at `start`."""
    position, depth, size = start, 0, len(data)
    match = _TOKEN.match
    for _ in repeat(None, min(limits.tokens, size + 1)):
        token = match(data, position)
        if token is None:
            _refuse(data, position)
        position, length = token.end(), token[1]
        if length is not None:
            position += int(length)
            if position > size:
                _refuse(data, token.start())
        elif token[0] in _CONTAINERS:
            depth += 1
            if depth > limits.depth:
                raise LimitError(f"nested more than {limits.depth:,} deep", offset=token.start())
        elif token[0] == b"e":
            depth -= 1
            if depth < 0:
                raise BencodeError(_STRAY_END, offset=start)
        if depth == 0:
            return position
    raise LimitError(f"more than {limits.tokens:,} values", offset=position)


_TOKEN = re.compile(rb"[lde]|i-?[0-9]{1,%d}e|([0-9]{1,%d}):" % (MAX_DIGITS, _MAX_LENGTH_DIGITS))
_CONTAINERS = (b"l", b"d")


@dataclass(frozen=True, slots=True)
class Raw:
    """One value that is bencoded already; `encode` writes its bytes as they are."""

    data: bytes


def encode(value: Encodable) -> bytes:
    """Bencode a value in canonical form: dictionaries sorted by their raw keys, text as UTF-8.

    Bytes that were not text once (surrogate escapes in a str) come out as they were. Raises TypeError for what bencode
    cannot hold (bool and None included), ValueError for keys that are equal once encoded, and LimitError for nesting
    deeper or integers longer than decoding takes.
    """
    plain = _plain(value, DEFAULT_LIMITS.depth)
    try:
        encoded: bytes = bencodepy.encode(plain)
    except ValueError:
        raise LimitError(f"an integer has more than {MAX_DIGITS:,} digits") from None
    return encoded


def _plain(value: object, depth: int) -> object:
    """The same value in the types that bencode.py writes; `depth` is how many levels it may still have."""
    kind = type(value)
    if kind is bytes or kind is int:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, Raw):
        return bencodepy.Bencached(value.data)
    if isinstance(value, Mapping | list | tuple):
        return _plain_container(value, depth)
    if isinstance(value, int | bytes) and kind is not bool:
        return int(value) if isinstance(value, int) else bytes(value)
    raise TypeError(f"bencode has no {kind.__name__}: {value!r:.60}")


def _plain_container(value: Mapping[Any, object] | Sequence[object], depth: int) -> object:
    if depth == 0:
        raise LimitError(f"nested more than {DEFAULT_LIMITS.depth:,} deep")
    if not isinstance(value, Mapping):
        return [_plain(item, depth - 1) for item in value]
    plain = {_plain_key(key): _plain(item, depth - 1) for key, item in value.items()}
    if len(plain) != len(value):
        raise ValueError("two keys of a dictionary are equal once encoded")
    return plain


def _plain_key(key: object) -> bytes:
    if isinstance(key, str):
        return key.encode("utf-8", "surrogateescape")
    if isinstance(key, bytes):
        return key
    raise TypeError(f"a bencoded dictionary has no {type(key).__name__} keys: {key!r:.60}")
