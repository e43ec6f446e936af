"""`mkt fetch`: get content by torrent file or magnet."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, with_examples
from mktorrent_py.cli.options.network import Peering, parse_peer
from mktorrent_py.cli.options.output import JsonOption, ProgressOption, QuietOption
from mktorrent_py.cli.output.progress import ProgressMode
from mktorrent_py.client.binding import require_libtorrent
from mktorrent_py.errors import UsageError

if TYPE_CHECKING:
    from mktorrent_py.client.session import SessionOptions

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


class Wanted(Group):
    """What is fetched, and where to."""

    heading = "Download"

    source: str = typer.Argument(metavar="TORRENT|MAGNET|URL", help="A torrent file or its URL, or a magnet URI.")
    directory: Path = typer.Option(Path(), "--directory", "-d", metavar="DIR", help="Fetch into this directory.")
    select: list[str] | None = typer.Option(
        None, "--select", metavar="GLOB", help="Fetch only files that match; may be repeated."
    )
    force: bool = flag("--force", "-f", help="Mend files that are there and are not right.")
    metadata_only: bool = flag("--metadata-only", help="Get the torrent file of a magnet and nothing else.")
    output: Path | None = option("--output", "-o", metavar="FILE", help="With --metadata-only: write it there.")
    seed_after: bool = flag("--seed-after", help="Give it to others when it is there.")

    def check(self) -> None:
        """Raises UsageError for options that do not go together."""
        if self.output is not None and not self.metadata_only:
            raise UsageError(
                "--output names the torrent file of --metadata-only", hint="Say --directory for the content."
            )
        if self.metadata_only and (self.select or self.seed_after):
            raise UsageError(
                "--select and --seed-after are about the content, of which --metadata-only fetches nothing",
                hint="Leave one of them out.",
            )


class Reaching(Group):
    """Whom to ask, how much, and for how long."""

    heading = "Fetching"

    peer: list[str] | None = typer.Option(
        None, "--peer", metavar="HOST:PORT", help="Connect to this peer; may be repeated."
    )
    timeout: str = typer.Option(
        "2min", "--timeout", metavar="TIME", help="Give up when nothing comes in for so long; 0 never does."
    )
    max_peers: int = typer.Option(200, "--max-peers", metavar="N", min=1, help="Connect to at most N peers.")
    download_limit: str = typer.Option("0", "--download-limit", metavar="RATE", help="Receive at most this: 5M, 500k.")
    max_metadata: str = typer.Option(
        "30M", "--max-metadata", metavar="SIZE", help="Take at most so much metadata from peers."
    )

    def session(self, peering: Peering) -> SessionOptions:
        """Raises UsageError."""
        return replace(
            peering.session(),
            max_peers=self.max_peers,
            download_limit=types.parse_rate(self.download_limit),
            max_metadata=types.parse_length(self.max_metadata),
        )


class Telling(Group):
    """How it is told."""

    progress: ProgressOption = ProgressMode.AUTO
    json: JsonOption = False
    quiet: QuietOption = False


@app.command(
    no_args_is_help=True,
    cls=with_examples(
        "mkt fetch release.torrent -d downloads",
        "mkt fetch 'magnet:?xt=urn:btih:...' -d downloads",
        "mkt fetch MAGNET --metadata-only -o release.torrent",
    ),
)
@in_groups
def fetch(wanted: Wanted, reaching: Reaching, peering: Peering, telling: Telling) -> int:
    """Get content from others. Files end in .part until they are whole; started again, it goes on where it was."""
    require_libtorrent()
    from mktorrent_py.cli.output.fetch_report import Job, run_fetching

    wanted.check()
    session = reaching.session(peering)
    job = Job(
        source=wanted.source,
        directory=wanted.directory,
        session=session,
        select=tuple(wanted.select or ()),
        peers=tuple([parse_peer(text, session) for text in reaching.peer or ()]),
        timeout=types.parse_duration(reaching.timeout),
        metadata_only=wanted.metadata_only,
        output=wanted.output,
        seed_after=wanted.seed_after,
        force=wanted.force,
    )
    mode = ProgressMode.NONE if telling.quiet else telling.progress
    return run_fetching(job, mode=mode, json=telling.json, quiet=telling.quiet)
