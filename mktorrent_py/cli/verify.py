"""`mkt verify`: parse, verify, say what is wrong."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from mktorrent_py.cli.options import (
    STANDARD_STREAM,
    FieldOption,
    JsonOption,
    ProgressOption,
    QuietOption,
    ThreadsOption,
    VerboseOption,
)
from mktorrent_py.cli.progress import ProgressMode
from mktorrent_py.cli.verified import Face, Job, verify_all
from mktorrent_py.errors import UsageError
from mktorrent_py.verify import VerifyOptions

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def verify(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="TORRENT CONTENT",
            show_default=False,
            help="A torrent file (- for standard input), and its content or what holds it; with --in, torrents only.",
        ),
    ],
    roots: Annotated[
        list[Path],
        typer.Option("--in", metavar="DIR", help="Find the content of every torrent here; repeatable."),
    ] = [],
    files: Annotated[
        list[str], typer.Option("--files", metavar="GLOB", help="Only files that match; repeatable.")
    ] = [],
    quick: Annotated[bool, typer.Option("--quick", help="Names and sizes only: no content is read.")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Files that are not in the torrent are a failure, too.")
    ] = False,
    fail_fast: Annotated[bool, typer.Option("--fail-fast", help="Stop at the first thing that is wrong.")] = False,
    map: Annotated[bool, typer.Option("--map", help="Draw the pieces: good, bad, missing.")] = False,
    threads: ThreadsOption = 0,
    json: JsonOption = False,
    field: FieldOption = None,
    progress: ProgressOption = ProgressMode.AUTO,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Check content against torrents: v1, v2, and both for a hybrid, in one read.

    Ends with 0 when all is right, 1 when something is not, 3 when something could not be read, 4 when a torrent is
    invalid or contradicts itself; of several torrents the highest counts.
    """
    torrents, places = (paths, roots) if roots else _torrent_and_content(paths)
    jobs = [Job(torrent=torrent, places=tuple(places)) for torrent in torrents]
    options = VerifyOptions(
        quick=quick,
        fail_fast=fail_fast,
        strict=strict,
        files=tuple(files),
        not_extra=frozenset([torrent.absolute() for torrent in torrents if torrent != STANDARD_STREAM]),
        threads=threads,
    )
    face = Face(
        json=json, field=field, quiet=quiet, verbose=verbose, map=map, progress=progress, started=time.monotonic()
    )
    return verify_all(jobs, options, face, several=bool(roots))


def _torrent_and_content(paths: list[Path]) -> tuple[list[Path], list[Path]]:
    if len(paths) == 2:
        return paths[:1], paths[1:]
    raise UsageError(
        "verify takes a torrent and its content" if len(paths) < 2 else "verify takes one torrent and its content",
        hint="mkt verify TORRENT CONTENT, or mkt verify TORRENT... --in DIR.",
    )
