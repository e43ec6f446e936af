"""How the events of seeding are shown, for `seed`, `create --seed` and `fetch --seed-after`."""

from __future__ import annotations

import dataclasses
import re
import sys
from functools import partial
from typing import TYPE_CHECKING, Any

from mktorrent_py import client
from mktorrent_py.cli.exit import ExitCode, exit_code_of
from mktorrent_py.cli.hints import hint_for
from mktorrent_py.cli.output import console
from mktorrent_py.cli.output.events import EventView, event_printer
from mktorrent_py.cli.output.table import Row
from mktorrent_py.cli.signals import run_to_end
from mktorrent_py.client import seed_events as events
from mktorrent_py.formatting import duration, human_size, plural, printable

if TYPE_CHECKING:
    from mktorrent_py.client import Seeding
    from mktorrent_py.create import CreateResult


def seed_until_stopped(seeding: Seeding, *, json: bool, quiet: bool) -> int:
    """Seed until it is over or a signal arrives; return the exit code."""
    printer, views = event_printer(json=json, quiet=quiet), SeedViews()
    ended = run_to_end(seeding, lambda event: printer.show(views.view(event)), stop=seeding.stop)
    return ExitCode.DONE if ended.error is None else exit_code_of(ended.error)


def seed_created(
    created: CreateResult, session: client.SessionOptions, *, seconds: float, json: bool, quiet: bool
) -> int:
    """Seed what was just created in `seconds`, without reading it again; return the exit code."""
    from mktorrent_py.client import SeedableTorrent

    torrent = SeedableTorrent.created(created.metainfo, created.draft.content, seconds=seconds)
    options = client.SeedOptions(session=session, sandbox=True)
    return seed_until_stopped(client.seed(torrent, options=options), json=json, quiet=quiet)


class SeedViews:
    """Maps events to views; remembers the first addresses, which are shown with the first torrent."""

    def __init__(self) -> None:
        self._addresses: tuple[str, ...] | None = None

    def view(self, event: events.SeedEvent) -> EventView:
        if isinstance(event, events.NoTorrents):
            return EventView(note=f"{printable(event.directory)} contains no torrents yet; watching for new ones")
        view = EventView(name=_kebab(type(event).__name__), facts=event_facts(event))
        match event:
            case events.Status():
                key = (event.torrents, event.peers, event.uploaded, event.checking)
                return dataclasses.replace(view, status=partial(status_line, event), status_key=key)
            case events.SeedFailed():
                message = str(event.error)
                message = message if event.name in message else f"{event.name}: {message}"
                return dataclasses.replace(view, error=(message, hint_for(event.error)))
            case events.SeedEnded():
                sent = f"{human_size(event.uploaded)} sent, ratio {event.ratio:.2f}"
                return dataclasses.replace(view, line=f"stopped: {event.reason}; {sent} in {duration(event.seconds)}")
            case events.SeedStarted():
                return self._start(view, event)
            case events.Listening() if event.addresses and self._addresses is None:
                self._addresses = event.addresses
                return view
        row = _row(event)
        return view if row is None else dataclasses.replace(view, rows=(row,))

    def _start(self, view: EventView, event: events.SeedStarted) -> EventView:
        name = console.shown_path(event.name, max(console.terminal_width() - 40, 20))
        addresses, self._addresses = self._addresses or (), ()
        return dataclasses.replace(
            view,
            title=f"seeding {name}",
            remark=f"{human_size(event.length)}, {_basis(event)}",
            rows=(("magnet", event.magnet), *[("listen", address) for address in addresses]),
        )


def event_facts(event: events.SeedEvent) -> dict[str, Any]:
    """Return the fields of an event as data; an error becomes its message, its hint and its exit code."""
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


def _basis(event: events.SeedStarted) -> str:
    match event.basis:
        case events.Basis.TRUSTED:
            return "trusted, not checked"
        case events.Basis.REMEMBERED:
            return "unchanged since its last check"
    return f"checked in {duration(event.checked)}" if event.checked is not None else "checked"


def _row(event: events.SeedEvent) -> Row | None:
    match event:
        case events.Listening():
            return "listen", ", ".join(event.addresses) or "no address: peers cannot connect"
        case events.TrackerAnswered():
            return "tracker", f"{event.url}   {_reply(event)}"
        case events.TrackerFailed():
            reason = console.paint(printable(event.reason), "warning", sys.stdout)
            return "tracker", f"{event.url}   {reason}"
        case events.PeerJoined():
            return "peer", f"{event.address}   {event.client}"
        case events.PeerLeft() if event.done:
            return "peer", f"{event.address}   has everything"
        case events.SeedRemoved():
            return "removed", printable(event.name)
    return None


def _reply(event: events.TrackerAnswered) -> str:
    parts = ["ok"]
    if event.seeds is not None:
        parts.append(plural(event.seeds, "seed"))
    if event.peers is not None:
        parts.append(plural(event.peers, "peer"))
    if event.again is not None:
        parts.append(f"next announce in {duration(event.again)}")
    return ", ".join(parts)


def status_line(status: events.Status, width: int) -> str:
    """Return the totals in one line of at most `width` columns, with fewer of them where it is narrow."""
    if status.checking is not None:
        done, total = status.checking.done, status.checking.total
        percent = 100 * done // max(total, 1)
        name = printable(status.checking.name)
        start = f"checking {name}  {percent} %  {human_size(done)} of {human_size(total)}"
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


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
