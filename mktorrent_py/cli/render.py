"""Three faces of the same facts: aligned text for a terminal, tab-separated lines for scripts, JSON for programs.

Facts are a dictionary of JSON values with stable keys. In tab lines a dictionary becomes dotted keys, a list repeats
its key, a list of lists counts them (`trackers.1`), an object in a list becomes its values joined by tabs. Facts that
a torrent does not have (None, empty lists) have no line.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from mktorrent_py.cli import style
from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo.paths import printable

SCHEMA = 1
LABEL_WIDTH = 13
MARGIN = "  "

Facts = Mapping[str, Any]
Row = tuple[str, str]
"""A label and its text; an empty label continues the row above."""


def print_json(facts: Facts) -> None:
    """One object on stdout, `schema` first. Undecodable bytes of names stand as lone surrogates, escaped."""
    print(json.dumps({"schema": SCHEMA, **facts}, ensure_ascii=not _is_clean(facts), indent=2))


def print_json_line(facts: Facts, stream: Any = None) -> None:
    """One object on one line, for streams of events."""
    print(json.dumps({"schema": SCHEMA, **facts}), file=stream or sys.stdout, flush=True)


def print_tab_lines(facts: Facts) -> None:
    """`key<TAB>value` lines with full values, in the order of the facts."""
    sys.stdout.write("".join([f"{key}\t{_plain(value)}\n" for key, value in flatten(facts)]))


def print_field(facts: Facts, name: str) -> None:
    """The values of one fact, a line each, and nothing else. Raises UsageError for a name that is no fact."""
    values = list(_field_values(facts, name))
    sys.stdout.write("".join([f"{_plain(value)}\n" for value in values]))


def print_block(title: str, remark: str, rows: Sequence[Row]) -> None:
    """A title line, then aligned rows; long values wrap or are cut by whoever made them."""
    print(style.paint(printable(title), "path", sys.stdout) + (f"   {remark}" if remark else ""))
    print_rows(rows)


def print_rows(rows: Iterable[Row], indent: str = MARGIN) -> None:
    for label, text in rows:
        print(f"{indent}{style.pad_to(label, LABEL_WIDTH)}{text}".rstrip())


def flatten(facts: Facts, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Facts as (dotted key, scalar) pairs."""
    for key, value in facts.items():
        yield from _flatten_value(f"{prefix}{key}", value)


def _flatten_value(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from flatten(value, f"{key}.")
    elif isinstance(value, (list, tuple)):
        for number, item in enumerate(value, 1):
            if isinstance(item, (list, tuple)):
                yield from _flatten_value(f"{key}.{number}", item)
            elif isinstance(item, Mapping):
                yield key, "\t".join([_plain(part) for part in item.values()])
            else:
                yield key, item
    elif value is not None:
        yield key, value


def _field_values(facts: Facts, name: str) -> Iterator[Any]:
    value: Any = facts
    for part in name.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdigit() and 0 < int(part) <= len(value):
            value = value[int(part) - 1]
        else:
            raise UsageError(f"there is no field {name!r}", hint=f"Fields: {', '.join(field_names(facts))}.")
    for _, scalar in _flatten_value(name, value):
        yield scalar


def field_names(facts: Facts) -> list[str]:
    """Names that --field takes."""
    names = []
    for key, value in facts.items():
        names += [f"{key}.{inner}" for inner in value] if isinstance(value, Mapping) else [key]
    return names


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text if text.isprintable() else _escape_line_breaks(text)


def _escape_line_breaks(text: str) -> str:
    """Keep a value on its line: separators inside objects stay, line breaks and control characters are escaped."""
    return "\t".join([printable(part) for part in text.split("\t")])


def _is_clean(value: Any) -> bool:
    """Whether every text in there can be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def size(length: int) -> str:
    """Bytes for people: decimal, three digits: `4.29 GB`."""
    if length < 1000:
        return f"{length} byte{'' if length == 1 else 's'}"
    number, unit = float(length), 0
    while number >= 999.5 and unit < 6:
        number /= 1000
        unit += 1
    digits = 2 if number < 9.995 else 1 if number < 99.95 else 0
    return f"{number:.{digits}f} {'_kMGTPE'[unit]}B"


def exact_size(length: int) -> str:
    """`4.29 GB (4,294,967,296 bytes)`."""
    return size(length) if length < 1000 else f"{size(length)} ({length:,} bytes)"


def rate(length: int, seconds: float) -> str:
    return f"{size(round(length / seconds))}/s" if seconds > 0 else "-"


def count(number: int, noun: str) -> str:
    """`1 file`, `1,025 pieces`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def duration(seconds: float) -> str:
    """`1.38 s`, `2 min 5 s`, `2 h 11 min`, `3 d 4 h`."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    for unit, below, factor in (("min", "s", 60), ("h", "min", 3600), ("d", "h", 86400)):
        lower = {"s": 1, "min": 60, "h": 3600}[below]
        if whole < factor * (60 if unit != "h" else 24) or unit == "d":
            rest = whole % factor // lower
            return f"{whole // factor} {unit}" + (f" {rest} {below}" if rest else "")
    return f"{whole} s"
