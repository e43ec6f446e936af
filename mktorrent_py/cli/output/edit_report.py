"""Does what `mkt edit` was asked: read and change all, check where it goes, write all, tell of it."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.input import shown_source
from mktorrent_py.cli.output import console, messages, streams, table
from mktorrent_py.cli.output.lint_report import counted, finding_facts, warn_of
from mktorrent_py.cli.output.output_paths import check_directory, refuse_a_terminal
from mktorrent_py.errors import MetainfoError, TorrentError, UsageError
from mktorrent_py.formatting import date, plural, printable
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.diff.fields import Change, changes_between, consequences
from mktorrent_py.metainfo.edit import Edit, edit_metainfo
from mktorrent_py.metainfo.lint import Finding, lint, lint_parsed
from mktorrent_py.metainfo.lint.table import Severity
from mktorrent_py.metainfo.node import host_port
from mktorrent_py.metainfo.parse.document import parse_metainfo
from mktorrent_py.metainfo.summary import Summary, infohash_facts
from mktorrent_py.torrentfile import read_bytes, refuse_to_overwrite, write_atomically

STANDARD_STREAM = "-"
LABELS = {
    "created_by": "creator",
    "creation_date": "date",
    "web_seeds": "web seeds",
    "http_seeds": "HTTP seeds",
    "update_url": "update URL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where edited torrents go, as the person said it: in place when `output` is None."""

    output: str | None
    force: bool
    dry_run: bool

    def path_for(self, source: str) -> Path | None:
        """Where the torrent read from `source` is written; None for standard output."""
        output = self.output if self.output is not None else source
        if output == STANDARD_STREAM:
            return None
        path = Path(output)
        if self.output is not None and (output.endswith(("/", "\\")) or path.is_dir()):
            return path / Path(source).name
        return path


@dataclass(frozen=True, slots=True, kw_only=True)
class EditFace:
    """How to tell of it."""

    json: bool
    field: str | None
    quiet: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """A torrent that was read and changed, and is not written yet. `path` None is standard output."""

    source: str
    path: Path | None
    data: bytes
    before: Summary
    after: Summary
    changes: tuple[Change, ...]
    consequences: tuple[str, ...]
    old_findings: tuple[Finding, ...]
    findings: tuple[Finding, ...]


def edit_all(sources: Sequence[str], wanted: Edit, target: Target, face: EditFace) -> None:
    """Edit every torrent; nothing is written before all of them are read, changed and found writable."""
    if replace(wanted, new_infohash=False, if_present=False) == Edit():
        raise UsageError("no change was asked for", hint="mkt edit --help lists what can be changed.")
    types.refuse_two_faces(json=face.json, field=face.field)
    sources = list(dict.fromkeys(sources))
    edited = [_edit(source, wanted, target) for source in sources]
    _check_paths(edited, target, face)
    facts = [_facts(each, target) for each in edited]
    if face.field is not None:
        table.check_field(facts[0], face.field)
    if not target.dry_run:
        _write_all(edited, target)
    if not face.quiet:
        for each in edited:
            _warn(each)
    _tell(edited, facts, target, face)


def _edit(source: str, wanted: Edit, target: Target) -> Edited:
    label = shown_source(source)
    data = _read(source)
    try:
        parsed = parse_metainfo(data)
        before = parsed.require()
    except MetainfoError as error:
        raise MetainfoError(f"cannot edit {label}: {error}", hint=f"mkt lint {source} lists all.") from error
    after = edit_metainfo(before, wanted, label=label)
    data = data if after is before else after.to_bytes()
    old_findings = lint_parsed(parsed)
    return Edited(
        source=source,
        path=target.path_for(source),
        data=data,
        before=infohash_facts(before.infohashes),
        after=infohash_facts(after.infohashes),
        changes=changes_between(before, after),
        consequences=consequences(before, after),
        old_findings=old_findings,
        findings=old_findings if after is before else lint(data),
    )


def _read(source: str) -> bytes:
    if source != STANDARD_STREAM:
        return read_bytes(Path(source))
    return types.read_stdin_bytes(Limits().size)


def _check_paths(edited: Sequence[Edited], target: Target, face: EditFace) -> None:
    """Refuse before the first is written what would be refused at the last."""
    if not target.dry_run and any(each.path is None for each in edited):
        refuse_a_terminal()
        if len(edited) > 1 or face.json or face.field is not None:
            raise UsageError("only one torrent, and nothing else, can go to standard output", hint="Say --output DIR/.")
    taken: set[Path] = set()
    for path in [each.path for each in edited if each.path is not None]:
        if path in taken:
            raise UsageError(f"two torrents would be written to {path}", hint="Say --output DIR/ and edit them apart.")
        taken.add(path)
        check_directory(path)
        if target.output is not None and not target.force:
            refuse_to_overwrite(path)


def _write_all(edited: Sequence[Edited], target: Target) -> None:
    done = 0
    try:
        for each in edited:
            _write(each, target)
            done += 1
    except TorrentError as error:
        if done:
            error.hint = f"{plural(done, 'torrent')} of {len(edited):,} had been written before."
        raise


def _write(edited: Edited, target: Target) -> None:
    if edited.path is None:
        streams.write_binary_stdout(edited.data)
    elif edited.changes or target.output is not None:
        write_atomically(edited.path, edited.data, overwrite=target.output is None or target.force)


def _warn(edited: Edited) -> None:
    label = shown_source(edited.source)
    for sentence in edited.consequences:
        messages.warn(f"{label}: {sentence}")
    new = [finding for finding in edited.findings if finding not in edited.old_findings]
    warn_of(new, label)
    old = [finding for finding in edited.findings if finding not in new and finding.severity is not Severity.INFO]
    if old:
        where = "" if edited.path is None else f"; mkt lint {shlex.quote(edited.source)} lists them"
        messages.note(f"{label} has {counted(old)} as before{where}")


def _tell(edited: Sequence[Edited], facts: list[dict[str, Any]], target: Target, face: EditFace) -> None:
    if face.json:
        table.print_json({"torrents": facts})
        return
    went_to_stdout = not target.dry_run and any(each.path is None for each in edited)
    if face.quiet or went_to_stdout:
        return
    for each, fact in zip(edited, facts, strict=True):
        if face.field is not None:
            table.print_field(fact, face.field)
        elif console.is_terminal(sys.stdout):
            table.print_block(each.source, _remark(each, target), _rows(each))
        else:
            table.print_tab_lines(fact)


def _facts(edited: Edited, target: Target) -> dict[str, Any]:
    return {
        "path": edited.source,
        "output": STANDARD_STREAM if edited.path is None else str(edited.path),
        "dry_run": target.dry_run,
        "infohash": edited.after,
        "old_infohash": edited.before,
        "infohash_changed": edited.before != edited.after,
        "changes": [{"field": change.field, "old": change.old, "new": change.new} for change in edited.changes],
        "consequences": list(edited.consequences),
        "findings": finding_facts(edited.findings),
    }


def _remark(edited: Edited, target: Target) -> str:
    words = ["nothing to change"]
    if edited.changes:
        words = ["infohash unchanged" if edited.before == edited.after else "new infohash"]
    if target.output is not None:
        words.append(f"to {printable(target.output if edited.path is None else str(edited.path))}")
    if target.dry_run:
        words.append("not written")
    return ", ".join(words)


def _rows(edited: Edited) -> list[table.Row]:
    rows: list[table.Row] = []
    for change in edited.changes:
        label = LABELS.get(change.field, change.field)
        label = label if len(label) < table.LABEL_WIDTH else f"{printable(label)}  "
        rows += [(label if not at else "", line) for at, line in enumerate(_lines(change))]
    for half, old in edited.before.items():
        if old is not None:
            changed = edited.before != edited.after
            rows += [(f"infohash {half}", f"was {old}" if changed else str(old))]
            rows += [("", f"now {edited.after[half]}")] if changed else []
    return rows


def _lines(change: Change) -> list[str]:
    """A list as what left and what came, anything else as old and new."""
    old, new = _items(change, change.old), _items(change, change.new)
    if isinstance(change.old, list) or isinstance(change.new, list):
        lines = [f"- {item}" for item in old if item not in new] + [f"+ {item}" for item in new if item not in old]
        return lines or [f"in another order: {', '.join(new)}"]
    return [f"{old[0] if old else 'none'} -> {new[0] if new else 'none'}"]


def _items(change: Change, value: Any) -> list[str]:
    """What a value consists of, as people read it; a tracker with its tier."""
    if value is None:
        return []
    if change.field == "trackers":
        return [f"tier {number}   {printable(url)}" for number, tier in enumerate(value, 1) for url in tier]
    if change.field == "nodes":
        return [printable(host_port(node)) for node in value]
    if isinstance(value, list):
        return [printable(item) if isinstance(item, str) else printable(json.dumps(item)) for item in value]
    return [_scalar(change.field, value)]


def _scalar(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if field == "creation_date":
        return date(value)
    return printable(json.dumps(value, ensure_ascii=False))
