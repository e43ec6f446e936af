"""Tracks the peers of all torrents: who is connected, what each has, and how many have received everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import libtorrent as lt

from mktorrent_py.client.seeding.events import PeerJoined, PeerLeft
from mktorrent_py.client.seeding.peers import Peer, address_of
from mktorrent_py.client.seeding.torrents import ActiveTorrent
from mktorrent_py.metainfo.merkle import BLOCK_LENGTH

TORRENTS_PER_TICK = 100
"""Torrents whose peers are polled each second: libtorrent answers for one after the other."""


class PeerTracker:
    """Reports peers that join and leave to `emit`; `done` counts those that received everything."""

    def __init__(self, emit: Callable[[PeerJoined | PeerLeft], None]) -> None:
        self.done = 0
        self._emit = emit
        self._turn = 0

    def poll(self, torrents: Sequence[ActiveTorrent]) -> None:
        """Update the peers of the torrents whose turn it is."""
        start = self._turn if self._turn < len(torrents) else 0
        self._turn = start + TORRENTS_PER_TICK
        for torrent in torrents[start : self._turn]:
            for info in torrent.handle.get_peer_info():
                peer = torrent.peers.get(info.ip)
                if peer is not None and peer.update(info):
                    self._report_joined(torrent, peer)

    def add(self, torrent: ActiveTorrent, alert: lt.peer_connect_alert) -> None:
        """Record a connection; the peer is reported once it has introduced itself."""
        torrent.peers[alert.ip] = Peer(address=address_of(alert.ip))

    def count_block(self, torrent: ActiveTorrent, alert: lt.block_uploaded_alert) -> None:
        if alert.ip in torrent.peers:
            torrent.peers[alert.ip].sent += BLOCK_LENGTH

    def remove(self, torrent: ActiveTorrent, alert: lt.peer_disconnected_alert) -> None:
        """Record the end of a connection."""
        peer = torrent.peers.pop(alert.ip, None)
        if peer is None:
            return
        if peer.update_from_id(alert.pid.to_bytes()):
            self._report_joined(torrent, peer)
        if peer.client:
            done = peer.is_done(torrent.started.length)
            self.done += done
            self._emit(PeerLeft(name=torrent.name, address=peer.address, done=done))

    def _report_joined(self, torrent: ActiveTorrent, peer: Peer) -> None:
        self._emit(PeerJoined(name=torrent.name, address=peer.address, client=peer.client))
