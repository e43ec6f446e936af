"""Classifies every file by its size, the faults met, and the states of its pieces."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from mktorrent_py.content.locate import ContentLocation, MatchKind
from mktorrent_py.content.tree_match import FileMatch, is_link, link_points_to
from mktorrent_py.hashing.compare import CONTRADICTIONS, PieceState
from mktorrent_py.hashing.hasher import Fault
from mktorrent_py.metainfo.layout import File, Layout, PathComponents, encode_component


class FileStatus(StrEnum):
    """The result for one file.

    `SUSPECT`: every bad v1 piece covers other files too, any of which may be the damaged one. `CONTRADICTED`: the v1
    and v2 parts of the torrent disagree about it. `UNKNOWN`: it shares a v1 piece with missing bytes. `UNCHECKED`:
    verification stopped before it was read.
    """

    OK = "ok"
    CORRUPT = "corrupt"
    SUSPECT = "suspect"
    CONTRADICTED = "contradicted"
    SHORT = "short"
    LONG = "long"
    MISSING = "missing"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    UNCHECKED = "unchecked"


class FileReport(NamedTuple):
    """The report on one file.

    `number` counts files of the layout from 0. `length` is the torrent's and `size` the disk's, in bytes; None where
    there is no file. `disk_path` is its path below `root`, as the disk spells it, whether or not it exists. `bad` are
    ranges of bytes in pieces that do not match, `unknown` in pieces that could not be hashed. `detail` explains the
    status.
    """

    number: int
    path: PathComponents
    length: int
    status: FileStatus
    root: Path
    disk_path: bytes
    size: int | None = None
    pieces: int = 0
    bad_pieces: int = 0
    bad: tuple[range, ...] = ()
    unknown: tuple[range, ...] = ()
    is_respelled: bool = False
    detail: str = ""

    @property
    def on_disk(self) -> Path:
        return self.root / os.fsdecode(self.disk_path)

    @property
    def is_right(self) -> bool:
        return self.status is FileStatus.OK


class FileClassifier:
    """Classifies files by the states of pieces, sizes and faults."""

    def __init__(
        self, layout: Layout, located: ContentLocation, faults: Mapping[int, Fault], states: bytes, *, quick: bool
    ) -> None:
        self._layout = layout
        self._located = located
        self._root = os.fsencode(located.root)
        self._is_quick = quick
        self._faults = faults
        self._states = states
        self._shared: dict[int, bool] = {}

    def classify(self, number: int) -> FileReport:
        file, found = self._layout.files[number], self._located.found[number]
        own = self._layout.pieces_of(number)
        states = self._states[own.start : own.stop]
        bad, unknown = self._not_good(own, states)
        status, detail = self._status(number, file, found, states, bad)
        return FileReport(
            number=number,
            path=file.path,
            length=file.length,
            status=status,
            root=self._located.root,
            disk_path=found.path,
            size=found.disk.size if found.disk is not None else None,
            pieces=len(own),
            bad_pieces=len(bad),
            bad=self._byte_runs(number, bad),
            unknown=self._byte_runs(number, unknown),
            is_respelled=found.disk is not None and self._is_respelled(file, found),
            detail=detail,
        )

    def _status(
        self, number: int, file: File, found: FileMatch, states: bytes, bad: list[int]
    ) -> tuple[FileStatus, str]:
        if found.disk is None:
            return (FileStatus.UNREADABLE if found.is_unreadable else FileStatus.MISSING), found.reason
        if is_link(file):
            return self._status_of_link(file, found)
        if number in self._faults:
            return FileStatus.UNREADABLE, _in_words(self._faults[number])
        if found.disk.size != file.length:
            return (FileStatus.SHORT if found.disk.size < file.length else FileStatus.LONG), ""
        if self._is_quick:
            return FileStatus.OK, ""
        return self._status_of_pieces(states, bad), ""

    def _status_of_pieces(self, states: bytes, bad: list[int]) -> FileStatus:
        if states.count(PieceState.GOOD) == len(states):
            return FileStatus.OK
        if bad:
            return FileStatus.SUSPECT if all(self._is_shared(piece) for piece in bad) else FileStatus.CORRUPT
        if any(state in states for state in CONTRADICTIONS):
            return FileStatus.CONTRADICTED
        return FileStatus.UNCHECKED if PieceState.UNCHECKED in states else FileStatus.UNKNOWN

    def _status_of_link(self, file: File, found: FileMatch) -> tuple[FileStatus, str]:
        assert file.symlink is not None, "a link has a target"
        points = link_points_to(self._root, found.path, file.symlink)
        if points is None:
            return FileStatus.OK, "not a link on this disk; the entry in its place was not read"
        if points:
            return FileStatus.OK, ""
        return FileStatus.CORRUPT, f"the link does not point to {'/'.join(file.symlink)}"

    def _is_shared(self, piece: int) -> bool:
        """Whether a piece holds bytes of several files, as only v1 pieces do."""
        if piece not in self._shared:
            start = piece * self._layout.piece_length
            self._shared[piece] = len(self._layout.files_in(start, start + self._layout.piece_length)) > 1
        return self._shared[piece]

    @staticmethod
    def _not_good(own: range, states: bytes) -> tuple[list[int], list[int]]:
        """Return the pieces that are bad, and those whose state is unknown."""
        if states.count(PieceState.GOOD) == len(states):
            return [], []
        numbered = list(zip(own, states, strict=True))
        bad = [piece for piece, state in numbered if state == PieceState.BAD]
        return bad, [piece for piece, state in numbered if state in _UNKNOWN]

    def _byte_runs(self, number: int, pieces: Sequence[int]) -> tuple[range, ...]:
        """Return pieces as ranges of the file's bytes."""
        if not pieces:
            return ()
        offset, length = self._layout.offsets[number], self._layout.files[number].length
        step = self._layout.piece_length
        return tuple(
            [
                range(max(run.start * step - offset, 0), min(run.stop * step - offset, length))
                for run in consecutive_runs(pieces)
            ]
        )

    def _is_respelled(self, file: File, found: FileMatch) -> bool:
        is_renamed_whole = len(self._layout.files) == 1 and self._located.kind is MatchKind.RENAMED
        return not is_renamed_whole and found.path != encode_component("/".join(file.path))


_UNKNOWN = {PieceState.MISSING, PieceState.UNREADABLE, PieceState.UNCHECKED}

_FAULTS = {
    "missing": "vanished while it was read",
    "changed": "changed while it was read",
    "short": "shrank while it was read",
}


def _in_words(fault: Fault) -> str:
    return _FAULTS.get(fault.reason) or os.strerror(fault.errno).lower()


def consecutive_runs(numbers: Iterable[int]) -> list[range]:
    """Return ascending numbers as ranges without gaps."""
    runs: list[range] = []
    for number in numbers:
        if runs and runs[-1].stop == number:
            runs[-1] = range(runs[-1].start, number + 1)
        else:
            runs.append(range(number, number + 1))
    return runs
