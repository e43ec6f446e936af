"""Bencode as lossless JSON: integers as numbers, lists, dictionaries with keys in the order of the file.

A string that is UTF-8 is a string. One that is not is {"$hex": "..."}, and as a key "$hex:...". Text that begins with
`$hex` is written in hex too, so that it can be reversed.
"""

from __future__ import annotations

from collections.abc import Iterator

from mktorrent_py.cli.output.table import json_text
from mktorrent_py.metainfo import Dictionary, Value

MARK = "$hex"


def raw_json(value: Value) -> Iterator[str]:
    """Yield pieces of the JSON text, indented by two; nesting is not limited."""
    if not isinstance(value, tuple | Dictionary):
        yield _scalar(value)
        return
    stack = [_Open(value)]
    yield stack[-1].opening
    while stack:
        level = stack[-1]
        member = next(level.members, None)
        if member is None:
            stack.pop()
            yield level.closing(len(stack))
            continue
        label, inner = member
        yield f"{level.separator()}{_margin(len(stack))}{label}"
        if isinstance(inner, tuple | Dictionary) and inner:
            stack.append(_Open(inner))
            yield stack[-1].opening
        else:
            yield _scalar(inner)


class _Open:
    """A list or dictionary that is being written."""

    def __init__(self, value: tuple[Value, ...] | Dictionary) -> None:
        self.opening, self._end = "{}" if isinstance(value, Dictionary) else "[]"
        self._is_empty = True
        self.members: Iterator[tuple[str, Value]] = (
            ((f"{_key(key)}: ", inner) for key, inner in value.items())
            if isinstance(value, Dictionary)
            else (("", inner) for inner in value)
        )

    def separator(self) -> str:
        first, self._is_empty = self._is_empty, False
        return "" if first else ","

    def closing(self, depth: int) -> str:
        return self._end if self._is_empty else f"{_margin(depth)}{self._end}"


def _margin(depth: int) -> str:
    return "\n" + "  " * depth


def _scalar(value: Value) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        text = _text(value)
        return json_text(text) if text is not None else f'{{"{MARK}": "{value.hex()}"}}'
    return "{}" if isinstance(value, Dictionary) else "[]"


def _key(key: bytes) -> str:
    text = _text(key)
    return json_text(text) if text is not None else f'"{MARK}:{key.hex()}"'


def _text(value: bytes) -> str | None:
    """Return the text if it is UTF-8 and cannot be taken for a mark, else None."""
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if text.startswith(MARK) else text
