"""Peers less patient and modest than libtorrent's: messages written by hand."""

from __future__ import annotations

import asyncio
import struct
from pathlib import Path

from seeding_rig import HERE, QUIET_WORDS, TREE, Release, make_release, running, seeding

from mktorrent_py.client.settings import REQUEST_QUEUE
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.merkle import BLOCK_LENGTH

HANDSHAKE_LENGTH = 68
INTERESTED = struct.pack(">IB", 1, 2)
REQUEST = struct.pack(">IBIII", 13, 6, 0, 0, BLOCK_LENGTH)
"""The first block, requested faster than it can be read, so that requests stay in the queue."""
UNCHOKE, PIECE = 1, 7
PATIENCE = 20.0


def handshake(release: Release) -> bytes:
    """Return the handshake of a peer without extensions (BEP 3)."""
    (infohash,) = release.metainfo.infohashes.swarm_keys
    return b"\x13BitTorrent protocol" + bytes(8) + infohash + b"-XX0001-" + bytes(12)


async def next_message(reader: asyncio.StreamReader) -> int:
    """Return the number of the next message that is not empty."""
    while not (length := int.from_bytes(await reader.readexactly(4))):
        continue
    return (await reader.readexactly(length))[0]


async def next_of(reader: asyncio.StreamReader, kind: int) -> None:
    while await next_message(reader) != kind:
        continue


def test_every_request_is_answered(tmp_path: Path) -> None:
    """Without the fast extension (BEP 6) a peer cannot know that its request was dropped."""
    release = make_release(tmp_path, TorrentVersion.V1, TREE)

    async def scene() -> None:
        async with seeding(release) as seeder:
            reader, writer = await asyncio.open_connection(HERE, seeder.port)
            writer.write(handshake(release) + INTERESTED)
            await reader.readexactly(HANDSHAKE_LENGTH)
            await next_of(reader, UNCHOKE)
            writer.write(REQUEST * (REQUEST_QUEUE - 1))
            async with asyncio.timeout(PATIENCE):
                for _ in range(REQUEST_QUEUE - 1):
                    await next_of(reader, PIECE)
            writer.close()

    asyncio.run(scene())


def test_a_peer_that_disconnects_is_connected_to_again(tmp_path: Path) -> None:
    """It may be the only one with the content."""
    release = make_release(tmp_path / "ours", TorrentVersion.V1, TREE)

    async def scene() -> None:
        calls: asyncio.Queue[None] = asyncio.Queue()

        async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readexactly(HANDSHAKE_LENGTH)
            writer.write(handshake(release))
            await writer.drain()
            writer.close()
            calls.put_nowait(None)

        server = await asyncio.start_server(hang_up, HERE, 0)
        port = server.sockets[0].getsockname()[1]
        words = ("fetch", release.torrent, "-d", tmp_path / "got", "--port", "0", *QUIET_WORDS, "--encryption", "off")
        async with server, asyncio.timeout(PATIENCE):
            with running(*words, "--peer", f"{HERE}:{port}"):
                await calls.get()
                await calls.get()

    asyncio.run(scene())
