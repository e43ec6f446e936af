"""What `mkt verify` shows a person: files by what is wrong with them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

from mktorrent_py.cli.output import console, table
from mktorrent_py.cli.output.kernel_info import hashing_line
from mktorrent_py.cli.output.piece_map import print_map
from mktorrent_py.content.locate import MatchKind
from mktorrent_py.formatting import duration, human_rate, human_size, plural, printable
from mktorrent_py.metainfo.paths import display_path
from mktorrent_py.verify.api import VerifyReport
from mktorrent_py.verify.report import FileReport, FileStatus

MAX_LISTED = 50
NARROW = 72
NARROW_INDENT = "    "
LEAST_EXPLAINED = 30

_STYLES: dict[str, console.Style] = {
    **dict.fromkeys(FileStatus, "bad"),
    FileStatus.UNKNOWN: "warning",
    FileStatus.UNCHECKED: "warning",
    "extra": "warning",
    "respelled": "warning",
}


class Line(NamedTuple):
    """A file that there is something to say about."""

    label: str
    path: str
    text: str


def print_report(torrent: str, report: VerifyReport, seconds: float, *, verbose: bool, map: bool) -> None:
    """All of it, on a terminal."""
    title = f"{printable(torrent)} against {printable(str(report.located.content))}"
    print(f"{console.paint(title, 'path', sys.stdout)}: {_headline(report)}")
    _print_lines(_lines(report), verbose=verbose)
    right = report.counts.get(FileStatus.OK, 0)
    if not report.ok and right:
        print(f"{table.MARGIN}{plural(right, 'file')} {_is(right)} right")
    table.print_rows(_wrapped(_rows(report, seconds, verbose=verbose)))
    if map and report.pieces:
        print_map(report.pieces)


def _headline(report: VerifyReport) -> str:
    total, counts = len(report.files), report.counts
    if report.located.kind is MatchKind.MISSING:
        return f"nothing of {printable(report.metainfo.info.name)} is there"
    open_ones = counts.get(FileStatus.UNKNOWN, 0) + counts.get(FileStatus.UNCHECKED, 0)
    wrong = total - counts.get(FileStatus.OK, 0) - open_ones
    parts = [f"{wrong:,} of {plural(total, 'file')} {_is(wrong)} not right"] if wrong else []
    parts += [f"{plural(open_ones, 'file')} cannot be told"] if open_ones else []
    if not parts:
        right = "there in the right size" if report.options.quick else "right"
        parts = [f"the file is {right}" if total == 1 else f"all {total:,} files are {right}"]
    extras = len(report.failing_extras)
    parts += [f"{plural(extras, 'file')} {_is(extras)} not in the torrent"] if extras else []
    return ", ".join(parts)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _lines(report: VerifyReport) -> list[Line]:
    lines = [
        Line(status.value, display_path(file.path), _explain(report, file))
        for status in FileStatus
        if status is not FileStatus.OK
        for file in report.files
        if file.status is status
    ]
    lines += [Line("extra", display_path(path), "not in the torrent") for path in report.extras]
    respelled = [file for file in report.files if file.is_respelled]
    lines += [Line("respelled", display_path(file.path), "another Unicode form on the disk") for file in respelled]
    links = [file for file in report.files if file.is_right and file.detail]
    return lines + [Line("note", display_path(file.path), printable(file.detail)) for file in links]


def _explain(report: VerifyReport, file: FileReport) -> str:
    match file.status:
        case FileStatus.CORRUPT | FileStatus.SUSPECT:
            return file.detail or _explain_bad(report, file)
        case FileStatus.SHORT | FileStatus.LONG:
            return f"{file.size or 0:,} of {file.length:,} bytes{_explain_rest(report, file)}"
        case FileStatus.MISSING:
            return "" if file.detail == "not found" else file.detail
        case FileStatus.CONTRADICTED:
            return "the v1 and v2 hashes in the torrent disagree about it"
        case FileStatus.UNKNOWN:
            return f"{_bytes(file.unknown)} share a piece with bytes that are not there"
        case FileStatus.UNCHECKED:
            return "not read"
        case _:
            return printable(file.detail)


def _explain_bad(report: VerifyReport, file: FileReport) -> str:
    if not report.locates_damage(file):
        return "its root does not match; the torrent has no piece layers to say where"
    said = f"{file.bad_pieces:,} of {plural(file.pieces, 'piece')}; {_bytes(file.bad)}"
    return f"{said}, in a piece shared with other files" if file.status is FileStatus.SUSPECT else said


def _explain_rest(report: VerifyReport, file: FileReport) -> str:
    """What hashing said of a file in the wrong size."""
    if report.options.quick or not file.size:
        return ""
    if file.bad:
        return f"; {_bytes(file.bad)} are wrong"
    if sum([len(run) for run in file.unknown]) == file.length:
        return ""
    if file.status is FileStatus.LONG:
        return "; as far as it should go it is right"
    return "; what is there is right"


def _bytes(runs: Sequence[range]) -> str:
    first = f"bytes {runs[0].start:,} to {runs[0].stop - 1:,}"
    return first if len(runs) == 1 else f"{first} and {plural(len(runs) - 1, 'more range')}"


def _print_lines(lines: list[Line], *, verbose: bool) -> None:
    groups = [(label, list(group)) for label, group in groupby(lines, key=lambda line: line.label)]
    listed = [line for _, group in groups for line in (group if verbose else group[:MAX_LISTED])]
    names = max([console.display_width(line.path) for line in listed], default=0)
    for label, group in groups:
        shown = group if verbose else group[:MAX_LISTED]
        for line in shown:
            _print_line(line, names)
        if len(group) > len(shown):
            more = f"and {len(group) - len(shown):,} more {label} (-v lists them)"
            print(f"{table.MARGIN}{' ' * table.LABEL_WIDTH}{more}")


def _print_line(line: Line, names: int) -> None:
    """A label, a path and a text side by side; the text goes below where the terminal is narrow."""
    indent = len(table.MARGIN) + table.LABEL_WIDTH
    room = console.terminal_width() - indent
    label = console.paint(console.pad_to(line.label, table.LABEL_WIDTH), _STYLES.get(line.label, "dim"), sys.stdout)
    if console.terminal_width() < NARROW:
        print(f"{table.MARGIN}{label}{console.shorten(line.path, room)}")
        for text in textwrap.wrap(line.text, console.terminal_width() - len(NARROW_INDENT)):
            print(NARROW_INDENT + text)
        return
    beside = min(names, max(room - LEAST_EXPLAINED - 2, room // 2))
    first, *more = textwrap.wrap(line.text, max(room - beside - 2, LEAST_EXPLAINED)) or [""]
    print(f"{table.MARGIN}{label}{console.pad_to(console.shorten(line.path, beside), beside)}  {first}".rstrip())
    for text in more:
        print(" " * (indent + beside + 2) + text)


def _rows(report: VerifyReport, seconds: float, *, verbose: bool) -> list[table.Row]:
    rows: list[table.Row] = []
    name = printable(report.metainfo.info.name)
    if report.located.kind is MatchKind.IN_PARENT:
        rows.append(("found", "in the directory that was given"))
    elif report.located.kind is MatchKind.RENAMED:
        rows.append(("found", f"under another name than {name}"))
    if report.options.quick:
        rows.append(("checked", "names and sizes only"))
    else:
        halves = {"v1": "v1", "v2": "v2", "hybrid": "v1 and v2"}[report.metainfo.version.value]
        rows.append(("checked", f"{human_size(report.bytes_read)}, {halves}"))
        rows.append(("took", f"{duration(seconds)}, {human_rate(report.bytes_read, seconds)}"))
    if verbose:
        rows.append(("how", hashing_line(report.located.root, report.options.threads)))
    return rows


def _wrapped(rows: list[table.Row]) -> list[table.Row]:
    return [row for label, text in rows for row in table.list_rows(label, textwrap.wrap(text, table.room()))]
