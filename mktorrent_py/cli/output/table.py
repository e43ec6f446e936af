"""Three faces of the same facts: aligned text for a terminal, tab-separated lines for scripts, JSON for programs.

Facts are a dictionary of JSON values with stable keys. In tab lines a dictionary becomes dotted keys, a list repeats
its key, a list of lists counts them (`trackers.1`), an object in a list becomes its values joined by tabs. Facts that
a torrent does not have (None, empty lists) have no line.
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
    """One object on stdout, `schema` first, a fact a line, and a line for each item of a list.

    Undecodable bytes of names stand as lone surrogates. They, and whatever could harm a terminal, are escaped.
    """
    members = [f"  {json.dumps(key)}: {_json_value(value)}" for key, value in {"schema": SCHEMA, **facts}.items()]
    sys.stdout.write("{\n" + ",\n".join(members) + "\n}\n")


def _json_value(value: Any) -> str:
    if not isinstance(value, (list, tuple)) or not value:
        return json_text(value)
    return "[\n    " + ",\n    ".join([json_text(item) for item in value]) + "\n  ]"


def json_text(value: Any) -> str:
    """JSON on one line, in which control, bidi and zero-width characters and surrogates are escaped."""
    text = _ENCODER.encode(value)
    if text.isascii() and "\x7f" not in text:
        return text
    return _HARMFUL.sub(lambda found: json.dumps(found.group())[1:-1], text)


def print_json_line(facts: Facts, stream: Any = None) -> None:
    """One object on one line, for streams of events."""
    print(json.dumps({"schema": SCHEMA, **facts}), file=stream or sys.stdout, flush=True)


def print_tab_lines(facts: Facts) -> None:
    """`key<TAB>value` lines with full values, in the order of the facts."""
    sys.stdout.write("".join([f"{key}\t{text}\n" for key, text in flatten(facts)]))


def print_field(facts: Facts, name: str) -> None:
    """The values of one fact, a line each, and nothing else. Raises UsageError for a name that is no fact."""
    texts = list(_field_texts(facts, name))
    sys.stdout.write("".join([f"{text}\n" for text in texts]))


def check_field(facts: Facts, name: str) -> None:
    """Raises UsageError for a name that is no fact: for verbs that must know before they write."""
    list(_field_texts(facts, name))


def print_block(title: str, remark: str, rows: Sequence[Row]) -> None:
    """A title line, then aligned rows; long values wrap or are cut by whoever made them."""
    print(console.paint(printable(title), "path", sys.stdout) + (f"   {remark}" if remark else ""))
    print_rows(rows)


def print_rows(rows: Iterable[Row], indent: str = MARGIN) -> None:
    for label, text in rows:
        print(f"{indent}{console.pad_to(label, LABEL_WIDTH)}{text}".rstrip())


def room() -> int:
    """Columns for the text of a row."""
    return console.terminal_width() - len(MARGIN) - LABEL_WIDTH


def list_rows(label: str, texts: Sequence[str]) -> list[Row]:
    """A row for each text, the label on the first; none for none."""
    return [(label if not at else "", text) for at, text in enumerate(texts)]


def flatten(facts: Facts, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Facts as pairs of a dotted key and a text of one line."""
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


def _field_texts(facts: Facts, name: str) -> Iterator[str]:
    value: Any = facts
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and 0 < int(part) <= len(value):
            value = value[int(part) - 1]
        else:
            raise UsageError(f"there is no field {quoted(name)}", hint=f"Fields: {', '.join(field_names(facts))}.")
    for _, text in _flatten_value(name, value):
        yield text


def refuse_unknown_field(name: str, known: Sequence[str]) -> None:
    """Raises UsageError, before any work, for a field that cannot be among facts with the `known` field names."""
    parents = {field.split(".")[0] for field in known}
    item = name.partition(".")[2].split(".")[0]
    if name not in known and name not in parents and not (name.split(".")[0] in parents and item.isdigit()):
        raise UsageError(f"there is no field {quoted(name)}", hint=f"Fields: {', '.join(known)}.")


def field_names(facts: Facts) -> list[str]:
    """Names that --field takes."""
    names = []
    for key, value in facts.items():
        names += [f"{key}.{inner}" for inner in value] if isinstance(value, Mapping) else [key]
    return names


def plain(value: Any) -> str:
    """One value on one line, in full; a list or an object inside another as JSON."""
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, dict)):
        return json_text(value)
    return "" if value is None else str(value)
