"""Work that goes on in an event loop and reports events: the shape of every long-running function of this package."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Generic, Self, TypeVar

Event = TypeVar("Event")
Result = TypeVar("Result")


class Run(AsyncIterator[Event], Generic[Event, Result]):
    """An async iterator of the events of some work, which has a result at its end.

    Iterate it (`async for event in run`), wait for its end (`await run.result()`), or block on it outside an event
    loop (`run.run()`). The work starts with the first of these, in the running loop, and raises its errors there. It is
    cancelled, and everything it opened closed, by `aclose`, at the end of `async with run`, and when the task that
    waits for it is cancelled: leave a loop over it early only inside `async with`. On Windows the loop must be a
    SelectorEventLoop, which `run` uses.
    """

    def __init__(self) -> None:
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._task: asyncio.Task[Result] | None = None

    @abstractmethod
    async def _work(self, emit: Callable[[Event], None]) -> Result:
        """Do the work: pass events to `emit` as they happen, return the result."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        task = self._started()
        try:
            event = await self._events.get()
        except asyncio.CancelledError:
            await self.aclose()
            raise
        if event is not None:
            return event
        self._events.put_nowait(None)
        if not task.cancelled():
            task.result()
        raise StopAsyncIteration

    async def result(self) -> Result:
        """Wait until the work ends and return its result; events that were not read are dropped."""
        async for _ in self:
            pass
        return self._started().result()

    def run(self, on_event: Callable[[Event], None] | None = None) -> Result:
        """Do all of the work, calling `on_event` with each event, and return its result. Blocks."""

        async def consume() -> Result:
            async with self:
                async for event in self:
                    if on_event is not None:
                        on_event(event)
            return await self.result()

        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            return runner.run(consume())

    async def aclose(self) -> None:
        """Cancel the work, if it is not done, and wait until it has closed what it opened."""
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        if self._task is not None and not self._task.cancelled():
            # Without this, asyncio would log the error as one that was never retrieved.
            self._task.exception()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def _started(self) -> asyncio.Task[Result]:
        if self._task is None:
            self._task = asyncio.create_task(self._work(self._events.put_nowait))
            events = self._events
            self._task.add_done_callback(lambda _: events.put_nowait(None))
        return self._task
