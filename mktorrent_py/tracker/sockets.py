"""Binding TCP and UDP sockets to one port number on several addresses."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import socket
from collections.abc import Sequence
from contextlib import ExitStack
from typing import NamedTuple

from mktorrent_py.errors import NetworkError, UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.torrentfile import reason_of

_MAX_ATTEMPTS = 20
"""The kernel picks a free TCP port; the same UDP port is probably free too, but not always."""

_REMOTE_ADDRESSES = {"0.0.0.0": "192.0.2.1", "::": "2001:db8::1"}
"""For each wildcard address an address elsewhere, out of the ranges reserved for documentation."""


class BoundSockets(NamedTuple):
    """The sockets of one address; `udp` is None without UDP."""

    host: str
    port: int
    tcp: socket.socket
    udp: socket.socket | None

    @property
    def authority(self) -> str:
        """`host:port` as in a URL."""
        return _authority(self.host, self.port)

    def reachable_authority(self) -> str | None:
        """`host:port` that other machines can use: of a wildcard address that of the default route, None without one.

        Connecting a datagram socket sends nothing: it only asks the kernel for the route.
        """
        if self.host not in _REMOTE_ADDRESSES:
            return self.authority
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((_REMOTE_ADDRESSES[self.host], 9))
            return _authority(probe.getsockname()[0], self.port)
        return _authority("127.0.0.1", self.port) if family is socket.AF_INET else None

    def close(self) -> None:
        self.tcp.close()
        if self.udp:
            self.udp.close()


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def bind_all(hosts: Sequence[str], port: int, *, udp: bool) -> list[BoundSockets]:
    """Bind every IP address in `hosts` to one port; port 0 picks a free one.

    Raises UsageError for text that is not an IP address, NetworkError when a port is in use or an address is not local.
    """
    for _ in range(_MAX_ATTEMPTS):
        with ExitStack() as unless_all_bound:
            bound: list[BoundSockets] = []
            try:
                for host in dict.fromkeys(hosts):
                    bound.append(_bind(host, bound[0].port if bound else port, udp))
                    unless_all_bound.callback(bound[-1].close)
            except OSError as error:
                if port or error.errno != errno.EADDRINUSE:
                    raise _bind_error(host, port, error) from error
                continue
            unless_all_bound.pop_all()
            return bound
    raise NetworkError("no port is free for both TCP and UDP", code="no-free-port")


def pack_ip(host: str) -> bytes:
    """The 4 or 16 bytes of an address as `recvfrom` returns it; a link-local one ends in its interface (`%eth0`)."""
    if ":" in host:
        return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return socket.inet_aton(host)


def allow_many_files() -> None:
    """Raise the limit of open files, usually 1,024, to the most that this user may have."""
    try:
        import resource
    except ModuleNotFoundError:
        # Windows has no such limit.
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def has_ipv6() -> bool:
    """Whether this machine can bind an IPv6 address."""
    if not socket.has_ipv6:
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::", 0))
        return True
    return False


def wildcard_hosts() -> tuple[str, ...]:
    """The addresses that stand for all of this machine's."""
    return ("0.0.0.0", "::") if has_ipv6() else ("0.0.0.0",)


def _bind(host: str, port: int, udp: bool) -> BoundSockets:
    tcp = _socket(host, port, socket.SOCK_STREAM)
    port = tcp.getsockname()[1]
    try:
        return BoundSockets(host, port, tcp, _socket(host, port, socket.SOCK_DGRAM) if udp else None)
    except OSError:
        tcp.close()
        raise


def _socket(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError as error:
        raise UsageError(
            f"{quoted(host)} is not an IP address",
            code="address-invalid",
            hint="Use 0.0.0.0, :: or an address of this machine.",
            host=host,
        ) from error
    sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, kind)
    try:
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if version == 6:
            # IPv4 peers must use the IPv4 socket: other peers could not connect to their mapped IPv6 addresses.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _bind_error(host: str, port: int, error: OSError) -> NetworkError:
    if error.errno == errno.EADDRINUSE:
        return NetworkError(f"port {port} of {host} is already in use", code="port-in-use", host=host, port=port)
    if error.errno == errno.EACCES:
        return NetworkError(f"permission denied to bind port {port}", code="port-not-permitted", host=host, port=port)
    if error.errno == errno.EADDRNOTAVAIL:
        return NetworkError(f"{host} is not an address of this machine", code="address-not-local", host=host)
    return NetworkError(
        f"cannot bind port {port} of {host}: {reason_of(error)}", code="bind-failed", host=host, port=port
    )
