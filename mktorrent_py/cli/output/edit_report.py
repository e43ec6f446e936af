"""What `mkt edit` prints of each torrent: facts, rows of changes, and warnings."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mktorrent_py.cli.options.input import source_name
from mktorrent_py.cli.output import messages, table
from mktorrent_py.cli.output.lint_report import counted, finding_facts, warn_of
from mktorrent_py.cli.output.output_paths import STANDARD_STREAM
from mktorrent_py.cli.output.printer import Result
from mktorrent_py.formatting import date, printable
from mktorrent_py.metainfo import Change, EditResult, Severity, host_port, infohash_facts

LABELS = {
    "created_by": "creator",
    "creation_date": "date",
    "web_seeds": "web seeds",
    "http_seeds": "HTTP seeds",
    "update_url": "update URL",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditedTorrent:
    """A torrent that was changed and is not written yet: read from `source`, to be written to `path` (None: stdout)."""

    source: str
    path: Path | None
    result: EditResult


def edited_result(edited: EditedTorrent, *, output: str | None, dry_run: bool) -> Result:
    """Make the result for one torrent; `output` is where it goes as it was typed."""
    result = edited.result
    facts = {
        "path": edited.source,
        "output": STANDARD_STREAM if edited.path is None else str(edited.path),
        "dry_run": dry_run,
        "infohash": infohash_facts(result.after.infohashes),
        "old_infohash": infohash_facts(result.before.infohashes),
        "infohash_changed": result.changes_infohash,
        "changes": [{"field": change.field, "old": change.old, "new": change.new} for change in result.changes],
        "consequences": list(result.consequences),
        "findings": finding_facts(result.findings),
    }
    return Result(facts=facts, lines=_text_lines(edited, output, dry_run))


def warn_of_edit(edited: EditedTorrent) -> None:
    """Warn on stderr of side effects and of new lint findings; count the old ones."""
    label, result = source_name(edited.source), edited.result
    for sentence in result.consequences:
        messages.warn(f"{label}: {sentence}")
    new = result.new_findings
    warn_of(new, label)
    old = [finding for finding in result.findings if finding not in new and finding.severity is not Severity.INFO]
    if old:
        where = "" if edited.path is None else f" (see mkt lint {shlex.quote(edited.source)})"
        messages.note(f"{label} still has {counted(old)}, unrelated to this edit{where}")


def _text_lines(edited: EditedTorrent, output: str | None, dry_run: bool) -> Iterator[str]:
    remarks = ["nothing to change"]
    if edited.result.changes:
        remarks = ["new infohash" if edited.result.changes_infohash else "infohash unchanged"]
    if output is not None:
        remarks.append(f"to {printable(output if edited.path is None else str(edited.path))}")
    if dry_run:
        remarks.append("not written")
    yield from table.block_lines(edited.source, ", ".join(remarks), _rows(edited.result))


def _rows(result: EditResult) -> list[table.Row]:
    rows: list[table.Row] = []
    for change in result.changes:
        label = LABELS.get(change.field, change.field)
        label = label if len(label) < table.LABEL_WIDTH else f"{printable(label)}  "
        rows += [(label if not at else "", line) for at, line in enumerate(_lines(change))]
    new = infohash_facts(result.after.infohashes)
    for version, old in infohash_facts(result.before.infohashes).items():
        if old is not None:
            rows += [(f"infohash {version}", f"was {old}" if result.changes_infohash else str(old))]
            rows += [("", f"now {new[version]}")] if result.changes_infohash else []
    return rows


def _lines(change: Change) -> list[str]:
    """Return a list as its removed and added items, anything else as old and new."""
    old, new = _items(change, change.old), _items(change, change.new)
    if isinstance(change.old, list) or isinstance(change.new, list):
        lines = [f"- {item}" for item in old if item not in new] + [f"+ {item}" for item in new if item not in old]
        return lines or [f"reordered: {', '.join(new)}"]
    return [f"{old[0] if old else 'none'} -> {new[0] if new else 'none'}"]


def _items(change: Change, value: Any) -> list[str]:
    """Return the items of a value as text; a tracker with its tier."""
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
