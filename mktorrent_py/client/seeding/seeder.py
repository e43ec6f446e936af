"""Seeds torrents in one session, from where their content is, and never writes a byte of it.

One loop waits for libtorrent's alerts, and once a second polls peers, totals and files. A torrent whose files have
changed ends at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import libtorrent as lt

from mktorrent_py.client.libtorrent import seed_parameters
from mktorrent_py.client.options import SeedOptions
from mktorrent_py.client.seeding import events
from mktorrent_py.client.seeding.alerts import AlertHandlers
from mktorrent_py.client.seeding.change_monitor import FILES_PER_IDLE_POLL, FILES_PER_POLL, ChangeMonitor
from mktorrent_py.client.seeding.peer_tracking import PeerTracker
from mktorrent_py.client.seeding.statistics import Statistics
from mktorrent_py.client.seeding.stop_conditions import stop_reason
from mktorrent_py.client.seeding.torrents import ActiveTorrent, SeedableTorrent, started_event
from mktorrent_py.client.seeding.tracker_replies import record_refusal
from mktorrent_py.client.session import Session
from mktorrent_py.errors import ContentError, TorrentError

TICK = 1.0
STOP_WITHIN = 3.5
"""Seconds for trackers to answer that we stop, before the session ends without."""


class Seeder:
    """Seeds until it is stopped, until a condition of `options` holds, or until no torrent is left.

    `torrents` are those being seeded, by their keys; `expected` is how many more are about to be added, `checking` the
    progress of the one being checked. With `keep_waiting` it goes on without torrents.
    """

    def __init__(self, session: Session, options: SeedOptions, *, keep_waiting: bool = False) -> None:
        self.session = session
        self.torrents: dict[str, ActiveTorrent] = {}
        self.statistics = Statistics(self.torrents)
        self.checking: events.Checking | None = None
        self.expected = 0
        self.failures = 0
        self._options, self._keep_waiting = options, keep_waiting
        self._by_handle: dict[lt.torrent_handle, ActiveTorrent] = {}
        self._peers = PeerTracker(self._emit)
        self._alerts = AlertHandlers(session, self._by_handle, self._peers, emit=self._emit, end=self._end)
        self._monitor = ChangeMonitor()
        self._pending: list[events.SeedEvent] = []
        self._stop_reason: str | None = None
        self._first_error: TorrentError | None = None

    def add(self, torrent: SeedableTorrent) -> None:
        """Start seeding a torrent. Raises RefusedError for one that is seeded already."""
        verified = torrent.basis is events.Basis.CHECKED
        parameters = seed_parameters(torrent.metainfo, torrent.placement.paths, verified=verified)
        if self._options.super_seed:
            parameters.flags |= lt.torrent_flags.super_seeding
        started = started_event(torrent)
        handle = self.session.add(parameters, private=started.private)
        active = ActiveTorrent(key=torrent.key, started=started, handle=handle)
        self.torrents[torrent.key] = self._by_handle[handle] = active
        self._monitor.watch(torrent.key, torrent.placement)
        self._emit(started)
        trackers = [url for tier in torrent.metainfo.trackers for url in tier]
        for url, reason in self.session.options.route.refusals(trackers, ()).items():
            self._emit(record_refusal(active, url, reason))

    def fail(self, name: str, error: TorrentError) -> None:
        """Report a torrent that cannot be seeded, or not any longer."""
        self.failures += 1
        self._first_error = self._first_error or error
        self._emit(events.SeedFailed(name=name, error=error))

    def remove(self, key: str) -> None:
        """Stop seeding a torrent, without a failure."""
        if key in self.torrents:
            self._emit(events.SeedRemoved(name=self.torrents[key].name))
            self._drop(self.torrents[key])

    def stop(self, reason: str) -> None:
        """Stop everything, after announcing it to the trackers."""
        self._stop_reason = self._stop_reason or reason
        self.session.wake()

    def status(self) -> events.Status:
        """Return the totals over all torrents."""
        return self.statistics.status(peers_done=self._peers.done, checking=self.checking)

    async def run(self) -> AsyncIterator[events.SeedEvent]:
        """Seed and yield what happens, until it is over; the last event is SeedEnded."""
        self._emit_addresses()
        try:
            self.session.watch_alerts()
            due = 0.0
            while self._stop_reason is None:
                for event in self._take_events():
                    yield event
                if not self.torrents and not self.expected and not self._keep_waiting:
                    self.stop("nothing is left to seed")
                    continue
                if time.monotonic() >= due:
                    due = time.monotonic() + TICK
                    await self._tick()
                    yield self.status()
                await self.session.wait(max(due - time.monotonic(), 0))
            await self._announce_stop()
            for event in self._take_events():
                yield event
        finally:
            self.session.skip_stop_announces()
            self.session.close()
        yield events.SeedEnded(
            reason=self._stop_reason,
            uploaded=self.statistics.uploaded,
            ratio=round(self.statistics.ratio, 3),
            seconds=round(self.statistics.seconds, 1),
            error=self._first_error,
        )

    def _take_events(self) -> list[events.SeedEvent]:
        self._alerts.handle_all()
        pending, self._pending = self._pending, []
        return pending

    async def _tick(self) -> None:
        self.session.lt.post_torrent_updates(lt.torrent_handle.query_distributed_copies)
        connected = [torrent for torrent in self.torrents.values() if torrent.peers]
        self._peers.poll(connected)
        self.statistics.sample_rate()
        if self.session.clear_lost_addresses():
            self._emit_addresses()
        files = FILES_PER_POLL if connected else FILES_PER_IDLE_POLL
        for key, change in (await asyncio.to_thread(self._monitor.poll, files)).items():
            if key in self.torrents:
                self._end(self.torrents[key], change)
        totals = self.statistics
        ratio = totals.ratio if self.torrents else None
        reason = stop_reason(self._options, ratio=ratio, seconds=totals.seconds, peers_done=self._peers.done)
        if reason is not None:
            self.stop(reason)

    async def _announce_stop(self) -> None:
        """Pause, which announces to the trackers that we stop, and wait a bounded time for their replies."""
        self._alerts.stopping = True
        self.session.lt.post_torrent_updates(0)
        self.session.lt.pause()
        deadline = time.monotonic() + STOP_WITHIN
        while self._alerts.paused < len(self.torrents) or self._alerts.unanswered:
            if time.monotonic() >= deadline:
                break
            await self.session.wait(deadline - time.monotonic())
            self._alerts.handle_all()

    def _emit(self, event: events.SeedEvent) -> None:
        self._pending.append(event)
        self.session.wake()

    def _emit_addresses(self) -> None:
        self._emit(events.Listening(addresses=tuple(self.session.addresses)))

    def _end(self, torrent: ActiveTorrent, reason: str) -> None:
        """Take a torrent whose content failed out of the session at once, before anything can be written."""
        self._drop(torrent)
        hint = "It is no longer seeded; nothing was written to it."
        self.fail(torrent.name, ContentError(reason, code="content-changed", hint=hint))

    def _drop(self, torrent: ActiveTorrent) -> None:
        self.session.lt.remove_torrent(torrent.handle)
        self._monitor.forget(torrent.key)
        self.statistics.add_ended(torrent)
        del self.torrents[torrent.key], self._by_handle[torrent.handle]
