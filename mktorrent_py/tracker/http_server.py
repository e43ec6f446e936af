"""The HTTP side of the tracker: /announce and /scrape, and whatever pages are served beside them.

aiohttp's low-level server is used without its routing and middlewares, which cost more than an announce does.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestHandler

from mktorrent_py.tracker.protocol import http
from mktorrent_py.tracker.protocol.messages import STORE_UNAVAILABLE, TOO_MANY_REQUESTS, Announce, Refusal
from mktorrent_py.tracker.protocol.trusted_proxies import Network, client_ip
from mktorrent_py.tracker.service import Tracker
from mktorrent_py.tracker.sockets import pack_ip
from mktorrent_py.tracker.swarms.store import StoreUnavailableError

# Seconds a client has to send a request, or to read an answer, before it is cut off.
PATIENCE = 15
# Bytes a second: whoever reads a long page more slowly than this is cut off too.
SLOWEST_READER = 50_000
CONNECTIONS_LIMIT = 10_000
HEADERS_LIMIT = 64


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a log record tells of a fault of this server; what clients send malformed they are told, not the log."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_LOG = logging.getLogger(__name__)
_LOG.addFilter(_is_ours)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """`path` and `query` as they were sent, undecoded; `host` is what the client calls this server."""

    path: str
    query: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a page's path leads to."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Pages: TypeAlias = Callable[[PageRequest], Awaitable[Page]]


class BoundedServer(web.Server):
    """A server that turns connections away rather than run out of files."""

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > CONNECTIONS_LIMIT:
            # Not at once: the handler expects to have begun before its connection is lost.
            asyncio.get_running_loop().call_soon(transport.abort)


class HttpServer:
    """Serves bound sockets until `close`. Forwarded addresses are believed from `trusted_proxies` only."""

    def __init__(
        self,
        tracker: Tracker,
        pages: Pages,
        *,
        trusted_proxies: Sequence[Network] = (),
        allow_ip_parameter: bool = False,
    ) -> None:
        self._tracker = tracker
        self._pages = pages
        self._trusted_proxies = trusted_proxies
        self._allow_ip_parameter = allow_ip_parameter
        self._listeners: list[asyncio.Server] = []
        self._server = BoundedServer(
            self._handle,
            access_log=None,
            logger=_LOG,
            keepalive_timeout=PATIENCE,
            lingering_time=0,
            max_line_size=http.QUERY_LIMIT,
            max_field_size=http.QUERY_LIMIT,
            max_headers=HEADERS_LIMIT,
        )

    async def listen(self, sock: socket.socket) -> None:
        """Serve a bound socket too."""
        loop = asyncio.get_running_loop()
        self._listeners.append(await loop.create_server(self._server, sock=sock, backlog=1024))

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._server.connections)

    async def close(self, patience: float) -> None:
        """Stop listening, answer what is in flight for up to `patience` seconds, then cut off."""
        for listener in self._listeners:
            listener.close()
        self._server.pre_shutdown()
        await self._server.shutdown(patience)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        ip = self._client(request)
        if request.method not in ("GET", "HEAD") or request.body_exists:
            return web.Response(status=405, text="only GET, and without a body\n", headers={"Connection": "close"})
        admitted = self._tracker.admit(ip)
        if path in ("/announce", "/scrape"):
            raw_query = query.encode("utf-8", "surrogateescape")
            return _bencoded(await self._answer(path, raw_query, ip) if admitted else self._refuse(TOO_MANY_REQUESTS))
        if not admitted:
            self._tracker.events["http limited"] += 1
            return web.Response(status=429, text="too many requests\n", headers={"Retry-After": "60"})
        page = await self._pages(PageRequest(path=path, query=query, host=request.headers.get("Host", "")))
        return await self._send_page(request, page)

    def _client(self, request: web.BaseRequest) -> bytes:
        peer = request.transport and request.transport.get_extra_info("peername")
        # Gone already: the answer will reach nobody, whatever it is computed for.
        host = peer[0] if peer else "0.0.0.0"
        if self._trusted_proxies:
            return client_ip(host, request.headers.get("X-Forwarded-For"), self._trusted_proxies)
        return pack_ip(host)

    async def _answer(self, path: str, query: bytes, ip: bytes) -> bytes:
        if path == "/scrape":
            return await self._scrape(query)
        announce = http.parse_announce(query, ip, allow_ip_parameter=self._allow_ip_parameter)
        return self._refuse(announce) if isinstance(announce, Refusal) else await self._announce(announce, query)

    async def _announce(self, announce: Announce, query: bytes) -> bytes:
        outcome = (await self._tracker.announce([announce]))[0]
        if isinstance(outcome, Refusal):
            return self._refuse(outcome)
        self._tracker.events["http announce"] += 1
        peer_ids = announce.with_ids and not http.wants_peer_ids_left_out(query)
        return http.announce_answer(announce, outcome, self._tracker.interval, peer_ids=peer_ids)

    async def _scrape(self, query: bytes) -> bytes:
        infohashes = http.parse_scrape(query)
        if isinstance(infohashes, Refusal):
            return self._refuse(infohashes)
        try:
            counts = await self._tracker.scrape(infohashes)
        except StoreUnavailableError:
            return self._refuse(STORE_UNAVAILABLE)
        self._tracker.events["http scrape"] += 1
        tracked = {infohash: swarm for infohash, swarm in zip(infohashes, counts, strict=True) if swarm is not None}
        return http.scrape_answer(tracked, self._tracker.interval)

    def _refuse(self, refusal: Refusal) -> bytes:
        self._tracker.events["http limited" if refusal is TOO_MANY_REQUESTS else "http refused"] += 1
        return http.failure(refusal)

    async def _send_page(self, request: web.BaseRequest, page: Page) -> web.StreamResponse:
        self._tracker.events["http page"] += 1
        headers = {"Content-Type": page.content_type, **page.headers}
        response = web.Response(status=page.status, body=page.body, headers=headers)
        transport = request.transport
        patience = PATIENCE + len(page.body) / SLOWEST_READER
        try:
            async with asyncio.timeout(patience):
                await response.prepare(request)
                await response.write_eof()
        except (TimeoutError, ConnectionError):
            if transport is not None:
                transport.abort()
        return response


def _bencoded(body: bytes) -> web.Response:
    # BEP 3 names no media type; text/plain is what clients and proxies have always been given.
    return web.Response(body=body, headers={"Content-Type": "text/plain"})
