"""Reads the units of a plan, hashes them in parallel, and yields their digests in order.

One read serves everything asked for: v1 pieces, v2 nodes, checksums of whole files. `create` and `verify` both use
`hash_content` and decide what a fault means, so a fault is a value here. Nothing in here prints.
"""

from __future__ import annotations

import os
import sys
from array import array
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from mktorrent_py.errors import UsageError
from mktorrent_py.hashing.checksums import FileChecksums
from mktorrent_py.hashing.kernel import ReadFault, hash_unit, hash_unit_tapped
from mktorrent_py.hashing.plan import ROW_FIELDS, Unit, plan_hashes, plan_pieces
from mktorrent_py.hashing.rotational import is_rotating
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.typecheck import check_int

ALONE = 1 << 20
"""Bytes, with padding, up to which starting threads takes longer than hashing."""

UNCHECKED = (-1, 0, 0)
"""In place of the size, mtime and inode of a file: do not compare them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the files of a layout are: paths in the system's bytes, relative to `root`.

    `stats` holds three numbers a file: size in bytes, mtime in nanoseconds, inode. A file that differs from them when
    it is opened, or when it has been read, is a fault.
    """

    root: Path
    paths: Sequence[bytes]
    stats: array[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A file that could not be read as expected: why (`missing`, `unreadable`, `changed`, `short`), and the errno.

    File -1 stands for a cancelled run.
    """

    file: int
    reason: str
    errno: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitDigests:
    """The digests of one unit: 20 bytes a v1 piece, 32 bytes a v2 node; both empty when there is a fault."""

    unit: Unit
    sha1: bytes = b""
    nodes: bytes = b""
    fault: Fault | None = None


class Progress:
    """Bytes of content read so far, and how many there are to read. Any thread may read it, or cancel the work.

    `cells` is what the kernels write to and look at: bytes done, and whether to stop. `total` is None until it is
    known; the total of a stream never is.
    """

    __slots__ = ("cells", "total")

    def __init__(self) -> None:
        self.cells = array("q", (0, 0))
        self.total: int | None = None

    @property
    def bytes_done(self) -> int:
        """Bytes read in this run, never more than `total`."""
        done = self.cells[0]
        return done if self.total is None else min(done, self.total)

    @property
    def fraction(self) -> float | None:
        """The part done, from 0 to 1; None without a total."""
        if self.total is None:
            return None
        return self.bytes_done / self.total if self.total else 1.0

    @property
    def is_cancelled(self) -> bool:
        """Whether the work was asked to stop, and has not ended yet."""
        return bool(self.cells[1])

    def count(self, length: int) -> None:
        """Add bytes read, for readers that are alone."""
        self.cells[0] += length

    def cancel(self) -> None:
        """Make the run, or the next one if none has begun, stop at its next read and raise CancelledError."""
        self.cells[1] = 1

    @contextmanager
    def run(self, total: int | None = None) -> Iterator[None]:
        """Count one run of work, from 0 to `total` bytes. Its end uses up a request to stop, so the next run starts."""
        self.total, self.cells[0] = total, 0
        try:
            yield
        finally:
            self.cells[1] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class HashOptions:
    """How to hash. `threads` 0 uses one for every processor.

    `sequential` reads one place at a time, which is faster on disks that seek; None asks the system.
    """

    threads: int = 0
    sequential: bool | None = None
    progress: Progress = field(default_factory=Progress)
    checksums: FileChecksums | None = None

    def __post_init__(self) -> None:
        if check_int(self.threads, "threads") < 0:
            raise UsageError(f"threads must be 0 (automatic) or more, not {self.threads}", code="threads-invalid")


def hash_content(
    layout: Layout, source: Source, options: HashOptions, runs: Sequence[range] | None = None
) -> Generator[UnitDigests, None, None]:
    """Yield the digests of every piece of the layout, unit by unit, in order; with `runs`, of these pieces only.

    Closing the generator early stops the workers.
    """
    threads = options.threads or default_threads()
    yield from hash_units(plan_hashes(layout, workers=threads, runs=runs), layout, source, options)


def hash_pieces(layout: Layout, source: Source, options: HashOptions, pieces: range) -> Iterator[UnitDigests]:
    """Yield the digests piece by piece: narrows the fault of a whole unit down to the pieces it touches."""
    yield from hash_units(plan_pieces(layout, pieces), layout, source, options)


def default_threads() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def hash_units(units: Iterable[Unit], layout: Layout, source: Source, options: HashOptions) -> Iterator[UnitDigests]:
    """Hash units in parallel, a few ahead of the one that is due; yield the results in the order of the units."""
    sequential = is_rotating(source.root) if options.sequential is None else options.sequential
    with _open_root(source.root) as root:
        work = _Work(layout=layout, source=source, options=options, root=root, sequential=sequential)
        if layout.piece_count * layout.piece_length <= ALONE:
            yield from map(work.hash, units)
        else:
            yield from _hash_in_parallel(units, work, options.threads or default_threads())


def _hash_in_parallel(units: Iterable[Unit], work: _Work, threads: int) -> Iterator[UnitDigests]:
    due: deque[Future[UnitDigests]] = deque()
    with ThreadPoolExecutor(threads, "mkt-hash") as pool:
        try:
            for unit in units:
                due.append(pool.submit(work.hash, unit))
                if len(due) > 2 * threads:
                    yield due.popleft().result()
            while due:
                yield due.popleft().result()
        except BaseException:
            work.options.progress.cancel()
            work.abandon_checksums()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    layout: Layout
    source: Source
    options: HashOptions
    root: int
    sequential: bool

    def hash(self, unit: Unit) -> UnitDigests:
        excerpt = _excerpt(self.source, unit, absolute=self.root < 0)
        try:
            sha1, nodes = self._digests(excerpt)
        except ReadFault as fault:
            self.abandon_checksums()
            file = excerpt.first_file + fault.file if fault.file >= 0 else -1
            return UnitDigests(unit=unit, fault=Fault(file=file, reason=fault.reason, errno=fault.errno))
        return UnitDigests(unit=unit, sha1=sha1, nodes=nodes)

    def abandon_checksums(self) -> None:
        if self.options.checksums is not None:
            self.options.checksums.abandon()

    def _digests(self, excerpt: _Excerpt) -> tuple[bytes, bytes]:
        version, checksums = self.layout.version, self.options.checksums
        hash_rows = partial(hash_unit, sequential=self.sequential)
        if checksums is not None:
            first = excerpt.first_file
            hash_rows = partial(hash_unit_tapped, tap=lambda file, *data: checksums.update(first + file, *data))
        return hash_rows(
            self.root,
            excerpt.paths,
            excerpt.stats,
            excerpt.rows,
            self.layout.piece_length,
            v1=version.has_v1,
            v2=version.has_v2,
            progress=self.options.progress.cells,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Excerpt:
    """The part of a source that a unit reads, so that one call costs one unit and not the whole source.

    Files are numbered from `first_file` on.
    """

    first_file: int
    paths: Sequence[bytes]
    stats: array[int]
    rows: array[int]


def _excerpt(source: Source, unit: Unit, *, absolute: bool) -> _Excerpt:
    numbers = unit.rows[::ROW_FIELDS]
    present = [number for number in numbers if number >= 0]
    first, end = (min(present), max(present) + 1) if present else (0, 0)
    rows = unit.rows[:]
    rows[::ROW_FIELDS] = array("q", [number - first if number >= 0 else -1 for number in numbers])
    paths = source.paths[first:end]
    if absolute:
        paths = [os.fsencode(source.root / os.fsdecode(path)) for path in paths]
    return _Excerpt(first_file=first, paths=paths, stats=source.stats[3 * first : 3 * end], rows=rows)


@contextmanager
def _open_root(root: Path) -> Iterator[int]:
    """Open the directory that paths are relative to; -1 where the system has no such descriptors."""
    if sys.platform == "win32":
        yield -1
        return
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
