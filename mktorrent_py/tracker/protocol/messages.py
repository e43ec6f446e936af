"""Messages between peers and trackers, independent of the transport (BEP 3, 15, 23, 31, 48).

`http` and `udp` parse and encode them; a swarm answers them. Times are whole seconds. An infohash is the 20 bytes that
identify a torrent to trackers: SHA-1 (v1), or the first 20 bytes of SHA-256 (v2, BEP 52). An address is the compact
form of BEP 23 and 7: 4 or 16 bytes of IP address, then 2 bytes of port.
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

DEFAULT_NUMWANT = 50
MAX_NUMWANT = 200

MAX_SCRAPE = 74
"""BEP 15: "Up to about 74 torrents can be scraped at once": 74 x 20 + 16 bytes fill one datagram of 1,500."""


class Event(IntEnum):
    """The reason of an announce, numbered as in BEP 15."""

    NONE = 0
    COMPLETED = 1
    STARTED = 2
    STOPPED = 3


# The values below are tuples rather than dataclasses: one core makes tens of thousands of them per second, and making
# a frozen dataclass takes five times as long.


class Announce(NamedTuple):
    """A peer reports its presence and asks for other peers.

    `left` is in bytes; 0 makes the peer a seed. `both_families` asks for IPv4 and IPv6 peers at once, which only
    HTTP can carry (BEP 7); `with_ids` for their peer ids, which only the non-compact form has (BEP 3).
    """

    infohash: bytes
    peer_id: bytes
    address: bytes
    left: int
    event: Event = Event.NONE
    numwant: int = DEFAULT_NUMWANT
    both_families: bool = False
    with_ids: bool = False


class Counts(NamedTuple):
    """Counts of one swarm in a scrape (BEP 48): complete, incomplete, downloaded."""

    seeds: int = 0
    leechers: int = 0
    downloads: int = 0


class Answer(NamedTuple):
    """The answer to an announce: joined addresses, and peer ids in the same order if they were requested."""

    counts: Counts
    v4: bytes = b""
    v6: bytes = b""
    v4_ids: bytes = b""
    v6_ids: bytes = b""


class Refusal(NamedTuple):
    """A refused request. `retry_in` is in minutes (BEP 31): 0 means never, None leaves it open."""

    reason: str
    retry_in: int | None = None


Outcome: TypeAlias = Answer | Refusal

# Scripts and clients recognise this phrase.
UNREGISTERED = Refusal("unregistered torrent", 0)
NO_INFOHASH = Refusal("info_hash must be 20 bytes (of a v2 infohash, the first 20)")
NO_PEER_ID = Refusal("peer_id must be 20 bytes")
NO_PORT = Refusal("port must be a number from 1 to 65535")
NO_LEFT = Refusal("left must be a number of bytes, 0 or more")
TOO_MANY_REQUESTS = Refusal("too many requests from this address", 1)
TRACKER_FULL = Refusal("the tracker is full", 15)
STORE_UNAVAILABLE = Refusal("the tracker is temporarily unavailable", 1)


def clamp_numwant(numwant: int) -> int:
    """The number of peers to send: the default when unspecified (BEP 15: -1), at most the maximum."""
    return DEFAULT_NUMWANT if numwant < 0 else min(numwant, MAX_NUMWANT)


def split_addresses(joined: bytes, width: int) -> Sequence[tuple[str, int]]:
    """(IP address, port) of every compact address in `joined`; `width` is 6 or 18."""
    return [_endpoint(joined[at : at + width]) for at in range(0, len(joined), width)]


def _endpoint(address: bytes) -> tuple[str, int]:
    return str(ipaddress.ip_address(address[:-2])), int.from_bytes(address[-2:], "big")


def pack_address(ip: bytes, port: int) -> bytes:
    """The compact form of an IP address of 4 or 16 bytes and a port."""
    return ip + port.to_bytes(2, "big")


def is_loopback(address: bytes) -> bool:
    """Whether a compact address is valid on its own machine only."""
    return address[0] == 127 if len(address) == V4_LENGTH else address[:16] == _LOOPBACK_V6


_LOOPBACK_V6 = (1).to_bytes(16, "big")
