"""The UDP tracker protocol (BEP 15, options of BEP 41) as bytes and values.

A datagram without a valid connection id gets no answer, so that no sender can direct answers to a third party.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, TypeAlias

from mktorrent_py.tracker.protocol.connection_id import ConnectionIds
from mktorrent_py.tracker.protocol.messages import (
    INFOHASH_LENGTH,
    MAX_SCRAPE,
    NO_PORT,
    V4_LENGTH,
    Announce,
    Answer,
    Counts,
    Event,
    Refusal,
    clamp_numwant,
)
from mktorrent_py.tracker.protocol.query import named_ip, parse_query

PROTOCOL_ID = 0x41727101980
MAX_DATAGRAM_LENGTH = 2048
"""Bytes of the largest useful request: a full scrape, or an announce with a long URL (BEP 41)."""

MAX_V6_PEERS = (1280 - 40 - 8 - 20) // 18
"""Peers in 1,280 bytes, the least that every IPv6 path carries, less the headers of IPv6, UDP and the answer."""

_CONNECT, _ANNOUNCE, _SCRAPE, _ERROR = range(4)
_HEADER = struct.Struct("!QII")
_ANNOUNCE_REQUEST = struct.Struct("!QII20s20sQQQI4sIi2s")
_CONNECT_ANSWER = struct.Struct("!IIQ")
_ANNOUNCE_ANSWER = struct.Struct("!IIIII")
_COUNTS = struct.Struct("!III")
_ERROR_ANSWER = struct.Struct("!II")

_OPTION_END, _OPTION_NOP, _OPTION_URL_DATA = range(3)
_EVENTS = tuple(Event)

BAD_LENGTH = Refusal("datagram too short for its action")
BAD_ACTION = Refusal("unknown action; expected connect, announce or scrape")


class ConnectRequest(NamedTuple):
    transaction_id: int


class AnnounceRequest(NamedTuple):
    transaction_id: int
    announce: Announce


class ScrapeRequest(NamedTuple):
    transaction_id: int
    infohashes: list[bytes]


class RefusedRequest(NamedTuple):
    transaction_id: int
    refusal: Refusal


Request: TypeAlias = ConnectRequest | AnnounceRequest | ScrapeRequest | RefusedRequest


class UdpCodec:
    """Parses datagrams; with `allow_ip_parameter` a peer may announce another address than its own."""

    __slots__ = ("_allow_ip_parameter", "_connection_ids")

    def __init__(self, connection_ids: ConnectionIds, *, allow_ip_parameter: bool = False) -> None:
        self._connection_ids = connection_ids
        self._allow_ip_parameter = allow_ip_parameter

    def parse(self, datagram: bytes, ip: bytes, now: int) -> Request | None:
        """Parse a datagram from `ip` (packed); None for one that must not be answered."""
        if len(datagram) < _HEADER.size or len(datagram) > MAX_DATAGRAM_LENGTH:
            return None
        connection_id, action, transaction_id = _HEADER.unpack_from(datagram)
        if action == _CONNECT:
            return ConnectRequest(transaction_id) if connection_id == PROTOCOL_ID else None
        if not self._connection_ids.check(connection_id, ip, now):
            return None
        if action == _ANNOUNCE:
            return self._parse_announce(datagram, ip)
        if action == _SCRAPE:
            return _parse_scrape(datagram, transaction_id)
        return RefusedRequest(transaction_id, BAD_ACTION)

    def connect_answer(self, request: ConnectRequest, ip: bytes, now: int) -> bytes:
        return _CONNECT_ANSWER.pack(_CONNECT, request.transaction_id, self._connection_ids.make(ip, now))

    def _parse_announce(self, datagram: bytes, ip: bytes) -> AnnounceRequest | RefusedRequest:
        if len(datagram) < _ANNOUNCE_REQUEST.size:
            return RefusedRequest(_HEADER.unpack_from(datagram)[2], BAD_LENGTH)
        fields = _ANNOUNCE_REQUEST.unpack_from(datagram)
        _, _, transaction_id, infohash, peer_id, _, left, _, event, ip_field, _, numwant, port = fields
        if port == b"\0\0":
            return RefusedRequest(transaction_id, NO_PORT)
        if self._allow_ip_parameter:
            ip = _named_ip(datagram, ip_field, len(ip)) or ip
        event = _EVENTS[event] if event < len(_EVENTS) else Event.NONE
        numwant = clamp_numwant(numwant) if len(ip) == 4 else min(clamp_numwant(numwant), MAX_V6_PEERS)
        return AnnounceRequest(transaction_id, Announce(infohash, peer_id, ip + port, left, event, numwant))


def _named_ip(datagram: bytes, ip_field: bytes, length: int) -> bytes | None:
    """The address that a peer announces for itself, in the URL's query (IPv4 or IPv6) or in the field of BEP 15.

    Only one of the family of the answer counts.
    """
    query = url_data(datagram).partition(b"?")[2]
    named = named_ip(dict(parse_query(query)).get(b"ip")) or (ip_field if any(ip_field) else None)
    return named if named and len(named) == length else None


def _parse_scrape(datagram: bytes, transaction_id: int) -> ScrapeRequest | RefusedRequest:
    named = (len(datagram) - _HEADER.size) // INFOHASH_LENGTH
    if named == 0:
        return RefusedRequest(transaction_id, BAD_LENGTH)
    starts = range(_HEADER.size, _HEADER.size + min(named, MAX_SCRAPE) * INFOHASH_LENGTH, INFOHASH_LENGTH)
    return ScrapeRequest(transaction_id, [datagram[at : at + INFOHASH_LENGTH] for at in starts])


def url_data(datagram: bytes) -> bytes:
    """Path and query of the announce URL, from the options after an announce (BEP 41); empty without them.

    A truncated option ends the options but leaves the announce valid: older clients append something else there (two
    bytes of flags).
    """
    at = _ANNOUNCE_REQUEST.size
    parts = []
    while at < len(datagram) and (option := datagram[at]) != _OPTION_END:
        at += 1
        if option == _OPTION_NOP:
            continue
        # An unknown option has a length too and can be skipped.
        if at == len(datagram) or (end := at + 1 + datagram[at]) > len(datagram):
            break
        if option == _OPTION_URL_DATA:
            parts.append(datagram[at + 1 : end])
        at = end
    return b"".join(parts)


def announce_answer(transaction_id: int, answer: Answer, width: int, interval: int) -> bytes:
    """Encode an answer with peers of one address family: BEP 15 has no room for both."""
    peers = answer.v4 if width == V4_LENGTH else answer.v6
    counts = answer.counts
    return _ANNOUNCE_ANSWER.pack(_ANNOUNCE, transaction_id, interval, counts.leechers, counts.seeds) + peers


def scrape_answer(transaction_id: int, counts: list[Counts]) -> bytes:
    """Encode one entry for every infohash of the request, in that order."""
    return _ERROR_ANSWER.pack(_SCRAPE, transaction_id) + b"".join(
        _COUNTS.pack(swarm.seeds, swarm.downloads, swarm.leechers) for swarm in counts
    )


def error_answer(transaction_id: int, refusal: Refusal) -> bytes:
    return _ERROR_ANSWER.pack(_ERROR, transaction_id) + refusal.reason.encode()
