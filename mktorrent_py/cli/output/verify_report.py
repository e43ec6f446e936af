"""What `mkt verify` prints of each torrent: facts, and files by what is wrong with them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from mktorrent_py.cli.exit import ExitCode, exit_code_of
from mktorrent_py.cli.hints import hint_for
from mktorrent_py.cli.options.input import source_name
from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.cli.output.kernel_info import hashing_line
from mktorrent_py.cli.output.piece_map import map_rows
from mktorrent_py.cli.output.printer import Result
from mktorrent_py.content import MatchKind
from mktorrent_py.errors import TorrentError
from mktorrent_py.formatting import duration, human_rate, human_size, plural, printable
from mktorrent_py.hashing import PieceState
from mktorrent_py.metainfo import display_path, infohash_facts
from mktorrent_py.verify import FileReport, FileStatus, VerifyReport, consecutive_runs

MAX_LISTED = 50
NARROW = 72
NARROW_INDENT = "    "
MIN_TEXT_WIDTH = 30

_STYLES: dict[str, console.Style] = {
    **dict.fromkeys(FileStatus, "bad"),
    FileStatus.UNKNOWN: "warning",
    FileStatus.UNCHECKED: "warning",
    "extra": "warning",
    "respelled": "warning",
}


FIELDS = (
    *("torrent", "ok", "name", "format", "infohash.v1", "infohash.v2", "content", "located", "quick", "contradiction"),
    *[f"files_by_status.{status.value}" for status in FileStatus],
    *[f"pieces.{name}" for name in ("count", *[state.name.lower() for state in PieceState], "bad_runs")],
    *("files", "extras", "respelled", "bytes_read", "seconds", "error.message", "error.hint"),
)
"""Names that --field accepts, known before the work: a typing error costs no hour of hashing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one torrent: a report, or the error that prevented one."""

    torrent: Path
    report: VerifyReport | None = None
    error: TorrentError | None = None
    seconds: float = 0.0

    @property
    def exit_code(self) -> ExitCode:
        if self.report is not None:
            return exit_code_of_report(self.report)
        return exit_code_of(self.error) if self.error is not None else ExitCode.DONE


def exit_code_of_report(report: VerifyReport) -> ExitCode:
    """Return the exit code: a torrent that contradicts itself outranks a read error, and that a mismatch."""
    if report.contradicts_itself:
        return ExitCode.METAINFO
    if report.has_unreadable:
        return ExitCode.CONTENT
    return ExitCode.DONE if report.ok else ExitCode.NO


def outcome_result(outcome: Outcome, *, verbose: bool, map: bool) -> Result:
    """Make the result for one torrent."""
    facts = outcome_facts(outcome)
    report = outcome.report
    if report is None:
        return Result(facts=facts, is_partial=True)
    # As a field, a status without files is 0.
    statuses = {status.value: report.counts.get(status, 0) for status in FileStatus}
    return Result(
        facts=facts,
        lines=_text_lines(str(outcome.torrent), report, outcome.seconds, verbose=verbose, map=map),
        tab_lines=_tab_lines(facts),
        field_facts={**facts, "files_by_status": statuses},
        is_partial=True,
    )


def print_messages(outcome: Outcome, *, verbose: bool) -> None:
    """Print on stderr what is not about the content; with `verbose` also how it was hashed."""
    label = source_name(str(outcome.torrent))
    if outcome.error is not None:
        message = str(outcome.error)
        messages.fail(message if label in message else f"{label}: {message}", hint_for(outcome.error))
    elif outcome.report is not None:
        if outcome.report.contradicts_itself:
            messages.fail(
                f"{label} contradicts itself: {_contradiction(outcome.report)}",
                "No content can match both its v1 and its v2 hashes. Recreate the torrent from the content.",
            )
        if verbose:
            messages.note(hashing_line(outcome.report.located.root, outcome.report.options.threads))


def _contradiction(report: VerifyReport) -> str:
    v1, v2 = report.pieces.count(PieceState.V1_ONLY), report.pieces.count(PieceState.V2_ONLY)
    parts = [(v1, "valid by v1 but not by v2"), (v2, "valid by v2 but not by v1")]
    return ", ".join([f"{plural(number, 'piece')} {what}" for number, what in parts if number])


# Facts


def outcome_facts(outcome: Outcome) -> dict[str, Any]:
    """Return the outcome as data. Lengths and offsets are in bytes; pieces are counted from 0."""
    if outcome.report is None:
        error = {"message": str(outcome.error), "hint": hint_for(outcome.error) if outcome.error else None}
        return {"torrent": str(outcome.torrent), "ok": False, "error": error}
    report, info = outcome.report, outcome.report.metainfo.info
    return {
        "torrent": str(outcome.torrent),
        "ok": report.ok,
        "name": info.name,
        "format": info.version.value,
        "infohash": infohash_facts(info.infohashes),
        "content": str(report.located.content),
        "located": report.located.kind.value,
        "quick": report.options.quick,
        "contradiction": report.contradicts_itself,
        "files_by_status": {status.value: number for status, number in report.counts.items()},
        "pieces": _piece_facts(report.pieces),
        "files": [file_facts(file) for file in report.files],
        "extras": ["/".join(path) for path in report.extras],
        "respelled": [
            {"path": "/".join(file.path), "on_disk": str(file.on_disk)} for file in report.files if file.is_respelled
        ],
        "bytes_read": report.bytes_read,
        "seconds": round(outcome.seconds, 3),
    }


def _piece_facts(pieces: bytes) -> dict[str, Any]:
    bad = [number for number, state in enumerate(pieces) if state == PieceState.BAD] if PieceState.BAD in pieces else []
    counts = {state.name.lower(): pieces.count(state) for state in PieceState}
    return {
        "count": len(pieces),
        **counts,
        "bad_runs": [{"first": run.start, "count": len(run)} for run in consecutive_runs(bad)],
    }


def file_facts(file: FileReport) -> dict[str, Any]:
    """Return a file as data; `bad` and `unknown` are runs of its bytes."""
    return {
        "status": file.status.value,
        "path": "/".join(file.path),
        "length": file.length,
        "size": file.size,
        "pieces": file.pieces,
        "bad_pieces": file.bad_pieces,
        "bad": [_run_facts(run) for run in file.bad],
        "unknown": [_run_facts(run) for run in file.unknown],
        "on_disk": str(file.on_disk),
        "detail": file.detail or None,
    }


def _run_facts(run: range) -> dict[str, int]:
    return {"offset": run.start, "length": len(run)}


def _tab_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield tab lines; a file is its status, path, length, size and bad bytes as OFFSET+LENGTH."""
    pieces = {key: value for key, value in facts["pieces"].items() if key != "bad_runs"}
    files = [
        {
            "status": file["status"],
            "path": file["path"],
            "length": file["length"],
            "size": "" if file["size"] is None else file["size"],
            "bad": ",".join([f"{run['offset']}+{run['length']}" for run in file["bad"]]),
        }
        for file in facts["files"]
    ]
    yield from table.tab_lines({**facts, "pieces": pieces, "files": files})


# Text


class Line(NamedTuple):
    """A file with a status worth a line."""

    label: str
    path: str
    text: str


def _text_lines(torrent: str, report: VerifyReport, seconds: float, *, verbose: bool, map: bool) -> Iterator[str]:
    title = f"{printable(torrent)} against {printable(str(report.located.content))}"
    yield f"{console.paint(title, 'path', sys.stdout)}: {_headline(report)}"
    yield from _file_lines(_lines(report), verbose=verbose)
    matching = report.counts.get(FileStatus.OK, 0)
    if not report.ok and matching:
        yield f"{table.MARGIN}{plural(matching, 'file')} {'matches' if matching == 1 else 'match'}"
    rows = _rows(report, seconds, verbose=verbose)
    yield from table.row_lines([
        row for label, text in rows for row in table.list_rows(label, textwrap.wrap(text, table.room()))
    ])  # fmt: skip
    if map and report.pieces:
        yield from table.row_lines(map_rows(report.pieces))


def _headline(report: VerifyReport) -> str:
    total, counts = len(report.files), report.counts
    if report.located.kind is MatchKind.MISSING:
        return f"no file of {printable(report.metainfo.info.name)} found"
    unchecked = counts.get(FileStatus.UNKNOWN, 0) + counts.get(FileStatus.UNCHECKED, 0)
    failed = total - counts.get(FileStatus.OK, 0) - unchecked
    parts = [f"{failed:,} of {plural(total, 'file')} {'does' if failed == 1 else 'do'} not match"] if failed else []
    parts += [f"{plural(unchecked, 'file')} could not be checked"] if unchecked else []
    if not parts:
        subject = "the file" if total == 1 else f"all {total:,} files"
        verb, has = ("matches", "has") if total == 1 else ("match", "have")
        parts = [f"{subject} {has} the right size" if report.options.quick else f"{subject} {verb}"]
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
    lines += [Line("respelled", display_path(file.path), "on disk in another Unicode form") for file in respelled]
    links = [file for file in report.files if file.is_right and file.detail]
    return lines + [Line("note", display_path(file.path), printable(file.detail)) for file in links]


def _explain(report: VerifyReport, file: FileReport) -> str:
    match file.status:
        case FileStatus.CORRUPT | FileStatus.SUSPECT:
            return file.detail or _explain_bad(report, file)
        case FileStatus.SHORT:
            return f"{file.size or 0:,} of {file.length:,} bytes{_explain_rest(report, file)}"
        case FileStatus.LONG:
            return f"{file.size or 0:,} bytes, expected {file.length:,}{_explain_rest(report, file)}"
        case FileStatus.MISSING:
            return "" if file.detail == "not found" else file.detail
        case FileStatus.CONTRADICTED:
            return "the v1 and v2 hashes in the torrent contradict each other"
        case FileStatus.UNKNOWN:
            return f"{_bytes(file.unknown)} share a piece with missing bytes"
        case FileStatus.UNCHECKED:
            return "not read"
        case _:
            return printable(file.detail)


def _explain_bad(report: VerifyReport, file: FileReport) -> str:
    if not report.locates_damage(file):
        return "its root does not match; the torrent has no piece layers to locate the damage"
    where = f"{file.bad_pieces:,} of {plural(file.pieces, 'piece')}: {_bytes(file.bad)}"
    return f"{where}, in a piece shared with other files" if file.status is FileStatus.SUSPECT else where


def _explain_rest(report: VerifyReport, file: FileReport) -> str:
    """Describe the bytes of a file that has the wrong size."""
    if report.options.quick or not file.size:
        return ""
    if file.bad:
        return f"; {_bytes(file.bad)} do not match"
    if sum([len(run) for run in file.unknown]) == file.length:
        return ""
    if file.status is FileStatus.LONG:
        return f"; the first {file.length:,} match"
    return "; the part that exists is valid"


def _bytes(runs: Sequence[range]) -> str:
    first = f"bytes {runs[0].start:,}-{runs[0].stop - 1:,}"
    return first if len(runs) == 1 else f"{first} and {plural(len(runs) - 1, 'more range')}"


def _file_lines(lines: list[Line], *, verbose: bool) -> Iterator[str]:
    groups = [(label, list(group)) for label, group in groupby(lines, key=lambda line: line.label)]
    listed = [line for _, group in groups for line in (group if verbose else group[:MAX_LISTED])]
    names = max([console.display_width(line.path) for line in listed], default=0)
    for label, group in groups:
        shown = group if verbose else group[:MAX_LISTED]
        for line in shown:
            yield from _file_line(line, names)
        if len(group) > len(shown):
            more = f"and {len(group) - len(shown):,} more {label} (-v lists them)"
            yield f"{table.MARGIN}{' ' * table.LABEL_WIDTH}{more}"


def _file_line(line: Line, names: int) -> Iterator[str]:
    """Yield a label, a path and a text side by side; the text goes below if the terminal is narrow."""
    indent = len(table.MARGIN) + table.LABEL_WIDTH
    room = console.terminal_width() - indent
    label = console.paint(console.pad_to(line.label, table.LABEL_WIDTH), _STYLES.get(line.label, "dim"), sys.stdout)
    if console.terminal_width() < NARROW:
        yield f"{table.MARGIN}{label}{console.shorten(line.path, room)}"
        for text in textwrap.wrap(line.text, console.terminal_width() - len(NARROW_INDENT)):
            yield NARROW_INDENT + text
        return
    beside = min(names, max(room - MIN_TEXT_WIDTH - 2, room // 2))
    first, *more = textwrap.wrap(line.text, max(room - beside - 2, MIN_TEXT_WIDTH)) or [""]
    yield f"{table.MARGIN}{label}{console.pad_to(console.shorten(line.path, beside), beside)}  {first}".rstrip()
    for text in more:
        yield " " * (indent + beside + 2) + text


def _rows(report: VerifyReport, seconds: float, *, verbose: bool) -> list[table.Row]:
    rows: list[table.Row] = []
    name = printable(report.metainfo.info.name)
    if report.located.kind is MatchKind.IN_PARENT:
        rows.append(("found", "inside the given directory"))
    elif report.located.kind is MatchKind.RENAMED:
        rows.append(("found", f"under another name (the torrent calls it {name})"))
    if report.options.quick:
        rows.append(("checked", "names and sizes only"))
    else:
        halves = {"v1": "v1", "v2": "v2", "hybrid": "v1 and v2"}[report.metainfo.version.value]
        rows.append(("checked", f"{human_size(report.bytes_read)}, {halves}"))
        rows.append(("took", f"{duration(seconds)}, {human_rate(report.bytes_read, seconds)}"))
    if verbose:
        rows.append(("hashing", hashing_line(report.located.root, report.options.threads)))
    return rows
