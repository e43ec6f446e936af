"""Progress on stderr: a bar for a terminal, occasional lines for a log, JSON lines for a program.

The work knows nothing of it: a thread reads a counter ten times per second. Nothing is shown for the first 0.3 s.
"""

from __future__ import annotations

import contextlib
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

from mktorrent_py.cli.output import console
from mktorrent_py.formatting import human_rate, human_size

APPEARS_AFTER = 0.3
POLL = 0.1
ROOM_FOR_A_BAR = 72
PLAIN_PAUSE = 1.0
PLAIN_PAUSE_WITHOUT_TOTAL = 10.0


class ProgressMode(StrEnum):
    """How progress is shown; `auto` is a bar on a terminal and plain lines elsewhere."""

    AUTO = "auto"
    BAR = "bar"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


class ProgressDisplay(Protocol):
    """One way to show progress."""

    def show(self, done: int) -> None: ...
    def close(self, done: int, *, finished: bool) -> None: ...


@contextmanager
def shown(
    mode: ProgressMode, label: str, total: int | None, done: Callable[[], int], detail: str = ""
) -> Iterator[None]:
    """Show how `done()` grows towards `total` bytes while the body runs; None is an unknown total."""
    if mode is ProgressMode.NONE:
        yield
        return
    watch = _Watch(
        lambda: _display(mode, label, total, detail), done, 0.0 if mode is ProgressMode.JSON else APPEARS_AFTER
    )
    watch.start()
    try:
        yield
        watch.finished = True
    finally:
        watch.stop.set()
        watch.join()


class _Watch(threading.Thread):
    """Reads the counter until it is stopped, and shows it on a display that is made when it is time."""

    def __init__(self, display: Callable[[], ProgressDisplay], done: Callable[[], int], after: float) -> None:
        super().__init__(name="mkt-progress", daemon=True)
        self.stop = threading.Event()
        self.finished = False
        self._make_display, self._done, self._after = display, done, after

    def run(self) -> None:
        # Progress that cannot be written must not end the work.
        with contextlib.suppress(OSError, ValueError):
            self._run()

    def _run(self) -> None:
        if self._after and self.stop.wait(self._after):
            return
        display = self._make_display()
        while not self.stop.wait(POLL):
            display.show(self._done())
        display.close(self._done(), finished=self.finished)


def _display(mode: ProgressMode, label: str, total: int | None, detail: str) -> ProgressDisplay:
    if mode is ProgressMode.JSON:
        return JsonDisplay(label, total)
    if mode is ProgressMode.BAR or (mode is ProgressMode.AUTO and console.has_cursor(sys.stderr)):
        return BarDisplay(label, total, detail)
    return PlainDisplay(label, total)


class BarDisplay:
    """A bar with bytes, rate and time left, which disappears when the work is done."""

    def __init__(self, label: str, total: int | None, detail: str) -> None:
        from tqdm import tqdm

        # The watch thread refreshes the bar; the one of tqdm would be a second.
        tqdm.monitor_interval = 0
        self._bar = tqdm(
            total=total,
            desc=f"{label} {detail}".rstrip(),
            unit="B",
            unit_scale=True,
            leave=False,
            # The last columns are for a ^C of the user, which must not start a new line.
            ncols=console.terminal_width() - 3,
            mininterval=0,
            miniters=0,
            file=sys.stderr,
            bar_format=_bar_format(total),
        )

    def show(self, done: int) -> None:
        self._bar.update(done - self._bar.n)

    def close(self, done: int, *, finished: bool) -> None:
        self._bar.close()


def _bar_format(total: int | None) -> str:
    if total is None:
        return "{desc} {n_fmt}B  {rate_fmt}  {elapsed}"
    if console.terminal_width() < ROOM_FOR_A_BAR:
        return "{desc} {percentage:3.0f} %  {rate_fmt}  {remaining} left"
    return "{desc} {percentage:3.0f} % |{bar}| {n_fmt}/{total_fmt}B  {rate_fmt}  {remaining} left"


class PlainDisplay:
    """Lines for a log: one per tenth, at most one per second. Without a total, one every ten seconds."""

    def __init__(self, label: str, total: int | None) -> None:
        self._label, self._total = label, total
        self._started = time.monotonic()
        self._tenth, self._printed_at = 0, self._started
        self._pause = PLAIN_PAUSE if total is not None else PLAIN_PAUSE_WITHOUT_TOTAL

    def show(self, done: int) -> None:
        now = time.monotonic()
        tenth = 10 * done // max(self._total or 1, 1)
        if now - self._printed_at < self._pause or (self._total is not None and tenth <= self._tenth):
            return
        self._tenth, self._printed_at = tenth, now
        print(
            f"{self._label} {self._amount(done)}  {human_rate(done, now - self._started)}", file=sys.stderr, flush=True
        )

    def _amount(self, done: int) -> str:
        if self._total is None:
            return human_size(done)
        return f"{100 * done // max(self._total, 1)} %  {human_size(done)} of {human_size(self._total)}"

    def close(self, done: int, *, finished: bool) -> None:
        return


class JsonDisplay:
    """JSON, one object per line: `event`, `what`, `done` and `total` in bytes, `seconds`.

    The last event is `done` or `stopped`, those before it are `progress`. An unknown `total` is null.
    """

    def __init__(self, label: str, total: int | None) -> None:
        self._label, self._total = label, total
        self._started = time.monotonic()

    def show(self, done: int) -> None:
        self._print("progress", done)

    def close(self, done: int, *, finished: bool) -> None:
        self._print("done" if finished else "stopped", done)

    def _print(self, event: str, done: int) -> None:
        seconds = round(time.monotonic() - self._started, 3)
        facts = {"event": event, "what": self._label, "done": done, "total": self._total, "seconds": seconds}
        print(json.dumps(facts), file=sys.stderr, flush=True)
