"""The UDP tracker protocol (BEP 15, options of BEP 41) as bytes and values.

What a malformed datagram gets is decided by whether its sender proved to be where it claims: without a valid
connection id there is silence, so that nobody can have answers sent to a third party.
"""

from __future__ import annotations

import struct
from typing import NamedTuple, TypeAlias

from mktorrent_py.tracker.protocol.connection_id import ConnectionIds
from mktorrent_py.tracker.protocol.messages import (
    INFOHASH_LENGTH,
    NO_PORT,
    SCRAPE_LIMIT,
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
# The largest request that means something: a full scrape, or an announce with a long URL (BEP 41).
DATAGRAM_LIMIT = 2048
# An IPv6 path need not carry more than 1,280 bytes: 40 of them IPv6, 8 UDP, 20 the announce header.
V6_PEERS_LIMIT = (1280 - 40 - 8 - 20) // 18

_CONNECT, _ANNOUNCE, _SCRAPE, _ERROR = range(4)
_HEADER = struct.Struct("!QII")
_ANNOUNCE_REQUEST = struct.Struct("!QII20s20sQQQI4sIi2s")
_CONNECT_ANSWER = struct.Struct("!IIQ")
_ANNOUNCE_ANSWER = struct.Struct("!IIIII")
_COUNTS = struct.Struct("!III")
_ERROR_ANSWER = struct.Struct("!II")

_OPTION_END, _OPTION_NOP, _OPTION_URL_DATA = range(3)
_EVENTS = tuple(Event)

BAD_LENGTH = Refusal("the datagram is shorter than its action needs")
BAD_ACTION = Refusal("the action is none of connect, announce and scrape")


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
    """Parses datagrams; `allow_ip_parameter` lets a peer name another address than the one it sends from."""

    __slots__ = ("_allow_ip_parameter", "_connection_ids")

    def __init__(self, connection_ids: ConnectionIds, *, allow_ip_parameter: bool = False) -> None:
        self._connection_ids = connection_ids
        self._allow_ip_parameter = allow_ip_parameter

    def parse(self, datagram: bytes, ip: bytes, now: int) -> Request | None:
        """What a datagram from `ip` (packed) asks for; None where silence is the answer."""
        if len(datagram) < _HEADER.size or len(datagram) > DATAGRAM_LIMIT:
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
        return AnnounceRequest(
            transaction_id, Announce(infohash, peer_id, ip + port, left, event, _numwant(numwant, ip))
        )


def _named_ip(datagram: bytes, ip_field: bytes, length: int) -> bytes | None:
    """The address a peer names for itself: in the URL's query, which has room for IPv6, or in the field of BEP 15.

    It must be of the family the answer will be in.
    """
    query = url_data(datagram).partition(b"?")[2]
    named = named_ip(dict(parse_query(query)).get(b"ip")) or (ip_field if any(ip_field) else None)
    return named if named and len(named) == length else None


def _numwant(numwant: int, ip: bytes) -> int:
    numwant = clamp_numwant(numwant)
    return numwant if len(ip) == 4 else min(numwant, V6_PEERS_LIMIT)


def _parse_scrape(datagram: bytes, transaction_id: int) -> ScrapeRequest | RefusedRequest:
    named = (len(datagram) - _HEADER.size) // INFOHASH_LENGTH
    if named == 0:
        return RefusedRequest(transaction_id, BAD_LENGTH)
    starts = range(_HEADER.size, _HEADER.size + min(named, SCRAPE_LIMIT) * INFOHASH_LENGTH, INFOHASH_LENGTH)
    return ScrapeRequest(transaction_id, [datagram[at : at + INFOHASH_LENGTH] for at in starts])


def url_data(datagram: bytes) -> bytes:
    """Path and query of the announce URL, from the options after an announce (BEP 41); empty without any.

    An option that is cut short ends the options without spoiling the announce: older clients end their announces
    with something else (two bytes of flags).
    """
    at = _ANNOUNCE_REQUEST.size
    parts = []
    while at < len(datagram) and (option := datagram[at]) != _OPTION_END:
        at += 1
        if option == _OPTION_NOP:
            continue
        # An option this tracker does not know is still a length and that many bytes, so it can be stepped over.
        if at == len(datagram) or (end := at + 1 + datagram[at]) > len(datagram):
            break
        if option == _OPTION_URL_DATA:
            parts.append(datagram[at + 1 : end])
        at = end
    return b"".join(parts)


def announce_answer(transaction_id: int, answer: Answer, width: int, interval: int) -> bytes:
    """Peers of the family the client came by: BEP 15 has no room for both."""
    peers = answer.v4 if width == V4_LENGTH else answer.v6
    counts = answer.counts
    return _ANNOUNCE_ANSWER.pack(_ANNOUNCE, transaction_id, interval, counts.leechers, counts.seeds) + peers


def scrape_answer(transaction_id: int, counts: list[Counts]) -> bytes:
    """One entry for every infohash asked for, in that order."""
    return _ERROR_ANSWER.pack(_SCRAPE, transaction_id) + b"".join(
        _COUNTS.pack(swarm.seeds, swarm.downloads, swarm.leechers) for swarm in counts
    )


def error_answer(transaction_id: int, refusal: Refusal) -> bytes:
    return _ERROR_ANSWER.pack(_ERROR, transaction_id) + refusal.reason.encode()
