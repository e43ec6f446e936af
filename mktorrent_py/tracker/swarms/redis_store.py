"""Swarms in Valkey or Redis (6.2 or later), shared by trackers in several processes or on several machines.

A swarm is four sorted sets (seeds and leechers by address family) of addresses with the second of their last announce,
and a hash of their peer ids. One script records an announce and draws the peers of the answer, so that trackers see no
intermediate state; the scripts of a batch are sent together. The server's `maxmemory` limits the memory of the swarms;
`max_swarms` is enforced here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.torrentfile import reason_of
from mktorrent_py.tracker.protocol.messages import (
    PEER_ID_LENGTH,
    TRACKER_FULL,
    V4_LENGTH,
    V6_LENGTH,
    Announce,
    Answer,
    Counts,
    Event,
    Outcome,
)
from mktorrent_py.tracker.swarms.registry import SwarmLimits
from mktorrent_py.tracker.swarms.store import StoreUnavailableError, Totals
from mktorrent_py.tracker.swarms.swarm import is_reachable, share_of_seeds

_TIMEOUT = 2
"""Seconds for the store to answer, while a peer waits."""

# After a restart of the server every old connection fails once. Recording an announce twice is harmless.
_RETRY_ONCE = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
_PREFIX = b"mkt:tracker:"
_SWARMS_KEY = _PREFIX + b"swarms"
_CONNECTION_KEY = _PREFIX + b"connection-key"
_DOWNLOADS_LIFETIME = 90 * 24 * 3600
"""Seconds for which the downloads of a swarm without announces are kept."""

# KEYS: swarms, then seeds v4, leechers v4, seeds v6, leechers v6, peer ids, downloads of one swarm.
# ARGV: infohash, address, peer id, now, lifetime, event, is a seed, max swarms, downloads' lifetime, and how many to
# draw from each of the four sets.
# Returns 0 when the tracker is full, else downloads, and for each of the four sets: its size, addresses, peer ids.
_ANNOUNCE = """
local infohash, address, now, lifetime = ARGV[1], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[5])
local event, seeding = tonumber(ARGV[6]), ARGV[7] == '1'
local ids, downloads = KEYS[6], KEYS[7]

for set = 2, 5 do
  local stale = redis.call('ZRANGEBYSCORE', KEYS[set], '-inf', '(' .. (now - lifetime), 'LIMIT', 0, 1000)
  if #stale > 0 then
    redis.call('ZREM', KEYS[set], unpack(stale))
    redis.call('HDEL', ids, unpack(stale))
  end
end

local family = #address == 6 and 2 or 4
local seeds, leechers = KEYS[family], KEYS[family + 1]
if event == 3 then
  redis.call('ZREM', seeds, address)
  redis.call('ZREM', leechers, address)
  redis.call('HDEL', ids, address)
else
  if not redis.call('ZSCORE', KEYS[1], infohash) and redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[8]) then
    return 0
  end
  local mine, other = leechers, seeds
  if seeding then mine, other = seeds, leechers end
  local new = redis.call('ZADD', mine, now, address)
  redis.call('ZREM', other, address)
  redis.call('HSET', ids, address, ARGV[3])
  if seeding and new == 1 and event == 1 then
    redis.call('INCR', downloads)
  end
  redis.call('ZADD', KEYS[1], now, infohash)
  for _, key in ipairs({seeds, leechers, ids}) do redis.call('EXPIRE', key, lifetime) end
  redis.call('EXPIRE', downloads, ARGV[9])
end

local answer = {tonumber(redis.call('GET', downloads) or 0)}
for set = 2, 5 do
  local wanted, drawn, drawn_ids = tonumber(ARGV[8 + set]), {}, {}
  if wanted > 0 then
    drawn = redis.call('ZRANDMEMBER', KEYS[set], wanted)
    if #drawn > 0 then drawn_ids = redis.call('HMGET', ids, unpack(drawn)) end
  end
  answer[#answer + 1] = {redis.call('ZCARD', KEYS[set]), drawn, drawn_ids}
end
return answer
"""


class RedisStore:
    """Swarms in the server at a `redis://` or `rediss://` URL. Raises UsageError for another URL."""

    def __init__(self, url: str, limits: SwarmLimits) -> None:
        self._limits = limits
        self._script = b""
        try:
            self._redis: Any = Redis.from_url(
                url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, retry=_RETRY_ONCE
            )
        except ValueError as error:
            raise UsageError(
                f"{quoted(url)} is not a valid store URL",
                code="store-url-invalid",
                hint="Use the form redis://HOST:6379/0.",
                url=url,
            ) from error

    async def shared_key(self, fresh: bytes) -> bytes:
        """The key of the connection ids of all trackers of this store: `fresh`, unless one is set already."""
        await self._ask(self._redis.set(_CONNECTION_KEY, fresh, nx=True))
        key: bytes = await self._ask(self._redis.get(_CONNECTION_KEY))
        return key

    async def announce(self, announces: Sequence[Announce], now: int) -> list[Outcome]:
        replies = await self._run([self._arguments(announce, now) for announce in announces])
        return [self._outcome(announce, reply) for announce, reply in zip(announces, replies, strict=True)]

    async def scrape(self, infohashes: Sequence[bytes], now: int) -> list[Counts]:
        pipeline = self._redis.pipeline(transaction=False)
        for infohash in infohashes:
            *sets, _, downloads = _keys(infohash)
            for key in sets:
                pipeline.zcount(key, now - self._limits.lifetime, "+inf")
            pipeline.get(downloads)
        replies = iter(await self._ask(pipeline.execute()))
        return [
            Counts(v4_seeds + v6_seeds, v4_leechers + v6_leechers, int(downloads or 0))
            for v4_seeds, v4_leechers, v6_seeds, v6_leechers, downloads in zip(*[replies] * 5, strict=True)
        ]

    async def expire(self, now: int) -> None:
        """Drop swarms without announces; their peers expire in the server or at the next announce."""
        await self._ask(self._redis.zremrangebyscore(_SWARMS_KEY, "-inf", f"({now - self._limits.lifetime}"))

    async def totals(self) -> Totals:
        return Totals(await self._ask(self._redis.zcard(_SWARMS_KEY)))

    async def close(self) -> None:
        await self._redis.aclose()

    def _arguments(self, announce: Announce, now: int) -> list[bytes | int]:
        """The arguments of one run of the script, the number of keys first."""
        keys = [_SWARMS_KEY, *_keys(announce.infohash)]
        is_seed = announce.left == 0
        draws = []
        for width in (V4_LENGTH, V6_LENGTH):
            is_wanted = announce.event is not Event.STOPPED and announce.numwant > 0
            is_wanted = is_wanted and (width == len(announce.address) or announce.both_families)
            # One more than wanted, as the peer itself may be among them.
            drawn = announce.numwant + 1 if is_wanted else 0
            draws += [0 if is_seed else drawn, drawn]
        values = (now, self._limits.lifetime, int(announce.event), int(is_seed), self._limits.max_swarms)
        peer = (announce.infohash, announce.address, announce.peer_id)
        return [len(keys), *keys, *peer, *values, _DOWNLOADS_LIFETIME, *draws]

    def _outcome(self, announce: Announce, reply: Any) -> Outcome:
        if reply == 0:
            return TRACKER_FULL
        downloads, *sets = reply
        (v4_seeds, v4_leechers), (v6_seeds, v6_leechers) = sets[:2], sets[2:]
        counts = Counts(v4_seeds[0] + v6_seeds[0], v4_leechers[0] + v6_leechers[0], downloads)
        own, other = (sets[:2], sets[2:]) if len(announce.address) == V4_LENGTH else (sets[2:], sets[:2])
        own_width = len(announce.address)
        mine = _choose(announce, own, announce.numwant)
        rest = _choose(announce, other, announce.numwant - len(mine[0]) // own_width)
        v4, v6 = (mine, rest) if own_width == V4_LENGTH else (rest, mine)
        return Answer(counts, v4[0], v6[0], v4[1], v6[1])

    async def _run(self, batch: Sequence[list[bytes | int]]) -> list[Any]:
        """Run the announce script with each of these arguments; load it where the server does not have it."""
        try:
            return await self._run_loaded(batch)
        except NoScriptError:
            self._script = await self._ask(self._redis.script_load(_ANNOUNCE))
            return await self._run_loaded(batch)

    async def _run_loaded(self, batch: Sequence[list[bytes | int]]) -> list[Any]:
        pipeline = self._redis.pipeline(transaction=False)
        for arguments in batch:
            pipeline.execute_command("EVALSHA", self._script or b"0" * 40, *arguments)
        replies: list[Any] = await self._ask(pipeline.execute())
        return replies

    async def _ask(self, asking: Any) -> Any:
        try:
            return await asking
        except NoScriptError:
            raise
        except (RedisError, OSError) as error:
            raise StoreUnavailableError(f"the store does not answer: {root_reason(error)}") from error


def _keys(infohash: bytes) -> list[bytes]:
    swarm = _PREFIX + infohash.hex().encode() + b":"
    return [swarm + name for name in (b"seeds4", b"leechers4", b"seeds6", b"leechers6", b"ids", b"downloads")]


def _choose(announce: Announce, sets: Any, wanted: int) -> tuple[bytes, bytes]:
    """Joined addresses and peer ids of up to `wanted` peers of one family, out of those drawn from its two sets."""
    if wanted <= 0:
        return b"", b""
    seeds, leechers = (
        [
            pair
            for pair in zip(drawn, [peer_id or bytes(PEER_ID_LENGTH) for peer_id in ids], strict=True)
            if is_reachable(announce, *pair)
        ]
        for _, drawn, ids in sets
    )
    first = share_of_seeds(wanted, sets[0][0], sets[1][0])
    chosen = (seeds[:first] + leechers + seeds[first:])[:wanted]
    ids = b"".join(peer_id for _, peer_id in chosen) if announce.with_ids else b""
    return b"".join(address for address, _ in chosen), ids


def root_reason(error: BaseException) -> str:
    """The system error at the bottom of an exception, as a phrase; without one, what the library says."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno:
            return reason_of(cause)
        cause = cause.__cause__ or cause.__context__
    return str(error)[:1].lower() + str(error)[1:].rstrip(".")
