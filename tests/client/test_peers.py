"""Which peers count as having received everything, against what truly happened to each."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from mktorrent_py.client.seeding.peers import Peer

LENGTH = 1000
HANDSHAKE, CONNECTING = 1, 2


def info(has: int, *, known: bool = True) -> SimpleNamespace:
    """libtorrent's view of a peer that has so many of the bytes."""
    return SimpleNamespace(
        progress=has / LENGTH,
        payload_up_speed=0,
        flags=0 if known else HANDSHAKE,
        handshake=HANDSHAKE,
        connecting=CONNECTING,
        client=b"client",
    )


def test_a_peer_that_arrives_with_everything_is_not_counted() -> None:
    peer = Peer(address="h:1")
    peer.update(info(0, known=False))
    peer.update(info(LENGTH))
    peer.update(info(LENGTH))
    assert not peer.is_done(LENGTH)


@given(
    st.one_of(st.sampled_from([0, LENGTH - 1, LENGTH]), st.integers(0, LENGTH)),
    st.lists(st.tuples(st.booleans(), st.integers(0, LENGTH // 2), st.booleans()), max_size=6),
    st.booleans(),
)
def test_done_is_who_arrived_with_less_and_left_with_all(
    had: int, deliveries: list[tuple[bool, int, bool]], seen_in_handshake: bool
) -> None:
    """Each delivery is from us or another, of so many bytes, and seen by a poll or not."""
    peer, truth, seen, from_us = Peer(address="h:1"), had, had, 0
    if seen_in_handshake:
        peer.update(info(0, known=False))
    peer.update(info(had))
    for ours, amount, polled in deliveries:
        amount = min(amount, LENGTH - truth)
        truth += amount
        if ours:
            peer.sent += amount
            from_us += amount
        if polled:
            peer.update(info(truth))
            seen = truth
    expected = had < LENGTH and (seen == LENGTH or had + from_us == LENGTH)
    assert peer.is_done(LENGTH) is expected


def test_a_peer_introduces_itself_once() -> None:
    peer = Peer(address="h:1")
    assert not peer.update(info(0, known=False))
    assert peer.update(info(0))
    assert not peer.update(info(5))
    assert not peer.update_from_id(b"-XX0001-")
    assert Peer(address="h:1").update_from_id(b"-XX0001-" + bytes(12))
    assert not Peer(address="h:1").update_from_id(bytes(20))
