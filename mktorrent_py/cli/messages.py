"""The conversation on stderr: what went wrong, what to mind, what comes next. At most three lines each."""

from __future__ import annotations

import contextlib
import sys

from mktorrent_py.cli import style
from mktorrent_py.metainfo.paths import printable

INDENT = "     "


def fail(message: str, hint: str | None = None) -> None:
    """`mkt: what happened`, and below it what to do next."""
    _say(style.paint("mkt:", "bad", sys.stderr), message, hint)


def warn(message: str, hint: str | None = None) -> None:
    """`mkt: warning: what to mind`."""
    _say(style.paint("mkt: warning:", "warning", sys.stderr), message, hint)


def note(message: str, hint: str | None = None) -> None:
    """`mkt: something worth knowing`."""
    _say("mkt:", message, hint)


def _say(start: str, message: str, hint: str | None) -> None:
    first, *more = message.split("\n")
    lines = [f"{start} {printable(first)}"]
    lines += [INDENT + printable(line) for line in more]
    if hint:
        lines += [INDENT + printable(line) for line in hint.split("\n")]
    with contextlib.suppress(OSError):
        print("\n".join(lines), file=sys.stderr, flush=True)
