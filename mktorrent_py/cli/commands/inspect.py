"""`mkt inspect`: read, summarise, show."""

from __future__ import annotations

import sys
from functools import partial
from typing import Annotated

import typer

from mktorrent_py.cli.options.input import LimitOption, hinting, parse_limits, read_source
from mktorrent_py.cli.options.types import FieldOption, JsonOption, QuietOption
from mktorrent_py.cli.output.inspect_report import magnet_lines, show, torrent_lines
from mktorrent_py.cli.output.raw_json import raw_json
from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.parse.document import ParseResult, parse_metainfo
from mktorrent_py.metainfo.summary import file_facts, summarize, summarize_magnet
from mktorrent_py.torrentfile import collector_paused

EPILOG = """Off a terminal: key<TAB>value lines. --json: one object with the keys name format single_file length
files piece_length pieces padding infohash.v1 infohash.v2 private source trackers web_seeds http_seeds nodes comment
created_by creation_date encoding similar collections update_url signatures unknown_keys oddities magnet file_list.
Lengths are bytes, dates Unix seconds. --field takes any of them.

--raw loses nothing: a string that is not UTF-8 is {"$hex": "..."}, and as a key "$hex:..."; text that begins with $hex
is written in hex too. It works on anything that is bencode."""

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


@app.command(epilog=EPILOG)
def inspect(
    source: Annotated[str, typer.Argument(metavar="FILE|MAGNET|-", help="A torrent file, a magnet, or - for stdin.")],
    json: JsonOption = False,
    raw: Annotated[bool, typer.Option("--raw", help="Print the bencoded structure as JSON.")] = False,
    field: FieldOption = None,
    files: Annotated[
        bool | None, typer.Option("--files/--no-files", help="List files flat and numbered, or not at all.")
    ] = None,
    quiet: QuietOption = False,
    limit: LimitOption = [],
) -> None:
    """Show everything a torrent file or magnet says."""
    if (raw, json, field is not None).count(True) > 1:
        raise UsageError("--raw, --json and --field exclude each other")
    limits = parse_limits(limit)
    found = read_source(source, limits)
    with hinting(source), collector_paused():
        if raw:
            _print_raw(found, limits)
        elif isinstance(found, Magnet):
            show(summarize_magnet(found), magnet_lines, json=json, field=field, quiet=quiet)
        else:
            metainfo, facts = _read_torrent(parse_metainfo(found, limits=limits), files, field)
            lines = partial(torrent_lines, source, files=metainfo.info.files, flat=files)
            show(facts, lines, json=json, field=field, quiet=quiet)


def _print_raw(found: bytes | Magnet, limits: Limits) -> None:
    if isinstance(found, Magnet):
        raise UsageError("a magnet is not bencode", hint="--json shows all of it.")
    sys.stdout.writelines(raw_json(bencode.decode_leniently(found, limits=limits).value))
    sys.stdout.write("\n")


def _read_torrent(parsed: ParseResult, files: bool | None, field: str | None) -> tuple[Metainfo, dict[str, object]]:
    """The torrent and its facts, the list of files among them where it is wanted."""
    metainfo = parsed.require()
    facts: dict[str, object] = {**summarize(metainfo, parsed.warnings)}
    if files is not False and (field is None or field.partition(".")[0] == "file_list"):
        facts["file_list"] = file_facts(metainfo.info.layout)
    return metainfo, facts
