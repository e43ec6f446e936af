"""Output of a running tracker: JSON lines, or a block at the start and a status line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.formatting import duration, plural
from mktorrent_py.tracker import TrackerEvent, TrackerNote, TrackerStarted, TrackerStatus, TrackerStopping

REDRAW_INTERVAL = 1.0
LOG_INTERVAL = 60.0
"""Seconds between two status lines: on a terminal one is redrawn, in a log each stays."""


def event_facts(event: TrackerEvent) -> dict[str, Any]:
    """An event as JSON values, with its name as `event`."""
    match event:
        case TrackerStarted():
            return {
                "event": "started",
                "port": event.port,
                "listen": list(event.listen),
                "announce": list(event.announce_urls),
                "folder": str(event.options.folder) if event.options.folder else None,
                "torrents": event.torrents,
                "restored": event.restored,
            }
        case TrackerStatus():
            facts: dict[str, Any] = {
                "event": "status",
                "torrents": event.torrents,
                "announces": event.announces,
                "refused": event.refused,
                "uptime": event.uptime,
                "store": "ok" if event.store_available else "away",
            }
            counts = {"swarms": event.swarms, "seeds": event.seeds, "leechers": event.leechers}
            return {**facts, **counts} if event.store_available else facts
        case TrackerNote():
            return {"event": "note", "message": event.message}
        case TrackerStopping():
            return {"event": "stopping"}


def start_rows(event: TrackerStarted) -> Sequence[table.Row]:
    """The block that is printed at the start."""
    options = event.options
    rows = [("listen", ", ".join(event.listen))]
    rows += [("" if number else "tracker", url) for number, url in enumerate(event.announce_urls)]
    if options.folder and options.listed:
        base = _base_url(event)
        rows += [("list", f"{base}/"), ("", f"{base}/torrents.json"), ("", f"{base}/feed.xml")]
    protocols = f"UDP:{event.port} TCP:{event.port}" if options.udp else f"TCP:{event.port}"
    rows.append(("DNS", f'TXT "BITTORRENT {protocols}"   announces the port to clients (BEP 34)'))
    if options.state:
        restored = f", {plural(event.restored, 'peer')} restored" if event.restored else ""
        rows.append(("state", f"{options.state}, every {duration(options.snapshot_interval)}{restored}"))
    if options.store:
        parts = urlsplit(options.store)
        without_password = parts._replace(netloc=parts.netloc.rpartition("@")[2])
        rows.append(("store", without_password.geturl()))
    return rows


def _base_url(event: TrackerStarted) -> str:
    return event.options.base_url or event.announce_urls[0].removesuffix("/announce")


def status_line(status: TrackerStatus) -> str:
    """The status in one line."""
    parts = [plural(status.announces, "announce")]
    if status.swarms is None:
        parts.insert(0, "the store does not answer")
    elif status.seeds is None or status.leechers is None:
        parts.insert(0, plural(status.swarms, "swarm"))
    else:
        parts = [plural(status.seeds, "seed"), plural(status.leechers, "peer"), *parts]
    if status.refused:
        parts.append(f"{status.refused:,} refused")
    return "   ".join([*parts, duration(status.uptime)])


class TrackerEventPrinter:
    """Prints nothing but errors, which the caller prints. `status_every` is in seconds, for `Tracker.events`."""

    status_every = LOG_INTERVAL

    def show(self, event: TrackerEvent) -> None:
        """Print an event."""


class JsonPrinter(TrackerEventPrinter):
    """Prints one JSON object a line on stdout."""

    def show(self, event: TrackerEvent) -> None:
        table.print_json_line(event_facts(event))


class TextPrinter(TrackerEventPrinter):
    """Prints a block on stdout and a status line on stderr: redrawn on a terminal, otherwise one a minute."""

    def __init__(self) -> None:
        self._can_redraw = console.has_cursor(sys.stderr)
        self._is_drawn = False
        self.status_every = REDRAW_INTERVAL if self._can_redraw else LOG_INTERVAL

    def show(self, event: TrackerEvent) -> None:
        if isinstance(event, TrackerStatus):
            self._show_status(status_line(event))
            return
        if self._is_drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._is_drawn = False
        if isinstance(event, TrackerStarted):
            folder = event.options.folder
            tracked = plural(event.torrents, "torrent") if folder else "open to all"
            table.print_block(f"tracking {folder or 'every torrent'}", tracked, start_rows(event))
            sys.stdout.flush()
            print(f"\nnext: mkt create CONTENT -t {_base_url(event)}/announce", file=sys.stderr, flush=True)
        elif isinstance(event, TrackerNote):
            messages.warn(event.message)

    def _show_status(self, line: str) -> None:
        if self._can_redraw:
            shown = console.shorten(line, console.terminal_width() - 1)
            print(f"\r\x1b[K{shown}", end="", file=sys.stderr, flush=True)
            self._is_drawn = True
        else:
            print(line, file=sys.stderr, flush=True)


def printer_for(*, json: bool, quiet: bool) -> TrackerEventPrinter:
    """The printer for the output options; JSON beats quiet."""
    return JsonPrinter() if json else TrackerEventPrinter() if quiet else TextPrinter()
