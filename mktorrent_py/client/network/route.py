"""The way out: from which address or interface, and through which proxy. Nothing that was asked for is gone around."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from mktorrent_py.client.network.proxy import Proxy, ProxyKind, is_address
from mktorrent_py.errors import NetworkError, UsageError

_INTERFACE = re.compile(r"[^\s,:/\[\]]{1,64}")


def check_bind(text: str) -> None:
    """An address or the name of an interface. Raises UsageError for what can be neither."""
    if not is_address(text) and not _INTERFACE.fullmatch(text):
        raise UsageError(f"{text!r} is not an address or interface", hint="Say one, such as 192.0.2.7 or eth0.")


def check_address(text: str, what: str) -> None:
    """Raises UsageError for what is not an IP address."""
    if not is_address(text):
        raise UsageError(f"{what} cannot be {text!r}", hint="Write an address, such as 192.0.2.7 or 2001:db8::7.")


def peer_address(host: str, proxy: Proxy | None) -> str:
    """An address of a peer. Raises NetworkError; behind a proxy for every name, as libtorrent looks none up."""
    if proxy is not None and not is_address(host):
        raise NetworkError(
            f"behind a proxy a peer needs an address, and {host} is a name", hint="Look it up where that may be done."
        )
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NetworkError(f"cannot find the peer {host}: {reason.lower()}") from error
    return str(found[0][4][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """How trackers and web servers are reached.

    Where neither is said, torrent files come as `http_proxy` and its like in the environment say.
    """

    bind: str | None = None
    proxy: Proxy | None = None

    def refusals(self, trackers: Iterable[str], web_seeds: Iterable[str]) -> dict[str, str]:
        """Which of these would not be reached this way, and why."""
        reasons = {url: self._tracker_refusal(url) for url in trackers}
        if self.proxy is not None:
            reasons |= {url: self.proxy.web_seed_refusal(url) for url in web_seeds}
        return {url: reason for url, reason in reasons.items() if reason is not None}

    def _tracker_refusal(self, url: str) -> str | None:
        """libtorrent's WebTorrent knows neither proxy nor binding."""
        if urlsplit(url).scheme in ("ws", "wss") and (self.bind is not None or self.proxy is not None):
            return f"WebTorrent would go past --{'bind' if self.proxy is None else 'proxy'}"
        return self.proxy.tracker_refusal(url) if self.proxy is not None else None

    def handlers(self) -> list[urllib.request.BaseHandler]:
        """What makes urllib take this way and no other."""
        if self.proxy is None and self.bind is None:
            return []
        nobody = urllib.request.ProxyHandler({})
        if self.proxy is not None and self.proxy.kind is ProxyKind.HTTP:
            return [nobody, _ThroughHttp(self.proxy)]
        return [nobody, _Plain(self), _Secure(self)]

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """Raises OSError or NetworkError."""
        if self.proxy is not None:
            return self.proxy.connect(host, port, timeout)
        if self.bind is None or is_address(self.bind):
            return socket.create_connection((host, port), timeout, (self.bind, 0) if self.bind else None)
        return _connect_from(self.bind, host, port, timeout)


class _Routed(HTTPConnection):
    def __init__(self, *words: Any, route: Route, **options: Any) -> None:
        super().__init__(*words, **options)
        self._route = route

    def connect(self) -> None:
        self.sock = self._route.connect(self.host, self.port, self.timeout)


class _RoutedSecurely(HTTPSConnection, _Routed):
    """Encrypts what the other one connects, which is its base's `connect`."""


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, route: Route) -> None:
        super().__init__()
        self._connection: Any = partial(_Routed, route=route)

    def http_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connection, req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, route: Route) -> None:
        super().__init__()
        self._connection: Any = partial(_RoutedSecurely, route=route)

    def https_open(self, req: urllib.request.Request) -> HTTPResponse:
        return self.do_open(self._connection, req)


class _ThroughHttp(urllib.request.BaseHandler):
    """Sends every request to the proxy, whatever `no_proxy` says."""

    handler_order = 100

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        host = f"[{self._proxy.host}]" if ":" in self._proxy.host else self._proxy.host
        request.set_proxy(f"{host}:{self._proxy.port}", "http")
        for name, value in self._proxy.header.items():
            request.add_unredirected_header(name.capitalize(), value)
        return request

    https_request = http_request


def _connect_from(interface: str, host: str, port: int, timeout: float | None) -> socket.socket:
    option = getattr(socket, "SO_BINDTODEVICE", None)
    if option is None:
        raise UsageError("this system binds to addresses alone", hint="Say an address with --bind.")
    error: OSError = OSError(f"{host} has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        stream = socket.socket(family, kind, protocol)
        stream.settimeout(timeout)
        try:
            stream.setsockopt(socket.SOL_SOCKET, option, interface.encode())
            stream.connect(address)
        except OSError as failure:
            stream.close()
            error = failure
        else:
            return stream
    raise error
