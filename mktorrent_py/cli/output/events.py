"""Prints the events of long-running verbs: as JSON lines, as tab-separated lines, for a terminal, or errors only.

The printers know nothing of what happens: each verb maps its events to `EventView`s.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from mktorrent_py.cli.output import console, messages, table

WIDE = 300
"""Columns of a status line that is not for a terminal."""

LINE_EVERY = 60.0
"""Seconds between status lines where a line cannot be redrawn, and between statuses that are the same in JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """An event in every output format.

    `name` and `facts` make its JSON and tab lines; without facts it has none. On a terminal it is a block (`title`,
    `remark`, `rows`), `rows` alone, or a `line`. A `status` is not a line of its own: it is a function of the width in
    columns, whose text is redrawn; JSON repeats a status with the same `status_key` only once a minute. An `error` is
    a message and its hint, a `note` a message, both for stderr; a `warning` goes there too unless it is in the facts.
    `next_step` is the command that a person wants next.
    """

    name: str = ""
    facts: table.Facts | None = None
    title: str = ""
    remark: str = ""
    rows: tuple[table.Row, ...] = ()
    line: str = ""
    status: Callable[[int], str] | None = None
    status_key: Hashable = None
    error: tuple[str, str | None] | None = None
    note: str | None = None
    warning: str | None = None
    next_step: str = ""


class EventPrinter:
    """Prints errors only, and is the base of the printers that print more.

    `status_every` is how often, in seconds, a status makes a difference.
    """

    status_every = LINE_EVERY / 12

    def __init__(self) -> None:
        self._status_at = time.monotonic()

    def show(self, view: EventView) -> None:
        if view.error is not None:
            messages.fail(*view.error)

    def _is_due(self) -> bool:
        """Return whether a status is to be printed, as it is once a minute."""
        now = time.monotonic()
        if now - self._status_at < LINE_EVERY:
            return False
        self._status_at = now
        return True


class JsonEventPrinter(EventPrinter):
    """Prints one object a line on stdout: `schema`, `event`, and the facts. Errors are facts, too."""

    def __init__(self) -> None:
        super().__init__()
        self._status_key: Hashable = object()

    def show(self, view: EventView) -> None:
        if view.note is not None:
            messages.note(view.note)
        if view.facts is None:
            return
        if view.status is not None:
            if view.status_key == self._status_key and not self._is_due():
                return
            self._status_key, self._status_at = view.status_key, time.monotonic()
        table.print_json_line({"event": view.name, **view.facts})


class TabEventPrinter(EventPrinter):
    """Prints facts as `key<TAB>value` lines on stdout, and a status line a minute on stderr."""

    def show(self, view: EventView) -> None:
        super().show(view)
        if view.note is not None:
            messages.note(view.note)
        if view.status is not None:
            if self._is_due():
                print(view.status(WIDE), file=sys.stderr, flush=True)
        elif view.error is None and view.facts is not None:
            facts = {key: value for key, value in view.facts.items() if value is not None}
            table.print_tab_lines({"event": view.name, **facts})
            sys.stdout.flush()


class TextEventPrinter(EventPrinter):
    """Prints aligned text on stdout, and redraws a status line on stderr; without a cursor, prints one a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._redraws = console.has_cursor(sys.stderr)
        self.status_every = 1.0 if self._redraws else EventPrinter.status_every

    def show(self, view: EventView) -> None:
        if view.status is not None:
            self._draw(view.status(console.terminal_width() - 1))
            return
        if self._redraws:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
        super().show(view)
        if view.note is not None:
            messages.note(view.note)
        if view.warning is not None:
            messages.warn(view.warning)
        if view.title:
            table.print_block(view.title, view.remark, view.rows)
        else:
            table.print_rows(view.rows)
        if view.line:
            print(view.line)
        sys.stdout.flush()
        if view.next_step:
            print(f"\nNext: {view.next_step}", file=sys.stderr, flush=True)

    def _draw(self, line: str) -> None:
        if self._redraws:
            text = console.shorten(line, console.terminal_width() - 1)
            print(f"\r\x1b[K{text}", end="", file=sys.stderr, flush=True)
        elif self._is_due():
            print(line, file=sys.stderr, flush=True)


def event_printer(*, json: bool, quiet: bool, has_tabs: bool = True) -> EventPrinter:
    """Return the printer for the options and for what stdout is; with `has_tabs` False, text goes to a pipe as well."""
    if json:
        return JsonEventPrinter()
    if quiet:
        return EventPrinter()
    return TextEventPrinter() if console.is_terminal(sys.stdout) or not has_tabs else TabEventPrinter()
