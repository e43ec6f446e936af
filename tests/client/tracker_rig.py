"""Trackers for the tests: they answer with given peers and record from where they were asked."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from proxy_rig import HERE, Closable, serving

Endpoint = tuple[str, int]


@dataclass(slots=True, kw_only=True)
class Tracker:
    """Answers announces over HTTP and UDP on the same port number with `peers`.

    `asked_from` are (how, address); `told` are the addresses that it was told in announces.
    """

    peers: Sequence[Endpoint] = ()
    port: int = 0
    asked_from: set[tuple[str, str]] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    @property
    def compact(self) -> bytes:
        return b"".join([socket.inet_aton(host) + struct.pack("!H", port) for host, port in self.peers])

    def url(self, scheme: str = "http", host: str = HERE) -> str:
        return f"{scheme}://{host}:{self.port}/announce"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer):
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except EOFError:
                return
            self.asked_from.add(("http", writer.get_extra_info("peername")[0]))
            query = parse_qs(head.split(b" ")[1].decode().partition("?")[2], encoding="latin-1")
            self.told.update(query.get("ip", ()))
            body = b"d8:intervali1800e5:peers%d:%be" % (len(self.compact), self.compact)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(body), body))
            await writer.drain()


class _Datagrams(asyncio.DatagramProtocol):
    """BEP 15: connect, then announce."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Endpoint) -> None:
        self._tracker.asked_from.add(("udp", addr[0]))
        action, transaction = struct.unpack("!I4s", data[8:16])
        head = struct.pack("!I4s", action, transaction)
        if action == 0:
            self._transport.sendto(head + b"chicken!", addr)
        else:
            self._tracker.told.add(socket.inet_ntoa(data[84:88]))
            self._transport.sendto(head + struct.pack("!III", 1800, 0, 1) + self._tracker.compact, addr)


@contextlib.contextmanager
def tracking(*peers: Endpoint) -> Iterator[Tracker]:
    """Run a tracker while the body runs."""
    tracker = Tracker(peers=peers)
    with serving(_start(tracker)):
        yield tracker


async def _start(tracker: Tracker) -> list[Closable]:
    server = await asyncio.start_server(tracker.serve, HERE, 0)
    tracker.port = server.sockets[0].getsockname()[1]
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(tracker), local_addr=(HERE, tracker.port))
    return [server, transport]
