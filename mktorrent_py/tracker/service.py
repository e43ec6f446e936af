"""The announce service between sockets and store: who may announce what, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from mktorrent_py.tracker.protocol.messages import (
    STORE_UNAVAILABLE,
    UNREGISTERED,
    Announce,
    Counts,
    Outcome,
)
from mktorrent_py.tracker.swarms.rate_limit import RateLimit
from mktorrent_py.tracker.swarms.store import Store, StoreUnavailableError

Clock: TypeAlias = Callable[[], int]


class AnnounceService:
    """Answers announces and scrapes in batches.

    `swarm_of` maps every registered infohash to the one its swarm is kept under, which joins the two swarms of a
    hybrid; None tracks everything. It is replaced as a whole when the torrents change. `interval` is the announce
    interval sent to peers, in seconds. `events` counts requests by "transport result", for `/metrics`.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock: Clock,
        interval: int = 1800,
        rate: RateLimit | None = None,
        swarm_of: Mapping[bytes, bytes] | None = None,
    ) -> None:
        self.store = store
        self.clock = clock
        self.interval = interval
        self.rate = rate or RateLimit(0)
        self.swarm_of = swarm_of
        self.events: Counter[str] = Counter()

    def admit(self, ip: bytes) -> bool:
        """Whether a packed address may make one more request now."""
        return self.rate.admit(ip, self.clock())

    async def announce(self, announces: Sequence[Announce]) -> list[Outcome]:
        """The outcome of every announce, in order; refusals are values."""
        swarm_of = self.swarm_of
        if swarm_of is None:
            return await self._record(announces)
        registered = [
            announce if swarm == announce.infohash else announce._replace(infohash=swarm)
            for announce in announces
            if (swarm := swarm_of.get(announce.infohash)) is not None
        ]
        outcomes = await self._record(registered) if registered else []
        if len(registered) == len(announces):
            return outcomes
        remaining = iter(outcomes)
        return [next(remaining) if announce.infohash in swarm_of else UNREGISTERED for announce in announces]

    async def scrape(self, infohashes: Sequence[bytes]) -> list[Counts | None]:
        """The counts of every infohash, in order; None for one that is not registered.

        Raises StoreUnavailableError.
        """
        swarm_of = self.swarm_of
        swarms = infohashes if swarm_of is None else [swarm_of.get(infohash) for infohash in infohashes]
        counts = iter(await self.store.scrape([swarm for swarm in swarms if swarm is not None], self.clock()))
        return [None if swarm is None else next(counts) for swarm in swarms]

    async def _record(self, announces: Sequence[Announce]) -> list[Outcome]:
        try:
            return await self.store.announce(announces, self.clock())
        except StoreUnavailableError:
            return [STORE_UNAVAILABLE] * len(announces)
