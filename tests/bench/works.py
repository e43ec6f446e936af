"""What is timed: shapes of content, and works done on them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from peers import Action, Version

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
MAX_FILES_IN_A_DIRECTORY = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Content: `files` files of `file_length` bytes each; one file stands alone, more stand in a directory."""

    files: int
    file_length: int

    @property
    def total(self) -> int:
        return self.files * self.file_length

    def __str__(self) -> str:
        length = binary_length(self.file_length)
        return f"one file of {length}" if self.files == 1 else f"{self.files:,} files of {length}"

    def scaled(self, scale: float) -> Shape:
        """The same shape with `scale` times the bytes: a shorter file, or fewer files."""
        if self.files == 1:
            return replace(self, file_length=max(1, round(self.file_length * scale)))
        return replace(self, files=max(2, round(self.files * scale)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One thing to ask every program for. `threads` 0 means as many as the run says; `peers` empty means all."""

    shape: Shape
    piece_length: int
    version: Version = "v1"
    action: Action = "create"
    threads: int = 0
    peers: frozenset[str] = frozenset()

    def __str__(self) -> str:
        threads = f", {self.threads} thread" if self.threads else ""
        pieces = f"{binary_length(self.piece_length)} pieces"
        return f"{self.action} {self.version}, {self.shape}, {pieces}{threads}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Two works of which the second has `factor` times as much of `what`; the time should not grow faster."""

    what: str
    factor: int
    small: Work
    large: Work


def binary_length(length: int) -> str:
    """`length` bytes in the largest unit that it is at least one of."""
    for unit, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if length >= unit:
            return f"{length / unit:.4g} {name}"
    return f"{length} bytes"


LARGE = Shape(files=1, file_length=4 * GIB)
MANY = Shape(files=2000, file_length=256 * KIB)
TINY = Shape(files=20_000, file_length=8 * KIB)

WORKS = (
    *(Work(shape=LARGE, piece_length=MIB, version=version) for version in ("v1", "v2", "hybrid")),
    *(Work(shape=MANY, piece_length=256 * KIB, version=version) for version in ("v1", "v2", "hybrid")),
    *(Work(shape=TINY, piece_length=256 * KIB, version=version) for version in ("v1", "v2", "hybrid")),
    Work(shape=LARGE, piece_length=MIB, threads=1, peers=frozenset({"mktorrent"})),
)

VERIFY_WORKS = tuple(
    Work(shape=shape, piece_length=piece_length, action="verify")
    for shape, piece_length in ((LARGE, MIB), (MANY, 256 * KIB), (TINY, 256 * KIB))
)

GROWTHS = (
    Growth(
        what="bytes",
        factor=10,
        small=Work(shape=Shape(files=1, file_length=400 * MIB), piece_length=MIB),
        large=Work(shape=Shape(files=1, file_length=4000 * MIB), piece_length=MIB),
    ),
    Growth(
        what="pieces of the same bytes",
        factor=16,
        small=Work(shape=Shape(files=1, file_length=GIB), piece_length=512 * KIB),
        large=Work(shape=Shape(files=1, file_length=GIB), piece_length=32 * KIB),
    ),
    Growth(
        what="files",
        factor=10,
        small=Work(shape=Shape(files=2000, file_length=8 * KIB), piece_length=256 * KIB),
        large=Work(shape=Shape(files=20_000, file_length=8 * KIB), piece_length=256 * KIB),
    ),
)


def write_content(directory: Path, shape: Shape) -> Path:
    """Write content of `shape` below `directory`, in the page cache when done. No two MiB of it are the same."""
    root = directory / "content"
    paths = [root] if shape.files == 1 else [root / numbered_path(number) for number in range(shape.files)]
    for number, path in enumerate(paths):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, shape.file_length, number)
    # Else the system writes it to disk while the first programs are timed.
    os.sync()
    return root


def numbered_path(number: int) -> str:
    return f"{number // MAX_FILES_IN_A_DIRECTORY:04}/{number:06}.bin"


def write_file(path: Path, length: int, number: int) -> None:
    with path.open("wb") as stream:
        for chunk in numbered_chunks(length, number):
            stream.write(chunk)


NOISE = os.urandom(MIB)


def numbered_chunks(length: int, number: int) -> Iterator[bytes]:
    """`length` bytes in chunks of at most a MiB, each begun with its own number, so that none repeats."""
    for start in range(0, length, MIB):
        label = f"{number}/{start}/".encode()
        yield (label + NOISE)[: min(MIB, length - start)]
