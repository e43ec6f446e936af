"""A hostile peer: it speaks the protocol in plain text, and sends whatever the test wants."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import bencodepy
from proxy_rig import HERE, Closable, serving

HANDSHAKE_LENGTH = 68
BLOCK = 16384
_EXTENSIONS = b"\0\0\0\0\0\x10\0\x05"
_EXTENDED, _OUR_METADATA, _OUR_GOSSIP = 20, 3, 1


@dataclass(slots=True, kw_only=True)
class HostilePeer:
    """Claims that the metadata has `size` bytes, and answers every request for it with garbage, where `answers`.

    Given `metadata`, it answers with that instead. Where it `knows` one infohash, it hangs up on all
    others. `met` counts handshakes, `asked` the requests for metadata, `gossip` the addresses of others that it is
    sent (BEP 11).
    """

    size: int | None = None
    answers: bool = True
    metadata: bytes = b""
    knows: bytes = b""
    port: int = 0
    met: int = 0
    asked: int = 0
    gossip: int = 0

    @property
    def words(self) -> tuple[str, str]:
        return "--peer", f"{HERE}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with (
            contextlib.suppress(OSError, EOFError, ConnectionError, asyncio.CancelledError),
            contextlib.closing(writer),
        ):
            infohash = (await reader.readexactly(HANDSHAKE_LENGTH))[28:48]
            if infohash == (self.knows or infohash):
                await self.talk(reader, writer, infohash)

    async def dial(self, port: int, infohash: bytes, seconds: float = 5.0, *, for_gossip: bool = False) -> bool:
        """Connect to a peer; return whether it answers with a plain handshake, or also sends addresses of others."""
        reader, writer = await asyncio.open_connection(HERE, port)
        with contextlib.closing(writer), contextlib.suppress(OSError, EOFError, TimeoutError):
            await asyncio.wait_for(self.talk(reader, writer, infohash, dialed=True, for_gossip=for_gossip), seconds)
        return bool(self.gossip if for_gossip else self.met)

    async def talk(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        infohash: bytes,
        *,
        dialed: bool = False,
        for_gossip: bool = False,
    ) -> None:
        writer.write(b"\x13BitTorrent protocol" + _EXTENSIONS + infohash + b"-XX0000-" + bytes(12))
        if dialed and not (await reader.readexactly(HANDSHAKE_LENGTH)).startswith(b"\x13BitTorrent"):
            return
        self.met += 1
        claim = {} if self.size is None else {b"metadata_size": self.size}
        _send(writer, 0, bencodepy.encode({b"m": {b"ut_metadata": _OUR_METADATA, b"ut_pex": _OUR_GOSSIP}, **claim}))
        while True:
            body = await reader.readexactly(struct.unpack("!I", await reader.readexactly(4))[0])
            if body[:2] == bytes([_EXTENDED, 0]):
                theirs = bencodepy.decode(body[2:])[b"m"]
                if dialed and not for_gossip:
                    return
            elif body[:2] == bytes([_EXTENDED, _OUR_GOSSIP]):
                message = bencodepy.decode(body[2:])
                self.gossip += len(message.get(b"added", b"")) // 6
                if self.gossip:
                    return
            elif body[:2] == bytes([_EXTENDED, _OUR_METADATA]):
                self.asked += 1
                if self.answers:
                    self._answer(writer, bencodepy.decode(body[2:])[b"piece"], theirs[b"ut_metadata"])
                    await writer.drain()

    def _answer(self, writer: asyncio.StreamWriter, piece: int, number: int) -> None:
        size = self.size or BLOCK
        length = min(BLOCK, size - piece * BLOCK)
        head = bencodepy.encode({b"msg_type": 1, b"piece": piece, b"total_size": size})
        part = self.metadata[piece * BLOCK : (piece + 1) * BLOCK] or b"\xaa" * max(length, 0)
        _send(writer, number, head + part)


def _send(writer: asyncio.StreamWriter, number: int, payload: bytes) -> None:
    body = bytes([_EXTENDED, number]) + payload
    writer.write(struct.pack("!I", len(body)) + body)


@contextlib.contextmanager
def hostile(size: int | None, **options: Any) -> Iterator[HostilePeer]:
    """Listen as such a peer while the body runs."""
    peer = HostilePeer(size=size, **options)
    with serving(_start(peer)):
        yield peer


async def _start(peer: HostilePeer) -> list[Closable]:
    server = await asyncio.start_server(peer.serve, HERE, 0)
    peer.port = server.sockets[0].getsockname()[1]
    return [server]
