"""`mkt seed`: seed content until stopped."""

from __future__ import annotations

from pathlib import Path

import typer

from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, with_examples
from mktorrent_py.cli.options.network import NetworkOptions, parse_address
from mktorrent_py.cli.options.output import EventOptions, ThreadsOption
from mktorrent_py.cli.options.types import Text

app = typer.Typer()


class SourceOptions(Group):
    """What is seeded, and how it is checked."""

    heading = "Content"

    sources: list[Path] = typer.Argument(
        metavar="TORRENT [CONTENT]", help="A torrent and its content, or torrents, or a directory of torrents."
    )
    content: list[Path] | None = typer.Option(
        None, "--content", "-c", metavar="DIR", help="Look for the content in this directory; repeatable."
    )
    watch: bool = typer.Option(True, "--watch/--no-watch", help="Follow a directory of torrents as files come and go.")
    trust: bool = flag("--trust", help="Compare sizes and times only; hash nothing at the start.")
    cache: Path | None = option(
        "--cache", metavar="FILE", help="Remember checks in this file; unchanged content is not read again."
    )
    threads: ThreadsOption = 0

    def split(self) -> tuple[list[Path], list[Path]]:
        """Return the torrents and where to look for content: of two words the second may be the content."""
        if len(self.sources) == 2 and not self.content:
            torrent, other = self.sources
            if other.suffix != ".torrent" or other.is_dir():
                return [torrent], [other]
        return self.sources, self.content or []


class SeedLimits(Group):
    """How much is uploaded, to how many peers, and for how long."""

    heading = "Seeding"

    ratio: float | None = typer.Option(
        None, "--ratio", metavar="R", min=0, help="Stop when R times the content has been uploaded."
    )
    duration: Text = option("--for", metavar="TIME", help="Stop after 90s, 15min, 2h or 1d.")
    until_peers_done: int | None = typer.Option(
        None, "--until-peers-done", metavar="N", min=1, help="Stop when N peers have received everything."
    )
    slots: int = typer.Option(64, "--slots", metavar="N", min=1, help="Upload to at most N peers at a time.")
    max_peers: int = typer.Option(500, "--max-peers", metavar="N", min=1, help="Connect to at most N peers.")
    super_seed: bool = flag("--super-seed", help="Super-seeding (BEP 16), for a single initial seeder.")
    announce_ip: Text = option("--announce-ip", metavar="ADDR", help="Announce this address to trackers.")
    http: Text = option("--http", metavar="HOST:PORT", help="Serve a status page, /metrics and /healthz.")


@app.command(
    no_args_is_help=True,
    cls=with_examples(
        "mkt seed release.torrent release",
        "mkt seed torrents/ --content /srv/releases",
        "mkt seed release.torrent release --ratio 2 --for 1d",
    ),
)
@in_groups
def seed(source: SourceOptions, limits: SeedLimits, network: NetworkOptions, output: EventOptions) -> int:
    """Seed content from where it is. It is checked first, and never written to."""
    from mktorrent_py import client
    from mktorrent_py.cli.output.seed_events import seed_until_stopped

    client.require_libtorrent()
    options = client.SeedOptions(
        ratio=types.check_ratio(limits.ratio) if limits.ratio is not None else None,
        duration=types.parse_duration(limits.duration) if limits.duration is not None else None,
        peers_done=limits.until_peers_done,
        super_seed=limits.super_seed,
        trust=source.trust,
        cache=source.cache,
        threads=source.threads,
        watch=source.watch,
        status_address=parse_address(limits.http) if limits.http is not None else None,
        sandbox=True,
        session=network.session(slots=limits.slots, max_peers=limits.max_peers, announce_ip=limits.announce_ip),
    )
    torrents, content = source.split()
    seeding = client.seed(torrents, content=content, options=options)
    return seed_until_stopped(seeding, json=output.json, quiet=output.quiet)
