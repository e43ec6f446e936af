"""`mkt seed`: give content to others until told to stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, with_examples
from mktorrent_py.cli.options.network import Peering
from mktorrent_py.cli.options.output import EventOptions, ThreadsOption
from mktorrent_py.cli.options.types import Text
from mktorrent_py.cli.output import messages
from mktorrent_py.client.binding import require_libtorrent
from mktorrent_py.formatting import printable

if TYPE_CHECKING:
    from mktorrent_py.client.seeding.queue import Library
    from mktorrent_py.client.seeding.seeder import SeedOptions
    from mktorrent_py.client.session import SessionOptions

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


class Given(Group):
    """What is given, and how it is made sure of."""

    heading = "Content"

    what: list[Path] = typer.Argument(
        metavar="TORRENT [CONTENT]", help="A torrent and its content, or torrents, or a directory of them."
    )
    content: list[Path] | None = typer.Option(
        None, "--content", "-c", metavar="DIR", help="Look here for the content; may be given more than once."
    )
    watch: bool = typer.Option(True, "--watch/--no-watch", help="Follow a directory of torrents as it changes.")
    trust: bool = flag("--trust", help="Compare sizes and times only; hash nothing beforehand.")
    cache: Path | None = option(
        "--cache", metavar="FILE", help="Remember checks here; what has not changed since is not read again."
    )
    threads: ThreadsOption = 0

    def library(self) -> Library:
        """Raises UsageError."""
        from mktorrent_py.client.seeding.check_cache import Proofs
        from mktorrent_py.client.seeding.content_check import CheckOptions
        from mktorrent_py.client.seeding.queue import gather

        proofs = Proofs(self.cache) if self.cache is not None else None
        check = CheckOptions(trust=self.trust, threads=self.threads, proofs=proofs)
        return gather(self.what, self.content or (), check, watch=self.watch)


class Giving(Group):
    """To whom, and for how long."""

    heading = "Giving"

    slots: int = typer.Option(64, "--slots", metavar="N", min=1, help="Send to N peers at a time.")
    max_peers: int = typer.Option(500, "--max-peers", metavar="N", min=1, help="Connect to at most N peers.")
    ratio: float | None = typer.Option(
        None, "--ratio", metavar="R", min=0, help="Stop when R times the content was sent."
    )
    duration: Text = option("--for", metavar="TIME", help="Stop after 90s, 15min, 2h or 1d.")
    until_peers_done: int | None = typer.Option(
        None, "--until-peers-done", metavar="N", min=1, help="Stop when N peers have everything."
    )
    super_seed: bool = flag("--super-seed", help="Show each peer other pieces: for a lone seed.")
    announce_ip: Text = option("--announce-ip", metavar="ADDR", help="Tell trackers this address.")
    http: Text = option("--http", metavar="HOST:PORT", help="Serve a status page, /metrics and /healthz.")

    def session(self, peering: Peering) -> SessionOptions:
        """Raises UsageError."""
        return replace(
            peering.session(),
            slots=self.slots,
            max_peers=self.max_peers,
            announce_ip=self.announce_ip,
            count_blocks=self.until_peers_done is not None,
        )

    def seed_options(self, *, keep_waiting: bool) -> SeedOptions:
        """Raises UsageError."""
        from mktorrent_py.client.seeding.seeder import SeedOptions

        return SeedOptions(
            ratio=types.check_ratio(self.ratio) if self.ratio is not None else None,
            duration=types.parse_duration(self.duration) if self.duration is not None else None,
            peers_done=self.until_peers_done,
            keep_waiting=keep_waiting,
            super_seed=self.super_seed,
        )


@app.command(
    no_args_is_help=True,
    cls=with_examples(
        "mkt seed release.torrent release",
        "mkt seed torrents/ --content /srv/releases",
        "mkt seed release.torrent release --ratio 2 --for 1d",
    ),
)
@in_groups
def seed(given: Given, giving: Giving, peering: Peering, telling: EventOptions) -> int:
    """Give content to others from where it lies. It is checked first, and never written to."""
    require_libtorrent()
    from mktorrent_py.cli.output.events import run_seeding

    session = giving.session(peering)
    library = given.library()
    seed_options = giving.seed_options(keep_waiting=library.watched is not None)
    if library.watched is not None and not library.items:
        messages.note(f"there is no torrent in {printable(str(library.watched))} yet; it is watched for some to come")
    return run_seeding(library, session, seed_options, http=giving.http, json=telling.json, quiet=telling.quiet)
