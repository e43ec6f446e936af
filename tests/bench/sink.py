"""A peer that asks for everything, looks at nothing and keeps nothing: what it takes a second is what a seeder gives.

It speaks BEP 3 in plain text over one connection, and always has some requests waiting.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator

from offer import Taken

BLOCK_LENGTH = 16384
WAITING = 256
"""Requests on their way: 4 MiB, which no seeder here refuses."""

_UNCHOKE, _INTERESTED, _PIECE = 1, 2, 7
_BUFFER_LENGTH = 4 << 20
_PATIENCE = 30.0


def take_everything(address: tuple[str, int], infohash: bytes, length: int, piece_length: int) -> Taken:
    """Take all the blocks of a v1 torrent in order, once. Raises OSError when the seeder hangs up."""
    requests = requests_for(length, piece_length)
    started = time.monotonic()
    with socket.create_connection(address, timeout=_PATIENCE) as connection:
        greet(connection, infohash)
        send_requests(connection, requests, WAITING)
        received, first = 0, 0.0
        for blocks, taken in counted(connection):
            first = first or (time.monotonic() if taken else 0.0)
            received += taken
            if received >= length:
                break
            send_requests(connection, requests, blocks)
        return Taken(first=first - started, rest=time.monotonic() - first, length=received)


def requests_for(length: int, piece_length: int) -> Iterator[bytes]:
    """A request message for each block of the content."""
    for start in range(0, length, piece_length):
        stop = min(start + piece_length, length)
        for block in range(start, stop, BLOCK_LENGTH):
            wanted = min(BLOCK_LENGTH, stop - block)
            yield struct.pack(">IBIII", 13, 6, start // piece_length, block - start, wanted)


def greet(connection: socket.socket, infohash: bytes) -> None:
    """Shake hands, show interest, and wait until the seeder unchokes us."""
    connection.sendall(b"\x13BitTorrent protocol" + bytes(8) + infohash + b"-BM0001-" + os.urandom(12))
    with connection.makefile("rb", buffering=0) as stream:
        read_exactly(stream, 68)
        connection.sendall(struct.pack(">IB", 1, _INTERESTED))
        while True:
            (size,) = struct.unpack(">I", read_exactly(stream, 4))
            if read_exactly(stream, size)[:1] == bytes([_UNCHOKE]):
                return


def read_exactly(stream: socket.SocketIO, size: int) -> bytes:
    found = b""
    while len(found) < size:
        more = stream.read(size - len(found))
        if not more:
            raise ConnectionError("the seeder hung up")
        found += more
    return found


def send_requests(connection: socket.socket, requests: Iterator[bytes], count: int) -> None:
    connection.sendall(b"".join([request for _, request in zip(range(count), requests, strict=False)]))


def counted(connection: socket.socket) -> Iterator[tuple[int, int]]:
    """How many blocks, and bytes in them, each read ended."""
    buffer = memoryview(bytearray(_BUFFER_LENGTH))
    held = 0
    while True:
        more = connection.recv_into(buffer[held:])
        if not more:
            raise ConnectionError("the seeder hung up")
        held += more
        blocks = taken = at = 0
        while held - at >= 4:
            size = int.from_bytes(buffer[at : at + 4])
            if held - at < 4 + size:
                break
            if size > 9 and buffer[at + 4] == _PIECE:
                blocks, taken = blocks + 1, taken + size - 9
            at += 4 + size
        buffer[: held - at] = buffer[at:held]
        held -= at
        yield blocks, taken
