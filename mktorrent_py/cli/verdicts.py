"""What `mkt verify` shows a person: files by what is wrong with them, and a picture of the pieces."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from mktorrent_py.cli import render, style
from mktorrent_py.cli.how import hashing_line
from mktorrent_py.cli.render import count
from mktorrent_py.hashing.compare import PieceState
from mktorrent_py.metainfo.paths import display_path, printable
from mktorrent_py.verdict import FileReport, Status
from mktorrent_py.verify import How, Report

MOST_LISTED = 50
NARROW = 72
LEAST_EXPLAINED = 30

_STYLES: dict[str, style.Style] = {
    **dict.fromkeys(Status, "bad"),
    Status.UNKNOWN: "warning",
    Status.UNCHECKED: "warning",
    "extra": "warning",
    "respelled": "warning",
}


class Line(NamedTuple):
    """A file that there is something to say about."""

    label: str
    path: str
    text: str


def print_report(torrent: str, report: Report, seconds: float, *, verbose: bool, map: bool) -> None:
    """All of it, on a terminal."""
    title = f"{printable(torrent)} against {printable(str(report.located.content))}"
    print(f"{style.paint(title, 'path', sys.stdout)}: {_headline(report)}")
    _print_lines(_lines(report), verbose=verbose)
    right = report.counts.get(Status.OK, 0)
    if not report.ok and right:
        print(f"{render.MARGIN}{count(right, 'file')} {_is(right)} right")
    render.print_rows(_wrapped(_rows(report, seconds, verbose=verbose)))
    if map and report.pieces:
        print_map(report.pieces)


def _headline(report: Report) -> str:
    total, counts = len(report.files), report.counts
    if report.located.how is How.NOWHERE:
        return f"nothing of {printable(report.metainfo.info.name)} is there"
    open_ones = counts.get(Status.UNKNOWN, 0) + counts.get(Status.UNCHECKED, 0)
    wrong = total - counts.get(Status.OK, 0) - open_ones
    parts = [f"{wrong:,} of {count(total, 'file')} {_is(wrong)} not right"] if wrong else []
    parts += [f"{count(open_ones, 'file')} cannot be told"] if open_ones else []
    if not parts:
        right = "there in the right size" if report.options.quick else "right"
        parts = [f"the file is {right}" if total == 1 else f"all {total:,} files are {right}"]
    extras = len(report.failing_extras)
    parts += [f"{count(extras, 'file')} {_is(extras)} not in the torrent"] if extras else []
    return ", ".join(parts)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _lines(report: Report) -> list[Line]:
    lines = [
        Line(status.value, display_path(file.path), _explain(report, file))
        for status in Status
        if status is not Status.OK
        for file in report.files
        if file.status is status
    ]
    lines += [Line("extra", display_path(path), "not in the torrent") for path in report.extras]
    respelled = [file for file in report.files if file.is_respelled]
    lines += [Line("respelled", display_path(file.path), "another Unicode form on the disk") for file in respelled]
    links = [file for file in report.files if file.is_right and file.detail]
    return lines + [Line("note", display_path(file.path), printable(file.detail)) for file in links]


def _explain(report: Report, file: FileReport) -> str:
    match file.status:
        case Status.CORRUPT | Status.SUSPECT:
            return file.detail or _explain_bad(report, file)
        case Status.SHORT | Status.LONG:
            return f"{file.size or 0:,} of {file.length:,} bytes{_explain_rest(report, file)}"
        case Status.MISSING:
            return "" if file.detail == "not there" else file.detail
        case Status.CONTRADICTED:
            return "the v1 and v2 hashes in the torrent disagree about it"
        case Status.UNKNOWN:
            return f"{_bytes(file.unknown)} share a piece with bytes that are not there"
        case Status.UNCHECKED:
            return "not read"
        case _:
            return printable(file.detail)


def _explain_bad(report: Report, file: FileReport) -> str:
    if not report.tells_pieces_apart(file):
        return "its root does not match; the torrent has no piece layers to say where"
    said = f"{file.bad_pieces:,} of {count(file.pieces, 'piece')}; {_bytes(file.bad)}"
    return f"{said}, in a piece shared with other files" if file.status is Status.SUSPECT else said


def _explain_rest(report: Report, file: FileReport) -> str:
    """What hashing said of a file in the wrong size."""
    if report.options.quick or not file.size:
        return ""
    if file.bad:
        return f"; {_bytes(file.bad)} are wrong"
    if sum([len(run) for run in file.unknown]) == file.length:
        return ""
    if file.status is Status.LONG:
        return "; as far as it should go it is right"
    return "; what is there is right"


def _bytes(runs: Sequence[range]) -> str:
    first = f"bytes {runs[0].start:,} to {runs[0].stop - 1:,}"
    return first if len(runs) == 1 else f"{first} and {count(len(runs) - 1, 'more range')}"


def _print_lines(lines: list[Line], *, verbose: bool) -> None:
    groups = [(label, list(group)) for label, group in groupby(lines, key=lambda line: line.label)]
    listed = [line for _, group in groups for line in (group if verbose else group[:MOST_LISTED])]
    names = max([style.display_width(line.path) for line in listed], default=0)
    for label, group in groups:
        shown = group if verbose else group[:MOST_LISTED]
        for line in shown:
            _print_line(line, names)
        if len(group) > len(shown):
            more = f"and {len(group) - len(shown):,} more {label} (-v lists them)"
            print(f"{render.MARGIN}{' ' * render.LABEL_WIDTH}{more}")


def _print_line(line: Line, names: int) -> None:
    """A label, a path and a text side by side; the text goes below where the terminal is narrow."""
    indent = len(render.MARGIN) + render.LABEL_WIDTH
    room = style.terminal_width() - indent
    label = style.paint(style.pad_to(line.label, render.LABEL_WIDTH), _STYLES.get(line.label, "dim"), sys.stdout)
    if style.terminal_width() < NARROW:
        print(f"{render.MARGIN}{label}{style.shorten(line.path, room)}")
        _print_wrapped(line.text, "    ")
        return
    beside = min(names, max(room - LEAST_EXPLAINED - 2, room // 2))
    first, *more = textwrap.wrap(line.text, max(room - beside - 2, LEAST_EXPLAINED)) or [""]
    print(f"{render.MARGIN}{label}{style.pad_to(style.shorten(line.path, beside), beside)}  {first}".rstrip())
    for text in more:
        print(" " * (indent + beside + 2) + text)


def _print_wrapped(text: str, indent: str) -> None:
    for line in textwrap.wrap(text, style.terminal_width() - len(indent)):
        print(indent + line)


def _rows(report: Report, seconds: float, *, verbose: bool) -> list[render.Row]:
    rows: list[render.Row] = []
    name = printable(report.metainfo.info.name)
    if report.located.how is How.PARENT:
        rows.append(("found", "in the directory that was given"))
    elif report.located.how is How.RENAMED:
        rows.append(("found", f"under another name than {name}"))
    if report.options.quick:
        rows.append(("checked", "names and sizes only"))
    else:
        halves = {"v1": "v1", "v2": "v2", "hybrid": "v1 and v2"}[report.metainfo.version.value]
        rows.append(("checked", f"{render.size(report.bytes_read)}, {halves}"))
        rows.append(("took", f"{render.duration(seconds)}, {render.rate(report.bytes_read, seconds)}"))
    if verbose:
        rows.append(("how", hashing_line(report.located.root, report.options.threads)))
    return rows


def _wrapped(rows: list[render.Row]) -> list[render.Row]:
    room = style.terminal_width() - len(render.MARGIN) - render.LABEL_WIDTH
    return [
        (label if not at else "", line) for label, text in rows for at, line in enumerate(textwrap.wrap(text, room))
    ]


class Mark(NamedTuple):
    """How a cell of the map is drawn, and what it is called."""

    block: str
    letter: str
    style: style.Style
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
    cells = map_cells(pieces, style.terminal_width() - len(render.MARGIN) - render.LABEL_WIDTH)
    runs = [(state, _glyph(state) * len(list(run))) for state, run in groupby(cells)]
    drawn = "".join([style.paint(glyphs, MARKS[state].style, sys.stdout) for state, glyphs in runs])
    legend = "  ".join([f"{_glyph(state)} {mark.word}" for state, mark in MARKS.items() if state in cells])
    render.print_rows([("pieces", drawn)])
    _print_wrapped(legend, " " * (len(render.MARGIN) + render.LABEL_WIDTH))


def _glyph(state: PieceState) -> str:
    mark = MARKS[state]
    try:
        mark.block.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return mark.letter
    return mark.block
