"""Connecting to named peers, and ending a download that makes no progress."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import libtorrent as lt

from mktorrent_py.errors import NetworkError

TICK = 0.5
CONNECT_EVERY = 2.0
"""Seconds between two looks at a download, and between two attempts to connect."""


class StallTimer:
    """Raises NetworkError when no valid data has arrived for `timeout` seconds; 0 is never."""

    def __init__(self, timeout: float, what: str, code: str = "download-stalled", **data: Any) -> None:
        self._timeout, self._what, self._code, self._data = timeout, what, code, data
        self._last: object = None
        self._since = time.monotonic()

    def update(self, state: object) -> None:
        """Record how far the download is. Raises NetworkError when `state` has been the same for too long."""
        now = time.monotonic()
        if state != self._last:
            self._last, self._since = state, now
        elif self._timeout and now - self._since >= self._timeout:
            message = f"{self._what} stalled: no valid data for {self._timeout:g} s"
            raise NetworkError(message, code=self._code, **self._data)


class PeerDialer:
    """Connects to peers by address, again and again while none is connected."""

    def __init__(self, handle: lt.torrent_handle, peers: Sequence[tuple[str, int]]) -> None:
        self._handle, self._peers = handle, peers
        self._due = 0.0

    def connect(self) -> None:
        if not self._peers or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + CONNECT_EVERY
        if not self._handle.status(0).num_peers:
            for peer in self._peers:
                self._handle.connect_peer(peer)
