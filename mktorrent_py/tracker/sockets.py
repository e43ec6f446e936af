"""Binding: TCP and UDP on one port number, on every address asked for."""

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

# The kernel picks a TCP port that is free; that UDP has the same one free is likely, not certain.
_ATTEMPTS = 20
# For each address that stands for all of this machine's, one that is elsewhere (reserved for documentation).
_SOMEWHERE = {"0.0.0.0": "192.0.2.1", "::": "2001:db8::1"}


class Bound(NamedTuple):
    """Sockets of one address; `udp` is None where UDP is not wanted."""

    host: str
    port: int
    tcp: socket.socket
    udp: socket.socket | None

    @property
    def authority(self) -> str:
        """`host:port` as a URL has it."""
        return _authority(self.host, self.port)

    def reachable_authority(self) -> str | None:
        """The same with an address others can use, where every address of the machine is bound; None without any."""
        host = _outward_address(self.host)
        return host and _authority(host, self.port)

    def close(self) -> None:
        self.tcp.close()
        if self.udp:
            self.udp.close()


def _authority(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _outward_address(host: str) -> str | None:
    """The address this machine has towards the world, if `host` stands for all of them.

    Connecting a datagram socket sends nothing: it only asks the kernel which way it would send.
    """
    if host not in _SOMEWHERE:
        return host
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((_SOMEWHERE[host], 9))
        return str(probe.getsockname()[0])
    return "127.0.0.1" if family is socket.AF_INET else None


def bind_all(hosts: Sequence[str], port: int, *, udp: bool) -> list[Bound]:
    """Bind every IP address in `hosts` to one port; port 0 lets the kernel pick.

    Raises UsageError for what is no IP address, NetworkError when a port is taken or an address is not ours.
    """
    for _ in range(_ATTEMPTS):
        with ExitStack() as unless_all_bound:
            bound: list[Bound] = []
            try:
                for host in hosts:
                    bound.append(_bind(host, bound[0].port if bound else port, udp))
                    unless_all_bound.callback(bound[-1].close)
            except OSError as error:
                if port or error.errno != errno.EADDRINUSE:
                    raise _reason(host, port, error) from error
                continue
            unless_all_bound.pop_all()
            return bound
    raise NetworkError("no port is free for TCP and UDP at once", hint="Name one with --port.")


def pack_ip(host: str) -> bytes:
    """The 4 or 16 bytes of a peer's address as the system wrote it; link-local IPv6 has its interface (`%eth0`)."""
    if ":" in host:
        return socket.inet_pton(socket.AF_INET6, host.partition("%")[0])
    return socket.inet_aton(host)


def allow_many_files() -> None:
    """Let this process have as many connections as its user may: the usual limit is 1,024 files."""
    try:
        import resource
    except ModuleNotFoundError:
        # Windows has no such limit.
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def has_ipv6() -> bool:
    """Whether this machine can bind an IPv6 address at all."""
    if not socket.has_ipv6:
        return False
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
        probe.bind(("::", 0))
        return True
    return False


def _bind(host: str, port: int, udp: bool) -> Bound:
    tcp = _socket(host, port, socket.SOCK_STREAM)
    port = tcp.getsockname()[1]
    try:
        return Bound(host, port, tcp, _socket(host, port, socket.SOCK_DGRAM) if udp else None)
    except OSError:
        tcp.close()
        raise


def _socket(host: str, port: int, kind: socket.SocketKind) -> socket.socket:
    try:
        version = ipaddress.ip_address(host).version
    except ValueError as error:
        raise UsageError(
            f"{quoted(host)} is not an IP address to bind", hint="Say 0.0.0.0, :: or an address of this machine."
        ) from error
    sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, kind)
    try:
        if kind is socket.SOCK_STREAM:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if version == 6:
            # An IPv4 peer must come by the IPv4 socket: its mapped IPv6 address would be of no use to others.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    return sock


def _reason(host: str, port: int, error: OSError) -> NetworkError:
    if error.errno == errno.EADDRINUSE:
        return NetworkError(
            f"port {port} of {host} is taken", hint="Name another with --port; --port 0 picks one that is free."
        )
    if error.errno == errno.EACCES:
        return NetworkError(f"this user may not bind port {port}", hint="Name one above 1023 with --port.")
    if error.errno == errno.EADDRNOTAVAIL:
        return NetworkError(f"{host} is not an address of this machine", hint="See `ip address` for those it has.")
    return NetworkError(f"cannot bind {host}, port {port}: {(error.strerror or str(error)).lower()}")
