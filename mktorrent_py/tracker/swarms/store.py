"""Where the swarms are kept: the interface, and the one in memory.

Requests come in batches, since one round trip to a store on another machine costs more than a hundred announces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from mktorrent_py.errors import NetworkError
from mktorrent_py.tracker.protocol.messages import Announce, Counts, Outcome
from mktorrent_py.tracker.swarms.registry import Swarms


class StoreUnavailableError(NetworkError):
    """The store did not answer in time."""


class Totals(NamedTuple):
    """All swarms together. A store that would have to count its peers leaves them None."""

    swarms: int
    seeds: int | None = None
    leechers: int | None = None


class Store(Protocol):
    """Swarms by infohash. Every method may raise StoreUnavailableError; `now` is in whole seconds."""

    async def announce(self, announces: Sequence[Announce], now: int) -> list[Outcome]:
        """Note the announces; the outcomes come in the same order."""
        ...

    async def scrape(self, infohashes: Sequence[bytes], now: int) -> list[Counts]:
        """The counts of these swarms, in the same order; zeros for one never heard of."""
        ...

    async def expire(self, now: int) -> None:
        """Forget who fell silent."""
        ...

    async def totals(self) -> Totals: ...

    async def close(self) -> None: ...


class MemoryStore:
    """Swarms in the memory of this process."""

    def __init__(self, swarms: Swarms) -> None:
        self.swarms = swarms

    async def announce(self, announces: Sequence[Announce], now: int) -> list[Outcome]:
        note = self.swarms.announce
        return [note(announce, now) for announce in announces]

    async def scrape(self, infohashes: Sequence[bytes], now: int) -> list[Counts]:
        return [self.swarms.scrape(infohash) for infohash in infohashes]

    async def expire(self, now: int) -> None:
        self.swarms.expire(now)

    async def totals(self) -> Totals:
        census = self.swarms.census
        return Totals(len(self.swarms), census.seeds, census.leechers)

    async def close(self) -> None:
        """Nothing to close."""
