"""The printers of events: what each prints of the same event, and how often of a status."""

from __future__ import annotations

import json
import sys

import pytest

from mktorrent_py.cli.output import console, events
from mktorrent_py.cli.output.events import (
    EventPrinter,
    EventView,
    JsonEventPrinter,
    TabEventPrinter,
    TextEventPrinter,
    event_printer,
)


class Clock:
    """Seconds that a test moves."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(events, "time", clock)
    return clock


JOINED = EventView(name="peer-joined", facts={"address": "h:1", "client": None}, rows=(("peer", "h:1"),))
FAILED = EventView(name="seed-failed", facts={"reason": "x is gone"}, error=("x is gone", "Put it back."))
STARTED = EventView(name="started", facts={"port": 1}, title="tracking", remark="2 torrents", rows=(("port", "1"),))


def status(key: object) -> EventView:
    return EventView(name="status", facts={"key": key}, status=lambda width: f"status {key} in {width}", status_key=key)


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    printer = JsonEventPrinter()
    for view in (JOINED, FAILED):
        printer.show(view)
    out, err = capsys.readouterr()
    assert [json.loads(line) for line in out.splitlines()] == [
        {"schema": 1, "event": "peer-joined", "address": "h:1", "client": None},
        {"schema": 1, "event": "seed-failed", "reason": "x is gone"},
    ]
    assert not err


def test_json_repeats_an_unchanged_status_once_a_minute(capsys: pytest.CaptureFixture[str], clock: Clock) -> None:
    printer = JsonEventPrinter()
    printed = []
    for seconds, key in ((0, 1), (1, 1), (1, 2), (30, 2), (29, 2), (1, 2), (1, 2), (1, 3)):
        clock.now += seconds
        printer.show(status(key))
        printed.append(bool(capsys.readouterr().out))
    assert printed == [True, False, True, False, False, True, False, True]


def test_tab_lines_leave_out_what_is_unknown_and_errors_go_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    printer = TabEventPrinter()
    for view in (JOINED, FAILED):
        printer.show(view)
    out, err = capsys.readouterr()
    assert out == "event\tpeer-joined\naddress\th:1\n"
    assert err.splitlines() == ["mkt: x is gone", "     Put it back."]


@pytest.mark.parametrize("printer", [TabEventPrinter, TextEventPrinter])
def test_without_a_cursor_a_status_is_a_line_a_minute(
    capsys: pytest.CaptureFixture[str], clock: Clock, printer: type[EventPrinter]
) -> None:
    made = printer()
    lines = 0
    for _ in range(150):
        clock.now += 1
        made.show(status("same"))
        out, err = capsys.readouterr()
        assert not out
        lines += err.count("status same")
    assert lines == 2


def test_a_terminal_shows_blocks_rows_and_redraws_the_status(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "has_cursor", lambda stream: True)
    monkeypatch.setattr(console, "terminal_width", lambda: 60)
    printer = TextEventPrinter()
    for view in (STARTED, status(1), JOINED, EventView(line="stopped")):
        printer.show(view)
    out, err = capsys.readouterr()
    assert [line.split() for line in out.splitlines()] == [
        ["tracking", "2", "torrents"],
        ["port", "1"],
        ["peer", "h:1"],
        ["stopped"],
    ]
    assert err.split("\r\x1b[K") == ["", "", "status 1 in 59", "", ""]


def test_quiet_prints_errors_only(capsys: pytest.CaptureFixture[str]) -> None:
    printer = event_printer(json=False, quiet=True)
    for view in (JOINED, STARTED, status(1), FAILED, EventView(note="nothing yet")):
        printer.show(view)
    out, err = capsys.readouterr()
    assert not out
    assert err.splitlines() == ["mkt: x is gone", "     Put it back."]


def test_the_printer_follows_the_options_and_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    assert type(event_printer(json=True, quiet=True)) is JsonEventPrinter
    assert type(event_printer(json=False, quiet=True)) is EventPrinter
    assert type(event_printer(json=False, quiet=False)) is TabEventPrinter
    monkeypatch.setattr(console, "is_terminal", lambda stream: stream is sys.stdout)
    assert type(event_printer(json=False, quiet=False)) is TextEventPrinter
