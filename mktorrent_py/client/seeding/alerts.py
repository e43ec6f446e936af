"""Handles libtorrent's alerts: updates torrents and peers, and reports events.

Whatever is not plain seeding (a failed read, a torrent that libtorrent wants to check or to download) ends that torrent
at once, before libtorrent could write anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import libtorrent as lt

from mktorrent_py.client.seeding.events import Listening, SeedEvent
from mktorrent_py.client.seeding.peer_tracking import PeerTracker
from mktorrent_py.client.seeding.torrents import ActiveTorrent
from mktorrent_py.client.seeding.tracker_replies import record_error, record_reply
from mktorrent_py.client.session import Session

_EVENT_STOPPED = 3
_NOT_SEEDING = frozenset(
    int(state)
    for state in (
        lt.torrent_status.queued_for_checking,
        lt.torrent_status.checking_files,
        lt.torrent_status.downloading_metadata,
        lt.torrent_status.downloading,
    )
)


class AlertHandlers:
    """Handles the alerts of a session whose torrents are in `torrents`, by their handles.

    `end` takes a torrent out of the session. Once `stopping`, replies of trackers are only counted: `unanswered` is how
    many stop announces have no reply yet, `paused` how many torrents have stopped.
    """

    def __init__(
        self,
        session: Session,
        torrents: Mapping[lt.torrent_handle, ActiveTorrent],
        peers: PeerTracker,
        *,
        emit: Callable[[SeedEvent], None],
        end: Callable[[ActiveTorrent, str], None],
    ) -> None:
        self.stopping = False
        self.unanswered = 0
        self.paused = 0
        self._session, self._torrents, self._peers = session, torrents, peers
        self._emit, self._end = emit, end

    def handle_all(self) -> None:
        """Handle the alerts since the last call."""
        for alert in self._session.alerts():
            if (session_handler := _SESSION_HANDLERS.get(type(alert))) is not None:
                session_handler(self, alert)
            elif (handler := _TORRENT_HANDLERS.get(type(alert))) is not None:
                torrent = self._torrents.get(alert.handle)
                if torrent is not None:
                    handler(self, torrent, alert)

    def _on_listening(self, alert: lt.listen_succeeded_alert) -> None:
        if self._session.add_address(alert):
            self._emit(Listening(addresses=tuple(self._session.addresses)))

    def _on_statuses(self, alert: lt.state_update_alert) -> None:
        for status in alert.status:
            torrent = self._torrents.get(status.handle)
            if torrent is not None:
                torrent.uploaded = status.total_payload_upload
                torrent.rate = status.upload_payload_rate
                torrent.availability = status.distributed_copies

    def _on_announce(self, alert: lt.tracker_announce_alert) -> None:
        self.unanswered += int(alert.event) == _EVENT_STOPPED

    def _on_tracker_reply(self, alert: lt.tracker_reply_alert | lt.tracker_error_alert) -> None:
        if self.stopping:
            self.unanswered -= 1
            return
        torrent = self._torrents.get(alert.handle)
        if torrent is None:
            return
        if isinstance(alert, lt.tracker_error_alert):
            event: SeedEvent | None = record_error(torrent, alert, len(self._session.addresses))
        else:
            event = record_reply(torrent, alert)
        if event is not None:
            self._emit(event)

    def _on_state(self, torrent: ActiveTorrent, alert: lt.state_changed_alert) -> None:
        if int(alert.state) in _NOT_SEEDING:
            self._end(torrent, "libtorrent found that the content has changed")

    def _on_fault(self, torrent: ActiveTorrent, alert: Any) -> None:
        """End a torrent; the alert's own message may hold names that are not text."""
        if isinstance(alert, lt.hash_failed_alert):
            reason = f"piece {int(alert.piece_index):,} does not match the torrent"
        elif isinstance(alert, lt.file_error_alert):
            reason = f"the content can no longer be read: {alert.error.message().lower()}"
        else:
            reason = "libtorrent does not find the content as it was"
        self._end(torrent, reason)

    def _on_peer_joined(self, torrent: ActiveTorrent, alert: lt.peer_connect_alert) -> None:
        self._peers.add(torrent, alert)

    def _on_block_sent(self, torrent: ActiveTorrent, alert: lt.block_uploaded_alert) -> None:
        self._peers.count_block(torrent, alert)

    def _on_peer_left(self, torrent: ActiveTorrent, alert: lt.peer_disconnected_alert) -> None:
        self._peers.remove(torrent, alert)

    def _on_paused(self, torrent: ActiveTorrent, alert: lt.torrent_paused_alert) -> None:
        self.paused += 1


_SESSION_HANDLERS: dict[type, Callable[[AlertHandlers, Any], None]] = {
    lt.listen_succeeded_alert: AlertHandlers._on_listening,
    lt.state_update_alert: AlertHandlers._on_statuses,
    lt.tracker_announce_alert: AlertHandlers._on_announce,
    lt.tracker_reply_alert: AlertHandlers._on_tracker_reply,
    lt.tracker_error_alert: AlertHandlers._on_tracker_reply,
}

_TORRENT_HANDLERS: dict[type, Callable[[AlertHandlers, ActiveTorrent, Any], None]] = {
    lt.state_changed_alert: AlertHandlers._on_state,
    lt.file_error_alert: AlertHandlers._on_fault,
    lt.hash_failed_alert: AlertHandlers._on_fault,
    lt.fastresume_rejected_alert: AlertHandlers._on_fault,
    lt.torrent_error_alert: AlertHandlers._on_fault,
    lt.peer_connect_alert: AlertHandlers._on_peer_joined,
    lt.block_uploaded_alert: AlertHandlers._on_block_sent,
    lt.peer_disconnected_alert: AlertHandlers._on_peer_left,
    lt.torrent_paused_alert: AlertHandlers._on_paused,
}
