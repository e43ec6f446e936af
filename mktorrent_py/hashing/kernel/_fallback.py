"""The kernel in Python over hashlib: runs where nothing was compiled, and is the reference for compiled kernels."""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha1, sha256
from typing import TYPE_CHECKING, NamedTuple, Protocol

from mktorrent_py.hashing.kernel.fault import ReadFault

if TYPE_CHECKING:
    from typing_extensions import Buffer

BLOCK_LENGTH = 16384
BUFFER_LENGTH = 512 * 1024
_NODE_LENGTH = 32
_OPEN_FLAGS = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_NONBLOCK", "O_CLOEXEC", "O_NOCTTY", "O_BINARY", "O_NOINHERIT")
)
Tap = Callable[[int, int, memoryview], None]
_progress_lock = threading.Lock()


class BufferEngine(Protocol):
    """The functions of buffers, and the names of the kernels behind them."""

    @property
    def sha1(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    def sha1_pieces(self, data: Buffer, piece_length: int, /) -> bytes: ...
    def sha256_blocks(self, data: Buffer, block_length: int = BLOCK_LENGTH, /) -> bytes: ...
    def sha256_pairs(self, nodes: Buffer, /) -> bytes: ...


class HashlibEngine:
    """One hashlib call for each piece, block or pair."""

    sha1 = sha256 = "hashlib"

    def sha1_pieces(self, data: Buffer, piece_length: int, /) -> bytes:
        return b"".join(sha1(part, usedforsecurity=False).digest() for part in _parts(data, piece_length))

    def sha256_blocks(self, data: Buffer, block_length: int = BLOCK_LENGTH, /) -> bytes:
        return b"".join(sha256(part).digest() for part in _parts(data, block_length))

    def sha256_pairs(self, nodes: Buffer, /) -> bytes:
        if len(_bytes_of(nodes)) % (2 * _NODE_LENGTH):
            raise ValueError("nodes must come in pairs of 32 bytes each")
        return self.sha256_blocks(nodes, 2 * _NODE_LENGTH)


def _bytes_of(data: Buffer) -> memoryview:
    view = memoryview(data)
    if not view.c_contiguous:
        raise BufferError("the buffer is not contiguous")
    return view.cast("B") if view.nbytes else memoryview(b"")


def _parts(data: Buffer, length: int) -> Iterator[memoryview]:
    if length < 1:
        raise ValueError("the length of a piece or block must be positive")
    view = _bytes_of(data)
    return (view[start : start + length] for start in range(0, len(view), length))


class _Row(NamedTuple):
    """`length` bytes of a file (or that many zeros, file -1), then `pad` zeros that only v1 sees."""

    file: int
    offset: int
    length: int
    pad: int
    width: int

    def refuse(self, files: int, piece_length: int, *, v1: bool) -> None:
        """Raise ValueError for a row that no layout can have made."""
        if self.length < 0 or self.pad < 0 or not -1 <= self.file < files or (self.file >= 0 and self.offset < 0):
            raise ValueError(f"a row has a negative length or names a file that does not exist: {self}")
        if self.width == 0 and not v1 and self.length + self.pad:
            raise ValueError("a row without a width has no v2 hash")
        if self.width and self.length + self.pad:
            leaves = -(-min(self.length, piece_length) // BLOCK_LENGTH)
            if self.width < leaves or self.width & (self.width - 1) or self.width < 0:
                raise ValueError(f"a row's width is not a power of two that holds its leaves: {self}")
            if not self.length or self.pad > -self.length % piece_length:
                raise ValueError(f"a row's pad reaches past its last piece: {self}")


class _Stat(NamedTuple):
    size: int
    mtime_ns: int
    inode: int

    def matches(self, now: os.stat_result) -> bool:
        """Compare inodes as 64 bits: an int64 array holds the large ones as negative numbers."""
        same_inode = (now.st_ino - self.inode) % 2**64 == 0
        return same_inode and (now.st_size, now.st_mtime_ns) == (self.size, self.mtime_ns)


class _Content:
    """The files of a unit, one open at a time."""

    def __init__(
        self, directory: int, paths: Sequence[bytes], stats: Buffer, progress: Buffer | None, tap: Tap | None
    ) -> None:
        self._stats = _bytes_of(stats).cast("q")
        if len(self._stats) != 3 * len(paths):
            raise ValueError("stats must hold three int64 for each path")
        self._directory = directory
        self._paths = paths
        self._tap = tap
        self._progress = None if progress is None else memoryview(progress).cast("B").cast("q")
        self._index = -1
        self._file: io.FileIO | None = None

    def read(self, index: int, offset: int, to: memoryview) -> None:
        """Fill `to` from `offset` of a file. Raises ReadFault."""
        self._stop_if_cancelled()
        try:
            file = self._opened(index)
            file.seek(offset)
            self._fill(file, to)
        except OSError as error:
            missing = isinstance(error, FileNotFoundError | NotADirectoryError)
            raise ReadFault(index, "missing" if missing else "unreadable", error.errno or 0) from error
        if self._tap is not None:
            self._tap(index, offset, to)

    def close(self, *, checked: bool) -> None:
        """Close the open file; with `checked`, raise ReadFault if it has changed since the scan."""
        if self._file is None:
            return
        with self._file as file:
            self._file = None
            if checked:
                self._check(file.fileno(), self._index)

    def _opened(self, index: int) -> io.FileIO:
        if self._file is None or self._index != index:
            self.close(checked=True)
            directory = self._directory if os.open in os.supports_dir_fd else None
            descriptor = os.open(self._paths[index], _OPEN_FLAGS, dir_fd=directory)
            try:
                self._check(descriptor, index)
            except BaseException:
                os.close(descriptor)
                raise
            self._index = index
            self._file = io.FileIO(descriptor)
        return self._file

    def _check(self, descriptor: int, index: int) -> None:
        now = os.fstat(descriptor)
        if not stat.S_ISREG(now.st_mode):
            raise ReadFault(index, "unreadable")
        seen = self._seen(index)
        if seen.size >= 0 and not seen.matches(now):
            raise ReadFault(index, "changed")

    def _seen(self, index: int) -> _Stat:
        return _Stat(*self._stats[3 * index : 3 * index + 3])

    def _fill(self, file: io.FileIO, to: memoryview) -> None:
        while to:
            got = file.readinto(to)
            if not got:
                raise ReadFault(self._index, "short" if self._seen(self._index).size < 0 else "changed")
            self._report(got)
            to = to[got:]

    def _report(self, length: int) -> None:
        if self._progress is not None:
            with _progress_lock:
                self._progress[0] += length

    def _stop_if_cancelled(self) -> None:
        if self._progress is not None and len(self._progress) > 1 and self._progress[1]:
            raise ReadFault(-1, "cancelled")


class _Span:
    """Bytes that start at a piece boundary: a row of its own, or rows that make one v1 stream."""

    def __init__(self, content: _Content, rows: list[_Row], *, v1: bool) -> None:
        self._content = content
        segments = ((row.file, row.offset, row.length) for row in rows)
        pads = ((-1, 0, row.pad if v1 else 0) for row in rows)
        self._segments = [segment for both in zip(segments, pads, strict=True) for segment in both if segment[2]]
        self._segments.reverse()
        self.width = rows[0].width
        self.left = sum(length for _, _, length in self._segments)
        self._content_left = rows[0].length if self.width else 0

    def read(self, to: memoryview) -> memoryview:
        """Fill `to`, and return the part of it that v2 hashes."""
        content = to[: self._content_left]
        self._content_left -= len(content)
        self.left -= len(to)
        while to:
            file, offset, length = self._segments.pop()
            part, to = to[:length], to[length:]
            if length > len(part):
                self._segments.append((file, offset + len(part), length - len(part)))
            if file < 0:
                part[:] = bytes(len(part))
            else:
                self._content.read(file, offset, part)
        return content


class _Digests:
    """The digests of a unit, as they come."""

    def __init__(self, engine: BufferEngine, piece_length: int, *, v1: bool, v2: bool) -> None:
        self._engine = engine
        self._piece_length = piece_length
        self._v1 = v1
        self._v2 = v2
        self._buffer = memoryview(bytearray(BUFFER_LENGTH))
        self.pieces = bytearray()
        self.nodes = bytearray()

    def add(self, span: _Span) -> None:
        while span.left:
            if self._piece_length <= BUFFER_LENGTH:
                self._add_pieces(span)
            else:
                self._add_large_piece(span)

    def _add_pieces(self, span: _Span) -> None:
        data = self._buffer[: min(span.left, BUFFER_LENGTH // self._piece_length * self._piece_length)]
        content = span.read(data)
        if self._v1:
            self.pieces += self._engine.sha1_pieces(data, self._piece_length)
        if self._v2:
            for piece in _parts(content, self._piece_length):
                self.nodes += self._root(self._engine.sha256_blocks(piece), span.width)

    def _add_large_piece(self, span: _Span) -> None:
        left = min(span.left, self._piece_length)
        digest, leaves = sha1(usedforsecurity=False), bytearray()
        while left:
            data = self._buffer[: min(left, BUFFER_LENGTH)]
            content = span.read(data)
            left -= len(data)
            if self._v1:
                digest.update(data)
            if self._v2:
                leaves += self._engine.sha256_blocks(content)
        if self._v1:
            self.pieces += digest.digest()
        if leaves:
            self.nodes += self._root(bytes(leaves), span.width)

    def _root(self, nodes: bytes, width: int) -> bytes:
        """Return the root over `width` leaves, of which the missing ones are zeros (BEP 52)."""
        empty = bytes(_NODE_LENGTH)
        while width > 1:
            if len(nodes) // _NODE_LENGTH % 2:
                nodes += empty
            nodes = self._engine.sha256_pairs(nodes)
            empty = self._engine.sha256_pairs(empty + empty)
            width //= 2
        return nodes


def _spans(rows: list[_Row]) -> Iterator[list[_Row]]:
    stream: list[_Row] = []
    for row in rows:
        if row.width == 0:
            stream.append(row)
        elif row.length:
            if stream:
                yield stream
            stream = []
            yield [row]
    if stream:
        yield stream


def hash_unit(
    engine: BufferEngine,
    directory: int,
    paths: Sequence[bytes],
    stats: Buffer,
    rows: Buffer,
    piece_length: int,
    *,
    v1: bool,
    v2: bool,
    sequential: bool = False,
    progress: Buffer | None = None,
    tap: Tap | None = None,
) -> tuple[bytes, bytes]:
    """As `mktorrent_py.hashing.kernel.hash_unit`, with the buffers hashed by `engine`. Always reads in file order.

    `tap` is called with all content as it is read: file, offset, bytes.
    """
    numbers = _bytes_of(rows).cast("q").tolist()
    if piece_length < 1 or len(numbers) % 5:
        raise ValueError("piece_length must be positive, and rows must hold five int64 each")
    table = [_Row(*numbers[start : start + 5]) for start in range(0, len(numbers), 5)]
    for row in table:
        row.refuse(len(paths), piece_length, v1=v1)
    content = _Content(directory, paths, stats, progress, tap)
    digests = _Digests(engine, piece_length, v1=v1, v2=v2)
    try:
        for span in _spans(table):
            digests.add(_Span(content, span, v1=v1))
    except BaseException:
        content.close(checked=False)
        raise
    content.close(checked=True)
    return bytes(digests.pieces), bytes(digests.nodes)
