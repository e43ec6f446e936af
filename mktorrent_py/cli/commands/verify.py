"""`mkt verify`: parse, verify, say what is wrong."""

from __future__ import annotations

import time
from pathlib import Path

import typer

from mktorrent_py.cli.options.groups import Group, flag, in_groups
from mktorrent_py.cli.options.input import LimitOption, parse_limits
from mktorrent_py.cli.options.patterns import check_patterns
from mktorrent_py.cli.options.types import STANDARD_STREAM, Manner
from mktorrent_py.cli.output.verify_outcomes import Face, Job, verify_all
from mktorrent_py.errors import UsageError
from mktorrent_py.verify.api import VerifyOptions

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


class What(Group):
    """What is checked against what, and how strictly."""

    paths: list[Path] = typer.Argument(
        metavar="TORRENT CONTENT",
        show_default=False,
        help="A torrent file (- for standard input), and its content or what holds it; with --in, torrents only.",
    )
    roots: list[Path] = typer.Option(
        [], "--in", metavar="DIR", help="Find the content of every torrent here; repeatable."
    )
    files: list[str] = typer.Option([], "--files", metavar="GLOB", help="Only files that match; repeatable.")
    quick: bool = flag("--quick", help="Names and sizes only: no content is read.")
    strict: bool = flag("--strict", help="Files that are not in the torrent are a failure, too.")
    fail_fast: bool = flag("--fail-fast", help="Stop at the first thing that is wrong.")
    map: bool = flag("--map", help="Draw the pieces: good, bad, missing.")
    limit: LimitOption = []  # noqa: RUF012 - declared for typer, and never held

    def torrents_and_places(self) -> tuple[list[Path], list[Path]]:
        if self.roots:
            return self.paths, self.roots
        if len(self.paths) == 2:
            return self.paths[:1], self.paths[1:]
        some = "a torrent" if len(self.paths) < 2 else "one torrent"
        raise UsageError(
            f"verify takes {some} and its content",
            hint="mkt verify TORRENT CONTENT, or mkt verify TORRENT... --in DIR.",
        )


@app.command()
@in_groups
def verify(what: What, manner: Manner) -> int:
    """Check content against torrents: v1, v2, and both for a hybrid, in one read.

    Ends with 0 when all is right, 1 when something is not, 3 when something could not be read, 4 when a torrent is
    invalid or contradicts itself; of several torrents the highest counts.
    """
    torrents, places = what.torrents_and_places()
    limits = parse_limits(what.limit)
    jobs = [Job(torrent=torrent, places=tuple(places), limits=limits) for torrent in torrents]
    options = VerifyOptions(
        quick=what.quick,
        fail_fast=what.fail_fast,
        strict=what.strict,
        files=check_patterns(what.files, "--files"),
        not_extra=frozenset([torrent.absolute() for torrent in torrents if torrent != STANDARD_STREAM]),
        threads=manner.threads,
    )
    face = Face(
        json=manner.json,
        field=manner.field,
        quiet=manner.quiet,
        verbose=manner.verbose,
        map=what.map,
        progress=manner.progress_mode(),
        started=time.monotonic(),
    )
    return verify_all(jobs, options, face, several=bool(what.roots))
