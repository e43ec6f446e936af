"""Progress: shows how far the work is, leaves no trace, never stops the work."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator

import pytest

from mktorrent_py.cli.output import progress
from mktorrent_py.cli.output.progress import JsonDisplay, PlainDisplay, ProgressMode, shown


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(progress, "APPEARS_AFTER", 0.02)
    monkeypatch.setattr(progress, "POLL", 0.01)
    monkeypatch.setattr(progress, "PLAIN_PAUSE", 0.0)
    yield
    assert not [thread for thread in threading.enumerate() if thread.name == "mkt-progress"]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def until(condition: object, seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:  # type: ignore[operator]
        time.sleep(0.005)


def watch(mode: ProgressMode, stream: io.StringIO, monkeypatch: pytest.MonkeyPatch, total: int | None = 100) -> str:
    monkeypatch.setattr("sys.stderr", stream)
    with shown(mode, "hashing", total, lambda: 50, "3 files"):
        until(stream.getvalue)
    return stream.getvalue()


@pytest.mark.parametrize("mode", [ProgressMode.AUTO, ProgressMode.PLAIN])
def test_off_a_terminal_there_are_lines_and_no_carriage_returns(
    mode: ProgressMode, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = watch(mode, io.StringIO(), monkeypatch)
    assert text.startswith("hashing 50 %  50 bytes of 100 bytes  ")
    assert "\r" not in text
    assert text.count("\n") == 1


@pytest.mark.parametrize("total", [100, None])
def test_a_bar_on_a_terminal_leaves_no_trace(total: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    text = watch(ProgressMode.AUTO, Terminal(), monkeypatch, total)
    assert "hashing 3 files" in text
    assert "\n" not in text
    assert text.endswith("\r")
    assert text.split("\r")[-2].strip() == ""


def test_a_dumb_terminal_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert "\r" not in watch(ProgressMode.AUTO, Terminal(), monkeypatch)


def test_none_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with shown(ProgressMode.NONE, "hashing", 1, lambda: 0):
        time.sleep(0.05)
    assert stream.getvalue() == ""


def test_short_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "APPEARS_AFTER", 60.0)
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with shown(ProgressMode.PLAIN, "hashing", 100, lambda: 50):
        pass
    assert stream.getvalue() == ""


@pytest.mark.parametrize("total", [100, None])
def test_json_lines_end_with_done(total: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [json.loads(line) for line in watch(ProgressMode.JSON, io.StringIO(), monkeypatch, total).splitlines()]
    assert [event["event"] for event in events[:-1]] == ["progress"] * (len(events) - 1)
    assert events[-1]["event"] == "done"
    assert events[-1].keys() == {"event", "what", "done", "total", "seconds"}
    assert {event["total"] for event in events} == {total}


def test_work_that_fails_is_stopped_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    with pytest.raises(ZeroDivisionError), shown(ProgressMode.JSON, "hashing", 100, lambda: 5):
        raise ZeroDivisionError
    assert json.loads(stream.getvalue().splitlines()[-1])["event"] == "stopped"


def test_a_stderr_that_breaks_does_not_end_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Broken())
    with shown(ProgressMode.JSON, "hashing", 100, lambda: 5):
        time.sleep(0.05)


def test_plain_lines_come_at_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    display = PlainDisplay("hashing", 1000)
    for done in range(0, 1001, 5):
        display.show(done)
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == [f"{n}0" for n in range(1, 11)]


def test_plain_lines_come_at_most_once_a_pause(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "PLAIN_PAUSE", 1.0)
    clock = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    display = PlainDisplay("hashing", 1000)
    for step in range(41):
        clock[0] = step / 10
        display.show(min(step * 100, 1000))
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_empty_total_divides_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    PlainDisplay("hashing", 0).show(0)
    JsonDisplay("hashing", 0).show(0)
    assert json.loads(capsys.readouterr().err)["total"] == 0
