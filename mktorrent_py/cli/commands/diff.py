"""`mkt diff`: compare two torrents."""

from __future__ import annotations

import typer

from mktorrent_py import diff as diff_metainfos
from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options.groups import Group, in_groups, with_examples
from mktorrent_py.cli.options.input import LimitOption, parse_limits, read_metainfo_from
from mktorrent_py.cli.options.output import OutputOptions
from mktorrent_py.cli.output.diff_report import diff_result
from mktorrent_py.errors import UsageError

EPILOG = """Exit code 1 if they differ. Files are compared by their hashes: roots (v2), or pieces (v1) where both
torrents divide the file in the same way. Files that cannot be compared so are `unknown` and do not count as a
difference.

--json: same, old, new (the two sources), fields (field, old, new), trackers (url, old_tier, new_tier), and added,
removed, renamed, changed, unknown: each a list of path and length, with old_ and new_ where they differ."""

app = typer.Typer()


class DiffOptions(Group):
    """The torrents to compare."""

    heading = "Input"

    old: str = typer.Argument(metavar="A", help="A torrent file, or - for standard input.")
    new: str = typer.Argument(metavar="B", help="The torrent file to compare it with.")
    limit: LimitOption = []  # noqa: RUF012 - declared for typer, and never held


@app.command(
    epilog=EPILOG,
    cls=with_examples(
        "mkt diff old.torrent new.torrent",
        "mkt diff old.torrent new.torrent --json",
    ),
)
@in_groups
def diff(options: DiffOptions, output: OutputOptions) -> int:
    """Compare two torrents."""
    printer = output.printer()
    if options.old == options.new == "-":
        raise UsageError("only one of the torrents can come from standard input")
    limits = parse_limits(options.limit)
    differences = diff_metainfos(read_metainfo_from(options.old, limits), read_metainfo_from(options.new, limits))
    printer.print(diff_result(options.old, options.new, differences))
    return ExitCode.NO if differences else ExitCode.DONE
