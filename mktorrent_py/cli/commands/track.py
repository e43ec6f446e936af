"""`mkt track`: run a tracker."""

from __future__ import annotations

from pathlib import Path

import typer

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, with_examples
from mktorrent_py.cli.options.output import EventOptions
from mktorrent_py.cli.options.types import Text
from mktorrent_py.cli.output.events import EventPrinter, event_printer
from mktorrent_py.cli.signals import run_in_loop, stop_on_signals
from mktorrent_py.tracker import TrackerOptions

app = typer.Typer()
DEFAULTS = TrackerOptions()


class TorrentOptions(Group):
    """Which torrents are tracked and listed."""

    heading = "Torrents"

    folder: Path | None = typer.Argument(
        None, metavar="[FOLDER]", help="Folder of torrent files to track and list. Without it every torrent is tracked."
    )
    listed: bool = typer.Option(True, "--list/--no-list", help="Serve the torrents as web page, JSON and RSS.")
    url: Text = option("--url", metavar="URL", help="Public URL of this tracker, for links and magnets.")


class ListenOptions(Group):
    """Addresses and protocols."""

    heading = "Listening"

    port: int = typer.Option(
        DEFAULTS.port, min=0, max=65535, metavar="N", help="TCP and UDP port; 0 picks any free port."
    )
    bind: list[str] | None = typer.Option(
        None, "--bind", metavar="ADDRESS", help="IP address to listen on (default: all); repeatable."
    )
    udp: bool = typer.Option(True, "--udp/--no-udp", help="Answer over UDP as well as HTTP.")


class LimitOptions(Group):
    """Limits per peer, and of memory."""

    heading = "Limits"

    interval: int = typer.Option(
        DEFAULTS.interval, min=10, max=86400, metavar="N", help="Seconds between two announces of a peer."
    )
    max_peers: int = typer.Option(
        DEFAULTS.max_peers, min=1, metavar="N", help="Maximum number of peers, at 180 to 250 bytes each."
    )
    max_swarms: int = typer.Option(
        DEFAULTS.max_swarms, min=1, metavar="N", help="Maximum number of swarms, at 1,500 bytes each."
    )
    rate: int = typer.Option(
        DEFAULTS.rate, min=0, metavar="N", help="Maximum requests per second from one address; 0 = unlimited."
    )
    trusted_proxy: list[str] | None = typer.Option(
        None, metavar="ADDRESS", help="Trust X-Forwarded-For from this address or network; repeatable."
    )
    allow_ip_parameter: bool = flag("--allow-ip-parameter", help="Let peers announce another address than their own.")


class StorageOptions(Group):
    """Where the swarms are kept besides memory."""

    heading = "Storage"

    state: Path | None = typer.Option(None, metavar="FILE", help="Keep the swarms in this file across restarts.")
    snapshot_interval: int = typer.Option(
        DEFAULTS.snapshot_interval, min=1, metavar="N", help="Seconds between two snapshots to --state."
    )
    store: Text = option("--store", metavar="URL", help="Share the swarms in a Valkey or Redis: redis://HOST:6379/0.")


@app.command(
    cls=with_examples(
        "mkt track",
        "mkt track torrents/",
        "mkt track torrents/ --url https://tracker.example --state tracker.state",
    )
)
@in_groups
def track(
    torrents: TorrentOptions,
    listen: ListenOptions,
    limits: LimitOptions,
    storage: StorageOptions,
    output: EventOptions,
) -> int:
    """Run a tracker over HTTP and UDP until interrupted.

    Pages: / lists the torrents, /torrents.json and /feed.xml list them for programs; /metrics and /healthz.
    """
    options = TrackerOptions(
        hosts=listen.bind or (),
        port=listen.port,
        udp=listen.udp,
        folder=torrents.folder,
        listed=torrents.listed,
        base_url=torrents.url,
        interval=limits.interval,
        max_peers=limits.max_peers,
        max_swarms=limits.max_swarms,
        rate=limits.rate,
        trusted_proxies=limits.trusted_proxy or (),
        allow_ip_parameter=limits.allow_ip_parameter,
        state=storage.state,
        snapshot_interval=storage.snapshot_interval,
        store=storage.store,
    )
    return run_in_loop(_track(options, event_printer(json=output.json, quiet=output.quiet, has_tabs=False)))


async def _track(options: TrackerOptions, printer: EventPrinter) -> int:
    from mktorrent_py.cli.output.tracker_events import tracker_view
    from mktorrent_py.tracker import Tracker

    tracker = Tracker(options)
    stop_on_signals(tracker.stop)
    async with tracker:
        async for event in tracker.events(status_every=printer.status_every):
            printer.show(tracker_view(event))
    return ExitCode.DONE
