"""What bencode holds, as Python values."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, Union

Value: TypeAlias = Union[int, bytes, tuple["Value", ...], "Dictionary"]
Encodable: TypeAlias = Union[
    int, bytes, str, "Raw", Sequence["Encodable"], Mapping[str, "Encodable"], Mapping[bytes, "Encodable"]
]


class Dictionary(Mapping[bytes, Value]):
    """An immutable bencoded dictionary: keys are bytes, in raw byte order; lookups take logarithmic time.

    `flat` is key, value, key, value ... for those who compare a whole dictionary with a pattern.
    """

    __slots__ = ("flat",)
    flat: tuple[Any, ...]

    def __init__(self, items: Mapping[bytes, Value] | Iterable[tuple[bytes, Value]] = ()) -> None:
        self.flat = tuple(part for item in sorted(dict(items).items()) for part in item)

    @classmethod
    def from_flat(cls, flat: Sequence[Any]) -> Dictionary:
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


EMPTY = Dictionary()


@dataclass(frozen=True, slots=True)
class Raw:
    """One value that is bencoded already; `encode` writes its bytes as they are."""

    data: bytes
