"""`mkt create`: parse, create, write, say what was made."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mktorrent_py.cli import options
from mktorrent_py.cli.created import Face, make
from mktorrent_py.cli.options import (
    FieldOption,
    JsonOption,
    ProgressOption,
    QuietOption,
    Text,
    Texts,
    ThreadsOption,
    VerboseOption,
)
from mktorrent_py.cli.place import Place
from mktorrent_py.cli.progress import ProgressMode
from mktorrent_py.content.scan import ScanOptions, SortOrder, Symlinks, split_file_list
from mktorrent_py.content.selection import Selection
from mktorrent_py.create import CreateOptions
from mktorrent_py.errors import ContentError, ExitCode, UsageError
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.piece_length import parse_size
from mktorrent_py.torrentfile import reason_of

if TYPE_CHECKING:
    from mktorrent_py.swarm.session import SessionOptions

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})


OUTPUT, SHAPE, PEERS, ABOUT, CHOICE = "Output", "Format", "Where peers meet", "About it", "What goes in"


def option(*names: str, metavar: str = "TEXT", help: str, under: str) -> Any:
    """An option that takes a value and has no default worth showing."""
    return typer.Option(*names, metavar=metavar, help=help, show_default=False, rich_help_panel=under)


def flag(*names: str, help: str, under: str) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=under)


@app.command(cls=options.GroupedCommand)
def create(
    content: Annotated[str, typer.Argument(metavar="CONTENT", help="A file or a directory; - for standard input.")],
    output: Annotated[
        Text,
        option("-o", "--output", metavar="PATH|DIR/|-", under=OUTPUT, help="Where to write; else NAME.torrent here."),
    ] = None,
    force: Annotated[bool, flag("--force", "-f", under=OUTPUT, help="Replace the output if it is there.")] = False,
    v1: Annotated[bool, flag("--v1", under=SHAPE, help="v1 only: every client reads it.")] = False,
    v2: Annotated[
        bool, flag("--v2", under=SHAPE, help="v2 only (BEP 52): no padding, every file has its own root.")
    ] = False,
    hybrid: Annotated[bool, flag("--hybrid", under=SHAPE, help="v1 and v2 in one (the default).")] = False,
    piece_length: Annotated[
        str,
        typer.Option(
            "--piece-length",
            "-l",
            metavar="SIZE|auto",
            rich_help_panel=SHAPE,
            help="16 KiB to 128 MiB; a power of two for v2 and hybrid.",
        ),
    ] = "auto",
    max_piece_length: Annotated[
        Text, option("--max-piece-length", metavar="SIZE", under=SHAPE, help="Choose none longer than this.")
    ] = None,
    target_pieces: Annotated[
        int | None,
        option("--target-pieces", metavar="N", under=SHAPE, help="Choose a length that makes at most N pieces."),
    ] = None,
    tracker: Annotated[
        Texts,
        option(
            "-t",
            "--tracker",
            metavar="URL[,URL...]",
            under=PEERS,
            help="Announce here; each use is a tier, commas share one.",
        ),
    ] = [],
    web_seed: Annotated[
        Texts,
        option("-w", "--web-seed", metavar="URL", under=PEERS, help="The content over HTTP (BEP 19); repeatable."),
    ] = [],
    http_seed: Annotated[
        Texts, option("--http-seed", metavar="URL", under=PEERS, help="A BEP 17 seed script; repeatable.")
    ] = [],
    node: Annotated[
        Texts, option("--node", metavar="HOST:PORT", under=PEERS, help="A DHT node to start from; repeatable.")
    ] = [],
    similar: Annotated[
        Texts,
        option(
            "--similar", metavar="INFOHASH", under=ABOUT, help="A torrent with files in common (BEP 38); repeatable."
        ),
    ] = [],
    collection: Annotated[
        Texts,
        option("--collection", metavar="NAME", under=ABOUT, help="A collection it belongs to (BEP 38); repeatable."),
    ] = [],
    update_url: Annotated[
        Text, option("--update-url", metavar="URL", under=ABOUT, help="Where newer versions are (BEP 39).")
    ] = None,
    name: Annotated[Text, option("-n", "--name", under=ABOUT, help="Instead of the content's own name.")] = None,
    comment: Annotated[Text, option("-c", "--comment", under=ABOUT, help="A comment.")] = None,
    source: Annotated[
        Text, option("-s", "--source", under=ABOUT, help="A tag that makes another infohash, for private trackers.")
    ] = None,
    private: Annotated[
        bool, flag("--private", "-p", under=PEERS, help="Only peers from the trackers: no DHT, no PEX (BEP 27).")
    ] = False,
    creator: Annotated[
        Text, option("--creator", under=ABOUT, help="Who made it, instead of mkt and its version.")
    ] = None,
    no_creator: Annotated[bool, flag("--no-creator", under=ABOUT, help="Do not say who made it.")] = False,
    date: Annotated[
        Text,
        option(
            "--date",
            metavar="WHEN",
            under=ABOUT,
            help="Creation date: 2026-11-22, Unix seconds or now; else SOURCE_DATE_EPOCH, else now.",
        ),
    ] = None,
    no_date: Annotated[bool, flag("--no-date", under=ABOUT, help="No creation date.")] = False,
    include: Annotated[
        Texts, option("--include", metavar="GLOB", under=CHOICE, help="Only files that match; repeatable.")
    ] = [],
    exclude: Annotated[
        Texts,
        option("--exclude", metavar="GLOB", under=CHOICE, help="Not files or directories that match; repeatable."),
    ] = [],
    ignore_file: Annotated[
        Path | None,
        option("--ignore-file", metavar="FILE", under=CHOICE, help="Leave out by the rules of a .gitignore."),
    ] = None,
    no_hidden: Annotated[bool, flag("--no-hidden", under=CHOICE, help="Leave out dot files.")] = False,
    keep_junk: Annotated[
        bool, flag("--keep-junk", under=CHOICE, help="Take .DS_Store, Thumbs.db and their like as well.")
    ] = False,
    files_from: Annotated[
        Text,
        option(
            "--files-from",
            metavar="FILE|-",
            under=CHOICE,
            help="Only the paths listed there, one a line, relative to CONTENT.",
        ),
    ] = None,
    null: Annotated[
        bool, flag("-0", "--null", under=CHOICE, help="The list of --files-from ends its paths with NUL.")
    ] = False,
    symlinks: Annotated[
        Symlinks,
        typer.Option(
            "--symlinks", rich_help_panel=CHOICE, help="Take what links lead to, skip them, or store them (BEP 47)."
        ),
    ] = Symlinks.FOLLOW,
    sort: Annotated[
        SortOrder, typer.Option("--sort", rich_help_panel=CHOICE, help="Order of files; all but path need --v1.")
    ] = SortOrder.PATH,
    attributes: Annotated[
        bool, flag("--attributes", under=CHOICE, help="Write which files are executable or hidden (BEP 47).")
    ] = False,
    raw_names: Annotated[
        bool, flag("--raw-names", under=CHOICE, help="Take names that are not UTF-8 as the bytes they are.")
    ] = False,
    checksums: Annotated[
        Texts,
        option(
            "--checksums",
            metavar="sha256,blake3",
            under=OUTPUT,
            help="SHA256SUMS and B3SUMS beside the output, from the same read.",
        ),
    ] = [],
    threads: ThreadsOption = 0,
    dry_run: Annotated[
        bool, flag("--dry-run", under=OUTPUT, help="Look at names and sizes, say what would be made, write nothing.")
    ] = False,
    seed: Annotated[
        bool, flag("--seed", under=PEERS, help="Seed it right away, without a second read; mkt seed has more options.")
    ] = False,
    seed_port: Annotated[
        int | None, option("--seed-port", metavar="N", under=PEERS, help="Seed on this port; 0 takes any.")
    ] = None,
    seed_bind: Annotated[
        Text, option("--seed-bind", metavar="ADDR|INTERFACE", under=PEERS, help="Seed from this address alone.")
    ] = None,
    json: JsonOption = False,
    field: FieldOption = None,
    progress: ProgressOption = ProgressMode.AUTO,
    quiet: QuietOption = False,
    verbose: VerboseOption = False,
) -> int:
    """Make a torrent of CONTENT: hybrid unless said otherwise, hashed once, written whole or not at all."""
    started = time.monotonic()
    algorithms = tuple(
        dict.fromkeys([word.strip() for words in checksums for word in words.split(",") if word.strip()])
    )
    place = Place(content=content, output=output, force=force, checksums=algorithms)
    wanted = CreateOptions(
        version=_version(v1, v2, hybrid),
        piece_length=None if piece_length == "auto" else parse_size(piece_length),
        max_piece_length=parse_size(max_piece_length) if max_piece_length else None,
        target_pieces=target_pieces,
        trackers=tuple([options.split_tier(tier) for tier in tracker]),
        web_seeds=tuple([options.check_url(url, "a web seed", ("http", "https", "ftp")) for url in web_seed]),
        http_seeds=tuple([options.check_url(url, "an HTTP seed", ("http", "https")) for url in http_seed]),
        nodes=tuple([options.parse_node(text) for text in node]),
        similar=tuple([options.parse_infohash(text) for text in similar]),
        collections=tuple([options.check_text(text, "--collection") for text in collection]),
        update_url=options.check_url(update_url, "updates", ("http", "https")) if update_url else None,
        name=name,
        comment=options.check_text(comment, "--comment") if comment else None,
        source=options.check_text(source, "--source") if source else None,
        private=private,
        created_by=_creator(creator, no_creator),
        creation_date=_creation_date(date, no_date),
        scan=ScanOptions(
            selection=Selection(
                include=tuple(include),
                exclude=tuple(exclude),
                ignore_lines=_ignore_lines(ignore_file),
                hidden=not no_hidden,
                keep_junk=keep_junk,
            ),
            symlinks=symlinks,
            attributes=attributes,
            allow_raw_names=raw_names,
            sort=sort,
        ),
        file_list=_file_list(files_from, null),
        checksums=algorithms,
        threads=threads,
    )
    face = Face(json=json, field=field, quiet=quiet, verbose=verbose, progress=progress, started=started, events=seed)
    seeding = _seeding(place, face, port=seed_port, bind=seed_bind, dry_run=dry_run) if seed else None
    if seeding is None and (seed_port is not None or seed_bind is not None):
        raise UsageError("--seed-port and --seed-bind go with --seed")
    created = make(place, wanted, face, dry_run=dry_run)
    if created is None or seeding is None:
        return ExitCode.DONE
    from mktorrent_py.cli.seeding import seed_created

    return seed_created(created, seeding, seconds=time.monotonic() - started, json=json, quiet=quiet)


def _seeding(place: Place, face: Face, *, port: int | None, bind: str | None, dry_run: bool) -> SessionOptions:
    """How to seed what is about to be created. Raises UsageError, before the work, where that cannot be."""
    if place.is_stream or place.to_stdout or dry_run or face.field:
        raise UsageError(
            "--seed needs content on disk and a torrent file, so it does not go with -, --dry-run or --field",
            hint="Create it first, then: mkt seed TORRENT CONTENT.",
        )
    from mktorrent_py.swarm.binding import require_libtorrent

    require_libtorrent()
    from mktorrent_py.swarm.session import DEFAULT_PORT, SessionOptions

    return SessionOptions(port=DEFAULT_PORT if port is None else port, bind=bind)


def _version(v1: bool, v2: bool, hybrid: bool) -> TorrentVersion:
    chosen = [version for version, said in zip(TorrentVersion, (v1, v2, hybrid), strict=True) if said]
    if len(chosen) > 1:
        raise UsageError("--v1, --v2 and --hybrid exclude each other", hint="Hybrid is both at once, and the default.")
    return chosen[0] if chosen else TorrentVersion.HYBRID


def _creator(creator: str | None, no_creator: bool) -> str | None:
    if creator is not None and no_creator:
        raise UsageError("--creator and --no-creator exclude each other")
    if creator is not None or no_creator:
        return options.check_text(creator or "", "--creator")
    from mktorrent_py import __version__

    return f"mktorrent_py {__version__}"


def _creation_date(date: str | None, no_date: bool) -> int | None:
    if date and no_date:
        raise UsageError("--date and --no-date exclude each other")
    epoch = options.source_date_epoch()
    if no_date:
        return None
    if date:
        return options.parse_date(date, time.time())
    return int(time.time()) if epoch is None else epoch


def _ignore_lines(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    return tuple(_read(path).decode("utf-8", "surrogateescape").splitlines())


def _file_list(source: str | None, null: bool) -> tuple[bytes, ...] | None:
    if source is None:
        if null:
            raise UsageError("-0 goes with --files-from")
        return None
    data = sys.stdin.buffer.read() if source == "-" else _read(Path(source))
    return tuple(split_file_list(data, null=null))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContentError(f"cannot read {path}: {reason_of(error)}") from error
