"""A picture of the pieces of a torrent, as `mkt verify --map` draws it."""

from __future__ import annotations

import sys
import textwrap
from itertools import groupby, pairwise
from typing import NamedTuple

from mktorrent_py.cli.output import console, table
from mktorrent_py.hashing.compare import PieceState


class Mark(NamedTuple):
    """How a cell of the map is drawn, and what it is called."""

    block: str
    letter: str
    style: console.Style
    word: str


MARKS = {
    PieceState.GOOD: Mark("█", "#", "good", "good"),
    PieceState.UNCHECKED: Mark("·", "-", "dim", "not checked"),
    PieceState.MISSING: Mark("░", ".", "warning", "missing"),
    PieceState.UNREADABLE: Mark("?", "?", "warning", "unreadable"),
    PieceState.V2_ONLY: Mark("2", "2", "bad", "right by v2 only"),
    PieceState.V1_ONLY: Mark("1", "1", "bad", "right by v1 only"),
    PieceState.BAD: Mark("▒", "X", "bad", "bad"),
}
"""From the mildest to the worst: a cell shows the worst of its pieces, so that no bad piece is lost in the crowd."""

_RANK_OF = {state.value: rank for rank, state in enumerate(MARKS)}
_RANKS = bytes([_RANK_OF.get(byte, 0) for byte in range(256)])


def map_cells(pieces: bytes, width: int) -> list[PieceState]:
    """The worst state of each of at most `width` runs of pieces, as equal as can be."""
    ranks = pieces.translate(_RANKS)
    cells = min(width, len(pieces))
    states = list(MARKS)
    bounds = [cell * len(pieces) // cells for cell in range(cells + 1)]
    return [states[max(ranks[start:stop])] for start, stop in pairwise(bounds)]


def print_map(pieces: bytes) -> None:
    """One row of cells, and what they mean."""
    cells = map_cells(pieces, table.room())
    runs = [(state, _glyph(state) * len(list(run))) for state, run in groupby(cells)]
    drawn = "".join([console.paint(glyphs, MARKS[state].style, sys.stdout) for state, glyphs in runs])
    legend = "  ".join([f"{_glyph(state)} {mark.word}" for state, mark in MARKS.items() if state in cells])
    table.print_rows([("pieces", drawn), *table.list_rows("", textwrap.wrap(legend, table.room()))])


def _glyph(state: PieceState) -> str:
    mark = MARKS[state]
    try:
        mark.block.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return mark.letter
    return mark.block
