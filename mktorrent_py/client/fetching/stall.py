"""Reaching peers: whom to connect to, and how long to wait for anything to come of it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import libtorrent as lt

from mktorrent_py.errors import NetworkError

TICK = 0.5
DIAL_EVERY = 2.0
_KEPT = "Try again later, or name a peer with --peer HOST:PORT; what came so far is kept."


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """`peers` are (address, port) to connect to at once; `timeout` is in seconds without progress, 0 for ever."""

    peers: tuple[tuple[str, int], ...] = ()
    timeout: float = 120.0


class Watchdog:
    """Raises NetworkError when nothing has come in for a while, or nothing that is right: garbage is no progress."""

    def __init__(self, timeout: float, what: str, hint: str = _KEPT) -> None:
        self._timeout, self._what, self._hint = timeout, what, hint
        self._last: object = None
        self._since = time.monotonic()

    def see(self, state: object) -> None:
        """Take note of how far things are; the same state for too long is the end."""
        now = time.monotonic()
        if state != self._last:
            self._last, self._since = state, now
        elif self._timeout and now - self._since >= self._timeout:
            raise NetworkError(f"{self._what}: nothing right came in for {self._timeout:g} s", hint=self._hint)


class Dialer:
    """Connects to the peers that were named, again and again while nobody is connected."""

    def __init__(self, handle: lt.torrent_handle, peers: Sequence[tuple[str, int]]) -> None:
        self._handle, self._peers = handle, peers
        self._due = 0.0

    def dial(self) -> None:
        if not self._peers or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + DIAL_EVERY
        if not self._handle.status(0).num_peers:
            for peer in self._peers:
                self._handle.connect_peer(peer)
