"""A running tracker: sockets, store, torrents and snapshots, from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections import deque
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.tracker.events import TrackerEvent, TrackerNote, TrackerStarted, TrackerStatus, TrackerStopping
from mktorrent_py.tracker.http_server import HttpServer
from mktorrent_py.tracker.options import TrackerOptions
from mktorrent_py.tracker.protocol.connection_id import KEY_LENGTH, ConnectionIds
from mktorrent_py.tracker.protocol.udp import UdpCodec
from mktorrent_py.tracker.service import AnnounceService
from mktorrent_py.tracker.sockets import BoundSockets, allow_many_files, bind_all, wildcard_hosts
from mktorrent_py.tracker.swarms.rate_limit import RateLimit
from mktorrent_py.tracker.swarms.registry import SwarmRegistry
from mktorrent_py.tracker.swarms.snapshot import capture, check_writable, read_snapshot, write_snapshot
from mktorrent_py.tracker.swarms.store import MemoryStore, Store, StoreUnavailableError
from mktorrent_py.tracker.udp_server import UdpServer
from mktorrent_py.tracker.web.folder import TorrentFolder
from mktorrent_py.tracker.web.site import Site
from mktorrent_py.tracker.web.torrent_list import TorrentList

STOP_TIMEOUT = 1.0
"""Seconds that requests in flight have at a stop."""

EXPIRY_INTERVAL = 4
MAX_NOTES = 100
"""Notes kept until `events` yields them; of more the oldest are dropped."""


def _clock() -> int:
    # Not the monotonic clock: snapshots and shared stores hold these times after the process has ended.
    return int(time.time())


class Tracker:
    """A tracker that runs while the body of `async with Tracker(options) as tracker:` does.

    `options` are those it was made with, `restored` is how many peers came back from the state file, `service` the
    announce service behind all sockets. Its event loop must support `add_reader`: on Windows use
    `asyncio.SelectorEventLoop`.

    Starting raises UsageError, NetworkError (a port is in use, the store is unreachable) or ContentError (the folder or
    the state file cannot be read). Stopping raises ContentError when the state cannot be written.
    """

    def __init__(self, options: TrackerOptions | None = None) -> None:
        self.options = options or TrackerOptions()
        self.restored = 0
        self.service: AnnounceService
        self._site: Site
        self._http: HttpServer
        self._udp: list[UdpServer] = []
        self._sockets: list[BoundSockets] = []
        self._registry: SwarmRegistry | None = None
        self._folder = TorrentFolder(Path(self.options.folder)) if self.options.folder else None
        self._state = Path(self.options.state) if self.options.state else None
        self._snapshot_lock = asyncio.Lock()
        self._background: list[asyncio.Task[None]] = []
        self._notes: deque[str] = deque(maxlen=MAX_NOTES)
        self._is_stopping = False
        self._wake = asyncio.Event()

    async def __aenter__(self) -> Self:
        options = self.options
        if self._state:
            check_writable(self._state)
        allow_many_files()
        self._sockets = bind_all(options.hosts or wildcard_hosts(), options.port, udp=options.udp)
        try:
            await self._start()
        except BaseException:
            for bound in self._sockets:
                bound.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*(server.close(STOP_TIMEOUT) for server in self._udp), self._http.close(STOP_TIMEOUT))
        try:
            await self._snapshot()
        finally:
            await self.service.store.close()

    @property
    def port(self) -> int:
        """The TCP and UDP port of all addresses."""
        return self._sockets[0].port

    @property
    def listen(self) -> tuple[str, ...]:
        """The addresses it listens on, as `host:port`."""
        return tuple([bound.authority for bound in self._sockets])

    @property
    def announce_urls(self) -> tuple[str, ...]:
        """The announce URLs that a torrent can name, one for each reachable address and protocol."""
        schemes = ("http", "udp") if self.options.udp else ("http",)
        authorities = dict.fromkeys([bound.reachable_authority() for bound in self._sockets])
        return tuple([f"{scheme}://{at}/announce" for at in authorities if at is not None for scheme in schemes])

    @property
    def torrents(self) -> TorrentList:
        """The torrents of the folder; empty when every torrent is tracked."""
        return self._site.torrents

    async def status(self) -> TrackerStatus:
        """The counts at this moment."""
        events = self.service.events
        counts = {
            "torrents": len(self.torrents),
            "announces": events["udp announce"] + events["http announce"],
            "refused": sum([events[event] for event in events if event.endswith(("refused", "limited", "dropped"))]),
            "uptime": round(time.monotonic() - self._started),
        }
        try:
            totals = await self.service.store.totals()
        except StoreUnavailableError:
            return TrackerStatus(**counts)
        return TrackerStatus(**counts, swarms=totals.swarms, seeds=totals.seeds, leechers=totals.leechers)

    async def events(self, *, status_every: float = 60.0) -> AsyncIterator[TrackerEvent]:
        """Yield what happens until `stop` is called: for one consumer, as each note is yielded once.

        TrackerStarted comes first and TrackerStopping last; in between TrackerNote as it happens, and TrackerStatus at
        once and every `status_every` seconds. Raises what a background task failed with, after TrackerStopping.
        """
        yield TrackerStarted(
            options=self.options,
            port=self.port,
            listen=self.listen,
            announce_urls=self.announce_urls,
            torrents=len(self.torrents),
            restored=self.restored,
        )
        due = time.monotonic()
        while True:
            self._wake.clear()
            while self._notes:
                yield TrackerNote(message=self._notes.popleft())
            if time.monotonic() >= due:
                due = time.monotonic() + status_every
                yield await self.status()
            if self._is_stopping or any(task.done() for task in self._background):
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(due - time.monotonic(), 0))
        yield TrackerStopping()
        for task in self._background:
            if task.done():
                task.result()

    def stop(self) -> None:
        """Ask `events` to end; leaving the `async with` block stops the tracker."""
        self._is_stopping = True
        self._wake.set()

    async def _start(self) -> None:
        options = self.options
        store, connection_key = await self._open_store()
        self.service = AnnounceService(store, clock=_clock, interval=options.interval, rate=RateLimit(options.rate))
        self._site = Site(
            self.service,
            authority=self._sockets[0].authority,
            base_url=options.base_url,
            udp=options.udp,
            listed=options.listed and self._folder is not None,
        )
        if self._folder:
            self._folder.scan()
            self._use_folder(self._folder)
        if self._registry is not None and self._state is not None:
            self.restored, restored_key = read_snapshot(self._state, self._registry, _clock())
            connection_key = restored_key or connection_key
        self._connection_key = connection_key
        self._http = HttpServer(
            self.service,
            self._site.page,
            trusted_proxies=options.trusted_networks,
            allow_ip_parameter=options.allow_ip_parameter,
        )
        codec = UdpCodec(ConnectionIds(connection_key), allow_ip_parameter=options.allow_ip_parameter)
        for bound in self._sockets:
            await self._http.listen(bound.tcp)
            if bound.udp:
                self._udp.append(UdpServer(bound.udp, self.service, codec))
        jobs = [self._expire_periodically()]
        if self._state:
            jobs.append(self._snapshot_periodically())
        if self._folder:
            jobs.append(self._follow_folder(self._folder))
        self._background = [asyncio.create_task(job) for job in jobs]
        for task in self._background:
            task.add_done_callback(lambda _: self._wake.set())
        self._started = time.monotonic()

    async def _open_store(self) -> tuple[Store, bytes]:
        """The store, and the key that connection ids are made with; trackers that share a store share the key."""
        key = secrets.token_bytes(KEY_LENGTH)
        if self.options.store is None:
            self._registry = SwarmRegistry(self.options.limits, random.random)
            return MemoryStore(self._registry), key
        try:
            from mktorrent_py.tracker.swarms.redis_store import RedisStore
        except ModuleNotFoundError as error:
            raise UsageError(
                f"a shared store needs the Python package {error.name}",
                code="package-missing",
                hint="Install it with: pip install 'mktorrent-py[redis]'",
                package=error.name,
            ) from error
        store = RedisStore(self.options.store, self.options.limits)
        return store, await store.shared_key(key)

    def _use_folder(self, folder: TorrentFolder) -> None:
        self._site.torrents = folder.torrents
        self.service.swarm_of = folder.torrents.swarm_of()
        for failure in folder.new_failures():
            self._note(f"left out {failure.path.name}: {failure.reason}")

    def _note(self, message: str) -> None:
        self._notes.append(message)
        self._wake.set()

    async def _follow_folder(self, folder: TorrentFolder) -> None:
        async for _ in folder.changes():
            self._use_folder(folder)

    async def _expire_periodically(self) -> None:
        while True:
            await asyncio.sleep(EXPIRY_INTERVAL)
            # A store that is away expires its peers when it is back.
            with contextlib.suppress(StoreUnavailableError):
                await self.service.store.expire(_clock())

    async def _snapshot_periodically(self) -> None:
        while True:
            await asyncio.sleep(self.options.snapshot_interval)
            try:
                await self._snapshot()
            except ContentError as error:
                self._note(str(error))

    async def _snapshot(self) -> None:
        if self._registry is None or self._state is None:
            return
        async with self._snapshot_lock:
            snapshot = await capture(self._registry, self._connection_key)
            await asyncio.to_thread(write_snapshot, snapshot, self._state)
