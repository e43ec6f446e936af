"""What `mkt track` prints for each event: JSON lines, the block at the start, the status line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mktorrent_py.cli.output import console
from mktorrent_py.cli.output.events import EventPrinter, event_printer
from mktorrent_py.cli.output.tracker_events import event_facts, start_rows, status_line, tracker_view
from mktorrent_py.tracker import (
    TrackerEvent,
    TrackerNote,
    TrackerOptions,
    TrackerStarted,
    TrackerStatus,
    TrackerStopping,
)


def show(printer: EventPrinter, *events: TrackerEvent) -> None:
    for event in events:
        printer.show(tracker_view(event))


def started(restored: int = 0, **options: Any) -> TrackerStarted:
    return TrackerStarted(
        options=TrackerOptions(**options),
        port=6969,
        listen=("0.0.0.0:6969", "[::]:6969"),
        announce_urls=("http://192.0.2.1:6969/announce", "udp://192.0.2.1:6969/announce"),
        torrents=2,
        restored=restored,
    )


def status(**counts: Any) -> TrackerStatus:
    return TrackerStatus(**{"torrents": 2, "announces": 1234, "refused": 0, "uptime": 7900, **counts})


EVENTS: list[tuple[TrackerEvent, dict[str, Any]]] = [
    (
        started(folder="torrents", restored=3),
        {
            "event": "started",
            "port": 6969,
            "listen": ["0.0.0.0:6969", "[::]:6969"],
            "announce": ["http://192.0.2.1:6969/announce", "udp://192.0.2.1:6969/announce"],
            "folder": "torrents",
            "torrents": 2,
            "restored": 3,
        },
    ),
    (
        status(swarms=1, seeds=3, leechers=0),
        {"event": "status", "torrents": 2, "announces": 1234, "refused": 0, "uptime": 7900}
        | {"store": "ok", "swarms": 1, "seeds": 3, "leechers": 0},
    ),
    (
        status(swarms=1),
        {"event": "status", "torrents": 2, "announces": 1234, "refused": 0, "uptime": 7900}
        | {"store": "ok", "swarms": 1, "seeds": None, "leechers": None},
    ),
    (status(), {"event": "status", "torrents": 2, "announces": 1234, "refused": 0, "uptime": 7900, "store": "away"}),
    (TrackerNote(message="left out x.torrent"), {"event": "note", "message": "left out x.torrent"}),
    (TrackerStopping(), {"event": "stopping"}),
]


@pytest.mark.parametrize(("event", "facts"), EVENTS)
def test_json_has_one_line_for_each_event(
    event: TrackerEvent, facts: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert event_facts(event) == facts
    show(event_printer(json=True, quiet=True), event)
    printed = capsys.readouterr()
    assert [json.loads(line) for line in printed.out.splitlines()] == [{"schema": 1, **facts}]
    assert printed.err == ""


@pytest.mark.parametrize("event", [event for event, _ in EVENTS])
def test_quiet_prints_no_event(event: TrackerEvent, capsys: pytest.CaptureFixture[str]) -> None:
    show(event_printer(json=False, quiet=True), event)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (status(swarms=1, seeds=1, leechers=2), "1 seed   2 peers   1,234 announces   2 h 11 min"),
        (status(swarms=7, refused=5), "7 swarms   1,234 announces   5 refused   2 h 11 min"),
        (status(announces=1), "the store does not answer   1 announce   2 h 11 min"),
    ],
)
def test_the_status_line(event: TrackerStatus, line: str) -> None:
    assert status_line(event) == line


def test_the_block_at_the_start() -> None:
    rows = start_rows(started(folder="torrents", base_url="https://tracker.example", state="s.sqlite", restored=1))
    assert rows == [
        ("listen", "0.0.0.0:6969, [::]:6969"),
        ("tracker", "http://192.0.2.1:6969/announce"),
        ("", "udp://192.0.2.1:6969/announce"),
        ("list", "https://tracker.example/"),
        ("", "https://tracker.example/torrents.json"),
        ("", "https://tracker.example/feed.xml"),
        ("DNS", 'TXT "BITTORRENT UDP:6969 TCP:6969"   announces the port to clients (BEP 34)'),
        ("state", "s.sqlite, every 5 min, 1 peer restored"),
    ]


def test_the_password_of_a_store_is_not_printed() -> None:
    assert start_rows(started(store="redis://user:secret@host:6379/0", udp=False))[-2:] == [
        ("DNS", 'TXT "BITTORRENT TCP:6969"   announces the port to clients (BEP 34)'),
        ("store", "redis://host:6379/0"),
    ]


def test_a_status_line_is_redrawn_on_a_terminal_and_cleared_for_a_note(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "has_cursor", lambda stream: True)
    printer = event_printer(json=False, quiet=False, has_tabs=False)
    assert printer.status_every == 1
    show(printer, status(swarms=7), status(swarms=8), TrackerNote(message="left out x"), TrackerStopping())
    assert capsys.readouterr().err == (
        "\r\x1b[K7 swarms   1,234 announces   2 h 11 min"
        "\r\x1b[K8 swarms   1,234 announces   2 h 11 min"
        "\r\x1b[Kmkt: warning: left out x\n\r\x1b[K"
    )


def test_a_log_gets_a_status_line_a_minute(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((1000.0, 1001.0, 1060.0, 1061.0, 1120.0))
    monkeypatch.setattr("mktorrent_py.cli.output.events.time.monotonic", lambda: next(clock))
    printer = event_printer(json=False, quiet=False, has_tabs=False)
    assert printer.status_every == 5
    show(printer, *[status(swarms=7)] * 4)
    assert capsys.readouterr() == ("", 2 * "7 swarms   1,234 announces   2 h 11 min\n")


def test_json_repeats_the_status_once_a_minute(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The first status takes the time it was printed at; each repeated one asks whether it is due.
    clock = iter((1000.0, 1001.0, 1002.0, 1061.5, 1061.5, 1062.0))
    monkeypatch.setattr("mktorrent_py.cli.output.events.time.monotonic", lambda: next(clock))
    printer = event_printer(json=True, quiet=False)
    show(printer, *[status(swarms=7)] * 4)
    assert len(capsys.readouterr().out.splitlines()) == 2
