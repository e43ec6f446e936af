"""Several trackers and one store in a real redis-server or valkey-server, which goes away and comes back."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import pytest
from commands import free_port
from redis.exceptions import ConnectionError as RedisConnectionError
from rig import UdpClient, announce, http_announce, http_get, peer_id
from test_tracker_state import tracking

from mktorrent_py.tracker.protocol.messages import TRACKER_FULL, Announce, Answer, Counts, Event, split_addresses
from mktorrent_py.tracker.swarms.redis_store import RedisStore, root_reason
from mktorrent_py.tracker.swarms.registry import SwarmLimits, SwarmRegistry
from mktorrent_py.tracker.swarms.store import MemoryStore, Store, StoreUnavailableError, Totals

HASH = b"i" * 20
SERVER = shutil.which("redis-server") or shutil.which("valkey-server")


@contextmanager
def store_server(port: int) -> Iterator[str]:
    """The URL of a server that keeps nothing."""
    if SERVER is None:
        if os.environ.get("MKT_REQUIRE_JUDGES") == "1":
            pytest.fail("redis-server is not installed, and MKT_REQUIRE_JUDGES=1 asks for it")
        pytest.skip("redis-server is not installed")
    command = [SERVER, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        for _ in range(250):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with store_server(free_port()) as url:
        yield url


def given_to(answer: object) -> set[tuple[str, int]]:
    assert isinstance(answer, Answer)
    return {*split_addresses(answer.v4, 6), *split_addresses(answer.v6, 18)}


async def emptied(url: str, limits: SwarmLimits) -> RedisStore:
    store = RedisStore(url, limits)
    await store._redis.flushall()
    return store


@pytest.mark.parametrize("seed", range(5))
def test_both_stores_tell_the_same(url: str, seed: int) -> None:
    """One random history, told to both: the same counts, the same peers where all of them fit."""

    async def compare() -> None:
        draw = random.Random(seed)
        limits = SwarmLimits(lifetime=10**6)
        shared, own = await emptied(url, limits), MemoryStore(SwarmRegistry(limits, draw.random))
        now = 1000
        for _ in range(40):
            batch = [random_announce(draw) for _ in range(draw.randrange(1, 8))]
            now += draw.choice([0, 1, 20])
            shared_outcomes, own_outcomes = await shared.announce(batch, now), await own.announce(batch, now)
            for mine, theirs in zip(own_outcomes, shared_outcomes, strict=True):
                assert isinstance(mine, Answer) and isinstance(theirs, Answer)
                assert theirs.counts == mine.counts
                assert given_to(theirs) == given_to(mine)
                assert len(theirs.v4_ids + theirs.v6_ids) == len(mine.v4_ids + mine.v6_ids)
            hashes = [bytes([number]) * 20 for number in range(4)]
            assert await shared.scrape(hashes, now) == await own.scrape(hashes, now)
        await shared.close()

    asyncio.run(compare())


def random_announce(draw: random.Random) -> Announce:
    number = draw.randrange(20)
    return announce(
        number,
        draw.choice([0, 1]),
        draw.choice(list(Event)),
        # Each peer in one family: what both give of a peer's second address is tested apart.
        width=6 if number % 3 else 18,
        infohash=bytes([draw.randrange(3)]) * 20,
        both_families=draw.random() < 0.5,
        with_ids=draw.random() < 0.5,
        numwant=draw.choice([0, 50]),
    )


def asking(url: str, *batches: list[Announce], now: int = 1000, **limits: int) -> list[Any]:
    """The outcome of every announce, batch after batch, a minute apart; and the totals at the end."""

    async def ask() -> list[Any]:
        store = await emptied(url, SwarmLimits(**limits))
        outcomes: list[Any] = []
        for number, batch in enumerate(batches):
            outcomes += await store.announce(batch, now + 60 * number)
            await store.expire(now + 60 * number)
        outcomes.append(await store.totals())
        await store.close()
        return outcomes

    return asyncio.run(ask())


def test_numwant_counts_here_too(url: str) -> None:
    crowd = [announce(number, number % 2) for number in range(100)]
    *_, few, none, _ = asking(url, crowd, [announce(1, numwant=7), announce(1, numwant=0)])
    assert len(few.v4) == 7 * 6 and none.v4 == b""


def test_the_silent_are_forgotten(url: str) -> None:
    *_, late, totals = asking(url, [announce(1), announce(2, infohash=b"j" * 20)], [announce(3)], lifetime=59)
    assert late == Answer(Counts(0, 1, 0)) and totals == Totals(1)


def test_no_more_swarms_than_allowed(url: str) -> None:
    two_swarms = [
        announce(1),
        announce(1, infohash=b"j" * 20),
        announce(2),
        announce(9, 1, Event.STOPPED, infohash=b"k" * 20),
    ]
    first, second, third, stopped, _ = asking(url, two_swarms, max_swarms=1)
    assert isinstance(first, Answer) and isinstance(third, Answer) and isinstance(stopped, Answer)
    assert second == TRACKER_FULL


def test_loopback_and_oneself_are_left_out(url: str) -> None:
    here = announce(0, address=b"\x7f\0\0\1\x1a\xe1")
    oneself = announce(1, width=18)
    *_, answer, _ = asking(url, [here, oneself, announce(2, width=18)], [announce(1, both_families=True)])
    assert given_to(answer) == set(split_addresses(announce(2, width=18).address, 18))


def test_a_server_that_forgot_the_script_is_told_again(url: str) -> None:
    async def ask() -> None:
        store = await emptied(url, SwarmLimits())
        await store.announce([announce(1)], 1000)
        await store._redis.script_flush()
        assert await store.announce([announce(2), announce(3)], 1000)
        assert await store.scrape([HASH], 1000) == [Counts(0, 3, 0)]
        await store.close()

    asyncio.run(ask())


def test_the_first_connection_key_is_everybodys(url: str) -> None:
    async def ask() -> None:
        stores: list[RedisStore] = [await emptied(url, SwarmLimits()), RedisStore(url, SwarmLimits())]
        assert [await store.shared_key(bytes([number]) * 32) for number, store in enumerate(stores)] == [bytes(32)] * 2
        for store in stores:
            await store.close()

    asyncio.run(ask())


def test_a_name_that_nobody_knows_is_told_of_in_words() -> None:
    try:
        try:
            raise socket.gaierror(-2, "Name or service not known")
        except OSError as error:
            raise RedisConnectionError("Error -2 connecting to store:6379. Name or service not known.") from error
    except RedisConnectionError as error:
        assert root_reason(error) == "name or service not known"
    assert root_reason(RedisConnectionError("Too many connections.")) == "too many connections"


def test_a_store_that_is_not_there_is_unavailable() -> None:
    async def ask() -> None:
        store: Store = RedisStore(f"redis://127.0.0.1:{free_port()}", SwarmLimits())
        for asked in (store.announce([announce(1)], 1), store.scrape([HASH], 1), store.expire(1), store.totals()):
            with pytest.raises(StoreUnavailableError, match=r"^the store does not answer: connection refused$"):
                await asked
        await store.close()

    asyncio.run(ask())


def test_two_trackers_one_store_and_the_store_goes_away() -> None:
    port = free_port()
    with ExitStack() as stack:
        with store_server(port) as url:
            (_, one), (_, two) = (stack.enter_context(tracking("--store", url)) for _ in range(2))
            asyncio.run(find_each_other(one["port"], two["port"]))
        asyncio.run(say_that_the_store_is_away(one["port"]))
        with store_server(port):
            asyncio.run(find_each_other(two["port"], one["port"]))


async def find_each_other(one: int, two: int) -> None:
    await http_announce(one, HASH, port=7001, left=0, event="started", peer_id=peer_id(1))
    answer = await http_announce(two, HASH, port=7002, peer_id=peer_id(2))
    assert answer[b"peers"] == b"\x7f\0\0\1" + (7001).to_bytes(2, "big")
    assert (answer[b"complete"], answer[b"incomplete"]) == (1, 1)
    first, second = await UdpClient.open("127.0.0.1", one), await UdpClient.open("127.0.0.1", two)
    await first.connect()
    second.connection = first.connection
    *head, peers = await second.announce(HASH, port=7003)
    assert head == [1, 5, 1800, 2, 1], "one tracker takes the other's connection ids"
    assert len(peers) == 12
    assert (await http_get(two, "/healthz"))[0] == 200
    first.close()
    second.close()


async def say_that_the_store_is_away(port: int) -> None:
    answer = await http_announce(port, HASH)
    assert answer == {b"failure reason": b"the tracker is temporarily unavailable", b"retry in": 1}
    assert (await http_get(port, "/healthz"))[0] == 503
    status, _, body = await http_get(port, "/metrics")
    assert status == 200 and b"mkt_tracker_store_up 0" in body
    client = await UdpClient.open("127.0.0.1", port)
    await client.connect()
    action, *_ = await client.announce(HASH, port=7003)
    assert action == 3
    client.close()
