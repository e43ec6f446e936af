"""Options of `mkt create`: what the torrent holds, where it is written, how it is seeded."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, flag, option, repeatable
from mktorrent_py.cli.options.output import HashingOptions
from mktorrent_py.cli.options.patterns import check_patterns
from mktorrent_py.cli.options.types import Text, Texts
from mktorrent_py.cli.output import streams
from mktorrent_py.cli.output.output_paths import STANDARD_STREAM, OutputPaths
from mktorrent_py.content import ScanOptions, Selection, SortOrder, Symlinks, split_file_list
from mktorrent_py.create import CreateOptions
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.metainfo import TorrentVersion, parse_size, rules
from mktorrent_py.torrentfile import reason_of

if TYPE_CHECKING:
    from mktorrent_py.client import SessionOptions


class OutputFileOptions(Group):
    """What is read, and which files are written."""

    heading = "Output"

    content: str = typer.Argument(metavar="CONTENT", help="A file or directory, or - for standard input.")
    output: Text = option("-o", "--output", metavar="PATH|DIR/|-", help="Write here; by default NAME.torrent.")
    force: bool = flag("--force", "-f", help="Overwrite existing files.")
    dry_run: bool = flag("--dry-run", help="Scan names and sizes, show the result; write nothing.")
    checksums: Texts = repeatable(
        "--checksums", metavar="sha256,blake3", help="Write SHA256SUMS, B3SUMS beside the torrent, from the same read."
    )

    def paths(self) -> OutputPaths:
        """Raises UsageError."""
        words = [word.strip() for words in self.checksums for word in words.split(",")]
        algorithms = tuple(dict.fromkeys([word for word in words if word]))
        if self.checksums and not algorithms:
            raise UsageError("--checksums names no algorithm", hint="Use sha256, blake3, or both: sha256,blake3.")
        return OutputPaths(output=self.output, force=self.force, checksums=algorithms)


class FormatOptions(Group):
    """Format and piece length."""

    heading = "Format"

    v1: bool = flag("--v1", help="Create a v1 torrent, which every client can read.")
    v2: bool = flag("--v2", help="Create a v2 torrent (BEP 52): no padding, a root hash for each file.")
    hybrid: bool = flag("--hybrid", help="Create a v1 and v2 torrent in one; the default.")
    piece_length: str = typer.Option(
        "auto",
        "--piece-length",
        "-l",
        metavar="SIZE|auto",
        help="16 KiB to 128 MiB; a power of two for v2 and hybrid.",
        show_default=False,
    )
    max_piece_length: Text = option("--max-piece-length", metavar="SIZE", help="Maximum for the automatic choice.")
    target_pieces: int | None = option("--target-pieces", metavar="N", help="Choose a length for at most N pieces.")

    def version(self) -> TorrentVersion:
        """Raises UsageError."""
        used = zip(TorrentVersion, (self.v1, self.v2, self.hybrid), strict=True)
        chosen = [version for version, is_used in used if is_used]
        if len(chosen) > 1:
            raise UsageError(
                "only one of --v1, --v2 and --hybrid can be used", hint="A hybrid, the default, is v1 and v2 in one."
            )
        return chosen[0] if chosen else TorrentVersion.HYBRID

    def chosen_length(self) -> int | None:
        return None if self.piece_length == "auto" else parse_size(self.piece_length)

    def maximum(self) -> int | None:
        return None if self.max_piece_length is None else parse_size(self.max_piece_length)


class SourceOptions(Group):
    """Where peers find each other and the content."""

    heading = "Trackers and web seeds"

    tracker: Texts = repeatable(
        "-t",
        "--tracker",
        metavar="URL[,URL...]",
        help="Announce here; each use is a tier, commas share one; repeatable.",
    )
    web_seed: Texts = repeatable(
        "-w", "--web-seed", metavar="URL", help="URL of the content over HTTP (BEP 19); repeatable."
    )
    private: bool = flag("--private", "-p", help="Allow peers from the trackers only: no DHT, no PEX (BEP 27).")
    node: Texts = repeatable("--node", metavar="HOST:PORT", help="DHT node to bootstrap from (BEP 5); repeatable.")
    http_seed: Texts = repeatable("--http-seed", metavar="URL", help="URL of a BEP 17 seed script; repeatable.")


class DescriptionOptions(Group):
    """Texts about the torrent."""

    heading = "Description"

    name: Text = option("-n", "--name", help="Name in the torrent, instead of that of CONTENT.")
    comment: Text = option("-c", "--comment", help="Comment.")
    source: Text = option("-s", "--source", help="Source tag for private trackers; changes the infohash.")
    date: Text = option(
        "--date",
        metavar="WHEN",
        help="Creation date: 2026-11-22, Unix seconds or now; by default SOURCE_DATE_EPOCH, else now.",
    )
    no_date: bool = flag("--no-date", help="Omit the creation date.")
    creator: Text = option("--creator", help="Creating program, instead of mktorrent_py and its version.")
    no_creator: bool = flag("--no-creator", help="Omit the creating program.")
    similar: Texts = repeatable(
        "--similar", metavar="INFOHASH", help="Torrent that shares files with this one (BEP 38); repeatable."
    )
    collection: Texts = repeatable(
        "--collection", metavar="NAME", help="Collection that the torrent belongs to (BEP 38); repeatable."
    )
    update_url: Text = option("--update-url", metavar="URL", help="URL of newer versions (BEP 39).")

    def checked_update_url(self) -> str | None:
        return None if self.update_url is None else types.check_url(self.update_url, rules.update_url)

    def created_by(self) -> str | None:
        """Raises UsageError."""
        if self.creator is not None and self.no_creator:
            raise UsageError("--creator and --no-creator cannot be combined")
        if self.creator is not None or self.no_creator:
            return types.check_text(self.creator or "", "--creator")
        from mktorrent_py import __version__

        return f"mktorrent_py {__version__}"

    def creation_date(self) -> int | None:
        """Raises UsageError."""
        if self.date is not None and self.no_date:
            raise UsageError("--date and --no-date cannot be combined")
        epoch = types.source_date_epoch()
        if self.no_date:
            return None
        if self.date is not None:
            return types.parse_date(self.date, time.time())
        return int(time.time()) if epoch is None else epoch


class SelectionOptions(Group):
    """Which files of the content are included, and how."""

    heading = "Files"

    include: Texts = repeatable("--include", metavar="GLOB", help="Include only files that match; repeatable.")
    exclude: Texts = repeatable("--exclude", metavar="GLOB", help="Exclude files and directories; repeatable.")
    ignore_file: Path | None = option("--ignore-file", metavar="FILE", help="Exclude by the rules of a .gitignore.")
    no_hidden: bool = flag("--no-hidden", help="Exclude dot files.")
    keep_junk: bool = flag("--keep-junk", help="Include .DS_Store, Thumbs.db and the like.")
    files_from: Text = option(
        "--files-from", metavar="FILE|-", help="Include only the paths in this list: one per line, relative to CONTENT."
    )
    null: bool = flag("-0", "--null", help="Paths in the --files-from list end with NUL.")
    symlinks: Symlinks = typer.Option(
        Symlinks.FOLLOW, "--symlinks", help="Follow symbolic links, skip them, or store them as links (BEP 47)."
    )
    sort: SortOrder = typer.Option(SortOrder.PATH, "--sort", help="Order of files; all but path need --v1.")
    attributes: bool = flag("--attributes", help="Record which files are executable or hidden (BEP 47).")
    raw_names: bool = flag("--raw-names", help="Keep names that are not UTF-8 as they are.")

    def scan(self) -> ScanOptions:
        ignored = b"" if self.ignore_file is None else _read(self.ignore_file)
        return ScanOptions(
            selection=Selection(
                include=check_patterns(self.include, "--include"),
                exclude=check_patterns(self.exclude, "--exclude"),
                ignore_lines=tuple(ignored.decode("utf-8", "surrogateescape").splitlines()),
                hidden=not self.no_hidden,
                keep_junk=self.keep_junk,
            ),
            symlinks=self.symlinks,
            attributes=self.attributes,
            allow_raw_names=self.raw_names,
            sort=self.sort,
        )

    def file_list(self) -> tuple[bytes, ...] | None:
        """Raises UsageError, or ContentError if the list cannot be read."""
        if self.files_from is None:
            if self.null:
                raise UsageError("-0 needs --files-from")
            return None
        types.check_not_empty(self.files_from, "--files-from")
        data = streams.binary_stdin().read() if self.files_from == "-" else _read(Path(self.files_from))
        return tuple(split_file_list(data, null=self.null))


class SeedingOptions(Group):
    """Whether the torrent is seeded once it is made."""

    heading = "Seeding"

    seed: bool = flag("--seed", help="Seed it at once, without a second read; mkt seed has more options.")
    seed_port: int | None = option("--seed-port", metavar="N", help="Listen on this port; 0 picks any free port.")
    seed_bind: Text = option("--seed-bind", metavar="ADDR|INTERFACE", help="Listen on this address only.")

    def session(self, target: OutputFileOptions, output: HashingOptions) -> SessionOptions | None:
        """Return how to seed, None for not at all. Raises UsageError."""
        if not self.seed:
            if self.seed_port is not None or self.seed_bind is not None:
                raise UsageError("--seed-port and --seed-bind need --seed")
            return None
        if STANDARD_STREAM in (target.content, target.output) or target.dry_run or output.field is not None:
            raise UsageError(
                "--seed cannot be combined with -, --dry-run or --field",
                hint="Create the torrent first, then run mkt seed TORRENT CONTENT.",
            )
        from mktorrent_py.client import DEFAULT_PORT, SessionOptions, require_libtorrent

        require_libtorrent()
        return SessionOptions(port=DEFAULT_PORT if self.seed_port is None else self.seed_port, bind=self.seed_bind)


def build_options(
    form: FormatOptions,
    sources: SourceOptions,
    description: DescriptionOptions,
    selection: SelectionOptions,
    *,
    checksums: tuple[str, ...],
    threads: int,
) -> CreateOptions:
    """Interpret the options. Raises UsageError, or ContentError for a list of files that cannot be read."""
    return CreateOptions(
        version=form.version(),
        piece_length=form.chosen_length(),
        max_piece_length=form.maximum(),
        target_pieces=form.target_pieces,
        trackers=tuple([types.split_tier(tier) for tier in sources.tracker]),
        web_seeds=tuple([types.check_url(url, rules.web_seed_url) for url in sources.web_seed]),
        http_seeds=tuple([types.check_url(url, rules.http_seed_url) for url in sources.http_seed]),
        nodes=tuple([types.parse_node(text) for text in sources.node]),
        similar=tuple([types.parse_infohash(text) for text in description.similar]),
        collections=tuple([types.check_not_empty(text, "--collection") for text in description.collection]),
        update_url=description.checked_update_url(),
        name=description.name,
        comment=types.check_text(description.comment, "--comment") if description.comment else None,
        source=types.check_text(description.source, "--source") if description.source else None,
        private=sources.private,
        created_by=description.created_by(),
        creation_date=description.creation_date(),
        scan=selection.scan(),
        file_list=selection.file_list(),
        checksums=checksums,
        threads=threads,
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContentError(f"cannot read {path}: {reason_of(error)}") from error
