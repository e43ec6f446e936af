"""Limits the requests of one address. Pure: the time is an argument."""

from __future__ import annotations

WINDOW = 60
"""Seconds over which requests are counted: long enough for a client that starts with thousands of torrents."""

MAX_ADDRESSES = 200_000
"""Addresses counted in one window, about 100 bytes each.

New addresses beyond it are admitted: otherwise a sender with that many addresses could lock out everybody else.
"""


class RateLimit:
    """Counts requests by address in windows of a minute; `per_second` is the average allowed, 0 is no limit."""

    __slots__ = ("_allowed", "_counts", "_window")

    def __init__(self, per_second: int) -> None:
        self._allowed = per_second * WINDOW
        self._counts: dict[bytes, int] = {}
        self._window = 0

    def admit(self, ip: bytes, now: int) -> bool:
        """Count a request from a packed address; False when there were too many. An IPv6 /64 counts as one address."""
        if not self._allowed:
            return True
        window = now // WINDOW
        if window != self._window:
            self._window = window
            self._counts.clear()
        network = ip if len(ip) == 4 else ip[:8]
        count = self._counts.get(network, 0)
        if count or len(self._counts) < MAX_ADDRESSES:
            self._counts[network] = count + 1
        return count < self._allowed
