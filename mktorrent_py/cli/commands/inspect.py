"""`mkt inspect`: show what a torrent file or magnet holds."""

from __future__ import annotations

import sys

import typer

from mktorrent_py.cli.options.groups import Group, flag, in_groups, with_examples
from mktorrent_py.cli.options.input import LimitOption, parse_limits, read_source, with_hint
from mktorrent_py.cli.options.output import OutputOptions
from mktorrent_py.cli.output.inspect_report import magnet_result, torrent_result
from mktorrent_py.cli.output.raw_json import raw_json
from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo import Magnet, bencode, parse_metainfo
from mktorrent_py.torrentfile import collector_paused

EPILOG = """Off a terminal: key<TAB>value lines. --json: one object with the keys name format single_file length
files piece_length pieces padding infohash.v1 infohash.v2 private source trackers web_seeds http_seeds nodes comment
created_by creation_date encoding similar collections update_url signatures unknown_keys oddities magnet file_list.
Lengths are bytes, dates Unix seconds. --field takes any of them.

--raw loses nothing: a string that is not UTF-8 is {"$hex": "..."}, and as a key "$hex:..."; text that begins with $hex
is written in hex too. It works on anything that is bencode."""

app = typer.Typer()


class InspectOptions(Group):
    """What is read, and how much of it is shown."""

    heading = "Contents"

    source: str = typer.Argument(metavar="FILE|MAGNET|-", help="A torrent file, a magnet URI, or - for standard input.")
    files: bool | None = typer.Option(
        None, "--files/--no-files", help="List files flat and numbered, or not at all.", show_default=False
    )
    raw: bool = flag("--raw", help="Print the bencoded structure as JSON.")
    limit: LimitOption = []  # noqa: RUF012 - declared for typer, and never held


@app.command(
    epilog=EPILOG,
    cls=with_examples(
        "mkt inspect release.torrent",
        "mkt inspect release.torrent --field infohash.v1",
        "mkt inspect 'magnet:?xt=urn:btih:...' --json",
    ),
)
@in_groups
def inspect(options: InspectOptions, output: OutputOptions) -> None:
    """Show what a torrent file or magnet holds."""
    if options.raw and (output.json or output.field is not None):
        raise UsageError("--raw cannot be combined with --json or --field")
    printer = output.printer()
    limits = parse_limits(options.limit)
    found = read_source(options.source, limits)
    with with_hint(options.source), collector_paused():
        if isinstance(found, Magnet):
            if options.raw:
                raise UsageError("a magnet URI is not bencode", hint="Use --json to see all of it.")
            printer.print(magnet_result(found))
        elif options.raw:
            sys.stdout.writelines(raw_json(bencode.decode_leniently(found, limits=limits).value))
            sys.stdout.write("\n")
        else:
            parsed = parse_metainfo(found, limits=limits)
            printer.print(torrent_result(options.source, parsed, files=options.files, field=output.field))
