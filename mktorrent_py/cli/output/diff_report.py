"""What `mkt diff` prints: facts, and a row for everything that differs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from mktorrent_py.cli.output import console, table
from mktorrent_py.cli.output.printer import Result
from mktorrent_py.cli.output.table import Facts
from mktorrent_py.formatting import binary_size, date, exact_size, human_size, printable
from mktorrent_py.metainfo import Differences, differences_facts

LABELS = {"creation_date": "date"}
MEASURED: dict[str, Callable[[int], str]] = {
    "creation_date": date,
    "length": exact_size,
    "padding": exact_size,
    "piece_length": binary_size,
}
"""Formats of the numbers that are not counts."""

MARKS = {"added": "+", "removed": "-", "renamed": ">", "changed": "~", "unknown": "?"}
WORDS = {"renamed": "renamed", "changed": "different content", "unknown": "cannot be compared"}


def diff_result(old: str, new: str, differences: Differences) -> Result:
    """Make the result for the differences of the torrents read from `old` and `new`."""
    facts: Facts = {"old": old, "new": new, **differences_facts(differences)}
    return Result(facts=facts, lines=_lines(facts))


def _lines(facts: Facts) -> Iterator[str]:
    """Yield a row for each fact, tracker and file that differs."""
    yield table.title_line(f"{facts['old']} -> {facts['new']}", "no difference" if facts["same"] else "they differ")
    for change in facts["fields"]:
        yield from _field_lines(change)
    for number, change in enumerate(facts["trackers"]):
        yield _row("trackers" if not number else "", _tracker(change))
    for kind in MARKS:
        for file in facts[kind]:
            yield f"{table.MARGIN}{_file(kind, file)}"


def _field_lines(change: dict[str, Any]) -> Iterator[str]:
    """Yield old and new on one line if there is room, otherwise on two."""
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
