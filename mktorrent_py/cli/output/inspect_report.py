"""What `mkt inspect` prints of a torrent or a magnet: facts, and rows of text."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

from mktorrent_py.cli.output import console, table
from mktorrent_py.cli.output.file_tree import flat_lines, tree_lines
from mktorrent_py.cli.output.printer import Result
from mktorrent_py.cli.output.table import Facts, Row
from mktorrent_py.formatting import binary_size, date, exact_size, human_size, percent, plural, printable
from mktorrent_py.metainfo import (
    DATE,
    FLAG,
    KEYS,
    TRACKERS,
    File,
    Key,
    Magnet,
    ParseResult,
    file_facts,
    summarize,
    summarize_magnet,
)

FORMATS = {"v1": "v1", "v2": "v2", "hybrid": "hybrid (v1 + v2)"}
MAX_ODDITIES = 5


def torrent_result(title: str, parsed: ParseResult, *, files: bool | None, field: str | None) -> Result:
    """Make the result for a torrent; its files are among the facts unless `files` is False or `field` is another."""
    metainfo = parsed.require()
    facts: dict[str, Any] = {**summarize(metainfo, parsed.warnings)}
    if files is not False and (field is None or field.partition(".")[0] == "file_list"):
        facts["file_list"] = file_facts(metainfo.info.layout)
    return Result(
        facts=facts,
        lines=_torrent_lines(title, facts, metainfo.info.files, files),
        tab_lines=_torrent_tab_lines(facts),
    )


def magnet_result(magnet: Magnet) -> Result:
    """Make the result for a magnet."""
    facts = summarize_magnet(magnet)
    return Result(facts=facts, lines=_magnet_lines(facts))


def _torrent_tab_lines(facts: Facts) -> Iterator[str]:
    """Yield tab lines; a file has only its path and length, so that the columns are always the same."""
    short = facts
    if "file_list" in facts:
        short = {
            **facts,
            "file_list": [{"path": file["path"], "length": file["length"]} for file in facts["file_list"]],
        }
    yield from table.tab_lines(short)


def _torrent_lines(title: str, facts: Facts, files: tuple[File, ...], flat: bool | None) -> Iterator[str]:
    """Yield a title, rows, and the files: as a tree, `flat`, or not at all if `flat` is False."""
    yield from table.block_lines(title, FORMATS[facts["format"]], _torrent_rows(facts))
    if flat is not False:
        yield ""
        yield from flat_lines(files) if flat else tree_lines(files)


def _magnet_lines(facts: Facts) -> Iterator[str]:
    yield from table.block_lines(facts["name"] or "magnet", "magnet", _magnet_rows(facts))


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
        yield from [(row.label, "yes (peers from trackers only)")] if value else []
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
        lines[MAX_ODDITIES:] = [f"and {len(lines) - MAX_ODDITIES:,} more (see mkt lint)"]
    yield from _list("oddities", lines)


def _texts(label: str, text: str | None) -> Iterator[Row]:
    """Yield rows of a text of any length, wrapped."""
    room = console.terminal_width() - table.LABEL_WIDTH - len(table.MARGIN)
    lines = [part for line in (text or "").splitlines() for part in textwrap.wrap(printable(line), room) or [""]]
    yield from _column(label, lines)


def _list(label: str, values: Iterable[str]) -> Iterator[Row]:
    yield from _column(label, [printable(value) for value in values])


def _column(label: str, lines: list[str]) -> Iterator[Row]:
    for number, line in enumerate(lines):
        yield ("" if number else label), line
