"""All swarms of a tracker in memory, within limits, with expiry of silent peers. Pure, like `swarm`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mktorrent_py.tracker.protocol.messages import TRACKER_FULL, Announce, Counts, Event, Outcome
from mktorrent_py.tracker.swarms.swarm import Census, Random, Swarm

MAX_PEERS = 2_000_000
MAX_SWARMS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmLimits:
    """Limits of memory: an IPv4 peer takes about 180 bytes, an IPv6 peer 220, a swarm 1,500.

    `lifetime` is how many seconds after its last announce a peer is dropped.
    """

    lifetime: int = 2700
    max_peers: int = MAX_PEERS
    max_swarms: int = MAX_SWARMS


class SwarmRegistry:
    """Swarms by infohash.

    Expiry costs as much as it removes: every swarm is in the one slot of a calendar in which its oldest peer expires.
    In that slot it either loses the peer or moves to the slot of its then oldest peer.
    """

    SLOT = 16
    """Seconds that are expired together: a peer may outlive its lifetime by as much."""

    def __init__(self, limits: SwarmLimits, random: Random) -> None:
        self.limits = limits
        self.census = Census()
        self._random = random
        self._swarms: dict[bytes, Swarm] = {}
        self._calendar: dict[int, list[bytes]] = {}
        self._next_slot = 0
        # Downloads of swarms without peers.
        self._downloads: dict[bytes, int] = {}

    def __len__(self) -> int:
        return len(self._swarms)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._swarms)

    def get(self, infohash: bytes) -> Swarm | None:
        """The swarm of an infohash, if it has peers."""
        return self._swarms.get(infohash)

    def announce(self, announce: Announce, now: int) -> Outcome:
        """Record an announce; returns the answer, or a refusal when the tracker is full."""
        swarm = self._swarms.get(announce.infohash)
        if announce.event is not Event.STOPPED:
            if self._full(swarm, announce.address):
                return TRACKER_FULL
            if swarm is None:
                swarm = Swarm(self.census, self._downloads.pop(announce.infohash, 0))
                self._swarms[announce.infohash] = swarm
                self._enter(announce.infohash, now)
        elif swarm is None:
            swarm = Swarm(self.census, self._downloads.get(announce.infohash, 0))
        return swarm.announce(announce, now, self._random)

    def scrape(self, infohash: bytes) -> Counts:
        """Seeds, leechers and downloads of one swarm; zeros for an unknown one."""
        swarm = self._swarms.get(infohash)
        return swarm.counts if swarm else Counts(downloads=self._downloads.get(infohash, 0))

    def expire(self, now: int) -> None:
        """Drop peers whose lifetime is over, and swarms without peers."""
        current = now // self.SLOT
        for slot in self._due_slots(self._next_slot, current):
            for infohash in self._calendar.pop(slot):
                self._expire_swarm(infohash, now)
        self._next_slot = current + 1

    def restore(self, infohash: bytes, downloads: int) -> Swarm:
        """Open an empty swarm for the peers of a snapshot; call `finish_restore` when they are in."""
        swarm = self._swarms[infohash] = Swarm(self.census, downloads)
        return swarm

    def finish_restore(self, infohash: bytes, now: int) -> None:
        """Drop the expired peers of a restored swarm and enter it into the calendar."""
        self._expire_swarm(infohash, now)

    def dormant(self) -> Iterable[tuple[bytes, int]]:
        """Infohashes of swarms without peers, with their downloads."""
        return self._downloads.items()

    def _full(self, swarm: Swarm | None, address: bytes) -> bool:
        if swarm is None:
            return len(self._swarms) >= self.limits.max_swarms or self.census.peers >= self.limits.max_peers
        return self.census.peers >= self.limits.max_peers and address not in swarm

    def _enter(self, infohash: bytes, oldest: int) -> None:
        slot = (oldest + self.limits.lifetime) // self.SLOT + 1
        self._calendar.setdefault(slot, []).append(infohash)

    def _due_slots(self, first: int, current: int) -> list[int]:
        # After a jump of the clock there are fewer slots than numbers between.
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
            self._downloads[infohash] = swarm.downloads
            if len(self._downloads) > self.limits.max_swarms:
                del self._downloads[next(iter(self._downloads))]
