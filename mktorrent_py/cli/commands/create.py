"""`mkt create`: parse, create, write, say what was made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, repeatable
from mktorrent_py.cli.options.patterns import check_patterns
from mktorrent_py.cli.options.types import Manner, Text, Texts
from mktorrent_py.cli.output import streams
from mktorrent_py.cli.output.create_report import Face, make
from mktorrent_py.cli.output.output_paths import Place
from mktorrent_py.content.scan import ScanOptions, SortOrder, Symlinks, split_file_list
from mktorrent_py.content.selection import Selection
from mktorrent_py.create import CreateOptions
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.piece_length import parse_size
from mktorrent_py.torrentfile import reason_of

if TYPE_CHECKING:
    from mktorrent_py.client.session import SessionOptions

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

WHERE_PEERS_MEET = "Where peers meet"


class Output(Group):
    """What the torrent is made of, and where it goes."""

    heading = "Output"

    content: str = typer.Argument(metavar="CONTENT", help="A file or a directory; - for standard input.")
    output: Text = option("-o", "--output", metavar="PATH|DIR/|-", help="Where to write; else NAME.torrent here.")
    force: bool = flag("--force", "-f", help="Replace the output if it is there.")
    checksums: Texts = repeatable(
        "--checksums", metavar="sha256,blake3", help="SHA256SUMS and B3SUMS beside the output, from the same read."
    )
    dry_run: bool = flag("--dry-run", help="Look at names and sizes, say what would be made, write nothing.")

    def place(self) -> Place:
        return Place(content=self.content, output=self.output, force=self.force, checksums=self.algorithms())

    def algorithms(self) -> tuple[str, ...]:
        words = [word.strip() for words in self.checksums for word in words.split(",")]
        named = tuple(dict.fromkeys([word for word in words if word]))
        if self.checksums and not named:
            raise UsageError("--checksums names no checksum", hint="Take sha256, blake3, or both: sha256,blake3.")
        return named


class Form(Group):
    """Which of the formats, and pieces of which length."""

    heading = "Format"

    v1: bool = flag("--v1", help="v1 only: every client reads it.")
    v2: bool = flag("--v2", help="v2 only (BEP 52): no padding, every file has its own root.")
    hybrid: bool = flag("--hybrid", help="v1 and v2 in one (the default).")
    piece_length: str = typer.Option(
        "auto", "--piece-length", "-l", metavar="SIZE|auto", help="16 KiB to 128 MiB; a power of two for v2 and hybrid."
    )
    max_piece_length: Text = option("--max-piece-length", metavar="SIZE", help="Choose none longer than this.")
    target_pieces: int | None = option(
        "--target-pieces", metavar="N", help="Choose a length that makes at most N pieces."
    )

    def version(self) -> TorrentVersion:
        said = zip(TorrentVersion, (self.v1, self.v2, self.hybrid), strict=True)
        chosen = [version for version, is_said in said if is_said]
        if len(chosen) > 1:
            hint = "Hybrid is both at once, and the default."
            raise UsageError("--v1, --v2 and --hybrid exclude each other", hint=hint)
        return chosen[0] if chosen else TorrentVersion.HYBRID

    def chosen_length(self) -> int | None:
        return None if self.piece_length == "auto" else parse_size(self.piece_length)

    def longest(self) -> int | None:
        return None if self.max_piece_length is None else parse_size(self.max_piece_length)


class Peers(Group):
    """Where those who want the content meet those who have it."""

    heading = WHERE_PEERS_MEET

    tracker: Texts = repeatable(
        "-t", "--tracker", metavar="URL[,URL...]", help="Announce here; each use is a tier, commas share one."
    )
    web_seed: Texts = repeatable("-w", "--web-seed", metavar="URL", help="The content over HTTP (BEP 19); repeatable.")
    http_seed: Texts = repeatable("--http-seed", metavar="URL", help="A BEP 17 seed script; repeatable.")
    node: Texts = repeatable("--node", metavar="HOST:PORT", help="A DHT node to start from; repeatable.")
    private: bool = flag("--private", "-p", help="Only peers from the trackers: no DHT, no PEX (BEP 27).")


class About(Group):
    """What the torrent says of itself."""

    heading = "About it"

    similar: Texts = repeatable(
        "--similar", metavar="INFOHASH", help="A torrent with files in common (BEP 38); repeatable."
    )
    collection: Texts = repeatable(
        "--collection", metavar="NAME", help="A collection it belongs to (BEP 38); repeatable."
    )
    update_url: Text = option("--update-url", metavar="URL", help="Where newer versions are (BEP 39).")
    name: Text = option("-n", "--name", help="Instead of the content's own name.")
    comment: Text = option("-c", "--comment", help="A comment.")
    source: Text = option("-s", "--source", help="A tag that makes another infohash, for private trackers.")
    creator: Text = option("--creator", help="Who made it, instead of mkt and its version.")
    no_creator: bool = flag("--no-creator", help="Do not say who made it.")
    date: Text = option(
        "--date",
        metavar="WHEN",
        help="Creation date: 2026-11-22, Unix seconds or now; else SOURCE_DATE_EPOCH, else now.",
    )
    no_date: bool = flag("--no-date", help="No creation date.")

    def checked_update_url(self) -> str | None:
        return None if self.update_url is None else types.check_url(self.update_url, rules.update_url)

    def created_by(self) -> str | None:
        if self.creator is not None and self.no_creator:
            raise UsageError("--creator and --no-creator exclude each other")
        if self.creator is not None or self.no_creator:
            return types.check_text(self.creator or "", "--creator")
        from mktorrent_py import __version__

        return f"mktorrent_py {__version__}"

    def creation_date(self) -> int | None:
        if self.date is not None and self.no_date:
            raise UsageError("--date and --no-date exclude each other")
        epoch = types.source_date_epoch()
        if self.no_date:
            return None
        if self.date is not None:
            return types.parse_date(self.date, time.time())
        return int(time.time()) if epoch is None else epoch


class Choice(Group):
    """Which of the content goes in, and how it is taken."""

    heading = "What goes in"

    include: Texts = repeatable("--include", metavar="GLOB", help="Only files that match; repeatable.")
    exclude: Texts = repeatable("--exclude", metavar="GLOB", help="Not files or directories that match; repeatable.")
    ignore_file: Path | None = option("--ignore-file", metavar="FILE", help="Leave out by the rules of a .gitignore.")
    no_hidden: bool = flag("--no-hidden", help="Leave out dot files.")
    keep_junk: bool = flag("--keep-junk", help="Take .DS_Store, Thumbs.db and their like as well.")
    files_from: Text = option(
        "--files-from", metavar="FILE|-", help="Only the paths listed there, one a line, relative to CONTENT."
    )
    null: bool = flag("-0", "--null", help="The list of --files-from ends its paths with NUL.")
    symlinks: Symlinks = typer.Option(
        Symlinks.FOLLOW, "--symlinks", help="Take what links lead to, skip them, or store them (BEP 47)."
    )
    sort: SortOrder = typer.Option(SortOrder.PATH, "--sort", help="Order of files; all but path need --v1.")
    attributes: bool = flag("--attributes", help="Write which files are executable or hidden (BEP 47).")
    raw_names: bool = flag("--raw-names", help="Take names that are not UTF-8 as the bytes they are.")

    def scan(self) -> ScanOptions:
        return ScanOptions(
            selection=Selection(
                include=check_patterns(self.include, "--include"),
                exclude=check_patterns(self.exclude, "--exclude"),
                ignore_lines=_ignore_lines(self.ignore_file),
                hidden=not self.no_hidden,
                keep_junk=self.keep_junk,
            ),
            symlinks=self.symlinks,
            attributes=self.attributes,
            allow_raw_names=self.raw_names,
            sort=self.sort,
        )

    def file_list(self) -> tuple[bytes, ...] | None:
        if self.files_from is None:
            if self.null:
                raise UsageError("-0 goes with --files-from")
            return None
        types.check_not_empty(self.files_from, "--files-from")
        data = streams.binary_stdin().read() if self.files_from == "-" else _read(Path(self.files_from))
        return tuple(split_file_list(data, null=self.null))


class Seeding(Group):
    """Whether to seed it when it is made, and from where."""

    heading = WHERE_PEERS_MEET

    seed: bool = flag("--seed", help="Seed it right away, without a second read; mkt seed has more options.")
    seed_port: int | None = option("--seed-port", metavar="N", help="Seed on this port; 0 takes any.")
    seed_bind: Text = option("--seed-bind", metavar="ADDR|INTERFACE", help="Seed from this address alone.")

    def session(self, place: Place, face: Face, *, dry_run: bool) -> SessionOptions | None:
        """How to seed what is about to be created. Raises UsageError, before the work, where that cannot be."""
        if not self.seed:
            if self.seed_port is not None or self.seed_bind is not None:
                raise UsageError("--seed-port and --seed-bind go with --seed")
            return None
        if place.is_stream or place.to_stdout or dry_run or face.field is not None:
            raise UsageError(
                "--seed needs content on disk and a torrent file, so it does not go with -, --dry-run or --field",
                hint="Create it first, then: mkt seed TORRENT CONTENT.",
            )
        from mktorrent_py.client.binding import require_libtorrent

        require_libtorrent()
        from mktorrent_py.client.session import DEFAULT_PORT, SessionOptions

        return SessionOptions(port=DEFAULT_PORT if self.seed_port is None else self.seed_port, bind=self.seed_bind)


@app.command(cls=types.GroupedCommand)
@in_groups
def create(
    output: Output, form: Form, peers: Peers, about: About, choice: Choice, seeding: Seeding, manner: Manner
) -> int:
    """Make a torrent of CONTENT: hybrid unless said otherwise, hashed once, written whole or not at all."""
    started = time.monotonic()
    place = output.place()
    wanted = _wanted(output, form, peers, about, choice, threads=manner.threads)
    face = Face(
        json=manner.json,
        field=manner.field,
        quiet=manner.quiet,
        verbose=manner.verbose,
        progress=manner.progress_mode(),
        started=started,
        events=seeding.seed,
    )
    session = seeding.session(place, face, dry_run=output.dry_run)
    created = make(place, wanted, face, dry_run=output.dry_run)
    if created is None or session is None:
        return ExitCode.DONE
    from mktorrent_py.cli.output.events import seed_created

    seconds = time.monotonic() - started
    return seed_created(created, session, seconds=seconds, json=manner.json, quiet=manner.quiet)


def _wanted(output: Output, form: Form, peers: Peers, about: About, choice: Choice, *, threads: int) -> CreateOptions:
    return CreateOptions(
        version=form.version(),
        piece_length=form.chosen_length(),
        max_piece_length=form.longest(),
        target_pieces=form.target_pieces,
        trackers=tuple([types.split_tier(tier) for tier in peers.tracker]),
        web_seeds=tuple([types.check_url(url, rules.web_seed_url) for url in peers.web_seed]),
        http_seeds=tuple([types.check_url(url, rules.http_seed_url) for url in peers.http_seed]),
        nodes=tuple([types.parse_node(text) for text in peers.node]),
        similar=tuple([types.parse_infohash(text) for text in about.similar]),
        collections=tuple([types.check_not_empty(text, "--collection") for text in about.collection]),
        update_url=about.checked_update_url(),
        name=about.name,
        comment=types.check_text(about.comment, "--comment") if about.comment else None,
        source=types.check_text(about.source, "--source") if about.source else None,
        private=peers.private,
        created_by=about.created_by(),
        creation_date=about.creation_date(),
        scan=choice.scan(),
        file_list=choice.file_list(),
        checksums=output.algorithms(),
        threads=threads,
    )


def _ignore_lines(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return ()
    return tuple(_read(path).decode("utf-8", "surrogateescape").splitlines())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContentError(f"cannot read {path}: {reason_of(error)}") from error
