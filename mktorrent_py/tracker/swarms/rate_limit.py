"""How many requests one address may make. Pure: the time is an argument."""

from __future__ import annotations

# Seconds over which requests are counted: long enough that a machine with thousands of torrents may start.
WINDOW = 60
# Addresses counted in one window, about 100 bytes each. Past it newcomers are let through rather than shut out,
# since whoever can send from that many addresses would otherwise decide who is served.
ADDRESSES_LIMIT = 200_000


class RateLimit:
    """Counts requests per address in windows of a minute; `per_second` is the average allowed, 0 allows any."""

    __slots__ = ("_allowed", "_counts", "_window")

    def __init__(self, per_second: int) -> None:
        self._allowed = per_second * WINDOW
        self._counts: dict[bytes, int] = {}
        self._window = 0

    def admit(self, ip: bytes, now: int) -> bool:
        """Count a request from a packed address; False when there were too many. An IPv6 network of 64 bits is one."""
        if not self._allowed:
            return True
        window = now // WINDOW
        if window != self._window:
            self._window = window
            self._counts.clear()
        network = ip if len(ip) == 4 else ip[:8]
        count = self._counts.get(network, 0)
        if count or len(self._counts) < ADDRESSES_LIMIT:
            self._counts[network] = count + 1
        return count < self._allowed
