"""Immutable views of raw bytes: without a constructor, so that no field can contradict the bytes."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


class View:
    """Base of a frozen dataclass with `init=False`. `dataclasses.replace` is a TypeError, like a call of the class."""

    __slots__ = ()

    def __init__(self, *_: object, **__: object) -> None:
        raise TypeError(f"{type(self).__name__} is a view of raw bytes: build it or read it, it cannot be called")


def make(kind: type[T], **values: Any) -> T:
    """Create a view; the caller guarantees that the values match the bytes. Missing ones are None."""
    view = object.__new__(kind)
    for field in fields(kind):  # type: ignore[arg-type]
        object.__setattr__(view, field.name, values.pop(field.name, None))
    if values:
        raise TypeError(f"{kind.__name__} has no {', '.join(values)}")
    return view
