"""What the tracker's tests stand on: torrents made up of names and lengths, a tracker in this process, raw clients."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote_from_bytes

import bencodepy

from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.tracker.protocol.messages import Announce, Event

PIECE_LENGTH = 16384


def torrent(
    name: str = "release",
    files: Mapping[str, int] | None = None,
    *,
    version: TorrentVersion = TorrentVersion.V1,
    private: bool = False,
    comment: str | None = None,
) -> Metainfo:
    """A torrent whose content exists nowhere; files must not be longer than a piece."""
    lengths = files or {"readme.txt": 100}
    listed = [File(tuple(path.split("/")), length, pieces_root=b"r" * 32) for path, length in lengths.items()]
    layout = Layout.of(listed, PIECE_LENGTH, version)
    pieces = bytes(20 * layout.piece_count) if version.has_v1 else b""
    info = Info.build(name=name, single=False, layout=layout, pieces=pieces, private=private)
    return Metainfo.build(info=info, comment=comment)


def write_torrent(folder: Path, metainfo: Metainfo, file_name: str | None = None) -> Path:
    path = folder / (file_name or f"{metainfo.infohashes.swarm_keys[0].hex()}.torrent")
    path.write_bytes(metainfo.to_bytes())
    return path


def address(number: int, width: int = 6) -> bytes:
    """A compact address for every number, none of them loopback."""
    ip = (0x0B000000 + number).to_bytes(4, "big") if width == 6 else (0x20010DB8 << 96 | number).to_bytes(16, "big")
    return ip + (1024 + number % 60000).to_bytes(2, "big")


def peer_id(number: int) -> bytes:
    return b"-XX0001-%012d" % number


def announce(number: int = 0, left: int = 1, event: Event = Event.NONE, **fields: Any) -> Announce:
    width = fields.pop("width", 6)
    known = {"infohash": b"i" * 20, "peer_id": peer_id(number), "address": address(number, width)}
    return Announce(**{**known, "left": left, "event": event, **fields})


class UdpClient(asyncio.DatagramProtocol):
    """A client of BEP 15, written from its text and sharing nothing with the tracker's own codec."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()
        self.transport: asyncio.DatagramTransport
        self.connection = 0

    @classmethod
    async def open(cls, host: str, port: int) -> UdpClient:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_datagram_endpoint(cls, remote_addr=(host, port))
        return client

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.answers.put_nowait(data)

    async def ask(self, datagram: bytes, timeout: float = 3) -> bytes:
        self.transport.sendto(datagram)
        return await asyncio.wait_for(self.answers.get(), timeout)

    async def is_silent(self, datagram: bytes) -> bool:
        self.transport.sendto(datagram)
        await asyncio.sleep(0.1)
        return self.answers.empty()

    async def connect(self) -> None:
        answer = await self.ask(struct.pack("!QII", 0x41727101980, 0, 99))
        action, transaction, self.connection = struct.unpack("!IIQ", answer)
        assert (action, transaction) == (0, 99)

    async def announce(
        self,
        infohash: bytes,
        *,
        port: int,
        left: int = 1,
        event: int = 0,
        numwant: int = -1,
        peer: int = 0,
        options: bytes = b"",
    ) -> tuple[int, ...]:
        """(action, transaction, interval, leechers, seeds) followed by the raw bytes of the peers."""
        request = struct.pack(
            "!QII20s20sQQQIIIiH",
            self.connection, 1, 5, infohash, peer_id(peer), 0, left, 0, event, 0, 0, numwant, port,
        )  # fmt: skip
        answer = await self.ask(request + options)
        return *struct.unpack_from("!IIIII", answer), answer[20:]

    async def scrape(self, *infohashes: bytes) -> list[tuple[int, int, int]]:
        """(seeds, downloads, leechers) of each."""
        answer = await self.ask(struct.pack("!QII", self.connection, 2, 6) + b"".join(infohashes))
        assert struct.unpack_from("!II", answer) == (2, 6)
        return list(struct.iter_unpack("!III", answer[8:]))

    def close(self) -> None:
        self.transport.close()


async def http_get(port: int, target: str, *, host: str = "127.0.0.1", headers: str = "") -> tuple[int, str, bytes]:
    """(status, headers, body) of a GET, by hand."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: tracker.test\r\nConnection: close\r\n{headers}\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), body


def announce_target(infohash: bytes, **fields: Any) -> str:
    """The path and query of an announce; a field given as None is left out."""
    known = {"peer_id": peer_id(0), "port": 6881, "uploaded": 0, "downloaded": 0, "left": 1, "compact": 1}
    given = {key: value for key, value in {**known, **fields}.items() if value is not None}
    pairs = [f"{key}={quote_from_bytes(value) if isinstance(value, bytes) else value}" for key, value in given.items()]
    return f"/announce?info_hash={quote_from_bytes(infohash)}&{'&'.join(pairs)}"


async def http_announce(
    server_port: int, infohash: bytes, *, host: str = "127.0.0.1", headers: str = "", **fields: Any
) -> Any:
    """The decoded answer to an announce over HTTP."""
    status, _, body = await http_get(server_port, announce_target(infohash, **fields), host=host, headers=headers)
    assert status == 200
    return bencodepy.decode(body)
