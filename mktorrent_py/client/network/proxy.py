"""A proxy: which traffic it can carry, and connections through it, for which it resolves host names."""

from __future__ import annotations

import socket
import struct
import time
from base64 import b64encode
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import unquote, urlsplit

from mktorrent_py.errors import NetworkError, UsageError
from mktorrent_py.torrentfile import reason_of

PROXY_TIMEOUT = 15.0
"""Seconds that a proxy has to answer at the start."""

_FORMS = "Use socks5://HOST:PORT, socks4://HOST:PORT or http://USER:PASSWORD@HOST:PORT."


class ProxyKind(StrEnum):
    """The protocol of a proxy."""

    SOCKS4 = "socks4"
    SOCKS5 = "socks5"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy for all traffic. SOCKS4 has a user, but no password."""

    kind: ProxyKind
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """Parse a proxy URL; without a scheme it is SOCKS5. Raises UsageError."""
        try:
            parts = urlsplit(url if "://" in url else f"socks5://{url}")
            host, port = parts.hostname, parts.port
        except ValueError:
            raise UsageError(f"{url!r} is not a proxy URL", code="proxy-invalid", hint=_FORMS) from None
        if parts.scheme not in list(ProxyKind) or not host or not port or parts.path.strip("/") or parts.query:
            raise UsageError(f"{url!r} is not a proxy URL", code="proxy-invalid", hint=_FORMS)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if password and parts.scheme == ProxyKind.SOCKS4:
            raise UsageError(
                "a SOCKS4 proxy takes no password", code="proxy-invalid", hint="Use socks5:// if it supports that."
            )
        if max(len(user.encode()), len(password.encode())) > 255:
            raise UsageError("the user or the password of the proxy is longer than 255 bytes", code="proxy-invalid")
        return cls(kind=ProxyKind(parts.scheme), host=host, port=port, user=user, password=password)

    @property
    def shown(self) -> str:
        """The URL without user and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"

    @property
    def header(self) -> dict[str, str]:
        """The header that authenticates to an HTTP proxy."""
        if not self.user:
            return {}
        login = b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {login}"}

    def tracker_refusal(self, url: str) -> str | None:
        """Return why it cannot carry announces to a tracker, None if it can."""
        scheme = urlsplit(url).scheme
        if scheme == "udp" and self.kind is not ProxyKind.SOCKS5:
            return f"{self.kind} proxies carry no UDP"
        return None if (self.kind, scheme) == (ProxyKind.HTTP, "http") else self.web_seed_refusal(url)

    def web_seed_refusal(self, url: str) -> str | None:
        """Return why it cannot carry requests to a web seed: only the proxy may resolve host names."""
        if self.kind is ProxyKind.SOCKS5 or is_address(urlsplit(url).hostname or ""):
            return None
        return f"with a {self.kind} proxy libtorrent would resolve its host name locally"

    def greet(self) -> float:
        """Connect, log in with SOCKS5, and return the seconds that took. Raises NetworkError if it fails."""
        started = time.monotonic()
        self._open(PROXY_TIMEOUT).close()
        return time.monotonic() - started

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """Return a connection through a SOCKS proxy, which resolves the host name. Raises NetworkError."""
        stream = self._open(timeout)
        try:
            if self.kind is ProxyKind.SOCKS5:
                _ask_socks5(stream, host, port)
            else:
                _ask_socks4(stream, self.user, host, port)
        except (OSError, EOFError) as error:
            stream.close()
            raise NetworkError(
                f"proxy {self.shown} cannot connect to {host}:{port}: {_phrase(error)}", code="proxy-refused"
            ) from error
        return stream

    def _open(self, timeout: float | None) -> socket.socket:
        try:
            stream = socket.create_connection((self.host, self.port), timeout)
        except OSError as error:
            raise NetworkError(
                f"cannot reach proxy {self.shown}: {_phrase(error)}", code="proxy-unreachable", proxy=self.shown
            ) from error
        try:
            if self.kind is ProxyKind.SOCKS5:
                _log_in(stream, self.user, self.password)
        except (OSError, EOFError) as error:
            stream.close()
            raise NetworkError(
                f"proxy {self.shown} refused the login: {_phrase(error)}", code="proxy-login-refused"
            ) from error
        return stream


def is_address(host: str) -> bool:
    """Return whether it is an IP address and not a host name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _ask_socks4(stream: socket.socket, user: str, host: str, port: int) -> None:
    """Connect with SOCKS4a, in which the address 0.0.0.1 announces a host name."""
    name = b"" if is_address(host) else host.encode("idna") + b"\0"
    address = b"\0\0\0\1" if name else socket.inet_aton(host)
    stream.sendall(struct.pack("!BBH4s", 4, 1, port, address) + user.encode() + b"\0" + name)
    answer = _receive(stream, 8)
    if answer[1] != 90:
        raise ConnectionRefusedError(f"it answered {answer[1]}")


_SOCKS5_ANSWERS = {
    2: "not allowed by its rules",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    8: "address type not supported",
}


def _ask_socks5(stream: socket.socket, host: str, port: int) -> None:
    """Connect with SOCKS5 by host name, which the proxy resolves."""
    name = host.encode("idna")
    stream.sendall(struct.pack("!BBBBB", 5, 1, 0, 3, len(name)) + name + struct.pack("!H", port))
    answer = _receive(stream, 5)
    if answer[1]:
        raise ConnectionRefusedError(_SOCKS5_ANSWERS.get(answer[1], f"it answered {answer[1]}"))
    _receive(stream, {1: 3, 4: 15}.get(answer[3], answer[4]) + 2)


def _log_in(stream: socket.socket, user: str, password: str) -> None:
    stream.sendall(b"\x05\x02\x00\x02" if user else b"\x05\x01\x00")
    method = _receive(stream, 2)[1]
    if method == 0xFF:
        raise PermissionError("it requires another kind of login" if user else "it requires a user and a password")
    if method == 2:
        parts = [part.encode() for part in (user, password)]
        stream.sendall(b"\x01" + b"".join([bytes([len(part)]) + part for part in parts]))
        if _receive(stream, 2)[1]:
            raise PermissionError("wrong user or password")


def _receive(stream: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = stream.recv(length - len(data))
        if not more:
            raise EOFError("it closed the connection")
        data += more
    return data


def _phrase(error: OSError | EOFError) -> str:
    return reason_of(error) if isinstance(error, OSError) else str(error)
