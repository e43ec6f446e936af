"""The conversation on stderr: what went wrong, what to mind, what comes next. At most three lines each."""

from __future__ import annotations

import contextlib
import sys
import textwrap

from mktorrent_py.cli.output import console
from mktorrent_py.formatting import printable

INDENT = "     "


def fail(message: str, hint: str | None = None) -> None:
    """`mkt: what happened`, and below it what to do next."""
    _say("mkt:", "bad", message, hint)


def warn(message: str, hint: str | None = None) -> None:
    """`mkt: warning: what to mind`."""
    _say("mkt: warning:", "warning", message, hint)


def note(message: str, hint: str | None = None) -> None:
    """`mkt: something worth knowing`."""
    _say("mkt:", None, message, hint)


def _say(start: str, colour: console.Style | None, message: str, hint: str | None) -> None:
    first, *more = message.split("\n")
    more += hint.split("\n") if hint else []
    lines = _wrapped(f"{start} {printable(first)}") + [
        line for text in more for line in _wrapped(INDENT + printable(text))
    ]
    if colour is not None:
        # Only now: the codes of a colour take no room on the line.
        lines[0] = console.paint(start, colour, sys.stderr) + lines[0].removeprefix(start)
    with contextlib.suppress(OSError):
        print("\n".join(lines), file=sys.stderr, flush=True)


def _wrapped(line: str) -> list[str]:
    """The line between words to the width of a terminal; elsewhere, and where it fits, as it is."""
    if not console.is_terminal(sys.stderr) or len(line) <= console.terminal_width():
        return [line]
    return textwrap.wrap(
        line,
        console.terminal_width(),
        subsequent_indent=INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )
