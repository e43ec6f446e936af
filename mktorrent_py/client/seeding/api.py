"""Seeding from torrent files to the end of the last announce, as a `Run`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from mktorrent_py.client.options import SeedOptions
from mktorrent_py.client.run import Run
from mktorrent_py.client.sandbox import forbid_writing
from mktorrent_py.client.seeding.check_cache import CheckCache
from mktorrent_py.client.seeding.content_check import CheckOptions
from mktorrent_py.client.seeding.events import NoTorrents, SeedEnded, SeedEvent
from mktorrent_py.client.seeding.queue import SeedQueue, resolve_sources, run_queue
from mktorrent_py.client.seeding.seeder import Seeder
from mktorrent_py.client.seeding.torrents import SeedableTorrent
from mktorrent_py.client.session import Session

StrPath = str | os.PathLike[str]
Source = StrPath | SeedableTorrent


class Seeding(Run[SeedEvent, SeedEnded]):
    """Seeding of one or more torrents, in one session."""

    def __init__(
        self, sources: Source | Iterable[Source], content: StrPath | Sequence[StrPath], options: SeedOptions
    ) -> None:
        """Raises UsageError for sources that cannot be."""
        super().__init__()
        each = [sources] if isinstance(sources, str | os.PathLike | SeedableTorrent) else list(sources)
        places = [content] if isinstance(content, str | os.PathLike) else list(content)
        cache = CheckCache(options.cache) if options.cache is not None else None
        check = CheckOptions(trust=options.trust, threads=options.threads, cache=cache)
        paths = [Path(source) for source in each if not isinstance(source, SeedableTorrent)]
        queue = resolve_sources(paths, [Path(place) for place in places], check, watch=options.watch)
        ready = tuple([source for source in each if isinstance(source, SeedableTorrent)])
        self._queue = replace(queue, ready=ready)
        self._options = options
        self._seeder: Seeder | None = None
        self._stop_reason: str | None = None

    def stop(self, reason: str = "asked to stop") -> None:
        """Ask to stop: it is announced to the trackers, for at most four seconds, then the run ends with SeedEnded."""
        self._stop_reason = reason
        if self._seeder is not None:
            self._seeder.stop(reason)

    async def aclose(self) -> None:
        """Stop, wait for the trackers, and close everything."""
        if self._task is not None and not self._task.done() and self._seeder is not None:
            self.stop("closed")
            await asyncio.wait([self._task])
        await super().aclose()

    async def _work(self, emit: Callable[[SeedEvent], None]) -> SeedEnded:
        options, queue = self._options, self._queue
        if queue.watched is not None and not queue.sources:
            emit(NoTorrents(directory=str(queue.watched.folder)))
        if options.sandbox:
            forbid_writing()
        ended: SeedEvent | None = None
        async with AsyncExitStack() as stack:
            session = Session(options.session, count_blocks=options.peers_done is not None)
            stack.callback(session.close)
            seeder = self._seeder = Seeder(session, options, keep_waiting=queue.watched is not None)
            seeder.expected = len(queue)
            if self._stop_reason is not None:
                seeder.stop(self._stop_reason)
            if options.status_address is not None:
                from mktorrent_py.client.seeding.status_server import serve_status

                await stack.enter_async_context(serve_status(seeder, *options.status_address))
            await stack.enter_async_context(_feeding(queue, seeder))
            async for ended in seeder.run():
                emit(ended)
        self._seeder = None
        assert isinstance(ended, SeedEnded)
        return ended


@asynccontextmanager
async def _feeding(queue: SeedQueue, seeder: Seeder) -> AsyncIterator[None]:
    """Run the queue while the body runs; an error of its own stops the seeder and is raised at the end."""
    feeding = asyncio.create_task(run_queue(queue, seeder))

    def stop_if_failed(task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            seeder.stop("internal error")

    feeding.add_done_callback(stop_if_failed)
    try:
        yield
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])
    if not feeding.cancelled():
        feeding.result()
