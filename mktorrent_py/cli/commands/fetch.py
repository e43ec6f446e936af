"""`mkt fetch`: download content by torrent file, URL or magnet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, with_examples
from mktorrent_py.cli.options.network import NetworkOptions
from mktorrent_py.cli.options.output import JsonOptions, ProgressOption
from mktorrent_py.cli.options.patterns import check_patterns
from mktorrent_py.cli.output.progress import ProgressMode
from mktorrent_py.errors import UsageError

if TYPE_CHECKING:
    from mktorrent_py.cli.output.fetch_report import FetchPrinter
    from mktorrent_py.client import FetchOptions

app = typer.Typer()


class DownloadOptions(Group):
    """What is downloaded, and where to."""

    heading = "Content"

    source: str = typer.Argument(
        metavar="TORRENT|MAGNET|URL", help="A torrent file or its URL, a magnet URI, or an infohash."
    )
    directory: Path = typer.Option(Path(), "--directory", "-d", metavar="DIR", help="Download into this directory.")
    select: list[str] | None = typer.Option(
        None, "--select", metavar="GLOB", help="Download only files that match; repeatable."
    )
    force: bool = flag("--force", "-f", help="Repair existing files that do not match.")
    metadata_only: bool = flag("--metadata-only", help="Get the torrent file of a magnet, and no content.")
    output: Path | None = option(
        "--output", "-o", metavar="FILE", help="Write the torrent file here (--metadata-only)."
    )
    seed_after: bool = flag("--seed-after", help="Keep seeding after the download.")

    def check(self) -> None:
        """Raise UsageError for options that cannot be combined."""
        if self.output is not None and not self.metadata_only:
            raise UsageError(
                "--output can only be used with --metadata-only", hint="Use --directory for the place of the content."
            )
        if self.metadata_only and (self.select or self.seed_after):
            raise UsageError(
                "--metadata-only cannot be combined with --select or --seed-after", hint="Omit one of them."
            )


class PeerOptions(Group):
    """Which peers to connect to, and for how long."""

    heading = "Downloading"

    peer: list[str] | None = typer.Option(None, "--peer", metavar="HOST:PORT", help="Connect to this peer; repeatable.")
    timeout: str = typer.Option(
        "2min", "--timeout", metavar="TIME", help="Give up after this time without valid data; 0 is never."
    )
    download_limit: str = typer.Option(
        "0", "--download-limit", metavar="RATE", help="Download at most 5M or 500k a second; 0 is unlimited."
    )
    max_peers: int = typer.Option(200, "--max-peers", metavar="N", min=1, help="Connect to at most N peers.")
    max_metadata: str = typer.Option(
        "30M", "--max-metadata", metavar="SIZE", help="Accept at most this much metadata from peers."
    )


class ResultOptions(JsonOptions):
    """How progress and the result are printed."""

    progress: ProgressOption = ProgressMode.AUTO


@app.command(
    no_args_is_help=True,
    cls=with_examples(
        "mkt fetch release.torrent -d downloads",
        "mkt fetch 'magnet:?xt=urn:btih:...' -d downloads",
        "mkt fetch MAGNET --metadata-only -o release.torrent",
    ),
)
@in_groups
def fetch(download: DownloadOptions, peers: PeerOptions, network: NetworkOptions, output: ResultOptions) -> int:
    """Download content. Files are named .part until they are complete; an interrupted download continues."""
    from mktorrent_py import client
    from mktorrent_py.cli.output.fetch_report import FetchPrinter
    from mktorrent_py.cli.signals import run_to_end

    client.require_libtorrent()
    download.check()
    options = client.FetchOptions(
        select=check_patterns(download.select or (), "--select"),
        whole=download.seed_after,
        peers=tuple([types.parse_node(text) for text in peers.peer or ()]),
        timeout=types.parse_duration(peers.timeout),
        repair=download.force,
        sandbox=True,
        session=network.session(
            max_peers=peers.max_peers,
            download_limit=types.parse_rate(peers.download_limit),
            max_metadata=types.parse_length(peers.max_metadata),
        ),
    )
    mode = ProgressMode.NONE if output.quiet else output.progress
    with FetchPrinter(mode=mode, json=output.json, quiet=output.quiet, as_event=download.seed_after) as printer:
        if download.metadata_only:
            return _write_torrent_file(download, options, printer)
        result = run_to_end(client.fetch(download.source, download.directory, options=options), printer.show)
    if not download.seed_after:
        return ExitCode.DONE
    from mktorrent_py.cli.output.seed_events import seed_until_stopped

    seeding = client.seed(result.seedable(), options=client.SeedOptions(session=options.session, sandbox=True))
    return seed_until_stopped(seeding, json=output.json, quiet=output.quiet)


def _write_torrent_file(download: DownloadOptions, options: FetchOptions, printer: FetchPrinter) -> int:
    from mktorrent_py import client
    from mktorrent_py.cli.signals import run_to_end
    from mktorrent_py.torrentfile import refuse_to_overwrite, write_metainfo

    if download.output is not None and not download.force:
        refuse_to_overwrite(download.output)
    metainfo = run_to_end(client.fetch_metadata(download.source, options=options), printer.show)
    output = download.output or client.torrent_file_path(metainfo, download.directory)
    write_metainfo(metainfo, output, overwrite=download.force)
    printer.print_torrent_file(metainfo, output)
    return ExitCode.DONE
