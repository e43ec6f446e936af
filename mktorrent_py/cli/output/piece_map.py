"""The map of pieces that `mkt verify --map` draws."""

from __future__ import annotations

import sys
import textwrap
from itertools import groupby, pairwise
from typing import NamedTuple

from mktorrent_py.cli.output import console, table
from mktorrent_py.hashing import PieceState


class Mark(NamedTuple):
    """How a cell of the map is drawn, and its name in the legend."""

    block: str
    letter: str
    style: console.Style
    word: str


MARKS = {
    PieceState.GOOD: Mark("█", "#", "good", "good"),
    PieceState.UNCHECKED: Mark("·", "-", "dim", "not checked"),
    PieceState.MISSING: Mark("░", ".", "warning", "missing"),
    PieceState.UNREADABLE: Mark("?", "?", "warning", "unreadable"),
    PieceState.V2_ONLY: Mark("2", "2", "bad", "valid by v2 only"),
    PieceState.V1_ONLY: Mark("1", "1", "bad", "valid by v1 only"),
    PieceState.BAD: Mark("▒", "X", "bad", "bad"),
}
"""From good to worst: a cell shows the worst of its pieces, so that a single bad piece is always visible."""

_RANK_OF = {state.value: rank for rank, state in enumerate(MARKS)}
_RANKS = bytes([_RANK_OF.get(byte, 0) for byte in range(256)])


def map_cells(pieces: bytes, width: int) -> list[PieceState]:
    """Return the worst state in each of at most `width` runs of pieces of nearly equal length."""
    ranks = pieces.translate(_RANKS)
    cells = min(width, len(pieces))
    states = list(MARKS)
    bounds = [cell * len(pieces) // cells for cell in range(cells + 1)]
    return [states[max(ranks[start:stop])] for start, stop in pairwise(bounds)]


def map_rows(pieces: bytes) -> list[table.Row]:
    """Draw one row of cells, and a legend below it."""
    cells = map_cells(pieces, table.room())
    runs = [(state, _glyph(state) * len(list(run))) for state, run in groupby(cells)]
    drawn = "".join([console.paint(glyphs, MARKS[state].style, sys.stdout) for state, glyphs in runs])
    legend = "  ".join([f"{_glyph(state)} {mark.word}" for state, mark in MARKS.items() if state in cells])
    return [("pieces", drawn), *table.list_rows("", textwrap.wrap(legend, table.room()))]


def _glyph(state: PieceState) -> str:
    mark = MARKS[state]
    try:
        mark.block.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return mark.letter
    return mark.block
