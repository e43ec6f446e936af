"""Checksums of whole files from the same read that makes the pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from threading import Condition
from typing import Protocol


class Digest(Protocol):
    """The interface that hashlib and blake3 share."""

    def update(self, data: memoryview, /) -> object: ...
    def hexdigest(self) -> str: ...


def _blake3() -> Digest:
    from blake3 import blake3

    return blake3()


ALGORITHMS: dict[str, tuple[str, Callable[[], Digest]]] = {
    "sha256": ("SHA256SUMS", hashlib.sha256),
    "blake3": ("B3SUMS", _blake3),
}
"""Name of each checksum: the file it is written to, and how to start one."""


def start_digest(algorithm: str) -> Digest:
    """Return a new digest of one of `ALGORITHMS`."""
    return ALGORITHMS[algorithm][1]()


class FileChecksums:
    """Feeds every file's bytes to its digests in order, in whatever order the workers call `update`.

    Workers start units in order, so the one with the next bytes is always running: the others can wait for it.
    """

    def __init__(self, lengths: Sequence[int], algorithms: Sequence[str]) -> None:
        self._lengths = lengths
        self._algorithms = tuple(algorithms)
        self._open: dict[int, tuple[int, list[Digest]]] = {}
        self._done: dict[int, tuple[str, ...]] = {}
        self._moved = Condition()
        self._abandoned = False

    def update(self, file: int, offset: int, data: memoryview) -> None:
        """Take the bytes of `file` from `offset` on; wait until all before them have been taken."""
        with self._moved:
            self._moved.wait_for(lambda: self._abandoned or self._position(file) == offset)
            if self._abandoned:
                return
            _, digests = self._open.setdefault(file, (0, self._start()))
        for digest in digests:
            digest.update(data)
        with self._moved:
            self._advance(file, offset + len(data), digests)
            self._moved.notify_all()

    def abandon(self) -> None:
        """Release every waiting worker: after a fault the bytes that they wait for never come."""
        with self._moved:
            self._abandoned = True
            self._moved.notify_all()

    def digests(self, algorithm: str) -> list[str]:
        """Return the hex digest of every file, in layout order."""
        which = self._algorithms.index(algorithm)
        empty = self._start()[which].hexdigest()
        return [self._done[number][which] if length else empty for number, length in enumerate(self._lengths)]

    def _start(self) -> list[Digest]:
        return [start_digest(name) for name in self._algorithms]

    def _position(self, file: int) -> int:
        return self._open[file][0] if file in self._open else 0

    def _advance(self, file: int, position: int, digests: list[Digest]) -> None:
        if position < self._lengths[file]:
            self._open[file] = (position, digests)
            return
        self._open.pop(file, None)
        self._done[file] = tuple([digest.hexdigest() for digest in digests])


def checksum_lines(digests: Sequence[str], paths: Sequence[str]) -> bytes:
    """Return the lines of a SHA256SUMS or B3SUMS file, as `sha256sum -c` and `b3sum -c` read them.

    A path with a line break or a backslash is escaped, and its line starts with a backslash.
    """
    return b"".join([_line(digest, path) for digest, path in zip(digests, paths, strict=True)])


def _line(digest: str, path: str) -> bytes:
    escaped = path.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")
    mark = "\\" if escaped != path else ""
    return f"{mark}{digest}  {escaped}\n".encode("utf-8", "surrogateescape")
