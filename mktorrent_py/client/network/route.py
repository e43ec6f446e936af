"""The route of outgoing connections: the address or interface they start from, the proxy they go through."""

from __future__ import annotations

import re
import socket
import ssl
import urllib.request
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from mktorrent_py.client.network.proxy import Proxy, ProxyKind, is_address
from mktorrent_py.errors import NetworkError, UsageError
from mktorrent_py.torrentfile import reason_of

_INTERFACE = re.compile(r"[^\s,:/\[\]]{1,64}")


def check_bind(text: str) -> None:
    """Raise UsageError for what can be neither an IP address nor the name of an interface."""
    if not is_address(text) and not _INTERFACE.fullmatch(text):
        raise UsageError(
            f"{text!r} is not an address or interface", code="bind-invalid", hint="Use one such as 192.0.2.7 or eth0."
        )


def check_address(text: str, what: str) -> None:
    """Raise UsageError for what is not an IP address; `what` names it in the message."""
    if not is_address(text):
        raise UsageError(
            f"{what} cannot be {text!r}", code="address-invalid", hint="Use one such as 192.0.2.7 or 2001:db8::7."
        )


def peer_address(host: str, proxy: Proxy | None) -> str:
    """Resolve the host of a peer. Raises NetworkError; with a proxy for every name, as none is resolved locally."""
    if proxy is not None and not is_address(host):
        raise NetworkError(
            f"with a proxy, peers must be given as IP addresses ({host} is a host name)",
            code="peer-name-with-proxy",
            host=host,
        )
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        reason = reason_of(error)
        raise NetworkError(f"cannot resolve peer {host}: {reason}", code="peer-unresolvable", host=host) from error
    return str(found[0][4][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The route to trackers and web servers.

    Without either, torrent files are downloaded as `http_proxy` and the like in the environment ask for.
    """

    bind: str | None = None
    proxy: Proxy | None = None

    def refusals(self, trackers: Iterable[str], web_seeds: Iterable[str]) -> dict[str, str]:
        """Return the URLs that cannot be reached by this route, with the reason of each."""
        reasons = {url: self._tracker_refusal(url) for url in trackers}
        if self.proxy is not None:
            reasons |= {url: self.proxy.web_seed_refusal(url) for url in web_seeds}
        return {url: reason for url, reason in reasons.items() if reason is not None}

    def _tracker_refusal(self, url: str) -> str | None:
        if urlsplit(url).scheme in ("ws", "wss") and (self.bind is not None or self.proxy is not None):
            # libtorrent's WebTorrent supports neither.
            return f"WebTorrent would bypass the {'bind address' if self.proxy is None else 'proxy'}"
        return self.proxy.tracker_refusal(url) if self.proxy is not None else None

    def handlers(self) -> list[urllib.request.BaseHandler]:
        """Return handlers that make urllib use this route and no other."""
        if self.proxy is None and self.bind is None:
            return []
        no_environment = urllib.request.ProxyHandler({})
        if self.proxy is not None and self.proxy.kind is ProxyKind.HTTP:
            return [no_environment, _ThroughHttp(self.proxy)]
        return [no_environment, _Plain(self), _Secure(self)]

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """Return a connection by this route. Raises OSError or NetworkError."""
        if self.proxy is not None:
            return self.proxy.connect(host, port, timeout)
        if self.bind is None or is_address(self.bind):
            return socket.create_connection((host, port), timeout, (self.bind, 0) if self.bind else None)
        return _connect_from(self.bind, host, port, timeout)


class _Routed(HTTPConnection):
    def __init__(self, *arguments: Any, route: Route, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._route = route

    def connect(self) -> None:
        self.sock = self._route.connect(self.host, self.port, self.timeout)


class _RoutedSecurely(HTTPSConnection):
    def __init__(self, *arguments: Any, route: Route, **options: Any) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(*arguments, context=self._tls, **options)
        self._route = route

    def connect(self) -> None:
        connection = self._route.connect(self.host, self.port, self.timeout)
        try:
            self.sock = self._tls.wrap_socket(connection, server_hostname=self.host)
        except BaseException:
            connection.close()
            raise


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
    """Handler that sends every request to the proxy, whatever `no_proxy` is."""

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
        raise UsageError("this system can bind to addresses only", code="bind-needs-address")
    error = OSError(f"{host} has no address")
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
