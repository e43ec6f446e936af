"""`mkt verify`: check content against torrents."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import typer

from mktorrent_py.cli.options.groups import Group, flag, in_groups, repeatable, with_examples
from mktorrent_py.cli.options.input import LimitOption, parse_limits, read_metainfo_from
from mktorrent_py.cli.options.output import HashingOptions
from mktorrent_py.cli.options.patterns import check_patterns
from mktorrent_py.cli.options.types import STANDARD_STREAM, Texts
from mktorrent_py.cli.output.printer import Result
from mktorrent_py.cli.output.progress import shown
from mktorrent_py.cli.output.verify_report import FIELDS, Outcome, outcome_result, print_messages
from mktorrent_py.errors import TorrentError, UsageError
from mktorrent_py.hashing import Progress
from mktorrent_py.metainfo import Limits
from mktorrent_py.verify import VerifyOptions, prepare_verification, run_verification

app = typer.Typer()


class CheckOptions(Group):
    """What is checked against what, and how strictly."""

    heading = "Checking"

    paths: list[Path] = typer.Argument(
        metavar="TORRENT CONTENT",
        help="A torrent file (- for standard input), and its content or the directory that holds it;"
        " with --in any number of torrents.",
    )
    roots: list[Path] = repeatable("--in", metavar="DIR", help="Find the content of every torrent here; repeatable.")
    files: Texts = repeatable("--files", metavar="GLOB", help="Check only files that match; repeatable.")
    quick: bool = flag("--quick", help="Compare names and sizes only; read no content.")
    strict: bool = flag("--strict", help="Fail if there are files that are not in the torrent.")
    fail_fast: bool = flag("--fail-fast", help="Stop at the first mismatch.")
    map: bool = flag("--map", help="Draw a map of good, bad and missing pieces.")
    limit: LimitOption = []  # noqa: RUF012 - declared for typer, and never held

    def torrents_and_places(self) -> tuple[list[Path], tuple[Path, ...]]:
        """Split the arguments. Raises UsageError."""
        if self.roots:
            return self.paths, tuple(self.roots)
        if len(self.paths) != 2:
            raise UsageError(
                "expected one torrent and its content",
                hint="mkt verify TORRENT CONTENT, or mkt verify TORRENT... --in DIR",
            )
        return self.paths[:1], (self.paths[1],)

    def verify_options(self, *, threads: int) -> VerifyOptions:
        torrents, _ = self.torrents_and_places()
        return VerifyOptions(
            quick=self.quick,
            fail_fast=self.fail_fast,
            strict=self.strict,
            files=check_patterns(self.files, "--files"),
            not_extra=frozenset([torrent.absolute() for torrent in torrents if torrent != STANDARD_STREAM]),
            threads=threads,
        )


@app.command(
    cls=with_examples(
        "mkt verify release.torrent release",
        "mkt verify *.torrent --in /srv/releases",
        "mkt verify release.torrent release --files '*.iso' --map",
    )
)
@in_groups
def verify(options: CheckOptions, output: HashingOptions) -> int:
    """Check content against torrents, in one read.

    Exits with 0 if everything matches, 1 if something does not, 3 if something cannot be read, 4 if a torrent is
    invalid or contradicts itself. With several torrents the highest exit code counts.
    """
    torrents, places = options.torrents_and_places()
    limits = parse_limits(options.limit)
    wanted = options.verify_options(threads=output.threads)
    printer = output.printer()
    printer.check_field(FIELDS)
    outcomes = []

    def results() -> Iterator[Result]:
        for torrent in torrents:
            try:
                outcome = _verify(torrent, places, limits, wanted, output)
            except TorrentError as error:
                if not options.roots:
                    raise
                outcome = Outcome(torrent=torrent, error=error)
            outcomes.append(outcome)
            print_messages(outcome, verbose=output.verbose and not output.quiet and not printer.is_text)
            yield outcome_result(outcome, verbose=output.verbose, map=options.map)

    if options.roots:
        printer.print_list(results(), lambda facts: {"ok": all(fact["ok"] for fact in facts), "torrents": facts})
    else:
        printer.print(next(results()))
    return max([outcome.exit_code for outcome in outcomes])


def _verify(
    torrent: Path, places: tuple[Path, ...], limits: Limits, wanted: VerifyOptions, output: HashingOptions
) -> Outcome:
    started = time.monotonic()
    verification = prepare_verification(read_metainfo_from(str(torrent), limits), places, wanted)
    progress = Progress()
    with shown(output.progress_mode(), "verifying", verification.bytes_to_read, lambda: progress.bytes_done):
        report = run_verification(verification, progress=progress)
    return Outcome(torrent=torrent, report=report, seconds=time.monotonic() - started)
