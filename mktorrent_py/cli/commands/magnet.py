"""`mkt magnet`: print the magnet URI of a torrent, or draw it as a QR code."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from mktorrent_py.cli.options.groups import Group, flag, in_groups, repeatable, with_examples
from mktorrent_py.cli.options.input import LimitOption, parse_limits, read_metainfo_from
from mktorrent_py.cli.options.output import OutputOptions
from mktorrent_py.cli.options.patterns import check_patterns
from mktorrent_py.cli.options.types import Texts, parse_ranges
from mktorrent_py.cli.output import messages
from mktorrent_py.cli.output.printer import Result
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import Info, Magnet, summarize_magnet

PICTURES = (".svg", ".png")

app = typer.Typer()


class PictureOptions(Group):
    """Which torrent, and whether its magnet is drawn as a QR code."""

    heading = "QR code"

    words: list[str] = typer.Argument(
        metavar="TORRENT [PICTURE]", help="A torrent file, or - for standard input; with --qr also a .svg or .png file."
    )
    qr: bool = flag("--qr", help="Draw a QR code in the terminal, or into PICTURE.")
    force: bool = flag("--force", "-f", help="Overwrite PICTURE.")

    def torrent_and_picture(self) -> tuple[str, str | None]:
        """Split the arguments, which can be in any order. Raises UsageError."""
        pictures = [word for word in self.words if self.qr and word.lower().endswith(PICTURES)]
        torrents = [word for word in self.words if word not in pictures]
        if len(torrents) != 1 or len(pictures) > 1:
            hint = "Example: mkt magnet x.torrent --qr link.svg" if self.qr else "Use --qr to write a picture."
            raise UsageError("expected one torrent file", hint=hint)
        return torrents[0], pictures[0] if pictures else None


class LinkOptions(Group):
    """What the magnet holds."""

    heading = "Magnet"

    trackers: bool = typer.Option(True, "--trackers/--no-trackers", help="Include the trackers.")
    web_seeds: bool = flag("--web-seeds", help="Include the web seeds.")
    peer: Texts = repeatable("--peer", metavar="HOST:PORT", help="Include the address of a peer; repeatable.")
    select: Texts = repeatable(
        "--select", metavar="0,2-4", help="Select these files (BEP 53), by their numbers in mkt inspect --files."
    )
    select_file: Texts = repeatable("--select-file", metavar="GLOB", help="Select files that match; repeatable.")
    limit: LimitOption = []  # noqa: RUF012 - declared for typer, and never held

    def selected(self, info: Info) -> list[int] | None:
        """Return the numbers of the selected files, None for all. Raises UsageError."""
        if not self.select and not self.select_file:
            return None
        from mktorrent_py.content import only_matching

        numbers: list[int] = []
        for run in parse_ranges(self.select):
            if run.stop > len(info.files):
                raise UsageError(
                    f"there is no file {run.stop - 1:,}", hint=f"Files are numbered 0 to {len(info.files) - 1:,}."
                )
            numbers += run
        for glob in check_patterns(self.select_file, "--select-file"):
            selection = only_matching((glob,))
            matches = [number for number, file in enumerate(info.files) if selection.verdict(file.path, False) is None]
            if not matches:
                raise UsageError(f"no file matches {quoted(glob)}", hint="mkt inspect --files lists the files.")
            numbers += matches
        return numbers


@app.command(
    cls=with_examples(
        "mkt magnet release.torrent",
        "mkt magnet release.torrent --select 0,2-4",
        "mkt magnet release.torrent --qr link.svg",
    )
)
@in_groups
def magnet(picture: PictureOptions, link: LinkOptions, output: OutputOptions) -> None:
    """Print the magnet URI of a torrent."""
    printer = output.printer()
    source, path = picture.torrent_and_picture()
    has_result = output.json or output.field is not None
    if picture.qr and path is None and has_result:
        raise UsageError(
            "a QR code on standard output cannot be combined with --json or --field",
            hint="Add a .svg or .png file to write it there.",
        )
    metainfo = read_metainfo_from(source, parse_limits(link.limit))
    uri = Magnet.from_metainfo(
        metainfo,
        peers=link.peer,
        select=link.selected(metainfo.info),
        trackers=link.trackers,
        web_seeds=link.web_seeds,
    )
    if metainfo.info.private and not output.quiet:
        messages.warn(
            "the torrent is private, which a magnet URI cannot express", hint="Distribute the torrent file instead."
        )
    if picture.qr:
        from mktorrent_py.cli.output import qr

        if path is None:
            sys.stdout.writelines([f"{line}\n" for line in qr.terminal_lines(str(uri))])
        else:
            qr.write_picture(str(uri), Path(path), overwrite=picture.force)
    if has_result or not picture.qr:
        text = [str(uri)]
        printer.print(Result(facts=summarize_magnet(uri), lines=text, tab_lines=text))
