"""A proxy for the tests: SOCKS5 with UDP, SOCKS4a and HTTP on one port. It records what it carried."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from base64 import b64encode
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

HERE = "127.0.0.1"
EXIT = "127.0.0.77"
"""The address that the proxy connects from; any other was used past it."""

Target = tuple[str, int]


class Closable(Protocol):
    """A server or a transport."""

    def close(self) -> None: ...


class Carried(NamedTuple):
    """A request to the proxy: `how` is tcp, udp or http."""

    how: str
    host: str
    port: int


@dataclass(slots=True, kw_only=True)
class Proxy:
    """Resolves `names` that nothing else does; requires `login` if there is one; like ssh -D it may carry no UDP."""

    names: Mapping[str, str] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    carries_udp: bool = True
    port: int = 0
    carried: list[Carried] = field(default_factory=list)
    refused: int = 0
    clients: set[str] = field(default_factory=set)

    def url(self, scheme: str, login: tuple[str, str] | None = None) -> str:
        user = "{}:{}@".format(*login) if login else ""
        return f"{scheme}://{user}{HERE}:{self.port}"

    def hosts(self, how: str) -> set[str]:
        return {each.host for each in self.carried if each.how == how}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.clients.add(writer.get_extra_info("peername")[0])
        speak = {b"\x05": self._socks5, b"\x04": self._socks4}
        try:
            first = await reader.readexactly(1)
            await speak.get(first, self._http)(first, reader, writer)
        except (OSError, EOFError, ValueError, asyncio.CancelledError):
            return
        finally:
            writer.close()

    async def _socks5(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        wanted = 2 if self.login else 0
        writer.write(bytes([5, wanted if wanted in methods else 0xFF]))
        if wanted not in methods or (self.login and not await self._lets_in(reader, writer)):
            self.refused += 1
            return
        _, command, _ = await reader.readexactly(3)
        target = await _read_address(reader)
        if command == 3 and not self.carries_udp:
            writer.write(bytes([5, 7, 0, 1]) + bytes(6))
            return
        if command == 3:
            await self._relay_datagrams(reader, writer)
            return
        other = await self._connect("tcp", target)
        writer.write(bytes([5, 1 if other is None else 0, 0, 1]) + bytes(6))
        await _splice(reader, writer, other)

    async def _lets_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        await reader.readexactly(1)
        said = [(await reader.readexactly((await reader.readexactly(1))[0])).decode() for _ in range(2)]
        right = tuple(said) == self.login
        writer.write(bytes([1, 0 if right else 1]))
        return right

    async def _socks4(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        _, port, packed = struct.unpack("!BH4s", await reader.readexactly(7))
        await reader.readuntil(b"\0")
        host = socket.inet_ntoa(packed)
        if packed[:3] == bytes(3) and packed[3]:
            host = (await reader.readuntil(b"\0"))[:-1].decode()
        other = await self._connect("tcp", (host, port))
        writer.write(bytes([0, 91 if other is None else 90]) + bytes(6))
        await _splice(reader, writer, other)

    async def _http(self, first: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = first + await reader.readuntil(b"\r\n\r\n")
        method, what, _ = head.split(b"\r\n")[0].decode().split(" ")
        if self.login and b64encode(":".join(self.login).encode()) not in head:
            self.refused += 1
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return
        tunnel = method == "CONNECT"
        place, _, path = what.removeprefix("http://").partition("/")
        host, _, port = place.rpartition(":") if ":" in place else (place, "", "80")
        other = await self._connect("tcp" if tunnel else "http", (host.strip("[]"), int(port)))
        if other is None:
            writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        elif tunnel:
            writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        else:
            other[1].write(head.replace(what.encode(), f"/{path}".encode(), 1))
        await _splice(reader, writer, other)

    async def _connect(self, how: str, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self.carried.append(Carried(how, *target))
        host = self.names.get(target[0], target[0])
        local = (EXIT, 0) if "." in host else None
        try:
            return await asyncio.open_connection(host, target[1], local_addr=local)
        except OSError:
            return None

    async def _relay_datagrams(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: _Relay(self), local_addr=(EXIT, 0))
        host, port = transport.get_extra_info("sockname")
        writer.write(b"\x05\0\0\x01" + socket.inet_aton(host) + struct.pack("!H", port))
        with contextlib.closing(transport):
            await reader.read()


class _Relay(asyncio.DatagramProtocol):
    """Unwraps the datagrams of SOCKS5 and wraps the answers."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy
        self._client: Target | None = None

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Target) -> None:
        if self._client in (None, addr):
            self._client = addr
            (host, port), body = _take_address(data[3:])
            self._proxy.carried.append(Carried("udp", host, port))
            self._transport.sendto(body, (self._proxy.names.get(host, host), port))
        else:
            head = b"\0\0\0\x01" + socket.inet_aton(addr[0]) + struct.pack("!H", addr[1])
            self._transport.sendto(head + data, self._client)


def _take_address(data: bytes) -> tuple[Target, bytes]:
    kind = data[0]
    length = {1: 4, 4: 16, 3: data[1] + 1}[kind]
    raw, (port,), rest = data[1 : 1 + length], struct.unpack("!H", data[1 + length : 3 + length]), data[3 + length :]
    host = raw[1:].decode() if kind == 3 else socket.inet_ntop(socket.AF_INET if kind == 1 else socket.AF_INET6, raw)
    return (host, port), rest


async def _read_address(reader: asyncio.StreamReader) -> Target:
    head = await reader.readexactly(2)
    rest = await reader.readexactly({1: 3, 4: 15, 3: head[1]}[head[0]] + 2)
    return _take_address(head + rest)[0]


async def _splice(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    other: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None,
) -> None:
    if other is None:
        await writer.drain()
        return
    await asyncio.gather(_pump(reader, other[1]), _pump(other[0], writer))


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(OSError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()


@contextlib.contextmanager
def proxying(**options: Any) -> Iterator[Proxy]:
    """Run a proxy in a thread of its own while the body runs."""
    proxy = Proxy(**options)
    with serving(_serve(proxy)):
        yield proxy


async def _serve(proxy: Proxy) -> list[Closable]:
    server = await asyncio.start_server(proxy.serve, HERE, 0)
    proxy.port = server.sockets[0].getsockname()[1]
    return [server]


@contextlib.contextmanager
def serving(start: Coroutine[Any, Any, Sequence[Closable]]) -> Iterator[None]:
    """Run an event loop in a thread: first `start` in it, then what that has opened, while the body runs."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    opened = asyncio.run_coroutine_threadsafe(start, loop).result(10)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(_close_all(opened), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _close_all(opened: Sequence[Closable]) -> None:
    for each in opened:
        each.close()
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    # What was closed goes when the loop comes round.
    await asyncio.sleep(0.02)
