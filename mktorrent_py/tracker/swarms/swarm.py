"""One swarm: its peers, and which of them an announcing peer receives. Pure: `now` and `random` are arguments.

A peer is identified by its address, so that no peer can announce or stop for another. One that announces over IPv4 and
IPv6 is therefore two.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator
from typing import TypeAlias

from mktorrent_py.tracker.protocol.messages import (
    PEER_ID_LENGTH,
    V4_LENGTH,
    V6_LENGTH,
    Announce,
    Answer,
    Counts,
    Event,
    is_loopback,
)

Random: TypeAlias = Callable[[], float]


class Census:
    """Numbers of peers, updated as they come and go."""

    __slots__ = ("leechers", "seeds")

    def __init__(self) -> None:
        self.seeds = 0
        self.leechers = 0

    @property
    def peers(self) -> int:
        return self.seeds + self.leechers


class PeerTable:
    """Seeds or leechers of one address family, as parallel arrays.

    The arrays are in random order (a new peer swaps places with a random one), so that any run of them is a random
    sample and an answer is one slice. `places` maps addresses to indices, in the order of the last announces, so that
    expired peers are at its front.
    """

    __slots__ = ("addresses", "ids", "loopback", "places", "seen", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self.places: dict[bytes, int] = {}
        self.addresses = bytearray()
        self.ids = bytearray()
        self.seen = array("I")
        self.loopback = 0

    @classmethod
    def from_columns(cls, width: int, addresses: bytes, ids: bytes, seen: array[int]) -> PeerTable:
        """Restore the columns of a snapshot. Raises ValueError where they do not match."""
        size = len(seen)
        order = sorted(range(size), key=seen.__getitem__)
        peers = cls(width)
        peers.places = {addresses[place * width : (place + 1) * width]: place for place in order}
        if len(addresses) != size * width or len(ids) != size * PEER_ID_LENGTH or len(peers.places) != size:
            raise ValueError(f"{len(addresses)} bytes of addresses and {len(ids)} of peer ids for {size} peers")
        peers.addresses, peers.ids, peers.seen = bytearray(addresses), bytearray(ids), seen
        peers.loopback = sum(map(is_loopback, peers.places))
        return peers

    def __len__(self) -> int:
        return len(self.places)

    def __contains__(self, address: bytes) -> bool:
        return address in self.places

    def put(self, address: bytes, peer_id: bytes, now: int, random: Random) -> bool:
        """Record that a peer announced at `now`; True when it is new."""
        place = self.places.pop(address, None)
        new = place is None
        if place is None:
            place = self._make_room(int(random() * (len(self.places) + 1)))
            self.addresses[place * self.width : (place + 1) * self.width] = address
            self.loopback += is_loopback(address)
        self.places[address] = place
        self.ids[place * PEER_ID_LENGTH : (place + 1) * PEER_ID_LENGTH] = peer_id
        self.seen[place] = now
        return new

    def discard(self, address: bytes) -> bool:
        """Drop a peer; True when it was there."""
        place = self.places.pop(address, None)
        if place is None:
            return False
        last = len(self.places)
        if place != last:
            self._move(last, place)
        self._truncate(last)
        self.loopback -= is_loopback(address)
        return True

    def expire(self, before: int) -> int:
        """Drop peers that last announced before `before`; returns how many."""
        stale = []
        for address, place in self.places.items():
            if self.seen[place] >= before:
                break
            stale.append(address)
        for address in stale:
            self.discard(address)
        return len(stale)

    def oldest(self) -> int | None:
        """The time of the oldest last announce; None without peers."""
        place = next(iter(self.places.values()), None)
        return None if place is None else self.seen[place]

    def sample(self, count: int, start: int, without: bytes = b"") -> bytes:
        """Up to `count` addresses from index `start` on, wrapping around, except `without`."""
        return self._run(self.addresses, self.width, count, start, self.places.get(without))

    def sample_ids(self, count: int, start: int, without: bytes = b"") -> bytes:
        """The peer ids of the addresses of the same `sample`."""
        return self._run(self.ids, PEER_ID_LENGTH, count, start, self.places.get(without))

    def _run(self, column: bytearray, width: int, count: int, start: int, left_out: int | None) -> bytes:
        size = len(self.places)
        if left_out is None:
            return _slice_round(column, width, start, min(count, size))
        # Take one more, so that the answer is full without the one left out.
        count = min(count, size - 1)
        run = _slice_round(column, width, start, count + 1)
        at = (left_out - start) % size
        return run[: at * width] + run[(at + 1) * width :] if at <= count else run[: count * width]

    def _make_room(self, place: int) -> int:
        """Append an entry and move the one at `place` there; returns `place`, now free."""
        last = len(self.seen)
        self.addresses.extend(bytes(self.width))
        self.ids.extend(bytes(PEER_ID_LENGTH))
        self.seen.append(0)
        if place != last:
            self._move(place, last)
        return place

    def _move(self, source: int, target: int) -> None:
        width = self.width
        address = bytes(self.addresses[source * width : (source + 1) * width])
        self.addresses[target * width : (target + 1) * width] = address
        ids = self.ids
        ids[target * PEER_ID_LENGTH : (target + 1) * PEER_ID_LENGTH] = ids[
            source * PEER_ID_LENGTH : (source + 1) * PEER_ID_LENGTH
        ]
        self.seen[target] = self.seen[source]
        self.places[address] = target

    def _truncate(self, size: int) -> None:
        del self.addresses[size * self.width :]
        del self.ids[size * PEER_ID_LENGTH :]
        del self.seen[size:]


def _slice_round(column: bytearray, width: int, start: int, count: int) -> bytes:
    run = bytes(column[start * width : (start + count) * width])
    missing = count * width - len(run)
    return run + column[:missing] if missing else run


class Swarm:
    """The peers of one infohash, and how often it was downloaded.

    `total` is the census of all swarms together, which the swarm updates.
    """

    __slots__ = ("census", "downloads", "leechers", "seeds", "total")

    def __init__(self, total: Census, downloads: int = 0) -> None:
        self.census = Census()
        self.total = total
        self.downloads = downloads
        self.seeds: dict[int, PeerTable] = {}
        self.leechers: dict[int, PeerTable] = {}

    @property
    def counts(self) -> Counts:
        return Counts(self.census.seeds, self.census.leechers, self.downloads)

    def __contains__(self, address: bytes) -> bool:
        return any(address in peers for peers in self._peers() if peers.width == len(address))

    def announce(self, announce: Announce, now: int, random: Random) -> Answer:
        """Record the announce and choose the peers of the answer."""
        if announce.event is Event.STOPPED:
            self.leave(announce.address)
            return Answer(self.counts)
        self._record(announce, now, random)
        return self._answer(announce, random)

    def leave(self, address: bytes) -> None:
        """Drop the peer at `address`, if it is there."""
        width = len(address)
        if width in self.seeds and self.seeds[width].discard(address):
            self._count(seeds=-1)
        if width in self.leechers and self.leechers[width].discard(address):
            self._count(leechers=-1)

    def expire(self, before: int) -> int | None:
        """Drop peers silent since `before`; returns the time of the oldest remaining announce, if any."""
        for peers in self.seeds.values():
            self._count(seeds=-peers.expire(before))
        for peers in self.leechers.values():
            self._count(leechers=-peers.expire(before))
        return min((seen for peers in self._peers() if (seen := peers.oldest()) is not None), default=None)

    def restore(self, peers: PeerTable, *, seeds: bool) -> None:
        """Put back the peers of a snapshot. Raises ValueError when there are some already."""
        families = self.seeds if seeds else self.leechers
        if peers.width in families:
            raise ValueError("duplicate peers of one swarm")
        families[peers.width] = peers
        self._count(seeds=len(peers) * seeds, leechers=len(peers) * (not seeds))

    def _record(self, announce: Announce, now: int, random: Random) -> None:
        address, width, is_seed = announce.address, len(announce.address), announce.left == 0
        own, other = (self.seeds, self.leechers) if is_seed else (self.leechers, self.seeds)
        if width not in own:
            own[width] = PeerTable(width)
        if not own[width].put(address, announce.peer_id, now, random):
            return
        was_other = width in other and other[width].discard(address)
        if is_seed:
            self._count(seeds=1, leechers=-was_other)
            # Counted when a peer becomes a seed: clients announce the completion of a hybrid once for each infohash.
            self.downloads += announce.event is Event.COMPLETED
        else:
            self._count(seeds=-was_other, leechers=1)

    def _count(self, *, seeds: int = 0, leechers: int = 0) -> None:
        for census in (self.census, self.total):
            census.seeds += seeds
            census.leechers += leechers

    def _peers(self) -> Iterator[PeerTable]:
        yield from self.seeds.values()
        yield from self.leechers.values()

    def _answer(self, announce: Announce, random: Random) -> Answer:
        width = len(announce.address)
        mine, mine_ids = self._pick(width, announce, announce.numwant, random)
        other = other_ids = b""
        if announce.both_families:
            wanted = announce.numwant - len(mine) // width
            other, other_ids = self._pick(V4_LENGTH + V6_LENGTH - width, announce, wanted, random)
        if width == V4_LENGTH:
            return Answer(self.counts, mine, other, mine_ids, other_ids)
        return Answer(self.counts, other, mine, other_ids, mine_ids)

    def _pick(self, width: int, announce: Announce, wanted: int, random: Random) -> tuple[bytes, bytes]:
        """Peers of one family as joined addresses and, if needed, joined peer ids. Seeds receive no seeds."""
        seeds = self.seeds.get(width) if announce.left else None
        leechers = self.leechers.get(width)
        seeds_wanted = share_of_seeds(wanted, len(seeds or ()), len(leechers or ()))
        seed_addresses, seed_ids = _draw(seeds, seeds_wanted, announce, random)
        leecher_addresses, leecher_ids = _draw(leechers, wanted - seeds_wanted, announce, random)
        return seed_addresses + leecher_addresses, seed_ids + leecher_ids


def share_of_seeds(wanted: int, seeds: int, leechers: int) -> int:
    """How many of `wanted` peers should be seeds: in proportion to the swarm, rounded up."""
    return -(-wanted * seeds // (seeds + leechers)) if seeds else 0


def is_reachable(announce: Announce, address: bytes, peer_id: bytes) -> bool:
    """Whether the announcing peer can use a peer: not itself, nor a loopback address of another machine.

    In the other address family only the peer id shows that it is itself.
    """
    same_family = len(address) == len(announce.address)
    if address == announce.address or (not same_family and peer_id == announce.peer_id):
        return False
    return not is_loopback(address) or is_loopback(announce.address)


def _draw(peers: PeerTable | None, wanted: int, announce: Announce, random: Random) -> tuple[bytes, bytes]:
    if not peers or wanted <= 0:
        return b"", b""
    start = int(random() * len(peers))
    addresses = peers.sample(wanted, start, announce.address)
    other_family = peers.width != len(announce.address)
    if not (peers.loopback or other_family or announce.with_ids):
        return addresses, b""
    ids = peers.sample_ids(wanted, start, announce.address)
    if (other_family and announce.peer_id in ids) or (peers.loopback and not is_loopback(announce.address)):
        addresses, ids = _without_unreachable(addresses, ids, peers.width, announce)
    return addresses, ids if announce.with_ids else b""


def _without_unreachable(addresses: bytes, ids: bytes, width: int, announce: Announce) -> tuple[bytes, bytes]:
    pairs = [
        (addresses[place * width : (place + 1) * width], ids[place * PEER_ID_LENGTH : (place + 1) * PEER_ID_LENGTH])
        for place in range(len(addresses) // width)
    ]
    kept = [pair for pair in pairs if is_reachable(announce, *pair)]
    return b"".join(address for address, _ in kept), b"".join(peer_id for _, peer_id in kept)
