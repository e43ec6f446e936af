"""What peers and trackers say to each other, whatever carries it (BEP 3, 15, 23, 31, 48).

`http_codec` and `udp_codec` turn bytes into these values and back; `swarm` answers them. Times are whole seconds.
An infohash is always the 20 bytes trackers know a torrent by: SHA-1 (v1) or the first 20 bytes of SHA-256 (v2, BEP 52).
An address is the compact form of BEP 23 and 7: 4 or 16 bytes of IP address, then 2 bytes of port.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

INFOHASH_LENGTH = 20
PEER_ID_LENGTH = 20
V4_LENGTH = 6
V6_LENGTH = 18

NUMWANT_DEFAULT = 50
NUMWANT_LIMIT = 200

# BEP 15: "Up to about 74 torrents can be scraped at once": 74 x 20 + 16 bytes fill one datagram of 1,500.
SCRAPE_LIMIT = 74


class Event(IntEnum):
    """Why a peer announces, with the numbers of BEP 15."""

    NONE = 0
    COMPLETED = 1
    STARTED = 2
    STOPPED = 3


# The values below are tuples rather than dataclasses: one core makes tens of thousands of them a second,
# and a frozen dataclass takes five times as long to make.


class Announce(NamedTuple):
    """A peer tells that it is there, and asks for others.

    `left` is in bytes; 0 makes the peer a seed. `both_families` asks for IPv4 and IPv6 peers at once, which only
    HTTP can carry (BEP 7); `with_ids` for their peer ids, which only the uncompact form has (BEP 3).
    """

    infohash: bytes
    peer_id: bytes
    address: bytes
    left: int
    event: Event = Event.NONE
    numwant: int = NUMWANT_DEFAULT
    both_families: bool = False
    with_ids: bool = False


class Counts(NamedTuple):
    """What a scrape tells of one swarm (BEP 48): complete, incomplete, downloaded."""

    seeds: int = 0
    leechers: int = 0
    downloads: int = 0


class Answer(NamedTuple):
    """What an announcing peer is given: addresses joined, and peer ids in the same order where they were asked for."""

    counts: Counts
    v4: bytes = b""
    v6: bytes = b""
    v4_ids: bytes = b""
    v6_ids: bytes = b""


class Refusal(NamedTuple):
    """Why a request gets nothing. `retry_in` is in minutes (BEP 31); 0 says never, None says nothing about it."""

    reason: str
    retry_in: int | None = None


Outcome: TypeAlias = Answer | Refusal

NOT_TRACKED = Refusal("this torrent is not tracked here", 0)
NO_INFOHASH = Refusal("info_hash must be 20 bytes (of a v2 infohash, the first 20)")
NO_PEER_ID = Refusal("peer_id must be 20 bytes")
NO_PORT = Refusal("port must be a number from 1 to 65535")
NO_LEFT = Refusal("left must be a number of bytes, 0 or more")
TOO_MANY_REQUESTS = Refusal("too many requests from this address", 1)
TRACKER_FULL = Refusal("the tracker is full", 15)
STORE_UNAVAILABLE = Refusal("the tracker cannot reach its peers at the moment", 1)


def clamp_numwant(numwant: int) -> int:
    """How many peers to give: the usual number when none is named (BEP 15: -1), never more than the limit."""
    return NUMWANT_DEFAULT if numwant < 0 else min(numwant, NUMWANT_LIMIT)


def split_addresses(joined: bytes, width: int) -> Sequence[tuple[str, int]]:
    """(IP address, port) of every compact address in `joined`; `width` is 6 or 18."""
    return [_endpoint(joined[at : at + width]) for at in range(0, len(joined), width)]


def _endpoint(address: bytes) -> tuple[str, int]:
    return str(ipaddress.ip_address(address[:-2])), int.from_bytes(address[-2:], "big")


def pack_address(ip: bytes, port: int) -> bytes:
    """The compact form of an IP address of 4 or 16 bytes and a port."""
    return ip + port.to_bytes(2, "big")


def is_loopback(address: bytes) -> bool:
    """Whether a compact address means something on its own machine only."""
    return address[0] == 127 if len(address) == V4_LENGTH else address[:16] == _LOOPBACK_V6


_LOOPBACK_V6 = (1).to_bytes(16, "big")
