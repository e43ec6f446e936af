"""Runs a seeder for `seed` and `create --seed`, and shows what happens in one of four ways."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import sys
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any, Protocol

from mktorrent_py.cli.exit import ExitCode, exit_code_of
from mktorrent_py.cli.hints import hint_for
from mktorrent_py.cli.options.network import stop_on_signals
from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.client.sandbox import forbid_writing
from mktorrent_py.client.seeding import events
from mktorrent_py.client.seeding.queue import Library, created_library, feed
from mktorrent_py.client.seeding.seeder import Seeder, SeedOptions
from mktorrent_py.client.session import Session, SessionOptions
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import duration, human_size, plural, quoted
from mktorrent_py.metainfo.rules import parse_host_port

if TYPE_CHECKING:
    from mktorrent_py.create import CreateResult

LINE_EVERY = 60.0
"""Seconds between status lines where a line cannot be drawn over."""


def run_seeding(
    library: Library, session: SessionOptions, options: SeedOptions, *, http: str | None, json: bool, quiet: bool
) -> int:
    """Seed until it is over; returns the exit code. From here on this process can write no file at all."""
    address = parse_address(http) if http is not None else None
    forbid_writing()
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_seed(library, session, options, address, face_for(json=json, quiet=quiet)))


def seed_created(created: CreateResult, session: SessionOptions, *, seconds: float, json: bool, quiet: bool) -> int:
    """Seed what was just created, which took `seconds`, without reading it again; returns the exit code."""
    library = created_library(created.metainfo, created.draft.content, seconds)
    return run_seeding(library, session, SeedOptions(), http=None, json=json, quiet=quiet)


async def _seed(
    library: Library, session: SessionOptions, options: SeedOptions, http: tuple[str, int] | None, face: Face
) -> int:
    seeder = Seeder(Session(session), options)
    seeder.expected = len(library.ready) + len(library.items)
    stop_on_signals(lambda: seeder.stop("asked to stop"))
    feeding = asyncio.create_task(feed(library, seeder))
    feeding.add_done_callback(lambda task: seeder.stop("it failed") if _has_failed(task) else None)
    code = ExitCode.DONE
    async with AsyncExitStack() as stack:
        if http is not None:
            from mktorrent_py.client.seeding.status_server import serve_status

            await stack.enter_async_context(serve_status(seeder, *http))
        async for event in seeder.run():
            face.show(event)
            if isinstance(event, events.SeedEnded) and event.error is not None:
                code = exit_code_of(event.error)
    feeding.cancel()
    await asyncio.wait([feeding])
    if not feeding.cancelled():
        feeding.result()
    return code


def _has_failed(task: asyncio.Task[None]) -> bool:
    return not task.cancelled() and task.exception() is not None


def parse_address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `[IPV6]:PORT`. Raises UsageError."""
    address = parse_host_port(text)
    if address is None:
        raise UsageError(f"{quoted(text)} is not an address to serve at", hint="Write 127.0.0.1:8080 or [::1]:8080.")
    return address


class Face(Protocol):
    """One way to show what happens."""

    def show(self, event: events.SeedEvent) -> None: ...


def face_for(*, json: bool, quiet: bool) -> Face:
    """The face for what stdout and stderr are."""
    if json:
        return JsonFace()
    if quiet:
        return QuietFace()
    return TerminalFace() if console.is_terminal(sys.stdout) else TabFace()


class QuietFace:
    """Says only what failed."""

    def show(self, event: events.SeedEvent) -> None:
        if isinstance(event, events.SeedFailed):
            reason = str(event.error)
            messages.fail(reason if event.name in reason else f"{event.name}: {reason}", hint_for(event.error))


def event_facts(event: events.SeedEvent) -> dict[str, Any]:
    """The fields of an event as data; an error becomes its message, its hint and the exit code it stands for."""
    facts = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    if isinstance(event, events.SeedFailed):
        del facts["error"]
        facts |= {"reason": str(event.error), "hint": hint_for(event.error), "exit_code": exit_code_of(event.error)}
    elif isinstance(event, events.SeedEnded):
        del facts["error"]
        facts["exit_code"] = ExitCode.DONE if event.error is None else exit_code_of(event.error)
    elif isinstance(event, events.Status) and event.checking is not None:
        facts["checking"] = dataclasses.asdict(event.checking)
    return facts


class JsonFace(QuietFace):
    """One object a line on stdout: `schema`, `event`, and the fields of the event.

    A status that says nothing new is told once a minute.
    """

    def __init__(self) -> None:
        self._last: tuple[Any, ...] = ()
        self._told = 0.0

    def show(self, event: events.SeedEvent) -> None:
        super().show(event)
        if isinstance(event, events.Status) and not self._is_news(event):
            return
        table.print_json_line({"event": _kebab(type(event).__name__), **event_facts(event)})

    def _is_news(self, status: events.Status) -> bool:
        now, facts = time.monotonic(), (status.torrents, status.peers, status.uploaded, status.checking)
        if facts == self._last and now - self._told < LINE_EVERY:
            return False
        self._last, self._told = facts, now
        return True


class TabFace(QuietFace):
    """Facts as `key<TAB>value` lines on stdout, and how it goes now and then on stderr."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def show(self, event: events.SeedEvent) -> None:
        super().show(event)
        if isinstance(event, events.Status):
            if time.monotonic() - self._told >= LINE_EVERY:
                self._told = time.monotonic()
                print(status_line(event), file=sys.stderr, flush=True)
        elif not isinstance(event, events.SeedFailed):
            facts = {key: value for key, value in event_facts(event).items() if value is not None}
            table.print_tab_lines({"event": _kebab(type(event).__name__), **facts})
            sys.stdout.flush()


class TerminalFace(QuietFace):
    """Aligned text on stdout, and one line on stderr that is drawn over; without a cursor, a line a minute."""

    def __init__(self) -> None:
        self._has_cursor = console.has_cursor(sys.stderr)
        self._told = time.monotonic()
        self._addresses: tuple[str, ...] | None = None

    def show(self, event: events.SeedEvent) -> None:
        if isinstance(event, events.Status):
            self._draw(status_line(event, console.terminal_width() - 1))
            return
        self._clear()
        super().show(event)
        if isinstance(event, events.Listening) and event.addresses and self._addresses is None:
            self._addresses = event.addresses
        elif isinstance(event, events.SeedStarted):
            self._show_start(event)
        elif isinstance(event, events.SeedEnded):
            print(f"stopped: {event.reason}; {_sent(event.uploaded, event.ratio)} in {duration(event.seconds)}")
        else:
            row = row_of(event)
            if row is not None:
                table.print_rows([row])
        sys.stdout.flush()

    def _show_start(self, event: events.SeedStarted) -> None:
        name = console.shown_path(event.name, max(console.terminal_width() - 40, 20))
        table.print_block(f"seeding {name}", f"{human_size(event.length)}, {_basis(event)}", [
            ("magnet", event.magnet),
            *[("listen", address) for address in self._addresses or ()],
        ])  # fmt: skip
        self._addresses = ()

    def _draw(self, line: str) -> None:
        if self._has_cursor:
            shown = console.shorten(line, console.terminal_width() - 1)
            print(f"\r\x1b[K{shown}", end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._told >= LINE_EVERY:
            self._told = time.monotonic()
            print(line, file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._has_cursor:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _basis(event: events.SeedStarted) -> str:
    match event.basis:
        case events.Basis.TRUSTED:
            return "taken on trust"
        case events.Basis.REMEMBERED:
            return "unchanged since it was checked"
    return f"checked in {duration(event.checked)}" if event.checked is not None else "checked"


def row_of(event: events.SeedEvent) -> table.Row | None:
    """An event as a labelled line for a person; None for what the status line shows."""
    match event:
        case events.Listening():
            return "listen", ", ".join(event.addresses) or "nowhere: nobody can connect to us"
        case events.TrackerAnswered():
            return "tracker", f"{event.url}   {_answer(event)}"
        case events.TrackerFailed():
            return "tracker", f"{event.url}   {console.paint(event.reason, 'warning', sys.stdout)}"
        case events.PeerJoined():
            return "peer", f"{event.address}   {event.client}"
        case events.PeerLeft() if event.done:
            return "peer", f"{event.address}   has everything"
        case events.SeedRemoved():
            return "removed", event.name
    return None


def _answer(event: events.TrackerAnswered) -> str:
    parts = ["ok"]
    if event.seeds is not None:
        parts.append(plural(event.seeds, "seed"))
    if event.peers is not None:
        parts.append(plural(event.peers, "peer"))
    if event.again is not None:
        parts.append(f"again in {duration(event.again)}")
    return ", ".join(parts)


def status_line(status: events.Status, width: int = 300) -> str:
    """How it goes, in one line; where it is narrow, with less at its end."""
    if status.checking is not None:
        done, total = status.checking.done, status.checking.total
        percent = 100 * done // max(total, 1)
        start = f"checking {status.checking.name}  {percent} %  {human_size(done)} of {human_size(total)}"
        return start if not status.torrents else f"{start}   up {human_size(status.rate)}/s"
    parts = [
        f"up {human_size(status.rate)}/s",
        plural(status.peers, "peer"),
        f"ratio {status.ratio:.2f}",
        f"{human_size(status.uploaded)} sent",
        duration(status.seconds) if status.seconds >= 10 else f"{status.seconds:.0f} s",
    ]
    if status.torrents != 1:
        parts.insert(1, plural(status.torrents, "torrent"))
    while len(parts) > 1 and len("   ".join(parts)) > width:
        parts.pop()
    return "   ".join(parts)


def _sent(uploaded: int, ratio: float) -> str:
    return f"{human_size(uploaded)} sent, ratio {ratio:.2f}"


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
