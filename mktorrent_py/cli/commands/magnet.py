"""`mkt magnet`: read, select, print the link or draw it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from mktorrent_py.cli.options.input import LimitOption, parse_limits, read_metainfo_from
from mktorrent_py.cli.options.patterns import check_patterns
from mktorrent_py.cli.options.types import FieldOption, JsonOption, QuietOption, refuse_two_faces
from mktorrent_py.cli.output import messages
from mktorrent_py.cli.output.inspect_report import magnet_lines, show
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.summary import summarize_magnet

PICTURES = (".svg", ".png")

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


@app.command()
def magnet(
    words: Annotated[
        list[str],
        typer.Argument(metavar="TORRENT|- [PICTURE]", help="A torrent file; with --qr perhaps a .svg or .png to draw."),
    ],
    peer: Annotated[
        list[str], typer.Option("--peer", metavar="HOST:PORT", help="Where a peer is; repeatable.", show_default=False)
    ] = [],
    select: Annotated[
        list[str],
        typer.Option(
            "--select",
            metavar="0,2-4",
            help="Only these files (BEP 53), numbered as mkt inspect --files does; pad files are counted in.",
            show_default=False,
        ),
    ] = [],
    select_file: Annotated[
        list[str],
        typer.Option("--select-file", metavar="GLOB", help="Only files that match; repeatable.", show_default=False),
    ] = [],
    trackers: Annotated[bool, typer.Option("--trackers/--no-trackers", help="Name the trackers.")] = True,
    web_seeds: Annotated[bool, typer.Option("--web-seeds", help="Name the web seeds.")] = False,
    qr: Annotated[bool, typer.Option("--qr", help="Draw a QR code, here or to the PICTURE.")] = False,
    force: Annotated[bool, typer.Option("--force", "-f", help="Replace the picture if it is there.")] = False,
    json: JsonOption = False,
    field: FieldOption = None,
    quiet: QuietOption = False,
    limit: LimitOption = [],
) -> None:
    """Print the magnet URI of a torrent."""
    refuse_two_faces(json=json, field=field)
    source, picture = _split_words(words, qr)
    if qr and picture is None and (json or field is not None):
        raise UsageError("a QR code on standard output excludes --json and --field", hint="Name a .svg or .png for it.")
    metainfo = read_metainfo_from(source, parse_limits(limit))
    link = Magnet.from_metainfo(
        metainfo,
        peers=peer,
        select=_selected(metainfo.info, select, select_file),
        trackers=trackers,
        web_seeds=web_seeds,
    )
    if metainfo.info.private and not quiet:
        messages.warn("the torrent is private, which a magnet cannot say", hint="Give the torrent file instead.")
    if qr:
        _draw(str(link), picture, force)
    if json or field is not None:
        show(summarize_magnet(link), magnet_lines, json=json, field=field)
    elif not qr and not quiet:
        print(link)


def _split_words(words: list[str], qr: bool) -> tuple[str, str | None]:
    """The torrent, and the picture that may stand before or after it."""
    pictures = [word for word in words if qr and word.lower().endswith(PICTURES)]
    torrents = [word for word in words if word not in pictures]
    if len(torrents) != 1 or len(pictures) > 1:
        hint = "Write mkt magnet x.torrent --qr link.svg, or .png." if qr else "A picture is drawn with --qr."
        raise UsageError("one torrent is wanted", hint=hint)
    return torrents[0], pictures[0] if pictures else None


def _selected(info: Info, ranges: list[str], globs: list[str]) -> list[int] | None:
    """Numbers of the selected files; None when nothing was said."""
    if not ranges and not globs:
        return None
    return [*_numbers(ranges, len(info.files)), *_matching(info, globs)]


def _numbers(texts: Iterable[str], count: int) -> Iterator[int]:
    for token in ",".join(texts).split(",") if texts else ():
        found = re.fullmatch(r"\s*([0-9]{1,9})(?:-([0-9]{1,9}))?\s*", token)
        if not found:
            raise UsageError(f"{quoted(token)} selects no file", hint="Write numbers and ranges from 0: 0,2-4.")
        first, last = int(found[1]), int(found[2] or found[1])
        if first > last or last >= count:
            raise UsageError(f"there are no files {token.strip()}", hint=f"The files are 0 to {count - 1:,}.")
        yield from range(first, last + 1)


def _matching(info: Info, globs: list[str]) -> Iterator[int]:
    """Files that a glob matches, as `mkt create --include` does."""
    from mktorrent_py.content.selection import only_matching

    for glob in check_patterns(globs, "--select-file"):
        selection = only_matching((glob,))
        matches = [number for number, file in enumerate(info.files) if selection.verdict(file.path, False) is None]
        if not matches:
            raise UsageError(f"no file matches {quoted(glob)}", hint="mkt inspect --files lists them.")
        yield from matches


def _draw(text: str, picture: str | None, force: bool) -> None:
    from mktorrent_py.cli.output import qr

    if picture is None:
        sys.stdout.writelines([f"{line}\n" for line in qr.terminal_lines(text)])
    else:
        qr.write_picture(text, Path(picture), overwrite=force)
