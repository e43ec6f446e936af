"""The HTTP tracker protocol (BEP 3, 7, 23, 24, 31, 48) as bytes and values."""

from __future__ import annotations

from mktorrent_py.metainfo.bencode import Encodable, encode
from mktorrent_py.tracker.protocol.messages import (
    INFOHASH_LENGTH,
    NO_INFOHASH,
    NO_LEFT,
    NO_PEER_ID,
    NO_PORT,
    NUMWANT_DEFAULT,
    PEER_ID_LENGTH,
    SCRAPE_LIMIT,
    V4_LENGTH,
    V6_LENGTH,
    Announce,
    Answer,
    Counts,
    Event,
    Refusal,
    clamp_numwant,
    pack_address,
    split_addresses,
)
from mktorrent_py.tracker.protocol.query import named_ip, parse_query

QUERY_LIMIT = 8192

NO_INFOHASHES = Refusal("a scrape must name at least one info_hash")

# Digits of 2^64: what no byte count exceeds.
_DIGITS_LIMIT = 20
_EVENTS = {b"started": Event.STARTED, b"completed": Event.COMPLETED, b"stopped": Event.STOPPED}


def parse_announce(query: bytes, ip: bytes, *, allow_ip_parameter: bool = False) -> Announce | Refusal:
    """The announce in a raw query string, sent from `ip` (packed), or why it is none.

    Of a key given twice the last counts. An event this tracker does not know is a plain announce, so that newer
    clients are not locked out (BEP 21 has `paused`).
    """
    fields = dict(parse_query(query))
    infohash = fields.get(b"info_hash", b"")
    if len(infohash) != INFOHASH_LENGTH:
        return NO_INFOHASH
    peer_id = fields.get(b"peer_id", b"")
    if len(peer_id) != PEER_ID_LENGTH:
        return NO_PEER_ID
    port = _number(fields.get(b"port"))
    if port is None or not 0 < port < 65536:
        return NO_PORT
    left = _number(fields.get(b"left"))
    if left is None:
        return NO_LEFT
    if allow_ip_parameter:
        ip = named_ip(fields.get(b"ip")) or ip
    event = _EVENTS.get(fields.get(b"event", b""), Event.NONE)
    numwant = _number(fields.get(b"numwant"))
    numwant = NUMWANT_DEFAULT if numwant is None else clamp_numwant(numwant)
    # BEP 23: compact is advice; without it compact is what everybody reads.
    with_ids = fields.get(b"compact") == b"0"
    return Announce(infohash, peer_id, pack_address(ip, port), left, event, numwant, True, with_ids)


def wants_peer_ids_left_out(query: bytes) -> bool:
    """BEP 23: `no_peer_id` asks for the uncompact form without the peer ids."""
    return b"no_peer_id=1" in query.split(b"&")


def parse_scrape(query: bytes) -> list[bytes] | Refusal:
    """The infohashes of a raw scrape query, the first 74 of them (BEP 48)."""
    infohashes = [value for key, value in parse_query(query) if key == b"info_hash"]
    if not infohashes:
        return NO_INFOHASHES
    if any(len(infohash) != INFOHASH_LENGTH for infohash in infohashes):
        return NO_INFOHASH
    return infohashes[:SCRAPE_LIMIT]


def _number(text: bytes | None) -> int | None:
    """A decimal number of ASCII digits; what `int` also takes (signs, spaces, underscores) is nonsense here."""
    if not text or len(text) > _DIGITS_LIMIT or not text.isdigit():
        return None
    return int(text)


def announce_answer(announce: Announce, answer: Answer, interval: int, *, peer_ids: bool = True) -> bytes:
    """`interval` is in seconds. `external ip` tells the peer its own address (BEP 24)."""
    counts = answer.counts
    message: dict[bytes, Encodable] = {
        b"complete": counts.seeds,
        b"downloaded": counts.downloads,
        b"external ip": announce.address[:-2],
        b"incomplete": counts.leechers,
        b"interval": interval,
        b"min interval": interval // 2,
    }
    if announce.with_ids:
        message[b"peers"] = _uncompact(answer, peer_ids)
    else:
        message[b"peers"] = answer.v4
        if answer.v6 or len(announce.address) == V6_LENGTH:
            message[b"peers6"] = answer.v6
    return encode(message)


def _uncompact(answer: Answer, peer_ids: bool) -> list[Encodable]:
    endpoints = [*split_addresses(answer.v4, V4_LENGTH), *split_addresses(answer.v6, V6_LENGTH)]
    ids = answer.v4_ids + answer.v6_ids
    peers: list[Encodable] = []
    for place, (ip, port) in enumerate(endpoints):
        peer: dict[bytes, Encodable] = {b"ip": ip, b"port": port}
        if peer_ids:
            peer[b"peer id"] = ids[place * PEER_ID_LENGTH : (place + 1) * PEER_ID_LENGTH]
        peers.append(peer)
    return peers


def scrape_answer(counts: dict[bytes, Counts], interval: int) -> bytes:
    """The `files` of BEP 48 by infohash, and how soon to ask again."""
    files = {
        infohash: {b"complete": swarm.seeds, b"downloaded": swarm.downloads, b"incomplete": swarm.leechers}
        for infohash, swarm in counts.items()
    }
    return encode({b"files": files, b"flags": {b"min_request_interval": interval // 2}})


def failure(refusal: Refusal) -> bytes:
    """`failure reason`, with `retry in` in minutes or `never` where there is something to say (BEP 31)."""
    message: dict[bytes, Encodable] = {b"failure reason": refusal.reason.encode()}
    if refusal.retry_in is not None:
        message[b"retry in"] = refusal.retry_in or b"never"
    return encode(message)
