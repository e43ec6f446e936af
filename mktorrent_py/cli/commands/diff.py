"""`mkt diff`: read two torrents, compare them, show what differs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options.input import LimitOption, parse_limits, read_metainfo_from
from mktorrent_py.cli.options.types import FieldOption, JsonOption, QuietOption, refuse_two_faces
from mktorrent_py.cli.output import console, table
from mktorrent_py.cli.output.inspect_report import show
from mktorrent_py.cli.output.table import Facts
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import binary_size, date, exact_size, human_size, printable
from mktorrent_py.metainfo.diff import diff as diff_metainfos
from mktorrent_py.metainfo.diff import differences_facts

EPILOG = """Exit code 1 when they differ. Files are compared by what the torrents say of their bytes: roots (v2), or
pieces (v1) where both torrents cut the file alike; `unknown` are those that cannot be told so, and are no difference.

--json: same, old, new (the two sources), fields (field, old, new), trackers (url, old_tier, new_tier), and added,
removed, renamed, changed, unknown, each a list of path and length, with old_ and new_ where they differ."""

LABELS = {"creation_date": "date"}
MEASURED: dict[str, Callable[[int], str]] = {
    "creation_date": date,
    "length": exact_size,
    "padding": exact_size,
    "piece_length": binary_size,
}
"""How people read the numbers of the summary that are not counts."""

MARKS = {"added": "+", "removed": "-", "renamed": ">", "changed": "~", "unknown": "?"}
WORDS = {"renamed": "renamed", "changed": "other content", "unknown": "cannot be compared"}

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


@app.command(epilog=EPILOG)
def diff(
    old: Annotated[str, typer.Argument(metavar="A", help="A torrent file, or - for stdin.")],
    new: Annotated[str, typer.Argument(metavar="B", help="Another.")],
    json: JsonOption = False,
    field: FieldOption = None,
    quiet: QuietOption = False,
    limit: LimitOption = [],
) -> int:
    """Compare two torrents."""
    refuse_two_faces(json=json, field=field)
    if old == new == "-":
        raise UsageError("standard input holds one torrent")
    limits = parse_limits(limit)
    differences = diff_metainfos(read_metainfo_from(old, limits), read_metainfo_from(new, limits))
    facts: Facts = {"old": old, "new": new, **differences_facts(differences)}
    show(facts, _lines, json=json, field=field, quiet=quiet)
    return ExitCode.NO if differences else ExitCode.DONE


def _lines(facts: Facts) -> Iterator[str]:
    """The face for people: a row for each fact, tracker and file that differs."""
    title = printable(f"{facts['old']} -> {facts['new']}")
    yield f"{console.paint(title, 'path', sys.stdout)}   {'no difference' if facts['same'] else 'they differ'}"
    for change in facts["fields"]:
        yield from _field_lines(change)
    for number, change in enumerate(facts["trackers"]):
        yield _row("trackers" if not number else "", _tracker(change))
    for kind in MARKS:
        for file in facts[kind]:
            yield f"{table.MARGIN}{_file(kind, file)}"


def _field_lines(change: dict[str, Any]) -> Iterator[str]:
    """Old and new on one line when there is room, otherwise on two."""
    field = change["field"]
    label = LABELS.get(field, field.replace("_", " ").replace(".", " "))
    old, new = _value(field, change["old"]), _value(field, change["new"])
    room = console.terminal_width() - len(table.MARGIN) - table.LABEL_WIDTH
    if console.display_width(f"{old} -> {new}") <= room:
        yield _row(label, f"{old} -> {new}")
    else:
        yield _row(label, f"- {old}")
        yield _row("", f"+ {new}")


def _row(label: str, text: str) -> str:
    return f"{table.MARGIN}{console.pad_to(printable(label), table.LABEL_WIDTH - 1)} {text}"


def _value(field: str, value: Any) -> str:
    if value is None or value == []:
        return "none"
    if field in MEASURED and isinstance(value, int):
        return MEASURED[field](value)
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, list):
        return printable(", ".join(map(str, value)))
    return f'"{printable(value)}"' if isinstance(value, str) and " " in value else printable(table.plain(value))


def _tracker(change: dict[str, Any]) -> str:
    url, old, new = printable(change["url"]), change["old_tier"], change["new_tier"]
    if old is None:
        return f"+ tier {new:<3} {url}"
    return f"- tier {old:<3} {url}" if new is None else f"~ tier {old} -> {new}  {url}"


def _file(kind: str, file: dict[str, Any]) -> str:
    path = " -> ".join([file[key] for key in ("path", "old_path", "new_path") if key in file])
    length = " -> ".join([human_size(file[key]) for key in ("length", "old_length", "new_length") if key in file])
    remark = f"{length}, {WORDS[kind]}" if kind in WORDS else length
    room = max(console.terminal_width() - len(remark) - 2 * len(table.MARGIN) - 4, 12)
    return f"{MARKS[kind]} {console.pad_to(console.shown_path(path, room), min(room, 40))}  {remark}"
