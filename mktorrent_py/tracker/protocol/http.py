"""The HTTP tracker protocol (BEP 3, 7, 23, 24, 31, 48) as bytes and values."""

from __future__ import annotations

from mktorrent_py.metainfo.bencode import Encodable, encode
from mktorrent_py.tracker.protocol.messages import (
    DEFAULT_NUMWANT,
    INFOHASH_LENGTH,
    MAX_SCRAPE,
    NO_INFOHASH,
    NO_LEFT,
    NO_PEER_ID,
    NO_PORT,
    PEER_ID_LENGTH,
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

MAX_QUERY_LENGTH = 8192

NO_INFOHASHES = Refusal("scrape without info_hash")

_MAX_DIGITS = 20
"""Digits of 2^64, which no byte count exceeds."""

_EVENTS = {b"started": Event.STARTED, b"completed": Event.COMPLETED, b"stopped": Event.STOPPED}


def parse_announce(query: bytes, ip: bytes, *, allow_ip_parameter: bool = False) -> Announce | Refusal:
    """Parse an announce from a raw query string, sent from `ip` (packed).

    The last of repeated keys counts. An unknown event is a plain announce, so that newer clients are served
    (BEP 21 has `paused`).
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
    numwant = DEFAULT_NUMWANT if numwant is None else clamp_numwant(numwant)
    # BEP 23: `compact` is advisory; every client reads the compact form.
    with_ids = fields.get(b"compact") == b"0"
    return Announce(infohash, peer_id, pack_address(ip, port), left, event, numwant, True, with_ids)


def wants_no_peer_ids(query: bytes) -> bool:
    """Whether `no_peer_id` asks for the non-compact form without peer ids (BEP 23)."""
    return b"no_peer_id=1" in query.split(b"&")


def parse_scrape(query: bytes) -> list[bytes] | Refusal:
    """Parse the infohashes of a raw scrape query; more than 74 are dropped (BEP 48)."""
    infohashes = [value for key, value in parse_query(query) if key == b"info_hash"]
    if not infohashes:
        return NO_INFOHASHES
    if any(len(infohash) != INFOHASH_LENGTH for infohash in infohashes):
        return NO_INFOHASH
    return infohashes[:MAX_SCRAPE]


def _number(text: bytes | None) -> int | None:
    """Parse ASCII digits; unlike `int` without signs, spaces and underscores."""
    if not text or len(text) > _MAX_DIGITS or not text.isdigit():
        return None
    return int(text)


def announce_answer(announce: Announce, answer: Answer, interval: int, *, peer_ids: bool = True) -> bytes:
    """Encode an answer. `interval` is in seconds; `external ip` is the client's own address (BEP 24)."""
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
        message[b"peers"] = _peer_dictionaries(answer, peer_ids)
    else:
        message[b"peers"] = answer.v4
        if answer.v6 or len(announce.address) == V6_LENGTH:
            message[b"peers6"] = answer.v6
    return encode(message)


def _peer_dictionaries(answer: Answer, peer_ids: bool) -> list[Encodable]:
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
    """Encode the counts by infohash (BEP 48), with the minimum interval of scrapes."""
    files = {
        infohash: {b"complete": swarm.seeds, b"downloaded": swarm.downloads, b"incomplete": swarm.leechers}
        for infohash, swarm in counts.items()
    }
    return encode({b"files": files, b"flags": {b"min_request_interval": interval // 2}})


def failure(refusal: Refusal) -> bytes:
    """Encode a refusal: `failure reason`, and `retry in` in minutes or `never` where it is known (BEP 31)."""
    message: dict[bytes, Encodable] = {b"failure reason": refusal.reason.encode()}
    if refusal.retry_in is not None:
        message[b"retry in"] = refusal.retry_in or b"never"
    return encode(message)
