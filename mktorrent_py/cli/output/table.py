"""Facts as JSON, as tab-separated lines, as one field, and rows of aligned text.

Facts are a dictionary of JSON values with stable keys. In tab lines a dictionary becomes dotted keys, a list repeats
its key, a list of lists numbers them (`trackers.1`), an object in a list becomes its values joined by tabs. Facts that
are None or empty lists have no line.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mktorrent_py.cli.output import console
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import printable, quoted

SCHEMA = 1
_HARMFUL = re.compile(
    "[\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f"
    "\\ud800-\\udfff\\ufeff\\ufff9-\\ufffb\\U000e0000-\\U000e007f]"
)
_ENCODER = json.JSONEncoder(ensure_ascii=False)
LABEL_WIDTH = 13
MARGIN = "  "

Facts = Mapping[str, Any]
Row = tuple[str, str]
"""A label and its text; an empty label continues the row above."""


def print_json(facts: Facts) -> None:
    """Print one object on stdout: `schema` first, one line per fact and per item of a list.

    Undecodable bytes of names are lone surrogates. They and all characters that could harm a terminal are escaped.
    """
    members = [f"  {json.dumps(key)}: {_json_value(value)}" for key, value in {"schema": SCHEMA, **facts}.items()]
    sys.stdout.write("{\n" + ",\n".join(members) + "\n}\n")


def _json_value(value: Any) -> str:
    if not isinstance(value, (list, tuple)) or not value:
        return json_text(value)
    return "[\n    " + ",\n    ".join([json_text(item) for item in value]) + "\n  ]"


def json_text(value: Any) -> str:
    """Encode as JSON on one line, with control, bidi and zero-width characters and surrogates escaped."""
    text = _ENCODER.encode(value)
    if text.isascii() and "\x7f" not in text:
        return text
    return _HARMFUL.sub(lambda found: json.dumps(found.group())[1:-1], text)


def print_json_line(facts: Facts, stream: Any = None) -> None:
    """Print one object on one line, for streams of events."""
    print(json.dumps({"schema": SCHEMA, **facts}), file=stream or sys.stdout, flush=True)


def print_tab_lines(facts: Facts) -> None:
    """Print `key<TAB>value` lines, in the order of the facts."""
    sys.stdout.write("".join([f"{line}\n" for line in tab_lines(facts)]))


def tab_lines(facts: Facts) -> Iterator[str]:
    """Yield `key<TAB>value` lines with full values."""
    return (f"{key}\t{text}" for key, text in flatten(facts))


def print_block(title: str, remark: str, rows: Sequence[Row]) -> None:
    """Print a title line, then aligned rows."""
    sys.stdout.write("".join([f"{line}\n" for line in block_lines(title, remark, rows)]))


def print_rows(rows: Iterable[Row], indent: str = MARGIN) -> None:
    """Print aligned rows."""
    sys.stdout.write("".join([f"{line}\n" for line in row_lines(rows, indent)]))


def block_lines(title: str, remark: str, rows: Iterable[Row]) -> Iterator[str]:
    """Yield a title line, then aligned rows; the caller has wrapped or cut long values."""
    yield title_line(title, remark)
    yield from row_lines(rows)


def title_line(title: str, remark: str) -> str:
    """Return a title, emphasised, and a remark beside it."""
    return console.paint(printable(title), "path", sys.stdout) + (f"   {remark}" if remark else "")


def row_lines(rows: Iterable[Row], indent: str = MARGIN) -> Iterator[str]:
    """Yield rows with their labels padded to one width."""
    return (f"{indent}{console.pad_to(label, LABEL_WIDTH)}{text}".rstrip() for label, text in rows)


def room() -> int:
    """Return the columns for the text of a row."""
    return console.terminal_width() - len(MARGIN) - LABEL_WIDTH


def list_rows(label: str, texts: Sequence[str]) -> list[Row]:
    """Make a row of each text, the first with the label."""
    return [(label if not at else "", text) for at, text in enumerate(texts)]


def flatten(facts: Facts, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield facts as pairs of a dotted key and a text of one line."""
    for key, value in facts.items():
        yield from _flatten_value(f"{prefix}{key}", value)


def _flatten_value(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield from flatten(value, f"{key}.")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value, 1):
            if isinstance(item, (list, tuple)):
                yield from _flatten_value(f"{key}.{number}", item)
            elif isinstance(item, Mapping):
                yield key, "\t".join([plain(part) for part in item.values()])
            else:
                yield key, plain(item)
    elif value is not None:
        yield key, plain(value)


def field_lines(facts: Facts, name: str) -> Iterator[str]:
    """Yield the values of one fact, a line each. Raises UsageError for a name that is not a fact."""
    value: Any = facts
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and 0 < int(part) <= len(value):
            value = value[int(part) - 1]
        else:
            raise _unknown_field(name, field_names(facts))
    for _, text in _flatten_value(name, value):
        yield text


def check_field_name(name: str, known: Sequence[str]) -> None:
    """Raise UsageError for a field that cannot be among facts with the `known` field names."""
    parents = {field.split(".")[0] for field in known}
    item = name.partition(".")[2].split(".")[0]
    if name not in known and name not in parents and not (name.split(".")[0] in parents and item.isdigit()):
        raise _unknown_field(name, known)


def _unknown_field(name: str, known: Sequence[str]) -> UsageError:
    return UsageError(f"unknown field {quoted(name)}", hint=f"Fields: {', '.join(known)}.")


def field_names(facts: Facts) -> list[str]:
    """Return the names that --field accepts for these facts."""
    names = []
    for key, value in facts.items():
        names += [f"{key}.{inner}" for inner in value] if isinstance(value, Mapping) else [key]
    return names


def plain(value: Any) -> str:
    """Return one value on one line, in full; a list or an object inside another as JSON."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, dict)):
        return json_text(value)
    return "" if value is None else str(value)
