"""The tracker itself, between what came over a socket and the store: who may announce what, and how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from mktorrent_py.tracker.protocol.messages import (
    NOT_TRACKED,
    STORE_UNAVAILABLE,
    Announce,
    Counts,
    Outcome,
)
from mktorrent_py.tracker.swarms.rate_limit import RateLimit
from mktorrent_py.tracker.swarms.store import Store, StoreUnavailableError

Clock: TypeAlias = Callable[[], int]


class Tracker:
    """Answers announces and scrapes in batches.

    `swarm_of` maps the infohashes that are tracked to the one their swarm is kept under, which joins the two swarms
    of a hybrid; None tracks everything. It is replaced as a whole when the torrents change. `interval` is what peers
    are told, in seconds. `events` counts what happened, by name, for `/metrics`.
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
        self.store_available = True
        self.events: Counter[str] = Counter()

    def admit(self, ip: bytes) -> bool:
        """Whether a packed address may make one more request now."""
        return self.rate.admit(ip, self.clock())

    async def announce(self, announces: Sequence[Announce]) -> list[Outcome]:
        """The outcome of every announce, in order; refusals are values."""
        tracked = announces if self.swarm_of is None else self._tracked(announces, self.swarm_of)
        if not tracked:
            return [NOT_TRACKED] * len(announces)
        outcomes = await self._note(tracked)
        if len(tracked) == len(announces):
            return outcomes
        return self._spread(announces, outcomes)

    async def scrape(self, infohashes: Sequence[bytes]) -> list[Counts | None]:
        """The counts of every infohash, in order; None for one that is not tracked.

        Raises StoreUnavailableError.
        """
        names = [self._swarm(infohash) for infohash in infohashes]
        try:
            found = iter(await self.store.scrape([name for name in names if name is not None], self.clock()))
        except StoreUnavailableError:
            self.store_available = False
            raise
        self.store_available = True
        return [None if name is None else next(found) for name in names]

    def _swarm(self, infohash: bytes) -> bytes | None:
        return infohash if self.swarm_of is None else self.swarm_of.get(infohash)

    def _tracked(self, announces: Sequence[Announce], swarm_of: Mapping[bytes, bytes]) -> Sequence[Announce]:
        return [
            announce if swarm == announce.infohash else announce._replace(infohash=swarm)
            for announce in announces
            if (swarm := swarm_of.get(announce.infohash)) is not None
        ]

    def _spread(self, announces: Sequence[Announce], outcomes: list[Outcome]) -> list[Outcome]:
        noted = iter(outcomes)
        return [NOT_TRACKED if self._swarm(announce.infohash) is None else next(noted) for announce in announces]

    async def _note(self, announces: Sequence[Announce]) -> list[Outcome]:
        try:
            outcomes = await self.store.announce(announces, self.clock())
        except StoreUnavailableError:
            self.store_available = False
            return [STORE_UNAVAILABLE] * len(announces)
        self.store_available = True
        return outcomes
