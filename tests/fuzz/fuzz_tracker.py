"""Random and mutated requests against both parsers: an answer, a refusal or silence, never an exception.

    python tests/fuzz/fuzz_tracker.py [--seconds 60] [--seed N]

Each parser has its own share of the time. What broke one is printed as a line of Python with the seed it came from.
"""

from __future__ import annotations

import argparse
import random
import struct
import sys
import time
from collections.abc import Callable
from urllib.parse import quote_from_bytes

from mktorrent_py.tracker.protocol import http, udp
from mktorrent_py.tracker.protocol.connection_id import ConnectionIds
from mktorrent_py.tracker.protocol.messages import Announce, Answer, Refusal
from mktorrent_py.tracker.protocol.trusted_proxies import client_ip, parse_networks
from mktorrent_py.tracker.protocol.udp import AnnounceRequest, ConnectRequest, RefusedRequest, ScrapeRequest, UdpCodec
from mktorrent_py.tracker.swarms.registry import SwarmLimits, SwarmRegistry

NOW = 1_700_000_000
IPS = (b"\xcb\x00\x71\x09", bytes(range(16)))
IDS = ConnectionIds(b"k" * 32)
TRUSTED = parse_networks(["10.0.0.0/8"])


def fuzz_udp(draw: random.Random, swarms: SwarmRegistry) -> bytes:
    """Feed one datagram; returns it."""
    ip = draw.choice(IPS)
    datagram = mutate(draw, udp_request(draw, ip))
    request = UdpCodec(IDS, allow_ip_parameter=draw.random() < 0.5).parse(datagram, ip, NOW)
    if isinstance(request, AnnounceRequest):
        outcome = swarms.announce(check(request.announce), NOW + draw.randrange(10000))
        if isinstance(outcome, Answer):
            answer = udp.announce_answer(request.transaction_id, outcome, len(ip) + 2, 1800)
            assert (len(answer) - 20) % (len(ip) + 2) == 0 and len(answer) <= 1472
    elif isinstance(request, ScrapeRequest):
        assert 1 <= len(request.infohashes) <= 74 and all(len(infohash) == 20 for infohash in request.infohashes)
    else:
        assert request is None or isinstance(request, ConnectRequest | RefusedRequest)
    return datagram


def udp_request(draw: random.Random, ip: bytes) -> bytes:
    head = struct.pack("!QII", IDS.make(ip, NOW), draw.choice([0, 1, 1, 1, 2, 3, 2**32 - 1]), draw.getrandbits(32))
    return head + draw.randbytes(draw.choice([0, 20, 82, 82, 82, 100, 40 * 20])) + url_option(draw)


def url_option(draw: random.Random) -> bytes:
    url = b"/announce?ip=" + draw.choice([b"192.0.2.1", b"2001:db8::1", b"%ff", b"", draw.randbytes(9)])
    return draw.choice([b"", b"\x01", b"\x02" + bytes([len(url)]) + url, b"\x02\xff" + url, b"\x09\x02ab"])


def fuzz_http(draw: random.Random, swarms: SwarmRegistry) -> bytes:
    """Feed one query; returns it."""
    query = mutate(draw, http_query(draw))
    announce = http.parse_announce(query, draw.choice(IPS), allow_ip_parameter=draw.random() < 0.5)
    if isinstance(announce, Announce):
        outcome = swarms.announce(check(announce), NOW + draw.randrange(10000))
        if isinstance(outcome, Answer):
            assert http.announce_answer(announce, outcome, 1800).startswith(b"d8:complete")
    else:
        assert http.failure(announce).startswith(b"d14:failure reason")
    infohashes = http.parse_scrape(query)
    assert isinstance(infohashes, Refusal) or all(len(infohash) == 20 for infohash in infohashes)
    client_ip("10.0.0.1", query.decode("latin-1"), TRUSTED)
    return query


def http_query(draw: random.Random) -> bytes:
    fields = {
        "info_hash": quote_from_bytes(draw.randbytes(draw.choice([20, 20, 20, 19, 32]))),
        "peer_id": quote_from_bytes(draw.randbytes(20)),
        "port": draw.choice(["6881", "0", "65536", "-1", "x", ""]),
        "left": draw.choice(["0", "1", "9" * 30, "-1"]),
        "event": draw.choice(["", "started", "stopped", "completed", "paused"]),
        "numwant": draw.choice(["", "0", "50", "-1", "9999999"]),
        "compact": draw.choice(["", "0", "1"]),
        "ip": draw.choice(["", "192.0.2.1", "::1", "%00", "a" * 300]),
    }
    pairs = [f"{key}={value}" for key, value in fields.items() if draw.random() < 0.95]
    draw.shuffle(pairs)
    return "&".join(pairs).encode()


def check(announce: Announce) -> Announce:
    assert len(announce.infohash) == len(announce.peer_id) == 20
    assert len(announce.address) in (6, 18) and announce.address[-2:] != b"\0\0"
    assert announce.left >= 0 and 0 <= announce.numwant <= 200
    return announce


def mutate(draw: random.Random, data: bytes) -> bytes:
    """Mostly leave the request alone; else cut, flip, insert, repeat or replace."""
    mutable = bytearray(data)
    for _ in range(draw.choice([0, 0, 0, 1, 1, 2, 8])):
        at = draw.randrange(len(mutable) + 1)
        kind = draw.randrange(5)
        if kind == 0:
            del mutable[at:]
        elif kind == 1 and at < len(mutable):
            mutable[at] ^= 1 << draw.randrange(8)
        elif kind == 2:
            mutable[at:at] = draw.randbytes(draw.randrange(1, 40))
        elif kind == 3:
            mutable[at:at] = mutable[: draw.randrange(200)]
        else:
            mutable[at : at + 4] = draw.choice([b"%", b"&", b"=", b"\0\0\0\0", b"\xff\xff\xff\xff"])
    return bytes(mutable)


def fuzz(one: Callable[[random.Random, SwarmRegistry], bytes], seconds: float, seed: int) -> int:
    """How many requests were fed; the seed of a request that broke something is said before the exception leaves."""
    swarms = SwarmRegistry(SwarmLimits(lifetime=1000, max_peers=5000, max_swarms=500), random.Random(seed).random)
    fed, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            one(random.Random(seed + fed), swarms)
        except Exception:
            print(f"{one.__name__}(random.Random({seed + fed}), swarms) broke", file=sys.stderr)
            raise
        fed += 1
    swarms.expire(NOW + 100_000)
    assert swarms.census.peers == 0
    return fed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="for each parser")
    parser.add_argument("--seed", type=int, default=time.time_ns())
    arguments = parser.parse_args()
    for one in (fuzz_udp, fuzz_http):
        print(f"{one.__name__}: {fuzz(one, arguments.seconds, arguments.seed):,} requests, seed {arguments.seed}")


if __name__ == "__main__":
    main()
