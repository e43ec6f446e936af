"""What the terminal can show: colour, width, and how wide a text stands in it."""

from __future__ import annotations

import os
import shutil
from typing import Literal, TextIO

from mktorrent_py.formatting import printable

Style = Literal["bad", "warning", "good", "path", "dim"]

_CODES: dict[Style, str] = {"bad": "31", "warning": "33", "good": "32", "path": "1", "dim": "2"}
ELLIPSIS = "…"


def is_terminal(stream: TextIO) -> bool:
    return not stream.closed and stream.isatty()


def has_colour(stream: TextIO) -> bool:
    """A terminal that is not dumb, for a person who did not say NO_COLOR."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def has_cursor(stream: TextIO) -> bool:
    """A terminal on which a line can be drawn over."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def paint(text: str, style: Style, stream: TextIO) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if has_colour(stream) else text


def terminal_width() -> int:
    """Columns, between 40 and 300."""
    return min(max(shutil.get_terminal_size().columns, 40), 300)


def display_width(text: str) -> int:
    """Columns the text takes: wide characters count as two."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)


def pad_to(text: str, width: int) -> str:
    """The text and spaces up to `width` columns."""
    return text + " " * max(width - display_width(text), 0)


def shorten(text: str, width: int) -> str:
    """The text cut in the middle to at most `width` columns; the end, with the extension, stays."""
    if display_width(text) <= width:
        return text
    tail = _take(reversed(text), max((width - 1) // 2, 1))[::-1]
    head = _take(iter(text), max(width - 1 - display_width(tail), 0))
    return head + ELLIPSIS + tail


def shown_path(text: str, width: int) -> str:
    """A path from a torrent or a disk, harmless and no wider than `width`."""
    return shorten(printable(text), width)


def _take(characters: object, width: int) -> str:
    taken, used = "", 0
    for character in characters:  # type: ignore[attr-defined]
        used += display_width(character)
        if used > width:
            break
        taken += character
    return taken
