"""How `mkt inspect` tells what a torrent or a magnet says: the rows of the face for people, and which face it is."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from mktorrent_py.cli.output import console, table
from mktorrent_py.cli.output.file_tree import flat_lines, tree_lines
from mktorrent_py.cli.output.table import Facts, Row
from mktorrent_py.formatting import binary_size, date, exact_size, human_size, percent, plural, printable
from mktorrent_py.metainfo.keys import DATE, FLAG, KEYS, TRACKERS, Key
from mktorrent_py.metainfo.layout import File

FORMATS = {"v1": "v1", "v2": "v2", "hybrid": "hybrid (v1 + v2)"}
MAX_ODDITIES = 5


def show(
    facts: Facts, lines: Callable[[Facts], Iterable[str]], *, json: bool, field: str | None, quiet: bool = False
) -> None:
    """The facts in the face that is wanted; `lines` makes that for people. `quiet` leaves what was not asked for."""
    if json:
        table.print_json(facts)
    elif field is not None:
        table.print_field(facts, field)
    elif quiet:
        return
    elif console.is_terminal(sys.stdout):
        sys.stdout.write("".join([f"{line}\n" for line in lines(facts)]))  # else a call of the system for each line
    else:
        table.print_tab_lines(_for_tab_lines(facts))


def _for_tab_lines(facts: Facts) -> Facts:
    """Path and length of each file, so that the columns are always the same."""
    if "file_list" not in facts:
        return facts
    return {**facts, "file_list": [{"path": file["path"], "length": file["length"]} for file in facts["file_list"]]}


def torrent_lines(title: str, facts: Facts, files: tuple[File, ...], flat: bool | None) -> Iterator[str]:
    """A title, the facts in rows, and the files: as a tree, `flat`, or not where `flat` is False."""
    yield _title(title, FORMATS[facts["format"]])
    yield from _row_lines(_torrent_rows(facts))
    if flat is not False:
        yield ""
        yield from flat_lines(files) if flat else tree_lines(files)


def magnet_lines(facts: Facts) -> Iterator[str]:
    yield _title(facts["name"] or "magnet", "magnet")
    yield from _row_lines(_magnet_rows(facts))


def _title(title: str, remark: str) -> str:
    return f"{console.paint(printable(title), 'path', sys.stdout)}   {remark}"


def _row_lines(rows: Iterable[Row]) -> Iterator[str]:
    for label, text in rows:
        yield f"{table.MARGIN}{console.pad_to(label, table.LABEL_WIDTH)}{text}".rstrip()


def _torrent_rows(facts: Facts) -> Iterator[Row]:
    yield from _texts("name", facts["name"])
    yield "content", f"{exact_size(facts['length'])} in {plural(facts['files'], 'file')}"
    yield "pieces", _pieces(facts)
    yield from _infohash_rows(facts)
    for row in KEYS:
        yield from _key_rows(row, facts[row.name])
    yield from _list("unknown keys", facts["unknown_keys"])
    yield from _oddity_rows(facts["oddities"])
    yield "magnet", facts["magnet"]


def _key_rows(row: Key, value: Any) -> Iterator[Row]:
    if row.kind is FLAG:
        yield from [(row.label, "yes: peers come from its trackers only")] if value else []
    elif row.kind is TRACKERS:
        yield from _tracker_rows(value)
    elif row.kind is DATE:
        yield from [(row.label, date(value))] if value is not None else []
    elif isinstance(value, list):
        yield from _list(row.label, value)
    else:
        yield from _texts(row.label, value)


def _magnet_rows(facts: Facts) -> Iterator[Row]:
    if facts["length"] is not None:
        yield "length", exact_size(facts["length"])
    yield from _infohash_rows(facts)
    yield from _texts("public key", facts["public_key"])
    yield from _texts("salt", facts["salt"])
    yield from _list("trackers", [url for tier in facts["trackers"] for url in tier])
    yield from _list("web seeds", facts["web_seeds"])
    yield from _list("peers", facts["peers"])
    yield from _list("dht nodes", facts["dht"])
    yield from _texts("selects", ", ".join(map(str, facts["select_only"])))
    yield from _list("keywords", facts["keywords"])
    yield from _list("sources", [*facts["exact_sources"], *facts["acceptable_sources"]])
    yield from _list("ignored", facts["ignored"])
    yield "magnet", facts["magnet"]


def _pieces(facts: Facts) -> str:
    text = f"{facts['pieces']:,} x {binary_size(facts['piece_length'])}"
    if not facts["padding"]:
        return text
    return f"{text}, padding {human_size(facts['padding'])} ({percent(facts['padding'] / facts['length'])})"


def _infohash_rows(facts: Facts) -> Iterator[Row]:
    for half, digest in facts["infohash"].items():
        if digest is not None:
            yield f"infohash {half}", digest


def _tracker_rows(tiers: list[list[str]]) -> Iterator[Row]:
    if len(tiers) < 2:
        yield from _list("trackers", [url for tier in tiers for url in tier])
        return
    rows = [f"tier {number:<3} {printable(url)}" for number, tier in enumerate(tiers, 1) for url in tier]
    yield from _column("trackers", rows)


def _oddity_rows(warnings: list[dict[str, Any]]) -> Iterator[Row]:
    lines = [f"{odd['path']}: {odd['message']}" if odd["path"] else odd["message"] for odd in warnings]
    if len(lines) > MAX_ODDITIES:
        lines[MAX_ODDITIES:] = [f"and {len(lines) - MAX_ODDITIES:,} more: mkt lint lists them"]
    yield from _list("oddities", lines)


def _texts(label: str, text: str | None) -> Iterator[Row]:
    """A text of any length, on as many lines as it has or needs."""
    room = console.terminal_width() - table.LABEL_WIDTH - len(table.MARGIN)
    lines = [part for line in (text or "").splitlines() for part in textwrap.wrap(printable(line), room) or [""]]
    yield from _column(label, lines)


def _list(label: str, values: Iterable[str]) -> Iterator[Row]:
    yield from _column(label, [printable(value) for value in values])


def _column(label: str, lines: list[str]) -> Iterator[Row]:
    for number, line in enumerate(lines):
        yield ("" if number else label), line
