"""What the terminal can show: colour, width, and how wide a text is in it."""

from __future__ import annotations

import os
import shutil
from itertools import takewhile
from typing import Literal, TextIO

from mktorrent_py.formatting import printable

Style = Literal["bad", "warning", "good", "path", "dim"]

_CODES: dict[Style, str] = {"bad": "31", "warning": "33", "good": "32", "path": "1", "dim": "2"}
ELLIPSIS = "…"
MAX_CHARACTERS_PER_COLUMN = 8


def is_terminal(stream: TextIO) -> bool:
    return not stream.closed and stream.isatty()


def has_colour(stream: TextIO) -> bool:
    """Return whether to colour: on a terminal that is not dumb, unless NO_COLOR is set."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def has_cursor(stream: TextIO) -> bool:
    """Return whether a line can be redrawn."""
    return is_terminal(stream) and os.environ.get("TERM") != "dumb"


def paint(text: str, style: Style, stream: TextIO) -> str:
    return f"\x1b[{_CODES[style]}m{text}\x1b[0m" if has_colour(stream) else text


def terminal_width() -> int:
    """Return the columns, from 40 to 300."""
    return min(max(shutil.get_terminal_size().columns, 40), 300)


def display_width(text: str) -> int:
    """Return the columns of the text: wide characters count as two."""
    if text.isascii():
        return len(text)
    from wcwidth import wcswidth

    return max(wcswidth(text), 0)


def pad_to(text: str, width: int) -> str:
    """Fill the text up with spaces to `width` columns."""
    return text + " " * max(width - display_width(text), 0)


def shorten(text: str, width: int) -> str:
    """Cut the text in the middle to at most `width` columns; its end, with the extension, stays."""
    if display_width(text) <= width:
        return text
    # Measured as a whole: with combining characters, parts are wider together than one by one. Those without a width
    # could be a great many.
    counts = range(min(len(text), MAX_CHARACTERS_PER_COLUMN * width) + 1)
    tails = [ELLIPSIS + text[len(text) - count :] for count in counts]
    tail = _widest(tails, 1 + max((width - 1) // 2, 1))
    return _widest([text[:count] + tail for count in counts], width) or tail


def shown_path(text: str, width: int) -> str:
    """Return a path from a torrent or a disk, made printable and no wider than `width`."""
    return shorten(printable(text), width)


def _widest(texts: list[str], width: int) -> str:
    """Return the last of ever longer texts before the first that is too wide; empty if all are."""
    fitting = list(takewhile(lambda text: display_width(text) <= width, texts))
    return fitting[-1] if fitting else ""
