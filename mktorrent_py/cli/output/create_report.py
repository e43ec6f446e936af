"""Makes the torrent that `mkt create` was asked for, and tells of it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any

from mktorrent_py.cli.options.types import refuse_two_faces
from mktorrent_py.cli.output import console, messages, streams, table
from mktorrent_py.cli.output.create_warnings import advice_for
from mktorrent_py.cli.output.output_paths import STANDARD_STREAM, Place
from mktorrent_py.cli.output.progress import ProgressMode, shown
from mktorrent_py.create import (
    CreateOptions,
    CreateResult,
    Draft,
    create_from_stream,
    draft_torrent,
    hash_draft,
    warnings_of,
)
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import binary_size, duration, human_rate, human_size, percent, plural, printable
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.infohash import TorrentVersion

MAX_LEFT_OUT = 5
FORMATS = {TorrentVersion.V1: "v1", TorrentVersion.V2: "v2", TorrentVersion.HYBRID: "hybrid (v1 + v2)"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """How to tell of it. `started` is when the command did, on the monotonic clock.

    With `events` the JSON object is one line of a stream that goes on.
    """

    json: bool
    field: str | None
    quiet: bool
    verbose: bool
    progress: ProgressMode
    started: float
    events: bool = False

    def check(self, place: Place, *, dry_run: bool) -> None:
        """Raises UsageError for what cannot be told."""
        refuse_two_faces(json=self.json, field=self.field)
        if place.to_stdout and (self.json or self.field is not None) and not dry_run:
            raise UsageError(
                "--output - and --json or --field would mix on standard output", hint="Write the torrent to a file."
            )
        if self.field is not None:
            table.refuse_unknown_field(self.field, fields(dry_run=dry_run))


def fields(*, dry_run: bool) -> list[str]:
    """What `--field` takes: the facts of the smallest torrent, so that a slip of the pen costs no hour of hashing."""
    smallest = create_from_stream(BytesIO(b"\0"), CreateOptions(name="x"))
    target = Path("x.torrent")
    return table.field_names(_draft_facts(smallest.draft, target) if dry_run else _facts(smallest, target, 1.0))


def make(place: Place, wanted: CreateOptions, face: Face, *, dry_run: bool) -> CreateResult | None:
    """Create the torrent that was asked for and tell of it; a dry run creates none."""
    place.check()
    face.check(place, dry_run=dry_run)
    if place.is_stream:
        created = _from_stream(place, wanted, face, dry_run=dry_run)
    else:
        draft = _draft(place, wanted, face)
        if dry_run:
            _tell_draft(draft, place, face)
            return None
        _say_how(draft.content.root, wanted, face)
        created = _with_progress(
            face, draft.content.total, len(draft.content.files), lambda progress: hash_draft(draft, progress=progress)
        )
    target = place.write(created)
    if not face.quiet:
        _warn_of_findings(created)
    if target is not None:
        _tell(created, place, target, face)
    return created


def _draft(place: Place, wanted: CreateOptions, face: Face) -> Draft:
    never = frozenset(place.outputs(wanted.name or place.own_name()))
    draft = draft_torrent(Path(place.content), replace(wanted, scan=replace(wanted.scan, never=never)))
    place.check_outputs(draft.name)
    if not face.quiet:
        for warning in warnings_of(draft):
            messages.warn(warning.message, hint=advice_for(warning))
    return draft


def _from_stream(place: Place, wanted: CreateOptions, face: Face, *, dry_run: bool) -> CreateResult:
    if wanted.name is None or place.output is None:
        raise UsageError("content from standard input needs --name and --output")
    if dry_run:
        raise UsageError("--dry-run cannot foresee what standard input holds")
    if wanted.file_list is not None:
        raise UsageError("--files-from names files of a directory, and CONTENT is standard input")
    place.check_outputs(wanted.name)
    stream = streams.binary_stdin()
    _say_how(None, wanted, face)
    return _with_progress(face, None, 1, lambda progress: create_from_stream(stream, wanted, progress=progress))


def _warn_of_findings(created: CreateResult) -> None:
    """What lint would say of the torrent and was not said before the work: of each rule the first."""
    from mktorrent_py.cli.output.lint_report import warn_of
    from mktorrent_py.metainfo.lint import Finding, lint_metainfo

    said = {warning.code for warning in warnings_of(created.draft)}
    first: dict[str, Finding] = {}
    for finding in lint_metainfo(created.metainfo):
        if finding.rule not in said:
            first.setdefault(finding.rule, finding)
    warn_of(first.values(), printable(created.metainfo.info.name))


def _say_how(root: Path | None, wanted: CreateOptions, face: Face) -> None:
    if face.verbose:
        from mktorrent_py.cli.output.kernel_info import hashing_line

        messages.note(hashing_line(root, wanted.threads))


def _with_progress(face: Face, total: int | None, files: int, work: Callable[[Progress], CreateResult]) -> CreateResult:
    progress = Progress()
    detail = plural(files, "file") if files > 1 else ""
    with shown(face.progress, "hashing", total, lambda: progress.bytes_done, detail):
        return work(progress)


def _tell_draft(draft: Draft, place: Place, face: Face) -> None:
    target = place.target(draft.name)
    title = f"{_shown_target(target)} (not written)"
    rows = _draft_rows(draft, face)
    _show(
        _draft_facts(draft, target),
        face,
        lambda: table.print_block(title, FORMATS[draft.layout.version], rows),
    )


def _draft_facts(draft: Draft, target: Path | None) -> dict[str, Any]:
    # Summaries stand on magnets too, which nobody waits for who wants neither.
    from mktorrent_py.metainfo.summary import layout_facts

    return {
        **layout_facts(draft.name, draft.layout, single=draft.content.single),
        "output": _shown_target(target),
        "left_out": _left_out_facts(draft),
        "dry_run": True,
    }


def _tell(created: CreateResult, place: Place, target: Path, face: Face) -> None:
    seconds = time.monotonic() - face.started
    rows = _created_rows(created, place, target, seconds, face)
    _show(
        _facts(created, target, seconds),
        face,
        lambda: table.print_block(str(target), FORMATS[created.draft.layout.version], rows),
    )
    is_for_people = console.is_terminal(sys.stdout) and not (face.quiet or face.json or face.field is not None)
    if is_for_people and not (place.is_stream or face.events):
        _tell_next(place, target)


def _facts(created: CreateResult, target: Path, seconds: float) -> dict[str, Any]:
    from mktorrent_py.metainfo.summary import summarize

    return {
        **summarize(created.metainfo),
        "output": str(target),
        "left_out": _left_out_facts(created.draft),
        "seconds": round(seconds, 3),
        "bytes_per_second": round(created.draft.layout.content_length / seconds) if seconds else None,
    }


def _show(facts: dict[str, Any], face: Face, for_people: Callable[[], None]) -> None:
    if face.json and face.events:
        table.print_json_line({"event": "created", **facts})
    elif face.json:
        table.print_json(facts)
    elif face.field is not None:
        table.print_field(facts, face.field)
    elif face.quiet:
        return
    elif console.is_terminal(sys.stdout):
        for_people()
    else:
        table.print_tab_lines(facts)


def _shown_target(target: Path | None) -> str:
    return STANDARD_STREAM if target is None else str(target)


def _left_out_facts(draft: Draft) -> list[dict[str, str]]:
    return [
        {"path": left.path, "reason": left.reason.value} | ({"detail": left.detail} if left.detail else {})
        for left in draft.content.left_out
    ]


def _draft_rows(draft: Draft, face: Face) -> list[table.Row]:
    layout = draft.layout
    pieces = f"{layout.piece_count:,} x {binary_size(layout.piece_length)}"
    if layout.padding:
        share = percent(layout.padding / layout.content_length)
        pieces += f", padding {human_size(layout.padding)} ({share})"
    return [
        ("name", console.shown_path(draft.name, table.room())),
        ("content", f"{human_size(layout.content_length)} in {plural(len(layout.files), 'file')}"),
        *_left_out_rows(draft, face),
        ("pieces", pieces),
    ]


def _left_out_rows(draft: Draft, face: Face) -> list[table.Row]:
    left = draft.content.left_out
    most = len(left) if face.verbose else MAX_LEFT_OUT
    lines = []
    for entry in left[:most]:
        why = f" ({entry.reason}{': ' + printable(entry.detail) if entry.detail else ''})"
        lines.append(console.shown_path(entry.path, max(table.room() - console.display_width(why), 8)) + why)
    if len(left) > most:
        lines.append(f"and {len(left) - most:,} more (-v lists them)")
    return table.list_rows("left out", lines)


def _created_rows(created: CreateResult, place: Place, target: Path, seconds: float, face: Face) -> list[table.Row]:
    from mktorrent_py.metainfo.magnet.uri import Magnet

    metainfo = created.metainfo
    hashes = {"v1": metainfo.infohashes.v1, "v2": metainfo.infohashes.v2}
    sums = [printable(str(path)) for path in place.checksum_files(target)]
    return [
        *_draft_rows(created.draft, face),
        *[(f"infohash {half}", digest.hex()) for half, digest in hashes.items() if digest is not None],
        *table.list_rows("trackers", [printable(url) for tier in metainfo.trackers for url in tier]),
        *table.list_rows("web seeds", [printable(url) for url in metainfo.web_seeds]),
        *table.list_rows("private", ["yes"] if metainfo.info.private else []),
        *table.list_rows("source", [printable(metainfo.info.source)] if metainfo.info.source else []),
        *table.list_rows("checksums", sums),
        ("magnet", str(Magnet.from_metainfo(metainfo))),
        ("took", f"{duration(seconds)}, {human_rate(created.draft.layout.content_length, seconds)}"),
    ]


def _tell_next(place: Place, target: Path) -> None:
    torrent, content = shell_word(str(target)), shell_word(place.content)
    words = f"next: mkt verify {torrent} {content}   or   mkt seed {torrent} {content}"
    print(f"\n{console.paint(words, 'dim', sys.stderr)}", file=sys.stderr)


def shell_word(path: str) -> str:
    """A path as it is pasted into a shell: quoted, no option by accident, nothing in it that a terminal would obey."""
    path = f"./{path}" if path.startswith("-") else path
    if path.isprintable():
        return shlex.quote(path)
    escaped = path.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(escaped)}'"
