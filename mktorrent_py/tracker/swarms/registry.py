"""All swarms of a tracker in memory, within limits, forgetting who falls silent. Pure, like `swarm`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mktorrent_py.tracker.protocol.messages import TRACKER_FULL, Announce, Counts, Event, Outcome
from mktorrent_py.tracker.swarms.swarm import Census, Random, Swarm

MAX_PEERS = 2_000_000
MAX_SWARMS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds the memory: a peer takes about 180 bytes over IPv4 and 220 over IPv6, a swarm 1,500.

    `lifetime` is how many seconds a peer that falls silent is still given to others.
    """

    lifetime: int = 2700
    max_peers: int = MAX_PEERS
    max_swarms: int = MAX_SWARMS


class Swarms:
    """Swarms by infohash.

    Expiry costs what it removes: every swarm waits in the one slot of the calendar in which its oldest peer will
    have been silent too long. Looked at then, it either loses a peer or waits for the peer that is now its oldest.
    """

    # Seconds. A peer may outlive its time by this much; swarms that expire together are looked at together.
    SLOT = 16

    def __init__(self, limits: Limits, random: Random) -> None:
        self.limits = limits
        self.census = Census()
        self._random = random
        self._swarms: dict[bytes, Swarm] = {}
        self._calendar: dict[int, list[bytes]] = {}
        self._next_slot = 0
        # Downloads of swarms nobody is in at the moment.
        self._downloads: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._swarms)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._swarms)

    def get(self, infohash: bytes) -> Swarm | None:
        """The swarm of an infohash, if anybody is in it."""
        return self._swarms.get(infohash)

    def announce(self, announce: Announce, now: int) -> Outcome:
        """Note an announce; the answer, or a refusal when the tracker is full."""
        swarm = self._swarms.get(announce.infohash)
        if announce.event is not Event.STOPPED:
            if self._full(swarm, announce.address):
                return TRACKER_FULL
            if swarm is None:
                swarm = self._open(announce.infohash, now)
        elif swarm is None:
            swarm = Swarm(self.census, self._downloads.get(announce.infohash, 0))
        return swarm.announce(announce, now, self._random)

    def scrape(self, infohash: bytes) -> Counts:
        """Seeds, leechers and downloads of one swarm; zeros for one never heard of."""
        swarm = self._swarms.get(infohash)
        return swarm.counts if swarm else Counts(downloads=self._downloads.get(infohash, 0))

    def expire(self, now: int) -> None:
        """Forget peers silent for longer than their lifetime, and swarms without peers."""
        current = now // self.SLOT
        for slot in self._due_slots(self._next_slot, current):
            for infohash in self._calendar.pop(slot):
                self._expire_swarm(infohash, now)
        self._next_slot = current + 1

    def restore(self, infohash: bytes, downloads: int) -> Swarm:
        """An empty swarm for a snapshot's peers; `settle` it when they are in."""
        swarm = self._swarms[infohash] = Swarm(self.census, downloads)
        return swarm

    def settle(self, infohash: bytes, now: int) -> None:
        """Drop what is stale of a restored swarm, and enter it into the calendar."""
        self._expire_swarm(infohash, now)

    def dormant(self) -> Iterable[tuple[bytes, int]]:
        """Infohashes whose swarms are empty, with their downloads."""
        return self._downloads.items()

    def _full(self, swarm: Swarm | None, address: bytes) -> bool:
        if swarm is None:
            return len(self._swarms) >= self.limits.max_swarms or self.census.peers >= self.limits.max_peers
        return self.census.peers >= self.limits.max_peers and address not in swarm

    def _open(self, infohash: bytes, now: int) -> Swarm:
        swarm = self._swarms[infohash] = Swarm(self.census, self._downloads.pop(infohash, 0))
        self._enter(infohash, now)
        return swarm

    def _enter(self, infohash: bytes, oldest: int) -> None:
        slot = (oldest + self.limits.lifetime) // self.SLOT + 1
        self._calendar.setdefault(slot, []).append(infohash)

    def _due_slots(self, first: int, current: int) -> list[int]:
        # After a jump of the clock there are fewer slots in use than there are numbers between.
        if current - first > len(self._calendar):
            return sorted(slot for slot in self._calendar if slot <= current)
        return [slot for slot in range(first, current + 1) if slot in self._calendar]

    def _expire_swarm(self, infohash: bytes, now: int) -> None:
        swarm = self._swarms[infohash]
        oldest = swarm.expire(now - self.limits.lifetime)
        if oldest is not None:
            self._enter(infohash, oldest)
            return
        del self._swarms[infohash]
        if swarm.downloads:
            self._remember(infohash, swarm.downloads)

    def _remember(self, infohash: bytes, downloads: int) -> None:
        self._downloads[infohash] = downloads
        if len(self._downloads) > self.limits.max_swarms:
            del self._downloads[next(iter(self._downloads))]
