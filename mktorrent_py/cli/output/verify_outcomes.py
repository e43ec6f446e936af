"""Runs `mkt verify`, torrent by torrent, and tells of each in the face that was asked for."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mktorrent_py.cli.exit import ExitCode, exit_code_of
from mktorrent_py.cli.hints import hint_for
from mktorrent_py.cli.options.input import read_metainfo_from, shown_source
from mktorrent_py.cli.options.types import refuse_two_faces
from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.cli.output.kernel_info import hashing_line
from mktorrent_py.cli.output.progress import ProgressMode, shown
from mktorrent_py.cli.output.verify_report import print_report
from mktorrent_py.errors import TorrentError
from mktorrent_py.formatting import plural
from mktorrent_py.hashing.compare import PieceState
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.summary import infohash_facts
from mktorrent_py.verify.api import VerifyOptions, VerifyReport, prepare_verification, run_verification
from mktorrent_py.verify.report import FileReport, FileStatus, consecutive_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One torrent, where its content may be, and how much of a torrent is read."""

    torrent: Path
    places: tuple[Path, ...]
    limits: Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """How to tell of it."""

    json: bool
    field: str | None
    quiet: bool
    verbose: bool
    map: bool
    progress: ProgressMode
    started: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one job: a report, or the error that left none."""

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
    """A torrent that contradicts itself outranks what cannot be read, and that what does not match."""
    if report.contradicts_itself:
        return ExitCode.METAINFO
    if report.has_unreadable:
        return ExitCode.CONTENT
    return ExitCode.DONE if report.ok else ExitCode.NO


def verify_all(jobs: list[Job], options: VerifyOptions, face: Face, *, several: bool) -> int:
    """Verify every job and tell of each; returns the highest exit code. One alone raises what is wrong with it."""
    refuse_two_faces(json=face.json, field=face.field)
    if face.field is not None:
        table.refuse_unknown_field(face.field, FIELDS)
    outcomes = []
    for job in jobs:
        outcome = _attempt(job, options, face) if several else _verify(job, options, face)
        outcomes.append(outcome)
        _complain(outcome)
        _say_how(outcome, face)
        if not face.json:
            _tell(outcome, face)
    if face.json:
        facts = [outcome_facts(outcome) for outcome in outcomes]
        table.print_json({"ok": all(fact["ok"] for fact in facts), "torrents": facts} if several else facts[0])
    return max([outcome.exit_code for outcome in outcomes])


def _attempt(job: Job, options: VerifyOptions, face: Face) -> Outcome:
    try:
        return _verify(job, options, face)
    except TorrentError as error:
        return Outcome(torrent=job.torrent, error=error)


def _verify(job: Job, options: VerifyOptions, face: Face) -> Outcome:
    started = time.monotonic()
    verification = prepare_verification(read_metainfo_from(str(job.torrent), job.limits), job.places, options)
    progress = Progress()
    with shown(face.progress, "verifying", verification.bytes_to_read, lambda: progress.bytes_done):
        report = run_verification(verification, progress=progress)
    return Outcome(torrent=job.torrent, report=report, seconds=time.monotonic() - started)


def _complain(outcome: Outcome) -> None:
    """What is not about the content goes to stderr, whatever the face."""
    label = shown_source(str(outcome.torrent))
    if outcome.error is not None:
        said = str(outcome.error)
        named = said if label in said else f"{label}: {said}"
        messages.fail(named, hint_for(outcome.error))
    elif outcome.report is not None and outcome.report.contradicts_itself:
        messages.fail(f"{label} contradicts itself: {_contradiction(outcome.report)}", _NO_CONTENT_FITS)


_NO_CONTENT_FITS = "No content can satisfy both halves. Have the torrent made again."


def _contradiction(report: VerifyReport) -> str:
    v1 = report.pieces.count(PieceState.V1_ONLY)
    v2 = report.pieces.count(PieceState.V2_ONLY)
    parts = [(v1, "right by v1 and wrong by v2"), (v2, "right by v2 and wrong by v1")]
    return ", ".join([f"{plural(number, 'piece')} {what}" for number, what in parts if number])


def _say_how(outcome: Outcome, face: Face) -> None:
    """For -v, in the faces that have no room for it."""
    for_people = console.is_terminal(sys.stdout) and not face.json and face.field is None
    if face.verbose and not face.quiet and not for_people and outcome.report is not None:
        messages.note(hashing_line(outcome.report.located.root, outcome.report.options.threads))


def _tell(outcome: Outcome, face: Face) -> None:
    if face.field is not None:
        _tell_field(outcome, face.field)
    elif face.quiet:
        return
    elif not console.is_terminal(sys.stdout):
        table.print_tab_lines(_tab_facts(outcome_facts(outcome)))
    elif outcome.report is not None:
        print_report(str(outcome.torrent), outcome.report, outcome.seconds, verbose=face.verbose, map=face.map)


def _tell_field(outcome: Outcome, name: str) -> None:
    """The fact where this outcome has it: a torrent that could not be verified has few. No file is a number, too."""
    facts = outcome_facts(outcome)
    if outcome.report is not None:
        facts["files_by_status"] = {status.value: outcome.report.counts.get(status, 0) for status in FileStatus}
    if name.partition(".")[0] in facts:
        table.print_field(facts, name)


FIELDS = (
    *("torrent", "ok", "name", "format", "infohash.v1", "infohash.v2", "content", "located", "quick", "contradiction"),
    *[f"files_by_status.{status.value}" for status in FileStatus],
    *[f"pieces.{name}" for name in ("count", *[state.name.lower() for state in PieceState], "bad_runs")],
    *("files", "extras", "respelled", "bytes_read", "seconds", "error.message", "error.hint"),
)
"""What `--field` takes, known before the work: a slip of the pen costs no hour of hashing."""


def outcome_facts(outcome: Outcome) -> dict[str, Any]:
    """What became of one torrent, as data. Lengths and offsets are in bytes; pieces are counted from 0."""
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
    """One file as data; `bad` and `unknown` are runs of its bytes."""
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


def _tab_facts(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The same facts for tab lines: a file is its status, path, length, size and bad bytes as OFFSET+LENGTH."""
    if "files" not in facts:
        return dict(facts)
    runs = {key: value for key, value in facts["pieces"].items() if key != "bad_runs"}
    return {**facts, "pieces": runs, "files": list(_tab_rows(facts["files"]))}


def _tab_rows(files: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for file in files:
        bad = ",".join([f"{run['offset']}+{run['length']}" for run in file["bad"]])
        size = "" if file["size"] is None else file["size"]
        yield {"status": file["status"], "path": file["path"], "length": file["length"], "size": size, "bad": bad}
