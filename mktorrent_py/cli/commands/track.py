"""`mkt track`: run a tracker that lists your torrents."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import typer

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options.groups import Group, flag, in_groups, with_examples
from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import duration, plural, quoted
from mktorrent_py.tracker.swarms.registry import MAX_PEERS, MAX_SWARMS

if TYPE_CHECKING:
    from mktorrent_py.tracker.server import Settings, TrackerServer

app = typer.Typer(rich_markup_mode=None)

# Seconds between two status lines: on a terminal one is redrawn, in a log each stays.
REDRAWN_EVERY = 1
LOGGED_EVERY = 60


class Listening(Group):
    """What is tracked, and where that is answered."""

    heading = "Tracking"

    folder: Path | None = typer.Argument(
        None, metavar="[FOLDER]", help="Track the torrents in it and list them; without one, track everything."
    )
    bind: list[str] | None = typer.Option(
        None, "--bind", metavar="ADDRESS", help="IP address to listen on; repeatable. All of them by default."
    )
    port: int = typer.Option(6969, min=0, max=65535, metavar="N", help="TCP and UDP port; 0 picks one that is free.")
    udp: bool = typer.Option(True, "--udp/--no-udp", help="Answer over UDP too.")
    listed: bool = typer.Option(True, "--list/--no-list", help="Serve the list of torrents: web page, JSON, RSS.")
    url: str | None = typer.Option(
        None, metavar="URL", help="How the world reaches this tracker, for links and magnets."
    )

    def hosts(self) -> tuple[str, ...]:
        from mktorrent_py.tracker.sockets import has_ipv6

        if self.bind:
            return tuple(dict.fromkeys(self.bind))
        return ("0.0.0.0", "::") if has_ipv6() else ("0.0.0.0",)

    def base_url(self) -> str | None:
        return _checked_url(self.url) if self.url else None


class Bounds(Group):
    """How much is taken from whom."""

    heading = "Limits"

    interval: int = typer.Option(1800, min=10, max=86400, metavar="N", help="Seconds between two announces of a peer.")
    max_peers: int = typer.Option(MAX_PEERS, min=1, metavar="N", help="Peers kept, at 180 to 250 bytes each.")
    max_swarms: int = typer.Option(MAX_SWARMS, min=1, metavar="N", help="Swarms kept, at 1,500 bytes each.")
    rate: int = typer.Option(100, min=0, metavar="N", help="Requests a second from one address, over a minute; 0: any.")
    trusted_proxy: list[str] | None = typer.Option(
        None, metavar="ADDRESS", help="Believe X-Forwarded-For from this address or network; repeatable."
    )
    allow_ip_parameter: bool = flag("--allow-ip-parameter", help="Let peers name another address than their own (ip=).")


class Memory(Group):
    """Where the swarms are kept but in this process."""

    heading = "Storage"

    state: Path | None = typer.Option(None, metavar="FILE", help="Keep the swarms in this file across restarts.")
    snapshot_interval: int = typer.Option(300, min=1, metavar="N", help="Seconds between two snapshots to --state.")
    store: str | None = typer.Option(
        None, metavar="URL", help="Share the swarms through this Valkey or Redis: redis://HOST:6379/0."
    )


class Telling(Group):
    """How it is told."""

    json: bool = flag("--json", help="Say what happens as one JSON object a line.")
    quiet: bool = flag("--quiet", "-q", help="Print errors only.")

    def voice(self) -> Voice:
        return JsonVoice() if self.json else QuietVoice() if self.quiet else TextVoice()


@app.command(
    cls=with_examples(
        "mkt track torrents/",
        "mkt track torrents/ --url https://tracker.example",
        "mkt track --port 6969 --state swarms.bin",
    )
)
@in_groups
def track(listening: Listening, bounds: Bounds, memory: Memory, telling: Telling) -> int:
    """Run a tracker over HTTP and UDP on one port, until interrupted.

    The list of torrents is at /, for programs at /torrents.json and /feed.xml; /metrics and /healthz tell how it is.
    """
    from mktorrent_py.tracker.protocol.trusted_proxies import parse_networks
    from mktorrent_py.tracker.server import Settings

    settings = Settings(
        hosts=listening.hosts(),
        port=listening.port,
        udp=listening.udp,
        folder=listening.folder,
        listed=listening.listed,
        base_url=listening.base_url(),
        interval=bounds.interval,
        max_peers=bounds.max_peers,
        max_swarms=bounds.max_swarms,
        rate=bounds.rate,
        trusted_proxies=parse_networks(bounds.trusted_proxy or ()),
        allow_ip_parameter=bounds.allow_ip_parameter,
        state=memory.state,
        snapshot_interval=memory.snapshot_interval,
        store=memory.store,
    )
    # Windows' own loop has no way to drain a socket.
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(_run(settings, telling.voice()))


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"{quoted(url)} is not the URL of a tracker", hint="Say https://tracker.example.")
    return url.rstrip("/")


async def _run(settings: Settings, voice: Voice) -> int:
    from mktorrent_py.tracker.server import TrackerServer

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        # Windows cannot: there Ctrl-C cancels this task, which stops the tracker as well.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    async with TrackerServer(settings) as server:
        voice.started(server)
        waiting = [asyncio.create_task(each) for each in (stop.wait(), server.failed(), _tell(server, voice))]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        voice.stopping()
        for task in done:
            task.result()
    return ExitCode.DONE


async def _tell(server: TrackerServer, voice: Voice) -> None:
    """Pass on notes as they come, and the status as often as the voice likes."""
    started = time.monotonic()
    told = 0.0
    while True:
        while server.notes:
            voice.note(server.notes.popleft())
        if time.monotonic() - told >= voice.status_every:
            told = time.monotonic()
            voice.status(await _status(server, told - started))
        await asyncio.sleep(REDRAWN_EVERY)


async def _status(server: TrackerServer, uptime: float) -> dict[str, Any]:
    from mktorrent_py.tracker.swarms.store import StoreUnavailableError

    events = server.tracker.events
    status: dict[str, Any] = {
        "torrents": len(server.listing),
        "announces": events["udp announce"] + events["http announce"],
        "refused": sum(count for event, count in events.items() if event.endswith(("refused", "limited", "dropped"))),
        "uptime": round(uptime),
    }
    try:
        totals = await server.tracker.store.totals()
    except StoreUnavailableError:
        return {**status, "store": "away"}
    return {**status, "store": "ok", "swarms": totals.swarms, "seeds": totals.seeds, "leechers": totals.leechers}


class Voice:
    """How a running tracker is spoken of; says nothing but notes itself."""

    status_every: float = LOGGED_EVERY

    def started(self, server: TrackerServer) -> None: ...

    def status(self, status: dict[str, Any]) -> None: ...

    def note(self, text: str) -> None:
        messages.warn(text)

    def stopping(self) -> None: ...


class QuietVoice(Voice):
    """Notes are warnings, and -q is for errors only."""

    def note(self, text: str) -> None: ...


class JsonVoice(Voice):
    """One object a line on stdout, each with its `event`: started, status, note, stopping."""

    def started(self, server: TrackerServer) -> None:
        listen = [bound.authority for bound in server.bound]
        facts = {"event": "started", "port": server.port, "listen": listen, "announce": server.announce_urls}
        settings = server.settings
        folder = str(settings.folder) if settings.folder else None
        self._say({**facts, "folder": folder, "torrents": len(server.listing), "restored": server.restored})

    def status(self, status: dict[str, Any]) -> None:
        self._say({"event": "status", **status})

    def note(self, text: str) -> None:
        self._say({"event": "note", "message": text})

    def stopping(self) -> None:
        self._say({"event": "stopping"})

    def _say(self, facts: dict[str, Any]) -> None:
        table.print_json_line(facts)


class TextVoice(Voice):
    """A block about the start on stdout, then a status line on stderr: redrawn on a terminal, else one a minute."""

    def __init__(self) -> None:
        self._redraws = console.has_cursor(sys.stderr)
        self._drawn = False
        self.status_every = REDRAWN_EVERY if self._redraws else LOGGED_EVERY

    def started(self, server: TrackerServer) -> None:
        settings = server.settings
        title = str(settings.folder) if settings.folder else "every torrent"
        tracked = plural(len(server.listing), "torrent") if settings.folder else "open to all"
        table.print_block(f"tracking {title}", tracked, _start_rows(server))
        sys.stdout.flush()
        print(f"\nnext: mkt create CONTENT -t {_base_url(server)}/announce", file=sys.stderr, flush=True)

    def status(self, status: dict[str, Any]) -> None:
        line = _status_line(status)
        if self._redraws:
            print(f"\r\x1b[K{console.shorten(line, console.terminal_width() - 1)}", end="", file=sys.stderr, flush=True)
            self._drawn = True
        else:
            print(line, file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        self._clear()
        messages.warn(text)

    def stopping(self) -> None:
        self._clear()

    def _clear(self) -> None:
        if self._drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
            self._drawn = False


def _base_url(server: TrackerServer) -> str:
    return server.settings.base_url or server.announce_urls[0].removesuffix("/announce")


def _start_rows(server: TrackerServer) -> Sequence[table.Row]:
    settings = server.settings
    rows = [("listen", ", ".join(bound.authority for bound in server.bound))]
    rows += [("" if number else "tracker", url) for number, url in enumerate(server.announce_urls)]
    if settings.folder and settings.listed:
        base = _base_url(server)
        rows += [("list", f"{base}/"), ("", f"{base}/torrents.json"), ("", f"{base}/feed.xml")]
    protocols = f"UDP:{server.port} TCP:{server.port}" if settings.udp else f"TCP:{server.port}"
    rows.append(("DNS", f'TXT "BITTORRENT {protocols}"   tells clients the port (BEP 34)'))
    if settings.state:
        restored = f", {plural(server.restored, 'peer')} restored" if server.restored else ""
        rows.append(("state", f"{settings.state}, every {duration(settings.snapshot_interval)}{restored}"))
    if settings.store:
        rows.append(("store", _without_password(settings.store)))
    return rows


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _status_line(status: dict[str, Any]) -> str:
    parts = [plural(status["announces"], "announce")]
    if status["store"] == "away":
        parts.insert(0, "the store does not answer")
    elif status["seeds"] is None:
        parts.insert(0, plural(status["swarms"], "swarm"))
    else:
        parts = [plural(status["seeds"], "seed"), plural(status["leechers"], "peer"), *parts]
    if status["refused"]:
        parts.append(f"{status['refused']:,} refused")
    return "   ".join([*parts, duration(status["uptime"])])
