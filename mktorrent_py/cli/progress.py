"""Progress on stderr: a bar for a terminal, a line now and then for a log, JSON lines for a program.

The work is told nothing of it: a thread here reads a counter ten times a second, and shows nothing for 0.3 s.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Protocol

from mktorrent_py.cli import render, style

APPEARS_AFTER = 0.3
POLL = 0.1
PLAIN_STEP = 10
PLAIN_PAUSE = 1.0


class ProgressMode(StrEnum):
    """How progress is shown; `auto` is a bar on a terminal and plain lines elsewhere."""

    AUTO = "auto"
    BAR = "bar"
    PLAIN = "plain"
    JSON = "json"
    NONE = "none"


class Face(Protocol):
    """One way to show progress."""

    def show(self, done: int) -> None: ...
    def close(self, done: int) -> None: ...


@contextmanager
def shown(mode: ProgressMode, label: str, total: int, done: Callable[[], int], detail: str = "") -> Iterator[None]:
    """Show how `done()` grows towards `total` bytes while the body runs."""
    stop = threading.Event()
    watcher = threading.Thread(target=_watch, args=(mode, label, total, done, detail, stop), daemon=True)
    if mode is not ProgressMode.NONE:
        watcher.start()
    try:
        yield
    finally:
        stop.set()
        if watcher.ident is not None:
            watcher.join()


def _watch(
    mode: ProgressMode, label: str, total: int, done: Callable[[], int], detail: str, stop: threading.Event
) -> None:
    if stop.wait(0 if mode is ProgressMode.JSON else APPEARS_AFTER):
        if mode is ProgressMode.JSON:
            JsonFace(label, total).close(done())
        return
    try:
        face = _face(mode, label, total, detail)
        while not stop.wait(POLL):
            face.show(done())
        face.close(done())
    except (OSError, ValueError):
        return


def _face(mode: ProgressMode, label: str, total: int, detail: str) -> Face:
    if mode is ProgressMode.JSON:
        return JsonFace(label, total)
    if mode is ProgressMode.BAR or (mode is ProgressMode.AUTO and style.has_cursor(sys.stderr)):
        return BarFace(label, total, detail)
    return PlainFace(label, total)


class BarFace:
    """tqdm's bar: bytes, rate, time left; gone when done."""

    def __init__(self, label: str, total: int, detail: str) -> None:
        from tqdm import tqdm

        self._bar = tqdm(
            total=total,
            desc=f"{label} {detail}".rstrip(),
            unit="B",
            unit_scale=True,
            leave=False,
            dynamic_ncols=True,
            file=sys.stderr,
            colour=None,
            bar_format="{desc} {percentage:3.0f} % |{bar}| {n_fmt}/{total_fmt}B  {rate_fmt}  {remaining} left",
        )

    def show(self, done: int) -> None:
        self._bar.update(done - self._bar.n)

    def close(self, done: int) -> None:
        self._bar.close()


class PlainFace:
    """One line per tenth, and at most one a second: for logs."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total = label, total
        self._started = time.monotonic()
        self._said, self._said_at = 0, 0.0

    def show(self, done: int) -> None:
        percent = 100 * done // max(self._total, 1)
        now = time.monotonic()
        if percent // PLAIN_STEP <= self._said // PLAIN_STEP or now - self._said_at < PLAIN_PAUSE:
            return
        self._said, self._said_at = percent, now
        speed = render.rate(done, now - self._started)
        line = f"{self._label} {percent} %  {render.size(done)} of {render.size(self._total)}  {speed}"
        print(line, file=sys.stderr, flush=True)

    def close(self, done: int) -> None:
        return


class JsonFace:
    """One object a line: `event`, `what`, `done` and `total` in bytes, `seconds`."""

    def __init__(self, label: str, total: int) -> None:
        self._label, self._total = label, total
        self._started = time.monotonic()

    def show(self, done: int) -> None:
        self._say("progress", done)

    def close(self, done: int) -> None:
        self._say("done", done)

    def _say(self, event: str, done: int) -> None:
        seconds = round(time.monotonic() - self._started, 3)
        facts = {"event": event, "what": self._label, "done": done, "total": self._total, "seconds": seconds}
        print(json.dumps(facts), file=sys.stderr, flush=True)
