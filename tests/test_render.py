"""Output formats of the same facts: nothing lost, nothing that a terminal would obey, a line a fact."""

from __future__ import annotations

import io
import json
import re
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.cli.output.printer import Printer, Result
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import LAST_DATE, date, duration, human_size, percent

HOSTILE = ["a\nb", "a\tb", "\x1b[2Jx", "\u202ecod.exe", "\udcff", "\x9b31m", "\u200b", "\r", "\x85", " "]
TEXTS = st.text() | st.sampled_from(HOSTILE)
VALUES: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | TEXTS
FACTS = st.dictionaries(
    st.text("abc_", min_size=1),
    VALUES
    | st.lists(TEXTS)
    | st.lists(st.lists(TEXTS))
    | st.dictionaries(st.text("abc", min_size=1), VALUES)
    | st.lists(st.fixed_dictionaries({"path": TEXTS, "reason": TEXTS})),
    max_size=6,
)


def printed(monkeypatch: pytest.MonkeyPatch, show: Any) -> str:
    stream = io.StringIO()
    with monkeypatch.context() as patch:
        patch.setattr("sys.stdout", stream)
        show()
    return stream.getvalue()


def is_harmless(text: str) -> bool:
    return all(unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in text)


@given(facts=FACTS)
def test_json_comes_back_as_it_went_and_obeys_no_text(facts: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        text = printed(patch, lambda: table.print_json(facts))
    assert json.loads(text) == {"schema": 1, **facts}
    text.encode("utf-8")
    assert "\x1b" not in text
    assert "\u202e" not in text


@given(facts=FACTS)
def test_tab_lines_are_harmless_and_one_a_fact(facts: dict[str, Any]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        text = printed(patch, lambda: table.print_tab_lines(facts))
    lines = text.split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(list(table.flatten(facts)))
    for line in lines:
        assert is_harmless(line.replace("\t", ""))
        assert line.count("\t") in (1, 2)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_hostile_text_is_one_harmless_line_in_every_format(text: str) -> None:
    (field,) = table.field_lines({"name": text}, "name")
    (title,) = table.block_lines(text, "", [])
    for line in (field, title):
        assert is_harmless(line)


FIELD_FACTS: dict[str, Any] = {
    "name": "x",
    "infohash": {"v1": "aa", "v2": None},
    "trackers": [["http://a", "http://b"], ["udp://c"]],
    "left_out": [{"path": "p", "reason": "junk"}],
    "private": False,
    "empty": [],
}


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("name", ["x"]),
        ("infohash", ["aa"]),
        ("infohash.v1", ["aa"]),
        ("infohash.v2", []),
        ("trackers", ["http://a", "http://b", "udp://c"]),
        ("trackers.2", ["udp://c"]),
        ("trackers.1.2", ["http://b"]),
        ("left_out", ["p\tjunk"]),
        ("private", ["false"]),
        ("empty", []),
    ],
)
def test_a_field_is_its_value_and_nothing_else(name: str, lines: list[str]) -> None:
    table.check_field_name(name, table.field_names(FIELD_FACTS))
    assert list(table.field_lines(FIELD_FACTS, name)) == lines


@pytest.mark.parametrize("name", ["", "nix", "infohash.v3", "name.x", ".", "trackers.x"])
def test_an_unknown_field_is_refused_before_and_after(name: str) -> None:
    with pytest.raises(UsageError, match="unknown field"):
        table.check_field_name(name, table.field_names(FIELD_FACTS))
    with pytest.raises(UsageError, match="unknown field"):
        list(table.field_lines(FIELD_FACTS, name))


def lines_of(result_lines: list[str]) -> Iterator[str]:
    """Text lines that must not be made where no terminal gets them."""
    if not console.is_terminal(sys.stdout):
        pytest.fail("text was made for a pipe")
    yield from result_lines


@pytest.mark.parametrize(
    ("options", "terminal", "out"),
    [
        ({}, True, "title\n  row\n"),
        ({}, False, "name\tx\n"),
        ({"quiet": True}, True, ""),
        ({"quiet": True}, False, ""),
        ({"field": "name"}, False, "x\n"),
        ({"field": "name", "quiet": True}, False, "x\n"),
        ({"json": True}, False, '{\n  "schema": 1,\n  "name": "x",\n  "empty": []\n}\n'),
        ({"json": True, "quiet": True}, False, '{\n  "schema": 1,\n  "name": "x",\n  "empty": []\n}\n'),
    ],
)
def test_a_result_is_printed_in_one_format(
    options: dict[str, Any], terminal: bool, out: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda stream: terminal)
    result = Result(facts={"name": "x", "empty": []}, lines=lines_of(["title", "  row"]))
    assert printed(monkeypatch, lambda: Printer(**options).print(result)) == out


def test_a_list_is_one_object_in_json_and_else_printed_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    results = [Result(facts={"path": name}) for name in ("a", "b")]
    text = printed(monkeypatch, lambda: Printer(json=True).print_list(results, lambda facts: {"all": facts}))
    assert json.loads(text) == {"schema": 1, "all": [{"path": "a"}, {"path": "b"}]}
    assert printed(monkeypatch, lambda: Printer().print_list(results, lambda facts: {})) == "path\ta\npath\tb\n"


def test_a_result_of_an_event_is_one_line_of_json(monkeypatch: pytest.MonkeyPatch) -> None:
    text = printed(monkeypatch, lambda: Printer(json=True).print(Result(facts={"name": "x"}, event="created")))
    assert text == '{"schema": 1, "event": "created", "name": "x"}\n'


def test_a_field_that_a_partial_result_lacks_prints_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    printer = Printer(field="size")
    assert printed(monkeypatch, lambda: printer.print(Result(facts={"name": "x"}, is_partial=True))) == ""
    with pytest.raises(UsageError, match="unknown field"):
        printer.print(Result(facts={"name": "x"}))


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (999, "999 bytes"),
        (1000, "1.00 kB"),
        (999_499, "999 kB"),
        (999_500, "1.00 MB"),
        (9_994_999, "9.99 MB"),
        (9_995_000, "10.0 MB"),
        (4_294_967_296, "4.29 GB"),
        (10**21, "1,000 EB"),
    ],
)
def test_sizes_have_three_digits(length: int, text: str) -> None:
    assert human_size(length) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.00 s"),
        (1.384, "1.38 s"),
        (9.999, "10 s"),
        (59.4, "59 s"),
        (59.9, "1 min"),
        (60, "1 min"),
        (125, "2 min 5 s"),
        (3599.6, "1 h"),
        (7_860, "2 h 11 min"),
        (86_399.7, "1 d"),
        (273_600, "3 d 4 h"),
        (10**8, "1,157 d"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(("share", "text"), [(0.0021, "0.2 %"), (0.0994, "9.9 %"), (0.0996, "10 %"), (12.5, "1,250 %")])
def test_percents(share: float, text: str) -> None:
    assert percent(share) == text


@given(text=st.text(), width=st.integers(1, 60))
@example(text="0\u093e", width=1)
def test_a_shown_path_is_harmless_and_fits(text: str, width: int) -> None:
    shown = console.shown_path(text, width)
    assert console.display_width(shown) <= max(width, 2)
    assert is_harmless(shown)


def test_a_long_path_keeps_its_extension() -> None:
    assert console.shown_path("n" * 300 + ".torrent", 30).endswith(".torrent")


@pytest.mark.parametrize(("columns", "width"), [("10", 40), ("40", 40), ("80", 80), ("1000", 300)])
def test_widths_stay_within_reason(columns: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert console.terminal_width() == width


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, False),
        ({"TERM": "xterm", "NO_COLOR": ""}, True),
    ],
)
def test_colour_is_for_those_who_can_and_want(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for key, value in environment.items():
        monkeypatch.setenv(key, value)
    assert (console.paint("x", "bad", Terminal()) != "x") == coloured
    assert console.paint("x", "bad", io.StringIO()) == "x"


def test_colour_takes_no_room_on_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    said = Terminal()
    monkeypatch.setattr(sys, "stderr", said)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")
    messages.fail("no command 'creat'. Did you mean 'create'?")
    messages.warn("short", hint="a hint")
    plain = re.sub("\x1b\\[[0-9;]*m", "", said.getvalue())
    assert plain == ("mkt: no command 'creat'. Did you mean\n     'create'?\n" + "mkt: warning: short\n     a hint\n")
    assert said.getvalue().startswith("\x1b[31mmkt:\x1b[0m no command")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "1970-01-01 00:00:00 UTC"),
        (1_700_000_000, "2023-11-14 22:13:20 UTC"),
        (LAST_DATE, "9999-12-31 23:59:59 UTC"),
        (LAST_DATE + 1, "253,402,300,800 (not a valid date)"),
        (-(10**40), "-" + "1" + "0" * 28 + "… (42 digits) (not a valid date)"),
    ],
)
def test_dates_for_people(seconds: int, text: str) -> None:
    assert date(seconds) == text
