"""Verifies content against a torrent: find it, hash it as `create` does, compare, say what is wrong with which file.

`prepare_verification` looks at names and sizes; `run_verification` reads the content once and reports.
`verify_content` does both. Whatever is wrong with the content is data in the report, not an exception.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from mktorrent_py.content.locate import ContentLocation, locate_content
from mktorrent_py.content.selection import only_matching
from mktorrent_py.content.tree_match import FileMatch
from mktorrent_py.errors import CancelledError, ContentError, UsageError
from mktorrent_py.formatting import printable
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
from mktorrent_py.torrentfile import reason_of
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
    """What to check. `quick` looks at names and sizes only; `fail_fast` stops at the first thing wrong.

    `files` are globs: only files that match one are verified, and extras are not looked for. With `strict` an extra
    file is a failure; `not_extra` are absolute paths that never count as one. `threads` 0 uses what pays here;
    `sequential` is for disks that must seek, None asks the system.
    """

    quick: bool = False
    fail_fast: bool = False
    strict: bool = False
    files: tuple[str, ...] = ()
    not_extra: frozenset[Path] = frozenset()
    threads: int = 0
    sequential: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What is to be read: the wanted files by number, and where they were found."""

    metainfo: Metainfo
    options: VerifyOptions
    wanted: tuple[int, ...]
    located: ContentLocation

    @property
    def bytes_to_read(self) -> int:
        """At most so many bytes will be read."""
        if self.options.quick:
            return 0
        files = self.metainfo.info.files
        there = [(files[number].length, self.located.found[number].disk) for number in self.wanted]
        return sum([min(length, disk.size) for length, disk in there if disk is not None])


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyReport:
    """What verification found. `files` are the wanted ones in torrent order; `pieces` holds a `PieceState` a byte."""

    metainfo: Metainfo
    options: VerifyOptions
    located: ContentLocation
    files: tuple[FileReport, ...]
    pieces: bytes = field(repr=False)
    bytes_read: int

    @property
    def ok(self) -> bool:
        """Whether everything that was asked about is right."""
        return not self.contradicts_itself and all(file.is_right for file in self.files) and not self.failing_extras

    @property
    def extras(self) -> tuple[PathComponents, ...]:
        """Files on the disk that the torrent does not have."""
        return self.located.extras

    @property
    def failing_extras(self) -> tuple[PathComponents, ...]:
        return self.extras if self.options.strict else ()

    @property
    def contradicts_itself(self) -> bool:
        """Whether one half of the torrent says right and the other says wrong of the same bytes."""
        return any(state in self.pieces for state in CONTRADICTIONS)

    def tells_pieces_apart(self, file: FileReport) -> bool:
        """Whether the torrent can say which bytes of a file are wrong, or only that some are."""
        info = self.metainfo.info
        root = info.files[file.number].pieces_root
        return info.version.has_v1 or file.pieces <= 1 or root in (self.metainfo.piece_layers or {})

    @property
    def counts(self) -> dict[FileStatus, int]:
        """How many files there are of each status, those that occur."""
        counted = Counter([file.status for file in self.files])
        return {status: counted[status] for status in FileStatus if counted[status]}

    @property
    def has_unreadable(self) -> bool:
        """Whether a file could not be read."""
        return any(file.status is FileStatus.UNREADABLE for file in self.files)


def verify_content(
    metainfo: Metainfo, content: Path | str, options: VerifyOptions | None = None, *, progress: Progress | None = None
) -> VerifyReport:
    """Verify `content`: the content itself, whatever it is called, or the directory that holds it.

    Raises ContentError when `content` cannot be looked at or verification is cancelled, UsageError when
    `options.files` match nothing.
    """
    verification = prepare_verification(metainfo, [Path(content)], options or VerifyOptions())
    return run_verification(verification, progress=progress)


def prepare_verification(metainfo: Metainfo, places: Sequence[Path], options: VerifyOptions) -> Verification:
    """Find the content in the place that fits it best; reads names and sizes only."""
    wanted = _wanted_files(metainfo.info.files, options.files)
    needed = _with_neighbours(metainfo.info.layout, wanted)
    located = locate_content(metainfo.info, places, needed, not_extra=options.not_extra)
    return Verification(metainfo=metainfo, options=options, wanted=wanted, located=located)


def run_verification(verification: Verification, *, progress: Progress | None = None) -> VerifyReport:
    """Read the content that was found, once, and report."""
    check = _Check(verification, progress or Progress())
    if not verification.options.quick and not (verification.options.fail_fast and check.fails_already()):
        check.hash()
    states = check.comparison.states()
    judgement = FileClassifier(
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
        files=tuple([judgement.of(number) for number in verification.wanted]),
        pieces=states,
        bytes_read=check.bytes_read,
    )


def _wanted_files(files: Sequence[File], globs: tuple[str, ...]) -> tuple[int, ...]:
    if not globs:
        return tuple(range(len(files)))
    selection = only_matching(globs, "--files")
    wanted = tuple([number for number, file in enumerate(files) if selection.verdict(file.path, False) is None])
    if not wanted:
        raise UsageError(f"no file of the torrent matches {' or '.join(globs)}", hint="mkt inspect --files lists them.")
    return wanted


def _with_neighbours(layout: Layout, wanted: tuple[int, ...]) -> list[int]:
    """The wanted files and those that share a v1 piece with one."""
    if layout.version.has_v2 or len(wanted) == len(layout.files):
        return list(wanted)
    shared = {piece for number in wanted if (own := layout.pieces_of(number)) for piece in (own[0], own[-1])}
    length = layout.piece_length
    neighbours = [layout.files_in(piece * length, (piece + 1) * length) for piece in shared]
    return sorted({*wanted, *chain.from_iterable(neighbours)})


class _Check:
    """One run: hashes what can be hashed, and keeps what went wrong on the way."""

    def __init__(self, verification: Verification, progress: Progress) -> None:
        info, options = verification.metainfo.info, verification.options
        self.comparison = Comparison(
            info.layout, info.pieces, verification.metainfo.piece_layers or {}, hash_pairs=sha256_pairs
        )
        self.faults: dict[int, Fault] = {}
        self.bytes_read = 0
        self._verification = verification
        self._layout = info.layout
        self._options = HashOptions(threads=options.threads, sequential=options.sequential, progress=progress)
        self._todo = self._pieces_to_hash()
        self._source = _source_of(verification.located, len(info.files))

    def fails_already(self) -> bool:
        """Whether names and sizes alone say no."""
        if self._verification.options.strict and self._verification.located.extras:
            return True
        found, files = self._verification.located.found, self._layout.files
        disks = [(found[number].disk, files[number].length) for number in self._verification.wanted]
        return any(disk is None or disk.size != length for disk, length in disks)

    def hash(self) -> None:
        runs = list(_runs(self._todo))
        if not runs:
            return
        try:
            self._hash_runs(runs)
        except OSError as error:
            # Files that fail are faults; this is the root itself.
            root = printable(str(self._source.root))
            raise ContentError(f"cannot read {root}: {reason_of(error)}") from error

    def _hash_runs(self, runs: list[range]) -> None:
        with closing(hash_content(self._layout, self._source, self._options, runs)) as results:
            for hashed in results:
                self._take(hashed)
                if self._verification.options.fail_fast and (self.faults or self.comparison.has_bad(hashed.unit)):
                    return

    def _pieces_to_hash(self) -> bytearray:
        """A byte a piece, 1 for the wanted ones whose bytes are all there."""
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
        """The pieces with bytes of this file that are not there."""
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
"""Faults that are the same for every piece of a file."""


def _source_of(located: ContentLocation, count: int) -> Source:
    stats = array("q", UNCHECKED) * count
    paths = [b""] * count
    for number, found in located.found.items():
        paths[number] = found.path
        if found.disk is not None:
            at = 3 * number
            stats[at : at + 3] = array("q", (found.disk.size, found.disk.mtime_ns, found.disk.inode))
    return Source(root=located.root, paths=paths, stats=stats)


def _runs(marks: bytearray) -> Iterator[range]:
    """The runs of ones."""
    start = marks.find(1)
    while start >= 0:
        stop = marks.find(0, start)
        if stop < 0:
            stop = len(marks)
        yield range(start, stop)
        start = marks.find(1, stop)
