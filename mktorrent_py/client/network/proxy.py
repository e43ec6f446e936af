"""A proxy, where one is asked for: what it can carry, and a connection through it that it looks the name up for."""

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

PROXY_TIMEOUT = 15.0
"""Seconds that a proxy has to answer when we start."""

_FORMS = "Write socks5://HOST:PORT, socks4://HOST:PORT or http://USER:PASSWORD@HOST:PORT."


class ProxyKind(StrEnum):
    """What a proxy speaks."""

    SOCKS4 = "socks4"
    SOCKS5 = "socks5"
    HTTP = "http"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy that carries all there is to carry. SOCKS4 knows a user, but no password."""

    kind: ProxyKind
    host: str
    port: int
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> Proxy:
        """A proxy from its URL; without a scheme it is SOCKS5. Raises UsageError."""
        try:
            parts = urlsplit(url if "://" in url else f"socks5://{url}")
            host, port = parts.hostname, parts.port
        except ValueError:
            raise UsageError(f"{url!r} is not a proxy", hint=_FORMS) from None
        if parts.scheme not in list(ProxyKind) or not host or not port or parts.path.strip("/") or parts.query:
            raise UsageError(f"{url!r} is not a proxy", hint=_FORMS)
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        if password and parts.scheme == ProxyKind.SOCKS4:
            raise UsageError("a SOCKS4 proxy takes no password", hint="Say socks5:// if it speaks that too.")
        if max(len(user.encode()), len(password.encode())) > 255:
            raise UsageError("the user or the password of the proxy is longer than 255 bytes")
        return cls(kind=ProxyKind(parts.scheme), host=host, port=port, user=user, password=password)

    @property
    def shown(self) -> str:
        """Without the password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.kind}://{host}:{self.port}"

    @property
    def header(self) -> dict[str, str]:
        """How an HTTP proxy is told who asks."""
        if not self.user:
            return {}
        word = b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Proxy-Authorization": f"Basic {word}"}

    def tracker_refusal(self, url: str) -> str | None:
        """Why it cannot carry what goes to a tracker."""
        scheme = urlsplit(url).scheme
        if scheme == "udp" and self.kind is not ProxyKind.SOCKS5:
            return f"{self.kind} proxies carry no UDP"
        return None if (self.kind, scheme) == (ProxyKind.HTTP, "http") else self.web_seed_refusal(url)

    def web_seed_refusal(self, url: str) -> str | None:
        """Why it cannot carry what goes to a web seed: the name of its host is for the proxy to look up."""
        if self.kind is ProxyKind.SOCKS5 or is_address(urlsplit(url).hostname or ""):
            return None
        return f"behind a {self.kind} proxy libtorrent would look its host name up here"

    def greet(self) -> float:
        """How many seconds it takes to be let in. Raises NetworkError unless it is there and, with SOCKS5, does so."""
        started = time.monotonic()
        self._open(PROXY_TIMEOUT).close()
        return time.monotonic() - started

    def connect(self, host: str, port: int, timeout: float | None) -> socket.socket:
        """A connection to a host through a SOCKS proxy, which looks its name up. Raises NetworkError."""
        stream = self._open(timeout)
        try:
            if self.kind is ProxyKind.SOCKS5:
                _ask_socks5(stream, host, port)
            else:
                _ask_socks4(stream, self.user, host, port)
        except (OSError, EOFError) as error:
            stream.close()
            raise NetworkError(f"the proxy {self.shown} does not lead to {host}:{port}: {_reason_of(error)}") from error
        return stream

    def _open(self, timeout: float | None) -> socket.socket:
        try:
            stream = socket.create_connection((self.host, self.port), timeout)
        except OSError as error:
            raise NetworkError(
                f"cannot reach the proxy {self.shown}: {_reason_of(error)}",
                hint="Nothing was sent past it. Start it, or say another with --proxy.",
            ) from error
        try:
            if self.kind is ProxyKind.SOCKS5:
                _log_in(stream, self.user, self.password)
        except (OSError, EOFError) as error:
            stream.close()
            raise NetworkError(
                f"the proxy {self.shown} does not let us in: {_reason_of(error)}",
                hint="Mind the user and the password: --proxy socks5://USER:PASSWORD@HOST:PORT.",
            ) from error
        return stream


def is_address(host: str) -> bool:
    """Whether it is an IP address, and no name."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _ask_socks4(stream: socket.socket, user: str, host: str, port: int) -> None:
    """SOCKS4a: an address that cannot be says that a name follows."""
    name = b"" if is_address(host) else host.encode("idna") + b"\0"
    address = b"\0\0\0\1" if name else socket.inet_aton(host)
    stream.sendall(struct.pack("!BBH4s", 4, 1, port, address) + user.encode() + b"\0" + name)
    answer = _receive(stream, 8)
    if answer[1] != 90:
        raise ConnectionRefusedError(f"it answers {answer[1]}")


_SOCKS5_ANSWERS = {
    2: "it does not allow that",
    3: "network unreachable",
    4: "host unreachable",
    5: "connection refused",
    8: "it cannot do that kind of address",
}


def _ask_socks5(stream: socket.socket, host: str, port: int) -> None:
    """The proxy looks names up."""
    name = host.encode("idna")
    stream.sendall(struct.pack("!BBBBB", 5, 1, 0, 3, len(name)) + name + struct.pack("!H", port))
    answer = _receive(stream, 5)
    if answer[1]:
        raise ConnectionRefusedError(_SOCKS5_ANSWERS.get(answer[1], f"it answers {answer[1]}"))
    _receive(stream, {1: 3, 4: 15}.get(answer[3], answer[4]) + 2)


def _log_in(stream: socket.socket, user: str, password: str) -> None:
    stream.sendall(b"\x05\x02\x00\x02" if user else b"\x05\x01\x00")
    method = _receive(stream, 2)[1]
    if method == 0xFF:
        raise PermissionError("it wants another kind of login" if user else "it wants a user and a password")
    if method == 2:
        words = [word.encode() for word in (user, password)]
        stream.sendall(b"\x01" + b"".join([bytes([len(word)]) + word for word in words]))
        if _receive(stream, 2)[1]:
            raise PermissionError("wrong user or password")


def _receive(stream: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        more = stream.recv(length - len(data))
        if not more:
            raise EOFError("it hung up")
        data += more
    return data


def _reason_of(error: Exception) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
