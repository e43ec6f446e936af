"""Cuts a layout into units of work. Pure: units are plain values that any executor can run, in any order.

A unit is a run of whole pieces, written as rows of five numbers, all in bytes but the first and the last:

    file    number of the file in the layout; -1 for zeros that belong to no row before them
    offset  where in the file to start
    length  bytes to read
    pad     zeros that follow in the v1 piece (never read)
    width   leaves under one v2 node of this row: the power of two its leaf hashes are padded to; 0 where there is no v2

With width 0 the rows run on and are cut every piece length, as v1 pieces are. With any other width a row starts a
piece of its own: in v2 and hybrid torrents no piece crosses a file.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.merkle import ceil_div, tree_width

ROW_FIELDS = 5
UNIT_BYTES = 16 << 20
UNIT_ROWS = 1024
LANES = 16
"""The widest kernel hashes this many pieces side by side, so a unit holds a multiple of them where it can."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Pieces `first_piece` up to `first_piece + pieces`, and the rows that hold their bytes.

    `length` is content to read; padding is not in it.
    """

    first_piece: int
    pieces: int
    length: int
    rows: array[int]

    def files(self) -> list[int]:
        """Return the numbers of the files this unit reads, in order."""
        return [number for number in self.rows[::ROW_FIELDS] if number >= 0]


def plan_hashes(layout: Layout, *, workers: int = 1, runs: Sequence[range] | None = None) -> Iterator[Unit]:
    """Yield every piece of the layout, in order, in units sized to keep `workers` busy to the end.

    With `runs`, only these runs of pieces, in ascending order.
    """
    wanted = [range(layout.piece_count)] if runs is None else runs
    pieces = pieces_per_unit(sum([len(run) for run in wanted]), layout.piece_length, workers)
    plan_run = _plan_aligned if layout.version.has_v2 else _plan_stream
    for run in wanted:
        yield from plan_run(layout, run, pieces)


def pieces_per_unit(piece_count: int, piece_length: int, workers: int) -> int:
    """Return the pieces of a unit: about 16 MiB and a multiple of the lanes.

    Fewer only where there is less than one such unit for every worker.
    """
    wanted = max(UNIT_BYTES // piece_length // LANES, 1) * LANES
    share = max(ceil_div(piece_count, max(workers, 1)), 1)
    if share >= wanted:
        return wanted
    return ceil_div(share, ceil_div(share, LANES))


def plan_pieces(layout: Layout, pieces: range) -> Iterator[Unit]:
    """Yield one unit a piece, to narrow down a fault in a larger unit."""
    for piece in pieces:
        yield _aligned_piece(layout, piece) if layout.version.has_v2 else _stream_unit(layout, piece, 1)


def _plan_stream(layout: Layout, run: range, pieces_each: int) -> Iterator[Unit]:
    for first in run[::pieces_each]:
        yield _stream_unit(layout, first, min(pieces_each, run.stop - first))


def _stream_unit(layout: Layout, first: int, pieces: int) -> Unit:
    start = first * layout.piece_length
    rows: list[int] = []
    length = 0
    for file, offset, size in layout.segments(start, min(start + pieces * layout.piece_length, layout.length)):
        rows += (-1 if file is None else file, offset, size, 0, 0)
        length += 0 if file is None else size
    return Unit(first, pieces, length, array("q", rows))


def _plan_aligned(layout: Layout, run: range, pieces_each: int) -> Iterator[Unit]:
    work_each = pieces_each * layout.piece_length
    first, pieces, length, work = run.start, 0, 0, 0
    rows: list[int] = []
    for row in _aligned_rows(layout, run, work_each):
        row_work = row[2] + row[3]
        if pieces and (work + row_work > work_each or len(rows) >= UNIT_ROWS * ROW_FIELDS):
            yield Unit(first, pieces, length, array("q", rows))
            first, pieces, length, work, rows = first + pieces, 0, 0, 0, []
        rows += row
        pieces += ceil_div(row[2], layout.piece_length)
        length += row[2]
        work += row_work
    if pieces:
        yield Unit(first, pieces, length, array("q", rows))


Row = tuple[int, int, int, int, int]


def _aligned_rows(layout: Layout, run: range, longest: int) -> Iterator[Row]:
    start, stop = run.start * layout.piece_length, run.stop * layout.piece_length
    for number in range(max(bisect_right(layout.offsets, start) - 1, 0), len(layout.files)):
        begin, length = layout.offsets[number], layout.files[number].length
        if begin >= stop:
            return
        end = min(length, stop - begin)
        for offset in range(max(start - begin, 0), end, longest):
            yield _aligned_row(layout, number, offset, min(longest, end - offset))


def _aligned_row(layout: Layout, number: int, offset: int, length: int) -> Row:
    pad = 0
    if layout.version.has_v1:
        end = layout.offsets[number] + offset + length
        pad = min(ceil_div(end, layout.piece_length) * layout.piece_length, layout.length) - end
    return number, offset, length, pad, tree_width(layout.files[number].length, layout.piece_length)


def _aligned_piece(layout: Layout, piece: int) -> Unit:
    start = piece * layout.piece_length
    segment = next(layout.segments(start, start + layout.piece_length))
    assert segment.file is not None, "in a v2 torrent every piece starts with a file's bytes"
    row = _aligned_row(layout, segment.file, segment.offset, segment.length)
    return Unit(piece, 1, segment.length, array("q", row))
