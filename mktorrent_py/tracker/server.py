"""A running tracker: sockets, store, torrents and snapshots, from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.tracker.http_server import HttpServer
from mktorrent_py.tracker.protocol.connection_id import KEY_LENGTH, ConnectionIds
from mktorrent_py.tracker.protocol.trusted_proxies import Network
from mktorrent_py.tracker.protocol.udp import UdpCodec
from mktorrent_py.tracker.service import Tracker
from mktorrent_py.tracker.sockets import Bound, allow_many_files, bind_all
from mktorrent_py.tracker.swarms.rate_limit import RateLimit
from mktorrent_py.tracker.swarms.registry import MAX_PEERS, MAX_SWARMS, Limits, Swarms
from mktorrent_py.tracker.swarms.snapshot import capture, check_writable, read_snapshot, write_snapshot
from mktorrent_py.tracker.swarms.store import MemoryStore, Store, StoreUnavailableError
from mktorrent_py.tracker.udp_server import UdpServer
from mktorrent_py.tracker.web.folder import Catalogue
from mktorrent_py.tracker.web.site import Site
from mktorrent_py.tracker.web.torrent_list import Listing

# Seconds that requests in flight have at a stop; the last snapshot comes out of the same two seconds.
STOP_PATIENCE = 1.0
EXPIRY_PAUSE = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a tracker runs. Intervals are in seconds.

    Without `folder` every torrent is tracked. `store` is the URL of a Valkey or Redis that several trackers share;
    `state` the file one tracker keeps its swarms in. `rate` is requests per second and address, 0 for any number.
    `base_url` is how the world reaches it, where that is not what clients say they asked for.
    """

    hosts: tuple[str, ...] = ("0.0.0.0", "::")
    port: int = 6969
    udp: bool = True
    folder: Path | None = None
    listed: bool = True
    base_url: str | None = None
    interval: int = 1800
    max_peers: int = MAX_PEERS
    max_swarms: int = MAX_SWARMS
    rate: int = 100
    trusted_proxies: tuple[Network, ...] = ()
    allow_ip_parameter: bool = False
    state: Path | None = None
    snapshot_interval: int = 300
    store: str | None = None

    @property
    def limits(self) -> Limits:
        # One announce may get lost, or come late, without the peer being forgotten.
        lifetime = self.interval * 3 // 2 + 60
        return Limits(lifetime=lifetime, max_peers=self.max_peers, max_swarms=self.max_swarms)


def _clock() -> int:
    # Not the monotonic one: what it dates outlives the process, in a snapshot or a shared store.
    return int(time.time())


class TrackerServer:
    """`async with TrackerServer(settings) as server:` runs a tracker.

    Starting raises UsageError, NetworkError (a port is taken, the store cannot be reached) or ContentError (the folder
    or the state cannot be read). `notes` gathers what somebody should be told meanwhile, until it is taken from there.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.bound: list[Bound] = []
        self.notes: deque[str] = deque(maxlen=100)
        self.restored = 0
        self._swarms: Swarms | None = None
        self._catalogue = Catalogue(settings.folder) if settings.folder else None
        self._udp: list[UdpServer] = []
        self._background: list[asyncio.Task[None]] = []
        self._snapshot_lock = asyncio.Lock()

    async def __aenter__(self) -> Self:
        settings = self.settings
        if settings.state and settings.store:
            raise UsageError("--state and --store are two ways to keep the same thing", hint="Leave one of them out.")
        if settings.state:
            check_writable(settings.state)
        allow_many_files()
        self.bound = bind_all(settings.hosts, settings.port, udp=settings.udp)
        try:
            await self._start()
        except BaseException:
            for bound in self.bound:
                bound.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Answer what is in flight, snapshot, and stop. Raises ContentError when the last snapshot is lost."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await asyncio.gather(*(server.close(STOP_PATIENCE) for server in self._udp), self._http.close(STOP_PATIENCE))
        try:
            await self._snapshot()
        finally:
            await self.tracker.store.close()

    @property
    def listing(self) -> Listing:
        return self.site.listing

    @property
    def port(self) -> int:
        return self.bound[0].port

    @property
    def announce_urls(self) -> list[str]:
        """What to name as tracker, for every address that is bound and can be reached by it."""
        schemes = ("http", "udp") if self.settings.udp else ("http",)
        authorities = dict.fromkeys(authority for bound in self.bound if (authority := bound.reachable_authority()))
        return [f"{scheme}://{authority}/announce" for authority in authorities for scheme in schemes]

    async def failed(self) -> None:
        """Return never; raise what a task in the background failed with."""
        done, _ = await asyncio.wait(self._background, return_when=asyncio.FIRST_COMPLETED)
        done.pop().result()

    async def _start(self) -> None:
        settings = self.settings
        store, self._connection_key = await self._open_store()
        self.tracker = Tracker(store, clock=_clock, interval=settings.interval, rate=RateLimit(settings.rate))
        self.site = Site(
            self.tracker,
            authority=self.bound[0].authority,
            base_url=settings.base_url,
            udp=settings.udp,
            listed=settings.listed and settings.folder is not None,
        )
        if self._catalogue:
            self._show(self._catalogue.scan())
        self._restore()
        await self._listen(ConnectionIds(self._connection_key))
        self._run_in_background()

    async def _open_store(self) -> tuple[Store, bytes]:
        """The store, and the key that connection ids are made with: shared by those who share the store."""
        key = secrets.token_bytes(KEY_LENGTH)
        if self.settings.store is None:
            self._swarms = Swarms(self.settings.limits, random.random)
            return MemoryStore(self._swarms), key
        try:
            from mktorrent_py.tracker.swarms.redis_store import RedisStore
        except ModuleNotFoundError as error:
            hint = "pip install 'mktorrent-py[redis]' brings it."
            raise UsageError(f"a shared store needs the Python package {error.name}", hint=hint) from error
        store = RedisStore(self.settings.store, self.settings.limits)
        return store, await store.shared_key(key)

    async def _listen(self, connection_ids: ConnectionIds) -> None:
        settings = self.settings
        codec = UdpCodec(connection_ids, allow_ip_parameter=settings.allow_ip_parameter)
        self._http = HttpServer(
            self.tracker,
            self.site.page,
            trusted_proxies=settings.trusted_proxies,
            allow_ip_parameter=settings.allow_ip_parameter,
        )
        for bound in self.bound:
            await self._http.listen(bound.tcp)
            if bound.udp:
                self._udp.append(UdpServer(bound.udp, self.tracker, codec))

    def _run_in_background(self) -> None:
        jobs = [self._expire_now_and_then()]
        if self.settings.state:
            jobs.append(self._snapshot_now_and_then())
        if self._catalogue:
            jobs.append(self._catalogue.watch(self._show))
        self._background = [asyncio.create_task(job) for job in jobs]

    def _show(self, listing: Listing) -> None:
        self.site.listing = listing
        self.tracker.swarm_of = listing.swarm_of()
        if self._catalogue:
            self.notes.extend(f"left out {each.path.name}: {each.reason}" for each in self._catalogue.news())

    def _restore(self) -> None:
        if self._swarms is None or self.settings.state is None:
            return
        self.restored, key = read_snapshot(self.settings.state, self._swarms, _clock())
        self._connection_key = key or self._connection_key

    async def _expire_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(EXPIRY_PAUSE)
            # A store that is away expires nothing; it will when it is back.
            with contextlib.suppress(StoreUnavailableError):
                await self.tracker.store.expire(_clock())

    async def _snapshot_now_and_then(self) -> None:
        while True:
            await asyncio.sleep(self.settings.snapshot_interval)
            try:
                await self._snapshot()
            except ContentError as error:
                self.notes.append(str(error))

    async def _snapshot(self) -> None:
        if self._swarms is None or self.settings.state is None:
            return
        async with self._snapshot_lock:
            snapshot = await capture(self._swarms, self._connection_key)
            await asyncio.to_thread(write_snapshot, snapshot, self.settings.state)
