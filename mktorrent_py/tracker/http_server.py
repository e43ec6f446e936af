"""The HTTP side of the tracker: /announce, /scrape and the pages.

aiohttp's low-level server is used without routing and middlewares, which cost more than an announce does.
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
from mktorrent_py.tracker.protocol.messages import STORE_UNAVAILABLE, TOO_MANY_REQUESTS, Refusal
from mktorrent_py.tracker.protocol.trusted_proxies import Network, client_ip
from mktorrent_py.tracker.service import AnnounceService
from mktorrent_py.tracker.sockets import pack_ip
from mktorrent_py.tracker.swarms.store import StoreUnavailableError
from mktorrent_py.web.security_headers import SECURITY_HEADERS

CLIENT_TIMEOUT = 15
"""Seconds for a client to send a request or read an answer."""

MIN_READ_RATE = 50_000
"""Bytes per second at which a client must read a long page."""

MAX_CONNECTIONS = 10_000
MAX_HEADERS = 64

# BEP 3 names no media type; text/plain is what trackers have always sent.
_ANNOUNCE_HEADERS = {"Content-Type": "text/plain", **SECURITY_HEADERS}


def _is_server_fault(record: logging.LogRecord) -> bool:
    """Whether a log record reports a fault of this server; malformed requests are answered, not logged."""
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


_LOG = logging.getLogger(__name__)
_LOG.addFilter(_is_server_fault)


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest:
    """`path` and `query` as they were sent, not decoded; `host` is the Host header."""

    path: str
    query: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The response to a page request."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Pages: TypeAlias = Callable[[PageRequest], Awaitable[Page]]


class BoundedServer(web.Server):
    """A server that refuses connections rather than run out of file descriptors."""

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > MAX_CONNECTIONS:
            # Not at once: the handler must have started before its connection is lost.
            asyncio.get_running_loop().call_soon(transport.abort)


class HttpServer:
    """Serves bound sockets until `close`. X-Forwarded-For counts from `trusted_proxies` only."""

    def __init__(
        self,
        service: AnnounceService,
        pages: Pages,
        *,
        trusted_proxies: Sequence[Network] = (),
        allow_ip_parameter: bool = False,
    ) -> None:
        self._service = service
        self._pages = pages
        self._trusted_proxies = trusted_proxies
        self._allow_ip_parameter = allow_ip_parameter
        self._listeners: list[asyncio.Server] = []
        self._server = BoundedServer(
            self._handle,
            access_log=None,
            logger=_LOG,
            keepalive_timeout=CLIENT_TIMEOUT,
            lingering_time=0,
            max_line_size=http.MAX_QUERY_LENGTH,
            max_field_size=http.MAX_QUERY_LENGTH,
            max_headers=MAX_HEADERS,
        )

    async def listen(self, sock: socket.socket) -> None:
        """Serve one more bound socket."""
        loop = asyncio.get_running_loop()
        self._listeners.append(await loop.create_server(self._server, sock=sock, backlog=1024))

    @property
    def connections(self) -> int:
        """The number of open connections."""
        return len(self._server.connections)

    async def close(self, timeout: float) -> None:
        """Stop listening, answer what is in flight for up to `timeout` seconds, then close all connections."""
        for listener in self._listeners:
            listener.close()
        self._server.pre_shutdown()
        await self._server.shutdown(timeout)

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path, _, query = request.raw_path.partition("?")
        peer = request.transport and request.transport.get_extra_info("peername")
        # Without a peer name the client has disconnected, and the answer is discarded.
        host = peer[0] if peer else "0.0.0.0"
        if self._trusted_proxies:
            ip = client_ip(host, request.headers.get("X-Forwarded-For"), self._trusted_proxies)
        else:
            ip = pack_ip(host)
        if request.method not in ("GET", "HEAD") or request.body_exists:
            return _plain(405, "only GET and HEAD without a body are answered\n", {"Connection": "close"})
        is_admitted = self._service.admit(ip)
        if path in ("/announce", "/scrape"):
            raw_query = query.encode("utf-8", "surrogateescape")
            if not is_admitted:
                body = self._refuse(TOO_MANY_REQUESTS)
            elif path == "/announce":
                body = await self._announce(raw_query, ip)
            else:
                body = await self._scrape(raw_query)
            return web.Response(body=body, headers=_ANNOUNCE_HEADERS)
        if not is_admitted:
            self._service.events["http limited"] += 1
            return _plain(429, "too many requests\n", {"Retry-After": "60"})
        page = await self._pages(PageRequest(path=path, query=query, host=request.headers.get("Host", "")))
        return await self._send_page(request, page)

    async def _announce(self, query: bytes, ip: bytes) -> bytes:
        announce = http.parse_announce(query, ip, allow_ip_parameter=self._allow_ip_parameter)
        if isinstance(announce, Refusal):
            return self._refuse(announce)
        outcome = (await self._service.announce([announce]))[0]
        if isinstance(outcome, Refusal):
            return self._refuse(outcome)
        self._service.events["http announce"] += 1
        peer_ids = announce.with_ids and not http.wants_no_peer_ids(query)
        return http.announce_answer(announce, outcome, self._service.interval, peer_ids=peer_ids)

    async def _scrape(self, query: bytes) -> bytes:
        infohashes = http.parse_scrape(query)
        if isinstance(infohashes, Refusal):
            return self._refuse(infohashes)
        try:
            counts = await self._service.scrape(infohashes)
        except StoreUnavailableError:
            return self._refuse(STORE_UNAVAILABLE)
        self._service.events["http scrape"] += 1
        registered = {infohash: swarm for infohash, swarm in zip(infohashes, counts, strict=True) if swarm is not None}
        return http.scrape_answer(registered, self._service.interval)

    def _refuse(self, refusal: Refusal) -> bytes:
        self._service.events["http limited" if refusal is TOO_MANY_REQUESTS else "http refused"] += 1
        return http.failure(refusal)

    async def _send_page(self, request: web.BaseRequest, page: Page) -> web.StreamResponse:
        self._service.events["http page"] += 1
        headers = {"Content-Type": page.content_type, **SECURITY_HEADERS, **page.headers}
        response = web.Response(status=page.status, body=page.body, headers=headers)
        transport = request.transport
        try:
            async with asyncio.timeout(CLIENT_TIMEOUT + len(page.body) / MIN_READ_RATE):
                await response.prepare(request)
                await response.write_eof()
        except (TimeoutError, ConnectionError):
            if transport is not None:
                transport.abort()
        return response


def _plain(status: int, text: str, headers: Mapping[str, str]) -> web.Response:
    return web.Response(status=status, text=text, headers={**SECURITY_HEADERS, **headers})
