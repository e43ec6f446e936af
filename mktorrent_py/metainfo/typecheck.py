"""Type checks for options and values when they are made: a value of the wrong type is a TypeError where it is passed.

Each function takes the value and what the message calls it, and returns the value. Sequences come back as tuples, so
that a frozen dataclass can hold them: `object.__setattr__(self, "name", check_texts(self.name, "name"))`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import TypeVar

from mktorrent_py.errors import UsageError

T = TypeVar("T")
Choice = TypeVar("Choice", bound=Enum)


def check_instance(value: object, kind: type[T], what: str, expected: str) -> T:
    """Return `value` if it is a `kind`, which the message calls `expected`; a bool is never an int here."""
    if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise TypeError(f"{what} must be {expected}, not {type(value).__name__}")
    return value


def check_text(value: object, what: str) -> str:
    return check_instance(value, str, what, "a string")


def check_bytes(value: object, what: str) -> bytes:
    return check_instance(value, bytes, what, "bytes")


def check_bool(value: object, what: str) -> bool:
    return check_instance(value, bool, what, "a bool")


def check_int(value: object, what: str) -> int:
    return check_instance(value, int, what, "an int")


def check_optional_text(value: object, what: str) -> str | None:
    return None if value is None else check_instance(value, str, what, "a string or None")


def check_optional_bytes(value: object, what: str) -> bytes | None:
    return None if value is None else check_instance(value, bytes, what, "bytes or None")


def check_optional_int(value: object, what: str) -> int | None:
    return None if value is None else check_instance(value, int, what, "an int or None")


def check_choice(value: object, choices: type[Choice], what: str) -> Choice:
    """Return the member of an enumeration that `value` is or names. Raises UsageError for another string."""
    if isinstance(value, choices):
        return value
    names = [str(choice.value) for choice in choices]
    if check_instance(value, str, what, f"one of {', '.join(names)}") not in names:
        raise UsageError(f"{what} must be one of {', '.join(names)}, not {value!r}", code="choice-invalid", what=what)
    return choices(value)


def check_items(values: object, kind: type[T], what: str, expected: str) -> tuple[T, ...]:
    """Return a tuple from a sequence of `kind`; a string or bytes is one value, never a sequence of its characters."""
    if isinstance(values, str | bytes | bytearray) or not isinstance(values, Sequence):
        raise TypeError(f"{what} must be a sequence, each item {expected}, not {type(values).__name__}")
    return tuple([check_instance(value, kind, f"each of {what}", expected) for value in values])


def check_texts(values: object, what: str) -> tuple[str, ...]:
    return check_items(values, str, what, "a string")


def check_byte_strings(values: object, what: str) -> tuple[bytes, ...]:
    return check_items(values, bytes, what, "bytes")


def check_tiers(values: object, what: str) -> tuple[tuple[str, ...], ...]:
    """Return tracker tiers (BEP 12). A flat sequence of URLs is one tier, in which any tracker may be tried first."""
    if isinstance(values, Sequence) and values and all(isinstance(value, str) for value in values):
        return (check_texts(values, what),)
    tiers = check_items(values, object, what, "a tier")
    return tuple([check_texts(tier, f"each tier of {what}") for tier in tiers])


def check_nodes(values: object, what: str) -> tuple[tuple[str, int], ...]:
    """Return pairs of host and port."""
    pairs = check_items(values, tuple, what, "a pair of host and port")
    if any(len(pair) != 2 for pair in pairs):
        raise TypeError(f"each of {what} must be a pair of host and port")
    return tuple([(check_text(host, f"host in {what}"), check_int(port, f"port in {what}")) for host, port in pairs])
