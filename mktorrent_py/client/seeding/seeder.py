"""Gives content to others, from where it lies, and never writes a byte of it.

One loop does all: it waits for libtorrent's alerts, and once a second asks how it goes and looks whether the files are
still what they were. Whatever is not plain giving (a changed file, a failed read, a torrent that libtorrent wants to
check or to download) ends that torrent at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import libtorrent as lt

from mktorrent_py.client.libtorrent import seed_parameters
from mktorrent_py.client.seeding import events
from mktorrent_py.client.seeding.change_monitor import FILES_A_WALK, FILES_AT_REST, Patrol
from mktorrent_py.client.seeding.peers import Peer, address_of
from mktorrent_py.client.seeding.torrents import Ready, Seeding, started_of
from mktorrent_py.client.seeding.tracker_replies import note_error, note_refusal, note_reply
from mktorrent_py.client.session import Session
from mktorrent_py.errors import ContentError, TorrentError
from mktorrent_py.metainfo.merkle import BLOCK_LENGTH

TICK = 1.0
TORRENTS_A_TICK = 100
"""How many torrents have their peers looked at each second: libtorrent answers one after the other."""

STOP_WITHIN = 3.5
"""Seconds for trackers to take note that we stop, before we go without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOptions:
    """When to stop: at this ratio, after so many seconds, when so many peers have everything; never without.

    `keep_waiting` goes on without any torrent, for those that may come. `super_seed` shows each peer other pieces
    (BEP 16); libtorrent shows a peer none in its first ten seconds.
    """

    ratio: float | None = None
    duration: float | None = None
    peers_done: int | None = None
    keep_waiting: bool = False
    super_seed: bool = False


class Seeder:
    """Seeds torrents in one session until it is told to stop, or has given what it was to give."""

    def __init__(self, session: Session, options: SeedOptions) -> None:
        self.session = session
        self.options = options
        self.torrents: dict[str, Seeding] = {}
        self.checking: events.Checking | None = None
        self.peers_done = 0
        self.failures = 0
        self.expected = 0
        self.rates: list[tuple[float, int]] = []
        self._by_handle: dict[lt.torrent_handle, Seeding] = {}
        self._patrol = Patrol()
        self._news: list[events.SeedEvent] = []
        self._started = time.monotonic()
        self._uploaded_before = 0
        self._length_before = 0
        self._stop_reason: str | None = None
        self._first_error: TorrentError | None = None
        self._unanswered = 0
        self._running = 0
        self._turn = 0

    # What others ask of it

    def add(self, ready: Ready) -> None:
        """Start giving a torrent."""
        verified = ready.basis is events.Basis.CHECKED
        parameters = seed_parameters(ready.metainfo, ready.placement.paths, verified=verified)
        if self.options.super_seed:
            parameters.flags |= lt.torrent_flags.super_seeding
        started = started_of(ready)
        handle = self.session.add(parameters, private=started.private)
        torrent = Seeding(key=ready.key, started=started, handle=handle)
        self.torrents[ready.key] = self._by_handle[handle] = torrent
        self._patrol.watch(ready.key, ready.placement)
        self._running += 1
        self._tell(started)
        trackers = [url for tier in ready.metainfo.trackers for url in tier]
        for url, reason in self.session.options.route.refusals(trackers, ()).items():
            self._tell(note_refusal(torrent, url, reason))

    def refuse(self, name: str, error: TorrentError) -> None:
        """A torrent that cannot be given."""
        self._fail(events.SeedFailed(name=name, error=error))

    def remove(self, key: str) -> None:
        """Stop giving a torrent, without it being a failure."""
        if key in self.torrents:
            self._tell(events.SeedRemoved(name=self.torrents[key].name))
            self._drop(self.torrents[key])

    def stop(self, reason: str) -> None:
        """Stop after the trackers were told."""
        self._stop_reason = self._stop_reason or reason
        self.session.wake()

    @property
    def uploaded(self) -> int:
        """Bytes of content sent."""
        return self._uploaded_before + sum([torrent.uploaded for torrent in self.torrents.values()])

    @property
    def ratio(self) -> float:
        """What was sent over what there is to give."""
        length = self._length_before + sum([torrent.started.length for torrent in self.torrents.values()])
        return self.uploaded / length if length else 0.0

    @property
    def seconds(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def status(self) -> events.Status:
        """How it goes, over all torrents."""
        return events.Status(
            torrents=len(self.torrents),
            peers=sum([len(torrent.peers) for torrent in self.torrents.values()]),
            rate=sum([torrent.rate for torrent in self.torrents.values()]),
            uploaded=self.uploaded,
            ratio=round(self.ratio, 3),
            peers_done=self.peers_done,
            seconds=round(self.seconds, 1),
            checking=self.checking,
        )

    # The loop

    async def run(self) -> AsyncIterator[events.SeedEvent]:
        """Seed, and yield what happens, until it is over."""
        self.session.watch_alerts()
        self._tell_addresses()
        try:
            due = 0.0
            while self._stop_reason is None:
                for news in self._take_alerts():
                    yield news
                if self._is_idle() and not self.options.keep_waiting:
                    self.stop("nothing is left to seed")
                    continue
                if time.monotonic() >= due:
                    due = time.monotonic() + TICK
                    await self._tick()
                    yield self.status()
                await self.session.wait(max(due - time.monotonic(), 0))
            await self._say_goodbye()
            for news in self._take_alerts():
                yield news
        finally:
            self.session.close()
        yield events.SeedEnded(
            reason=self._stop_reason,
            uploaded=self.uploaded,
            ratio=round(self.ratio, 3),
            seconds=round(self.seconds, 1),
            error=self._first_error,
        )

    def _take_alerts(self) -> Iterator[events.SeedEvent]:
        for alert in self.session.alerts():
            handler = _HANDLERS.get(type(alert))
            if handler is not None:
                handler(self, alert)
        news, self._news = self._news, []
        yield from news

    async def _tick(self) -> None:
        self.session.lt.post_torrent_updates(lt.torrent_handle.query_distributed_copies)
        met = [torrent for torrent in self.torrents.values() if torrent.peers]
        for torrent in self._next_in_turn(met):
            self._meet_peers(torrent)
        self._note_rate()
        if self.session.stopped_listening():
            self._tell_addresses()
        files = FILES_A_WALK if met else FILES_AT_REST
        for key, change in (await asyncio.to_thread(self._patrol.walk, files)).items():
            self._end_torrent(self.torrents.get(key), change)
        self._stop_if_done()

    def _next_in_turn(self, torrents: list[Seeding]) -> list[Seeding]:
        start = self._turn if self._turn < len(torrents) else 0
        self._turn = start + TORRENTS_A_TICK
        return torrents[start : self._turn]

    def _is_idle(self) -> bool:
        return not self.torrents and not self.expected

    def _note_rate(self) -> None:
        """Keep the rates of the last ten minutes."""
        self.rates.append((self.seconds, sum([torrent.rate for torrent in self.torrents.values()])))
        del self.rates[:-600]

    def _stop_if_done(self) -> None:
        options = self.options
        if options.ratio is not None and self.torrents and self.ratio >= options.ratio:
            self.stop(f"ratio {options.ratio:g} reached")
        elif options.duration is not None and self.seconds >= options.duration:
            self.stop("the time is over")
        elif options.peers_done is not None and self.peers_done >= options.peers_done:
            self.stop(f"{options.peers_done:,} peers have everything")

    async def _say_goodbye(self) -> None:
        """Pause, which tells the trackers, and wait for them, but not for long."""
        self.session.lt.post_torrent_updates(0)
        self.session.lt.pause()
        deadline = time.monotonic() + STOP_WITHIN
        while (self._running or self._unanswered) and time.monotonic() < deadline:
            await self.session.wait(deadline - time.monotonic())
            self._news += list(self._take_alerts())
        self.session.forget_trackers()

    # What happens to torrents

    def _tell(self, news: events.SeedEvent) -> None:
        self._news.append(news)
        self.session.wake()

    def _tell_any(self, news: events.SeedEvent | None) -> None:
        if news is not None:
            self._tell(news)

    def _tell_addresses(self) -> None:
        self._tell(events.Listening(addresses=tuple(self.session.addresses)))

    def _end_torrent(self, torrent: Seeding | None, reason: str) -> None:
        """Take a torrent out of the session at once, before anything can be written."""
        if torrent is None or torrent.key not in self.torrents:
            return
        self._drop(torrent)
        error = ContentError(reason, hint="It is not seeded any more; nothing was written to it.")
        self._fail(events.SeedFailed(name=torrent.name, error=error))

    def _fail(self, failure: events.SeedFailed) -> None:
        self.failures += 1
        self._first_error = self._first_error or failure.error
        self._tell(failure)

    def _drop(self, torrent: Seeding) -> None:
        self.session.lt.remove_torrent(torrent.handle)
        self._patrol.forget(torrent.key)
        self._uploaded_before += torrent.uploaded
        self._length_before += torrent.started.length
        self._running -= 1
        del self.torrents[torrent.key], self._by_handle[torrent.handle]

    # Alerts

    def _on_listening(self, alert: lt.listen_succeeded_alert) -> None:
        if self.session.began_listening(alert):
            self._tell_addresses()

    def _on_statuses(self, alert: lt.state_update_alert) -> None:
        for status in alert.status:
            torrent = self._by_handle.get(status.handle)
            if torrent is not None:
                torrent.uploaded = status.total_payload_upload
                torrent.rate = status.upload_payload_rate
                torrent.availability = status.distributed_copies

    def _on_state(self, alert: lt.state_changed_alert) -> None:
        if int(alert.state) in _NOT_GIVING:
            self._end_torrent(self._by_handle.get(alert.handle), "libtorrent found the content changed")

    def _on_disk_trouble(self, alert: lt.torrent_alert) -> None:
        self._end_torrent(self._by_handle.get(alert.handle), _trouble(alert))

    def _on_tracker_call(self, alert: lt.tracker_announce_alert) -> None:
        self._unanswered += int(alert.event) == _STOPPED

    def _on_tracker_reply(self, alert: lt.tracker_reply_alert) -> None:
        self._count_answer()
        torrent = self._by_handle.get(alert.handle)
        if torrent is not None and self._stop_reason is None:
            self._tell_any(note_reply(torrent, alert))

    def _on_tracker_error(self, alert: lt.tracker_error_alert) -> None:
        self._count_answer()
        torrent = self._by_handle.get(alert.handle)
        if torrent is not None and self._stop_reason is None:
            self._tell_any(note_error(torrent, alert, len(self.session.addresses)))

    def _count_answer(self) -> None:
        if self._stop_reason is not None:
            self._unanswered -= 1

    def _on_peer_joined(self, alert: lt.peer_connect_alert) -> None:
        torrent = self._by_handle.get(alert.handle)
        if torrent is not None:
            torrent.peers[alert.ip] = Peer(address=address_of(alert.ip))

    def _meet_peers(self, torrent: Seeding) -> None:
        for info in torrent.handle.get_peer_info():
            peer = torrent.peers.get(info.ip)
            if peer is not None and peer.learn(info):
                self._tell_joined(torrent, peer)

    def _tell_joined(self, torrent: Seeding, peer: Peer) -> None:
        self._tell(events.PeerJoined(name=torrent.name, address=peer.address, client=peer.client))

    def _on_block_sent(self, alert: lt.block_uploaded_alert) -> None:
        torrent = self._by_handle.get(alert.handle)
        if torrent is not None and alert.ip in torrent.peers:
            torrent.peers[alert.ip].sent += BLOCK_LENGTH

    def _on_peer_left(self, alert: lt.peer_disconnected_alert) -> None:
        torrent = self._by_handle.get(alert.handle)
        peer = torrent.peers.pop(alert.ip, None) if torrent is not None else None
        if torrent is None or peer is None:
            return
        if peer.learn_from_id(alert.pid.to_bytes()):
            self._tell_joined(torrent, peer)
        if peer.client:
            done = peer.is_done(torrent.started.length)
            self.peers_done += done
            self._tell(events.PeerLeft(name=torrent.name, address=peer.address, done=done))

    def _on_paused(self, alert: lt.torrent_paused_alert) -> None:
        self._running -= 1


def _trouble(alert: Any) -> str:
    """What a disk alert says; the names in its own message may not be text."""
    if isinstance(alert, lt.hash_failed_alert):
        return f"piece {int(alert.piece_index):,} does not match the torrent"
    if isinstance(alert, lt.file_error_alert):
        return f"the content cannot be read any more: {alert.error.message().lower()}"
    return "libtorrent does not find the content as it was"


_STOPPED = 3
_NOT_GIVING = frozenset(
    int(state)
    for state in (
        lt.torrent_status.queued_for_checking,
        lt.torrent_status.checking_files,
        lt.torrent_status.downloading_metadata,
        lt.torrent_status.downloading,
    )
)

_HANDLERS: dict[type, Callable[[Seeder, Any], None]] = {
    lt.listen_succeeded_alert: Seeder._on_listening,
    lt.state_update_alert: Seeder._on_statuses,
    lt.state_changed_alert: Seeder._on_state,
    lt.file_error_alert: Seeder._on_disk_trouble,
    lt.hash_failed_alert: Seeder._on_disk_trouble,
    lt.fastresume_rejected_alert: Seeder._on_disk_trouble,
    lt.torrent_error_alert: Seeder._on_disk_trouble,
    lt.tracker_announce_alert: Seeder._on_tracker_call,
    lt.tracker_reply_alert: Seeder._on_tracker_reply,
    lt.tracker_error_alert: Seeder._on_tracker_error,
    lt.peer_connect_alert: Seeder._on_peer_joined,
    lt.block_uploaded_alert: Seeder._on_block_sent,
    lt.peer_disconnected_alert: Seeder._on_peer_left,
    lt.torrent_paused_alert: Seeder._on_paused,
}
