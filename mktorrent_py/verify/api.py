"""Verifies content against a torrent: finds it, hashes it as `create` does, compares, and classifies every file.

`prepare_verification` reads names and sizes; `run_verification` reads the content once and reports.
`verify_content` does both. Content that does not match is data in the report, not an exception.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from mktorrent_py.content.file_stat import check_paths, unreadable
from mktorrent_py.content.locate import ContentLocation, locate_content
from mktorrent_py.content.selection import only_matching
from mktorrent_py.content.tree_match import FileMatch
from mktorrent_py.errors import CancelledError, UsageError
from mktorrent_py.formatting import printable, quoted
from mktorrent_py.hashing.compare import CONTRADICTIONS, Comparison, PieceState
from mktorrent_py.hashing.hasher import (
    UNCHECKED,
    Fault,
    HashOptions,
    Progress,
    Source,
    UnitDigests,
    hash_content,
    hash_pieces,
)
from mktorrent_py.hashing.kernel import sha256_pairs
from mktorrent_py.metainfo.layout import File, Layout, PathComponents
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.typecheck import check_bool, check_int, check_texts
from mktorrent_py.torrentfile import StrPath, read_metainfo
from mktorrent_py.verify.report import FileClassifier, FileReport, FileStatus

__all__ = [
    "ContentLocation",
    "FileReport",
    "FileStatus",
    "PieceState",
    "Verification",
    "VerifyOptions",
    "VerifyReport",
    "prepare_verification",
    "run_verification",
    "verify_content",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOptions:
    """What to check. `quick` compares names and sizes only; `fail_fast` stops at the first failure.

    `files` are globs: only files that match one are verified, and extras are not searched for. With `strict` an extra
    file is a failure; `not_extra` are absolute paths that never count as one. `threads` 0 uses one for every processor;
    `sequential` is for disks that seek, None asks the system. Raises TypeError for a value of the wrong type.
    """

    quick: bool = False
    fail_fast: bool = False
    strict: bool = False
    files: Sequence[str] = ()
    not_extra: Collection[StrPath] = frozenset()
    threads: int = 0
    sequential: bool | None = None

    def __post_init__(self) -> None:
        for name in ("quick", "fail_fast", "strict"):
            check_bool(getattr(self, name), name)
        if self.sequential is not None:
            check_bool(self.sequential, "sequential")
        check_int(self.threads, "threads")
        object.__setattr__(self, "files", check_texts(self.files, "files"))
        object.__setattr__(self, "not_extra", check_paths(self.not_extra, "not_extra"))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verification:
    """A verification before it reads: the wanted files by number, and where they were found."""

    metainfo: Metainfo
    options: VerifyOptions
    wanted: tuple[int, ...]
    located: ContentLocation

    @property
    def bytes_to_read(self) -> int:
        """Upper bound of the bytes that will be read of the wanted files."""
        if self.options.quick:
            return 0
        files = self.metainfo.info.files
        there = [(files[number].length, self.located.found[number].disk) for number in self.wanted]
        return sum([min(length, disk.size) for length, disk in there if disk is not None])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VerifyReport:
    """The result of a verification.

    `files` are the wanted ones in torrent order; `pieces` holds the `PieceState` of each piece in a byte. `bytes_read`
    counts content that was hashed.
    """

    metainfo: Metainfo
    options: VerifyOptions
    located: ContentLocation
    files: tuple[FileReport, ...]
    pieces: bytes = field(repr=False)
    bytes_read: int

    @property
    def ok(self) -> bool:
        """Whether every wanted file matches, and with `strict` there is no extra file."""
        return not self.contradicts_itself and all(file.is_right for file in self.files) and not self.failing_extras

    @property
    def extras(self) -> tuple[PathComponents, ...]:
        """Files on disk that the torrent does not have."""
        return self.located.extras

    @property
    def failing_extras(self) -> tuple[PathComponents, ...]:
        return self.extras if self.options.strict else ()

    @property
    def contradicts_itself(self) -> bool:
        """Whether the v1 and v2 parts of the torrent disagree about the same bytes."""
        return any(state in self.pieces for state in CONTRADICTIONS)

    def locates_damage(self, file: FileReport) -> bool:
        """Whether the torrent can locate bad bytes in a file, rather than only detect that there are some."""
        info = self.metainfo.info
        root = info.files[file.number].pieces_root
        return info.version.has_v1 or file.pieces <= 1 or root in (self.metainfo.piece_layers or {})

    @property
    def counts(self) -> dict[FileStatus, int]:
        """Number of files of each status that occurs."""
        counted = Counter([file.status for file in self.files])
        return {status: counted[status] for status in FileStatus if counted[status]}

    @property
    def has_unreadable(self) -> bool:
        """Whether a file could not be read."""
        return any(file.status is FileStatus.UNREADABLE for file in self.files)


def verify_content(
    metainfo: Metainfo | StrPath,
    content: StrPath,
    options: VerifyOptions | None = None,
    *,
    progress: Progress | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> VerifyReport:
    """Verify content against a torrent, or against the torrent file at a path.

    `content` is the content itself, whatever its name, or the directory that holds it. `progress` can be read, and
    cancelled, from another thread. `on_progress` is called with it in this thread, after every unit of work (16 MiB or
    so); what it raises stops the work. Raises ContentError when `content` or its directory cannot be read, UsageError
    when `options.files` match nothing, CancelledError after `progress.cancel()`, and what `read_metainfo` raises.
    """
    if not isinstance(metainfo, Metainfo):
        metainfo = read_metainfo(metainfo)
    progress = progress or Progress()
    with progress.run():
        verification = prepare_verification(metainfo, [Path(content)], options or VerifyOptions())
        return run_verification(verification, progress=progress, on_progress=on_progress)


def prepare_verification(metainfo: Metainfo, paths: Sequence[Path], options: VerifyOptions) -> Verification:
    """Find the content in whichever of `paths` matches it best; reads names and sizes only."""
    wanted = _wanted_files(metainfo.info.files, options.files)
    needed = _with_neighbours(metainfo.info.layout, wanted)
    located = locate_content(metainfo.info, paths, needed, not_extra=options.not_extra)
    return Verification(metainfo=metainfo, options=options, wanted=wanted, located=located)


def run_verification(
    verification: Verification,
    *,
    progress: Progress | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> VerifyReport:
    """Read the content that was found, once, and report. Raises as `verify_content` does."""
    progress = progress or Progress()
    check = _Check(verification, progress, on_progress)
    with progress.run(verification.bytes_to_read):
        if not verification.options.quick and not (verification.options.fail_fast and check.fails_already()):
            check.hash()
    states = check.comparison.states()
    classifier = FileClassifier(
        verification.metainfo.info.layout,
        verification.located,
        check.faults,
        states,
        quick=verification.options.quick,
    )
    return VerifyReport(
        metainfo=verification.metainfo,
        options=verification.options,
        located=verification.located,
        files=tuple([classifier.classify(number) for number in verification.wanted]),
        pieces=states,
        bytes_read=check.bytes_read,
    )


def _wanted_files(files: Sequence[File], globs: Sequence[str]) -> tuple[int, ...]:
    if not globs:
        return tuple(range(len(files)))
    selection = only_matching(globs)
    wanted = tuple([number for number, file in enumerate(files) if selection.verdict(file.path, False) is None])
    if not wanted:
        raise UsageError(f"no file of the torrent matches {' or '.join(map(quoted, globs))}", code="no-file-matches")
    return wanted


def _with_neighbours(layout: Layout, wanted: tuple[int, ...]) -> list[int]:
    """Return the wanted files and those that share a v1 piece with one."""
    if layout.version.has_v2 or len(wanted) == len(layout.files):
        return list(wanted)
    shared = {piece for number in wanted if (own := layout.pieces_of(number)) for piece in (own[0], own[-1])}
    length = layout.piece_length
    neighbours = [layout.files_in(piece * length, (piece + 1) * length) for piece in shared]
    return sorted({*wanted, *chain.from_iterable(neighbours)})


class _Check:
    """One run: hashes the pieces that are on disk, and keeps the faults met on the way."""

    def __init__(
        self,
        verification: Verification,
        progress: Progress,
        on_progress: Callable[[Progress], object] | None,
    ) -> None:
        info, options = verification.metainfo.info, verification.options
        self.comparison = Comparison(
            info.layout, info.pieces, verification.metainfo.piece_layers or {}, hash_pairs=sha256_pairs
        )
        self.faults: dict[int, Fault] = {}
        self.bytes_read = 0
        self._verification = verification
        self._on_progress = on_progress
        self._layout = info.layout
        self._options = HashOptions(threads=options.threads, sequential=options.sequential, progress=progress)
        self._todo = self._pieces_to_hash()
        self._source = _source_of(verification.located, len(info.files))

    def fails_already(self) -> bool:
        """Whether names and sizes alone show a failure."""
        if self._verification.options.strict and self._verification.located.extras:
            return True
        found, files = self._verification.located.found, self._layout.files
        disks = [(found[number].disk, files[number].length) for number in self._verification.wanted]
        return any(disk is None or disk.size != length for disk, length in disks)

    def hash(self) -> None:
        """Hash the pieces to check and compare them; with `fail_fast`, up to the first bad one."""
        runs = list(_marked_runs(self._todo))
        if not runs:
            return
        with closing(hash_content(self._layout, self._source, self._options, runs)) as results:
            while True:
                try:
                    hashed = next(results, None)
                    if hashed is not None:
                        self._take(hashed)
                except OSError as error:
                    # A file that cannot be read is a fault; this is the root itself.
                    raise unreadable(printable(str(self._source.root)), error) from error
                if hashed is None or (self._verification.options.fail_fast and self._is_bad(hashed)):
                    return
                if self._on_progress is not None:
                    self._on_progress(self._options.progress)

    def _is_bad(self, hashed: UnitDigests) -> bool:
        return bool(self.faults) or self.comparison.has_bad(hashed.unit)

    def _pieces_to_hash(self) -> bytearray:
        """Mark each wanted piece whose bytes are all on disk with a 1, in a byte a piece."""
        todo = bytearray(self._layout.piece_count)
        if len(self._verification.wanted) == len(self._layout.files):
            todo = bytearray(b"\1") * len(todo)
        else:
            for number in self._verification.wanted:
                own = self._layout.pieces_of(number)
                todo[own.start : own.stop] = b"\1" * len(own)
        for number, found in self._verification.located.found.items():
            lost = self._lost_pieces(number, found)
            if not lost:
                continue
            self.comparison.mark_lost(lost, PieceState.UNREADABLE if found.is_unreadable else PieceState.MISSING)
            todo[lost.start : lost.stop] = bytes(len(lost))
        return todo

    def _lost_pieces(self, number: int, found: FileMatch) -> range:
        """Return the pieces with bytes of this file that are not on disk."""
        length = self._layout.files[number].length
        size = found.disk.size if found.disk is not None else 0
        if size >= length:
            return range(0)
        own = self._layout.pieces_of(number)
        if not self._layout.version.has_v1 and not self.comparison.has_layer(number):
            return own
        return range((self._layout.offsets[number] + size) // self._layout.piece_length, own.stop)

    def _take(self, hashed: UnitDigests) -> None:
        unit, fault = hashed.unit, hashed.fault
        pieces = range(unit.first_piece, unit.first_piece + unit.pieces)
        if fault is None:
            self.bytes_read += unit.length
            self.comparison.take(unit, hashed.sha1, hashed.nodes)
        elif fault.file < 0:
            raise CancelledError("verification was cancelled")
        else:
            self.faults.setdefault(fault.file, fault)
            if len(pieces) == 1 or (fault.reason in _WHOLE_FILE and set(unit.files()) == {fault.file}):
                self.comparison.mark_lost(pieces, PieceState.UNREADABLE)
                return
            for narrowed in hash_pieces(self._layout, self._source, self._options, pieces):
                self._take(narrowed)


_WHOLE_FILE = {"missing", "changed"}
"""Faults that every piece of the file has."""


def _source_of(located: ContentLocation, count: int) -> Source:
    stats = array("q", UNCHECKED) * count
    paths = [b""] * count
    for number, found in located.found.items():
        paths[number] = found.path
        if found.disk is not None:
            at = 3 * number
            stats[at : at + 3] = array("q", (found.disk.size, found.disk.mtime_ns, found.disk.inode))
    return Source(root=located.root, paths=paths, stats=stats)


def _marked_runs(marks: bytearray) -> Iterator[range]:
    """Yield consecutive marked indices as ranges."""
    start = marks.find(1)
    while start >= 0:
        stop = marks.find(0, start)
        if stop < 0:
            stop = len(marks)
        yield range(start, stop)
        start = marks.find(1, stop)
