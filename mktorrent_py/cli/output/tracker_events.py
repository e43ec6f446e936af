"""How the events of a running tracker are shown: a block at the start, a status line, JSON lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from mktorrent_py.cli.output import table
from mktorrent_py.cli.output.events import EventView
from mktorrent_py.formatting import duration, plural
from mktorrent_py.tracker import TrackerEvent, TrackerNote, TrackerStarted, TrackerStatus, TrackerStopping


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


def tracker_view(event: TrackerEvent) -> EventView:
    """Return an event in every output format."""
    facts = event_facts(event)
    view = EventView(name=facts.pop("event"), facts=facts)
    match event:
        case TrackerStarted():
            folder = event.options.folder
            return replace(
                view,
                title=f"tracking {folder or 'every torrent'}",
                remark=plural(event.torrents, "torrent") if folder else "open to all",
                rows=tuple(start_rows(event)),
                next_step=f"mkt create CONTENT -t {_base_url(event)}/announce",
            )
        case TrackerStatus():
            return replace(view, status=lambda width: status_line(event))
        case TrackerNote():
            return replace(view, warning=event.message)
    return view
