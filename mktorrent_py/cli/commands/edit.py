"""`mkt edit`: change torrent files."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import typer

from mktorrent_py.cli.options.edit_options import (
    InfoOptions,
    KeyOptions,
    RelatedOptions,
    SourceOptions,
    TextOptions,
    TrackerOptions,
    text_change,
)
from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, with_examples
from mktorrent_py.cli.options.input import source_name
from mktorrent_py.cli.options.output import OutputOptions
from mktorrent_py.cli.options.types import Text, read_stdin_bytes
from mktorrent_py.cli.output import streams
from mktorrent_py.cli.output.edit_report import EditedTorrent, edited_result, warn_of_edit
from mktorrent_py.cli.output.output_paths import STANDARD_STREAM, OutputPaths, refuse_terminal
from mktorrent_py.errors import MetainfoError, TorrentError, UsageError
from mktorrent_py.formatting import plural
from mktorrent_py.metainfo import UNCHANGED, Edit, Limits, edit_torrent
from mktorrent_py.torrentfile import read_bytes, write_atomically

app = typer.Typer()


class FileOptions(Group):
    """Which torrent files are read, and what is written."""

    heading = "Output"

    torrents: list[str] = typer.Argument(metavar="TORRENT...", help="Torrent files, or - for standard input.")
    dry_run: bool = flag("--dry-run", help="Show what would change; write nothing.")
    output: Text = option("-o", "--output", metavar="PATH|DIR/|-", help="Write there and keep the original.")
    force: bool = flag("--force", "-f", help="Overwrite the file at --output.")
    if_present: bool = flag("--if-present", help="Ignore removals of missing items.")


@app.command(
    cls=with_examples(
        "mkt edit release.torrent --add-tracker udp://tracker.example:80/announce",
        "mkt edit *.torrent --comment 'second pressing' --dry-run",
        "mkt edit release.torrent --private --new-infohash -o private.torrent",
    )
)
@in_groups
def edit(
    files: FileOptions,
    trackers: TrackerOptions,
    texts: TextOptions,
    sources: SourceOptions,
    related: RelatedOptions,
    keys: KeyOptions,
    info: InfoOptions,
    output: OutputOptions,
) -> None:
    """Change torrents in place.

    The infohash stays the same unless a new one is allowed. Changes to a list happen in this order: replace, remove,
    add. With several torrents, all are read and checked before the first is written.
    """
    wanted = Edit(
        trackers=trackers.change(),
        web_seeds=sources.web_seeds(),
        http_seeds=sources.http_seeds(),
        nodes=sources.nodes(),
        similar=related.similar_torrents(),
        collections=related.collections(),
        comment=text_change("comment", texts.comment, texts.no_comment),
        created_by=text_change("creator", texts.creator, texts.no_creator),
        creation_date=texts.creation_date(),
        name=UNCHANGED if info.name is None else info.name,
        private=UNCHANGED if info.private is None else info.private,
        source=text_change("source", info.source, info.no_source),
        update_url=info.update_url_change(),
        keys=keys.keys(),
        new_infohash=info.new_infohash,
        if_present=files.if_present,
    )
    if replace(wanted, new_infohash=False, if_present=False) == Edit():
        raise UsageError("no change requested", hint="mkt edit --help lists what can be changed.")
    printer = output.printer()
    paths = OutputPaths(output=files.output, force=files.force)
    edited = [_edit(source, wanted, paths) for source in dict.fromkeys(files.torrents)]
    is_written_to_stdout = not files.dry_run and any(each.path is None for each in edited)
    if is_written_to_stdout:
        refuse_terminal()
        if len(edited) > 1 or output.json or output.field is not None:
            raise UsageError(
                "only a single torrent can be written to standard output, without --json or --field",
                hint="Use --output DIR/ to write files.",
            )
    paths.check_all([each.path for each in edited if each.path is not None])
    results = [edited_result(each, output=files.output, dry_run=files.dry_run) for each in edited]
    printer.check(results[0])
    if not files.dry_run:
        _write_all(edited, paths)
    if not output.quiet:
        for each in edited:
            warn_of_edit(each)
    if not is_written_to_stdout:
        printer.print_list(results, lambda facts: {"torrents": facts})


def _edit(source: str, wanted: Edit, paths: OutputPaths) -> EditedTorrent:
    is_stdin = source == STANDARD_STREAM
    data = read_stdin_bytes(Limits().size) if is_stdin else read_bytes(Path(source))
    try:
        result = edit_torrent(data, wanted, label=source_name(source))
    except MetainfoError as error:
        if error.source:
            error.hint = error.hint or f"mkt lint {shlex.quote(source)} lists all problems."
        raise
    path = None if is_stdin and paths.output is None else paths.target(Path(source))
    return EditedTorrent(source=source, path=path, result=result)


def _write_all(edited: Sequence[EditedTorrent], paths: OutputPaths) -> None:
    written = 0
    try:
        for each in edited:
            if each.path is None:
                streams.write_binary_stdout(each.result.data)
            elif each.result.changes or paths.output is not None:
                write_atomically(each.path, each.result.data, overwrite=paths.output is None or paths.force)
            written += 1
    except TorrentError as error:
        if written:
            error.message += f" ({written:,} of {plural(len(edited), 'torrent')} had already been written)"
        raise
