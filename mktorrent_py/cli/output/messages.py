"""Messages on stderr: errors, warnings and notes, each with a hint below."""

from __future__ import annotations

import contextlib
import sys
import textwrap

from mktorrent_py.cli.output import console
from mktorrent_py.formatting import printable

INDENT = "     "


def fail(message: str, hint: str | None = None) -> None:
    """Print `mkt: what is wrong`, and below it what to do next."""
    _print("mkt:", "bad", message, hint)


def warn(message: str, hint: str | None = None) -> None:
    """Print `mkt: warning: what may be wrong`."""
    _print("mkt: warning:", "warning", message, hint)


def note(message: str, hint: str | None = None) -> None:
    """Print `mkt: information`."""
    _print("mkt:", None, message, hint)


def _print(start: str, colour: console.Style | None, message: str, hint: str | None) -> None:
    first, *more = message.split("\n")
    more += hint.split("\n") if hint else []
    lines = _wrapped(f"{start} {printable(first)}") + [
        line for text in more for line in _wrapped(INDENT + printable(text))
    ]
    if colour is not None:
        # After wrapping: colour codes take no columns.
        lines[0] = console.paint(start, colour, sys.stderr) + lines[0].removeprefix(start)
    with contextlib.suppress(OSError):
        print("\n".join(lines), file=sys.stderr, flush=True)


def _wrapped(line: str) -> list[str]:
    """Wrap a line between words to the width of a terminal; elsewhere it stays one line."""
    if not console.is_terminal(sys.stderr) or len(line) <= console.terminal_width():
        return [line]
    return textwrap.wrap(
        line,
        console.terminal_width(),
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
