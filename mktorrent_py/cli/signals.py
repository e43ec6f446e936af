"""Event loops of the long-running verbs, and what signals do to a verb."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar

from mktorrent_py.cli.exit import ExitCode

if TYPE_CHECKING:
    from mktorrent_py.client import Run

Event = TypeVar("Event")
Result = TypeVar("Result")

_ENDING = [number for name in ("SIGINT", "SIGTERM", "SIGHUP") if (number := getattr(signal, name, None)) is not None]


@contextmanager
def interrupting_once() -> Iterator[None]:
    """Raise KeyboardInterrupt in the body at the first Ctrl-C, SIGTERM or SIGHUP.

    Later ones are ignored: the clean-up after the first must not be interrupted itself, and a program that runs us
    often forwards a signal that the terminal has sent already. Signals ignored from the start (nohup) stay ignored.
    """
    before = {number: signal.getsignal(number) for number in _ENDING}
    handled = [number for number in _ENDING if before[number] is not signal.SIG_IGN]
    interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = True
        for each in handled:
            signal.signal(each, signal.SIG_IGN)
        raise KeyboardInterrupt

    for number in handled:
        signal.signal(number, interrupt)
    yield
    if not interrupted:
        for number in handled:
            signal.signal(number, before[number])


def run_in_loop(work: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine in an event loop that can watch sockets, which the default loop of Windows cannot."""
    import asyncio

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(work)


def run_to_end(
    run: Run[Event, Result], show: Callable[[Event], None], *, stop: Callable[[], None] | None = None
) -> Result:
    """Show the events of a run and return its result. The first signal calls `stop`, or interrupts where it is None."""

    import asyncio

    async def follow() -> Result:
        if stop is not None:
            stop_on_signals(stop)
        elif (task := asyncio.current_task()) is not None:
            # Cancelling ends what the run has started; an exception in the middle of it would end in some other task.
            stop_on_signals(task.cancel, _not_ignored())
        async with run:
            async for event in run:
                show(event)
        return await run.result()

    try:
        return run_in_loop(follow())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def _not_ignored() -> list[signal.Signals]:
    return [number for number in _ENDING if signal.getsignal(number) is not signal.SIG_IGN]


def stop_on_signals(
    stop: Callable[[], object], numbers: Iterable[signal.Signals] = (signal.SIGINT, signal.SIGTERM)
) -> None:
    """Call `stop` at the first of the signals, in the running loop; end the process at the second."""
    import asyncio

    loop = asyncio.get_running_loop()
    is_stopping = False

    def on_signal() -> None:
        nonlocal is_stopping
        if is_stopping:
            sys.stdout.flush()
            os._exit(ExitCode.INTERRUPTED)
        is_stopping = True
        stop()

    for number in numbers:
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal))
        else:
            loop.add_signal_handler(number, on_signal)
