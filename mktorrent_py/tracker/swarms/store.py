"""Stores of swarms: the interface, and the store in memory.

Requests come in batches, as one round trip to a store on another machine costs more than a hundred announces.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from mktorrent_py.errors import NetworkError
from mktorrent_py.tracker.protocol.messages import Announce, Counts, Outcome
from mktorrent_py.tracker.swarms.registry import SwarmRegistry


class StoreUnavailableError(NetworkError):
    """The store did not answer in time."""

    default_code = "store-unavailable"


class Totals(NamedTuple):
    """Counts of all swarms together; `seeds` and `leechers` are None where the store keeps no such count."""

    swarms: int
    seeds: int | None = None
    leechers: int | None = None


class Store(Protocol):
    """Swarms by infohash. Every method may raise StoreUnavailableError; `now` is in whole seconds."""

    async def announce(self, announces: Sequence[Announce], now: int) -> list[Outcome]:
        """Record the announces; returns the outcomes in the same order."""
        ...

    async def scrape(self, infohashes: Sequence[bytes], now: int) -> list[Counts]:
        """The counts of these swarms in the same order; zeros for an unknown one."""
        ...

    async def expire(self, now: int) -> None:
        """Drop peers that stopped announcing."""
        ...

    async def totals(self) -> Totals: ...

    async def close(self) -> None: ...


class MemoryStore:
    """Swarms in the memory of this process."""

    def __init__(self, swarms: SwarmRegistry) -> None:
        self.swarms = swarms

    async def announce(self, announces: Sequence[Announce], now: int) -> list[Outcome]:
        record = self.swarms.announce
        return [record(announce, now) for announce in announces]

    async def scrape(self, infohashes: Sequence[bytes], now: int) -> list[Counts]:
        return [self.swarms.scrape(infohash) for infohash in infohashes]

    async def expire(self, now: int) -> None:
        self.swarms.expire(now)

    async def totals(self) -> Totals:
        census = self.swarms.census
        return Totals(len(self.swarms), census.seeds, census.leechers)

    async def close(self) -> None:
        """Do nothing: memory needs no closing."""
