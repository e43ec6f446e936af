"""One swarm and all of them: who is counted, who is given to whom, who is forgotten."""

from __future__ import annotations

import random
from array import array
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from rig import address, announce, peer_id

from mktorrent_py.tracker.protocol.messages import TRACKER_FULL, Answer, Counts, Event, split_addresses
from mktorrent_py.tracker.swarms.registry import SwarmLimits, SwarmRegistry
from mktorrent_py.tracker.swarms.swarm import Census, PeerTable, Swarm, share_of_seeds


def swarms(**limits: int) -> SwarmRegistry:
    return SwarmRegistry(SwarmLimits(**limits), random.Random(1).random)


def swarm_of(seeds: int, leechers: int, width: int = 6) -> Swarm:
    swarm, draw = Swarm(Census()), random.Random(2).random
    for number in range(seeds):
        swarm.announce(announce(number, left=0, width=width), 1, draw)
    for number in range(seeds, seeds + leechers):
        swarm.announce(announce(number, width=width), 1, draw)
    return swarm


def given_to(answer: object) -> set[tuple[str, int]]:
    assert isinstance(answer, Answer)
    pairs = [*split_addresses(answer.v4, 6), *split_addresses(answer.v6, 18)]
    assert len(set(pairs)) == len(pairs), "nobody is given twice"
    return set(pairs)


def endpoint(number: int, width: int = 6) -> tuple[str, int]:
    return split_addresses(address(number, width), width)[0]


class Model(RuleBasedStateMachine):
    """A swarm against the plainest model of one: a dictionary of peers."""

    @initialize(seed=st.integers(0, 2**32))
    def start(self, seed: int) -> None:
        self.draw = random.Random(seed).random
        self.swarm = Swarm(Census())
        self.peers: dict[bytes, tuple[bool, int]] = {}
        self.downloads = 0
        self.now = 1000

    @rule(
        number=st.integers(0, 12),
        left=st.sampled_from([0, 1]),
        event=st.sampled_from(list(Event)),
        width=st.sampled_from([6, 18]),
        numwant=st.integers(0, 30),
        both=st.booleans(),
        ids=st.booleans(),
    )
    def announces(self, number: int, left: int, event: Event, width: int, numwant: int, both: bool, ids: bool) -> None:
        asked = announce(number, left, event, width=width, numwant=numwant, both_families=both, with_ids=ids)
        answer = self.swarm.announce(asked, self.now, self.draw)
        was_seed = self.peers.get(asked.address, (False, 0))[0]
        if event is Event.STOPPED:
            self.peers.pop(asked.address, None)
        else:
            self.downloads += event is Event.COMPLETED and left == 0 and not was_seed
            self.peers[asked.address] = (left == 0, self.now)
        assert answer.counts == self.counts()
        self.check_answer(asked, answer)

    def check_answer(self, asked: object, answer: Answer) -> None:
        assert isinstance(asked, type(announce()))
        chosen = [answer.v4[at : at + 6] for at in range(0, len(answer.v4), 6)]
        chosen += [answer.v6[at : at + 18] for at in range(0, len(answer.v6), 18)]
        wanted = [
            peer
            for peer, (seed, _) in self.peers.items()
            if peer != asked.address and not (seed and asked.left == 0)
            if len(peer) == len(asked.address) or (asked.both_families and not self.same_peer(peer, asked))
        ]
        expected = 0 if asked.event is Event.STOPPED else min(asked.numwant, len(wanted))
        assert set(chosen) <= set(wanted) and len(set(chosen)) == len(chosen)
        own_family = sum(len(peer) == len(asked.address) for peer in wanted)
        # The peer itself under its other address may have been drawn and left out again.
        assert expected - 1 <= len(chosen) <= expected if own_family < expected else len(chosen) == expected
        ids = answer.v4_ids + answer.v6_ids
        assert len(ids) == (20 * len(chosen) if asked.with_ids else 0)
        for place, peer in enumerate(chosen if asked.with_ids else ()):
            assert ids[place * 20 : place * 20 + 20] == peer_id(int.from_bytes(peer[-2:], "big") - 1024)

    @staticmethod
    def same_peer(peer: bytes, asked: object) -> bool:
        assert isinstance(asked, type(announce()))
        return peer[-2:] == asked.address[-2:]

    @rule(seconds=st.integers(1, 50))
    def time_passes(self, seconds: int) -> None:
        self.now += seconds

    @rule(lifetime=st.integers(0, 100))
    def expires(self, lifetime: int) -> None:
        oldest = self.swarm.expire(self.now - lifetime)
        self.peers = {peer: known for peer, known in self.peers.items() if known[1] >= self.now - lifetime}
        assert oldest == min((seen for _, seen in self.peers.values()), default=None)

    def counts(self) -> Counts:
        seeds = sum(seed for seed, _ in self.peers.values())
        return Counts(seeds, len(self.peers) - seeds, self.downloads)

    @invariant()
    def counts_hold(self) -> None:
        if hasattr(self, "swarm"):
            assert self.swarm.counts == self.counts()
            assert self.swarm.total.peers == len(self.peers)


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def test_seeds_are_given_leechers_only() -> None:
    swarm = swarm_of(seeds=5, leechers=5)
    answer = swarm.announce(announce(0, left=0), 2, random.random)
    assert given_to(answer) == {endpoint(number) for number in range(5, 10)}


@pytest.mark.parametrize("width", [6, 18])
def test_a_leecher_is_given_everybody_else_when_there_is_room(width: int) -> None:
    swarm = swarm_of(seeds=20, leechers=30, width=width)
    answer = swarm.announce(announce(20, width=width), 2, random.random)
    assert given_to(answer) == {endpoint(number, width) for number in range(50) if number != 20}


@pytest.mark.parametrize("numwant", [0, 1, 2, 49, 50, 51])
def test_as_many_as_are_wanted(numwant: int) -> None:
    swarm = swarm_of(seeds=25, leechers=26)
    answer = swarm.announce(announce(30, numwant=numwant), 2, random.random)
    assert len(given_to(answer)) == min(numwant, 50)


def test_few_leechers_need_no_rule_of_their_own() -> None:
    """The proportional share leaves no place empty: `max(wanted - leechers, share)` sends the same peers."""
    for wanted, seeds, leechers in product(range(41), range(41), range(41)):
        share = share_of_seeds(wanted, seeds, leechers)
        other = max(wanted - leechers, share) if seeds else 0
        assert min(share, seeds) == min(other, seeds)
        assert min(wanted - share, leechers) == min(wanted - other, leechers)


@given(wanted=st.integers(1, 200), seeds=st.integers(0, 300), leechers=st.integers(0, 300))
def test_the_shares_fill_the_answer(wanted: int, seeds: int, leechers: int) -> None:
    share = share_of_seeds(wanted, seeds, leechers)
    assert 0 <= share <= wanted
    assert (share > 0) == (seeds > 0)
    assert min(share, seeds) + min(wanted - share, leechers) == min(wanted, seeds + leechers)


def test_every_peer_is_given_about_as_often() -> None:
    swarm, draw = swarm_of(seeds=0, leechers=101), random.Random(3).random
    given_out: Counter[tuple[str, int]] = Counter()
    for _ in range(4000):
        given_out.update(given_to(swarm.announce(announce(100, numwant=10), 2, draw)))
    assert len(given_out) == 100
    assert min(given_out.values()) > 250 and max(given_out.values()) < 600


def test_neighbours_in_time_are_not_neighbours_in_answers() -> None:
    """Peers that came one after the other must not be handed out together each time."""
    together = 0
    for seed in range(400):
        swarm, draw = Swarm(Census()), random.Random(seed).random
        for number in range(40):
            swarm.announce(announce(number), 1, draw)
        chosen = given_to(swarm.announce(announce(99, numwant=10), 2, draw))
        together += {endpoint(0), endpoint(1)} <= chosen
    # By chance: 10 / 40 * 9 / 39 of 400, which is 23. In order of arrival it would be about 90.
    assert together < 50


def test_a_download_is_counted_once() -> None:
    swarm, draw = swarm_of(seeds=0, leechers=1), random.random
    for _ in range(3):
        swarm.announce(announce(0, left=0, event=Event.COMPLETED), 2, draw)
    assert swarm.counts == Counts(1, 0, 1)
    swarm.announce(announce(5, left=7, event=Event.COMPLETED), 2, draw)
    assert swarm.counts == Counts(1, 1, 1), "nobody has completed what he still misses 7 bytes of"


def test_a_seed_that_loses_data_is_a_leecher() -> None:
    swarm = swarm_of(seeds=1, leechers=0)
    swarm.announce(announce(0, left=3), 2, random.random)
    assert swarm.counts == Counts(0, 1, 0)


def test_stopping_is_for_oneself_only() -> None:
    swarm = swarm_of(seeds=1, leechers=1)
    thief = announce(7, event=Event.STOPPED, peer_id=peer_id(0))
    assert swarm.announce(thief, 2, random.random) == Answer(Counts(1, 1, 0))


def test_loopback_is_given_to_loopback_only() -> None:
    swarm, draw = Swarm(Census()), random.random
    here, there = b"\x7f\0\0\1\x1a\xe1", address(1)
    swarm.announce(announce(0, address=here), 1, draw)
    swarm.announce(announce(3, address=b"\x7f\0\0\2\x1a\xe1"), 1, draw)
    assert given_to(swarm.announce(announce(1, address=there), 1, draw)) == set()
    assert given_to(swarm.announce(announce(0, address=here), 1, draw)) == {("127.0.0.2", 6881), endpoint(1)}


def test_nobody_is_given_himself_in_the_other_family() -> None:
    swarm, draw = Swarm(Census()), random.random
    swarm.announce(announce(1, width=18), 1, draw)
    swarm.announce(announce(2, width=18), 1, draw)
    answer = swarm.announce(announce(1, both_families=True), 1, draw)
    assert given_to(answer) == {endpoint(2, 18)}


def test_columns_that_do_not_fit_are_refused() -> None:
    good = (6, address(1) + address(2), bytes(40), array("I", [5, 4]))
    assert PeerTable.from_columns(*good).oldest() == 4
    for broken in (
        (6, address(1) + address(1), bytes(40), array("I", [5, 4])),
        (6, address(1) + b"x", bytes(40), array("I", [5, 4])),
        (6, address(1) + address(2), bytes(39), array("I", [5, 4])),
        (6, address(1) + address(2), bytes(40), array("I", [5])),
    ):
        with pytest.raises(ValueError):
            PeerTable.from_columns(*broken)


@pytest.mark.parametrize(("waited", "left"), [(SwarmRegistry.SLOT, 1), (100, 1), (100 + 2 * SwarmRegistry.SLOT, 0)])
def test_the_silent_are_forgotten(waited: int, left: int) -> None:
    all_swarms = swarms(lifetime=100)
    all_swarms.announce(announce(1), 1000)
    all_swarms.expire(1000 + waited)
    assert (all_swarms.census.peers, len(all_swarms)) == (left, left)


def test_who_announces_again_stays() -> None:
    all_swarms = swarms(lifetime=100)
    for now in range(1000, 2000, 50):
        all_swarms.announce(announce(1), now)
        all_swarms.announce(announce(now), now)
        all_swarms.expire(now)
    swarm = all_swarms.get(b"i" * 20)
    assert swarm is not None and address(1) in swarm
    assert swarm.census.peers <= 100 // 50 + 3


@settings(deadline=None)
@given(jump=st.integers(-(10**9), 10**9))
def test_a_clock_that_jumps_forgets_too_much_or_too_little_but_breaks_nothing(jump: int) -> None:
    all_swarms = swarms(lifetime=100)
    start = 2 * 10**9
    for step in (0, 10, jump, jump + 10, jump + 1000):
        all_swarms.announce(announce(step % 5), start + step)
        all_swarms.expire(start + step)
    all_swarms.expire(start + max(0, jump) + 5000)
    assert all_swarms.census.peers == 0 and len(all_swarms) == 0


def test_downloads_outlive_the_peers() -> None:
    all_swarms = swarms(lifetime=10)
    all_swarms.announce(announce(1, left=0, event=Event.COMPLETED), 1000)
    all_swarms.expire(2000)
    assert len(all_swarms) == 0
    assert all_swarms.scrape(b"i" * 20) == Counts(0, 0, 1)
    stopped = all_swarms.announce(announce(1, event=Event.STOPPED), 2001)
    assert stopped == Answer(Counts(0, 0, 1)) and len(all_swarms) == 0
    answer = all_swarms.announce(announce(2), 2001)
    assert isinstance(answer, Answer) and answer.counts == Counts(0, 1, 1)


def test_a_full_tracker_keeps_those_it_has() -> None:
    all_swarms = swarms(max_peers=2, max_swarms=2)
    assert isinstance(all_swarms.announce(announce(1), 1), Answer)
    assert isinstance(all_swarms.announce(announce(2), 1), Answer)
    assert all_swarms.announce(announce(3), 1) == TRACKER_FULL
    assert all_swarms.announce(announce(3, infohash=b"j" * 20), 1) == TRACKER_FULL
    assert isinstance(all_swarms.announce(announce(1), 1), Answer)
    all_swarms.announce(announce(1, event=Event.STOPPED), 1)
    assert isinstance(all_swarms.announce(announce(3), 1), Answer)


def test_a_tracker_full_of_swarms_opens_no_more() -> None:
    all_swarms = swarms(max_swarms=2)
    outcomes = [all_swarms.announce(announce(1, infohash=bytes([n]) * 20), 1) for n in range(3)]
    assert outcomes[2] == TRACKER_FULL and len(all_swarms) == 2
    stopped = all_swarms.announce(announce(1, event=Event.STOPPED, infohash=b"z" * 20), 1)
    assert isinstance(stopped, Answer), "who says goodbye is not turned away"


def test_remembered_downloads_are_bounded() -> None:
    all_swarms = swarms(lifetime=10, max_swarms=3)
    for number in range(10):
        done = announce(1, left=0, event=Event.COMPLETED, infohash=bytes([number]) * 20)
        all_swarms.announce(done, 100 * number)
        all_swarms.expire(100 * number + 99)
    assert [infohash[0] for infohash, _ in all_swarms.dormant()] == [7, 8, 9]


def test_expiry_does_not_look_at_the_living() -> None:
    """A sweep in which nobody is due touches no swarm, however many there are."""
    all_swarms = swarms(lifetime=1000)
    looked_at = []
    for number in range(500):
        all_swarms.announce(announce(1, infohash=number.to_bytes(20, "big")), 0)
    for number in range(500):
        swarm = all_swarms.get(number.to_bytes(20, "big"))
        assert swarm is not None
    original = Swarm.expire

    def counting(self: Swarm, before: int) -> int | None:
        looked_at.append(self)
        return original(self, before)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Swarm, "expire", counting)
        for now in range(0, 960, 16):
            all_swarms.expire(now)
        assert looked_at == []
        all_swarms.expire(2000)
    assert len(looked_at) == 500 and len(all_swarms) == 0
