"""Hashes content that can be read only once and whose length is not known before its end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import BinaryIO

from mktorrent_py.errors import CancelledError
from mktorrent_py.hashing.checksums import start_digest
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.hashing.kernel import sha1_pieces, sha256_blocks, sha256_pairs
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.merkle import (
    BLOCK_LENGTH,
    NODE_LENGTH,
    ceil_div,
    power_of_two_at_least,
    subtree_root,
)

CHUNK = 4 << 20
"""Bytes of a read: a multiple of the block, so that only the last block is short."""

Sink = Callable[[memoryview], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamDigests:
    """The digests of a stream: 20 bytes a v1 piece, 32 bytes a v2 piece, hex checksums by algorithm; bytes read."""

    length: int
    sha1: bytes
    nodes: bytes
    checksums: dict[str, str]


def hash_stream(
    stream: BinaryIO, piece_length: int, version: TorrentVersion, *, checksums: Sequence[str] = (), progress: Progress
) -> StreamDigests:
    """Read a stream to its end; every digest runs in its own thread beside the next read.

    Raises CancelledError, at the next chunk, after `progress.cancel()`.
    """
    pieces, nodes = _Pieces(piece_length), _Nodes(piece_length)
    sums = {name: start_digest(name) for name in checksums}
    sinks: list[Sink] = [digest.update for digest in sums.values()]
    sinks += [pieces.update] if version.has_v1 else []
    sinks += [nodes.update] if version.has_v2 else []
    length = 0
    running: list[Future[object]] = []
    with ThreadPoolExecutor(len(sinks), "mkt-hash") as pool:
        for chunk in _chunks(stream):
            _wait(running)
            if progress.is_cancelled:
                raise CancelledError("hashing was cancelled")
            running = [pool.submit(sink, chunk) for sink in sinks]
            length += len(chunk)
            progress.count(len(chunk))
        _wait(running)
    return StreamDigests(
        length=length,
        sha1=pieces.digests(),
        nodes=nodes.finish(),
        checksums={name: digest.hexdigest() for name, digest in sums.items()},
    )


def _wait(running: list[Future[object]]) -> None:
    for future in running:
        future.result()


def _chunks(stream: BinaryIO) -> Iterator[memoryview]:
    """Full chunks and a last short one."""
    while chunk := stream.read(CHUNK):
        yield memoryview(chunk)


class _Pieces:
    """v1 pieces of a stream: whole ones side by side, the one that a chunk ends in by itself."""

    def __init__(self, piece_length: int) -> None:
        self._piece_length = piece_length
        self._done = bytearray()
        self._open = hashlib.sha1(usedforsecurity=False)
        self._open_length = 0

    def update(self, data: memoryview) -> None:
        if self._open_length:
            head = min(self._piece_length - self._open_length, len(data))
            self._extend(data[:head])
            data = data[head:]
        whole = len(data) // self._piece_length * self._piece_length
        self._done += sha1_pieces(data[:whole], self._piece_length)
        self._extend(data[whole:])

    def _extend(self, data: memoryview) -> None:
        self._open.update(data)
        self._open_length += len(data)
        if self._open_length == self._piece_length:
            self._close()

    def _close(self) -> None:
        self._done += self._open.digest()
        self._open = hashlib.sha1(usedforsecurity=False)
        self._open_length = 0

    def digests(self) -> bytes:
        if self._open_length:
            self._close()
        return bytes(self._done)


class _Nodes:
    """v2 nodes of a stream: leaf hashes, folded as soon as a piece is full."""

    def __init__(self, piece_length: int) -> None:
        self._width = piece_length // BLOCK_LENGTH
        self._leaves = b""
        self._done = bytearray()

    def update(self, data: memoryview) -> None:
        self._leaves += sha256_blocks(data)
        step = self._width * NODE_LENGTH
        whole = len(self._leaves) // step * step
        for at in range(0, whole, step):
            self._done += subtree_root(self._leaves[at : at + step], self._width, hash_pairs=sha256_pairs)
        self._leaves = self._leaves[whole:]

    def finish(self) -> bytes:
        if self._leaves:
            own_width = power_of_two_at_least(ceil_div(len(self._leaves), NODE_LENGTH))
            width = self._width if self._done else own_width
            self._done += subtree_root(self._leaves, width, hash_pairs=sha256_pairs)
        return bytes(self._done)
