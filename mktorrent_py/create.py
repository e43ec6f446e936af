"""Creates torrents: scan, lay out, hash, write the metainfo.

`draft_torrent` looks at the content and decides everything that can be decided before a byte is read; `hash_draft`
reads the content once and makes the metainfo. `create_torrent` does both.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from mktorrent_py.content.scan import Content, ScanOptions, SortOrder, scan_content, scan_file_list
from mktorrent_py.errors import CancelledError, ContentError, TorrentError, UsageError
from mktorrent_py.formatting import printable, quoted
from mktorrent_py.hashing.checksums import ALGORITHMS, FileChecksums
from mktorrent_py.hashing.hasher import Fault, HashOptions, Progress, Source, hash_content
from mktorrent_py.hashing.kernel import sha256_pairs
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.keys import KEYS
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.merkle import NODE_LENGTH, ceil_div, root_of_layer
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.node import Node
from mktorrent_py.metainfo.piece_length import (
    STREAM_PIECE_LENGTH,
    PieceLengthChoice,
    check_piece_length,
    choose_piece_length,
    evaluate,
    with_less_padding,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions:
    """What to create. Everything that depends on the day, the machine or the user is an argument here.

    `piece_length` in bytes; None has it chosen (see `choose_piece_length`), with `max_piece_length` as a bound and
    `target_pieces` as the aim. `trackers` are tiers. `similar` are infohashes of 20 bytes. `creation_date` is in Unix
    seconds. `checksums` names algorithms for whole files (`sha256`, `blake3`), computed in the same read.
    `file_list` restricts a directory to these paths, relative to it. `threads` 0 uses what pays on this machine.
    """

    version: TorrentVersion = TorrentVersion.HYBRID
    piece_length: int | None = None
    max_piece_length: int | None = None
    target_pieces: int | None = None
    trackers: tuple[tuple[str, ...], ...] = ()
    web_seeds: tuple[str, ...] = ()
    http_seeds: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    similar: tuple[bytes, ...] = ()
    collections: tuple[str, ...] = ()
    update_url: str | None = None
    name: str | None = None
    comment: str | None = None
    source: str | None = None
    private: bool = False
    created_by: str | None = None
    creation_date: int | None = None
    scan: ScanOptions = field(default_factory=ScanOptions)
    file_list: tuple[bytes, ...] | None = None
    checksums: tuple[str, ...] = ()
    threads: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What will be hashed and how: the content as scanned, its layout, the piece length and what it comes to.

    `alternative` is a piece length with tolerable padding, where the chosen one pads more than 5 %.
    """

    options: CreateOptions
    content: Content
    layout: Layout
    choice: PieceLengthChoice
    alternative: PieceLengthChoice | None

    @property
    def name(self) -> str:
        """The torrent's name."""
        return self.content.name


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateResult:
    """A finished torrent. `checksums` holds hex digests by algorithm, in the order of the files."""

    metainfo: Metainfo
    draft: Draft
    checksums: dict[str, list[str]] = field(default_factory=dict)


def create_torrent(
    content: Path | str, options: CreateOptions | None = None, *, progress: Progress | None = None
) -> CreateResult:
    """Create a torrent of a file or a directory; nothing is written to disk.

    `progress.bytes_done` can be read from another thread meanwhile. Raises UsageError for options that do not go
    together or content without a byte, ContentError for what cannot be read or changes while it is hashed.
    """
    return hash_draft(draft_torrent(Path(content), options or CreateOptions()), progress=progress)


def draft_torrent(content: Path, options: CreateOptions) -> Draft:
    """Scan the content and lay it out; reads names and sizes only."""
    check_options(options)
    scan = options.scan if options.name is None else replace(options.scan, name=options.name)
    if options.file_list is None:
        scanned = scan_content(content, scan)
    else:
        scanned = scan_file_list(content, options.file_list, scan)
    check_name(scanned.name)
    if not scanned.total:
        raise _no_content(content, scanned)
    lengths = [file.length for file in scanned.files]
    choice = _choose(lengths, options)
    layout = Layout.of(scanned.files, choice.piece_length, options.version)
    return Draft(
        options=options,
        content=scanned,
        layout=layout,
        choice=choice,
        alternative=with_less_padding(lengths, options.version, choice),
    )


def check_options(options: CreateOptions) -> None:
    """Raises UsageError for options that contradict each other or a BEP."""
    _check_lengths(options)
    _check_values(options)
    if options.version.has_v2 and options.scan.sort is not SortOrder.PATH:
        raise UsageError(
            f"v2 and hybrid torrents have one order of files, by path (BEP 52), and cannot sort by {options.scan.sort}",
            code="sort-needs-v1",
        )
    rules.require(rules.private_nodes(options.private, options.nodes))
    for algorithm in options.checksums:
        if algorithm not in ALGORITHMS:
            raise UsageError(f"no checksum is called {quoted(algorithm)}", hint=f"Take {' or '.join(ALGORITHMS)}.")


def _check_lengths(options: CreateOptions) -> None:
    given, longest, target = options.piece_length, options.max_piece_length, options.target_pieces
    for length in (given, longest):
        if length is not None:
            check_piece_length(length, options.version)
    if target is not None and target < 1:
        raise UsageError("the number of pieces to aim at must be at least 1")
    if given is not None and target is not None:
        raise UsageError("a piece length and a number of pieces to aim at exclude each other", hint="Say one of them.")
    if given is not None and longest is not None and given > longest:
        raise UsageError(
            f"a piece length of {given:,} bytes is more than {longest:,}, which is to be the longest",
            hint="Say one of them.",
        )


def _check_values(options: CreateOptions) -> None:
    """Refuse to write what would be malformed in what is read."""
    if not all(options.trackers):
        raise UsageError("a tracker tier is empty", code="tier-empty")
    for problem in _problems(options):
        rules.require(problem)


def _problems(options: CreateOptions) -> Iterator[rules.Problem | None]:
    """Apply the rules to every value but the name, which may be raw bytes and is checked by `check_name`."""
    for row in KEYS:
        value = getattr(options, row.name, row.kind.empty)
        if value is not None:
            yield from row.problems(value)


def check_name(name: str) -> None:
    """Raises UsageError for a torrent name that is unsafe on some system, or empty."""
    if not name:
        raise UsageError("the content has no name of its own", code="name-missing")
    rules.require(rules.torrent_name(name))


def hash_draft(draft: Draft, *, progress: Progress | None = None) -> CreateResult:
    """Read the content once and make the metainfo. Raises ContentError at the first fault."""
    checksums = None
    if draft.options.checksums:
        checksums = FileChecksums([file.length for file in draft.layout.files], draft.options.checksums)
    options = HashOptions(threads=draft.options.threads, progress=progress or Progress(), checksums=checksums)
    pieces, nodes = bytearray(), bytearray()
    with closing(hash_content(draft.layout, source_of(draft.content), options)) as results:
        for hashed in results:
            if hashed.fault is not None:
                raise fault_error(hashed.fault, draft.content)
            pieces += hashed.sha1
            nodes += hashed.nodes
    sums = {name: checksums.digests(name) for name in draft.options.checksums} if checksums is not None else {}
    return CreateResult(metainfo=assemble(draft, bytes(pieces), bytes(nodes)), draft=draft, checksums=sums)


def source_of(content: Content) -> Source:
    """Where the hasher finds scanned content, and what each file must still look like."""
    stats = array("q")
    for disk in content.disk:
        stats.extend((disk.size, disk.mtime_ns, disk.inode))
    return Source(root=content.root, paths=[disk.path for disk in content.disk], stats=stats)


MAX_NAMED = 3
FAULTS = {
    "missing": "vanished while it was hashed",
    "changed": "changed while it was hashed",
    "short": "shrank while it was hashed",
}


def fault_error(fault: Fault, content: Content) -> TorrentError:
    """A fault as the error that ends a creation."""
    if fault.file < 0:
        return CancelledError("hashing was cancelled")
    path = printable(str(content.root / os.fsdecode(content.disk[fault.file].path)))
    if fault.reason in FAULTS:
        return ContentError(
            f"{path} {FAULTS[fault.reason]}", hint="Nothing was written. Try again when the content is at rest."
        )
    return ContentError(
        f"cannot read {path}: {os.strerror(fault.errno).lower()}",
        code="file-unreadable",
    )


def assemble(draft: Draft, pieces: bytes, nodes: bytes) -> Metainfo:
    """The metainfo of a draft from its digests: 20 bytes a v1 piece, 32 bytes a v2 piece."""
    options, layout = draft.options, draft.layout
    layers: dict[bytes, bytes] = {}
    if layout.version.has_v2:
        layout = replace(layout, files=tuple(rooted_files(layout, nodes, layers)))
    info = Info.build(
        name=draft.name,
        single=draft.content.single,
        layout=layout,
        pieces=pieces,
        private=options.private,
        source=options.source,
        update_url=options.update_url,
    )
    return Metainfo.build(
        info=info,
        piece_layers=layers,
        trackers=options.trackers,
        web_seeds=options.web_seeds,
        http_seeds=options.http_seeds,
        nodes=options.nodes,
        comment=options.comment,
        created_by=options.created_by,
        creation_date=options.creation_date,
        similar=options.similar,
        collections=options.collections,
    )


def rooted_files(layout: Layout, nodes: bytes, layers: dict[bytes, bytes]) -> Iterable[File]:
    """The files with their pieces roots; the layers of those longer than a piece are put into `layers` (BEP 52)."""
    at = 0
    for file in layout.files:
        size = ceil_div(file.length, layout.piece_length) * NODE_LENGTH
        own, at = nodes[at : at + size], at + size
        if size > NODE_LENGTH:
            root = root_of_layer(own, layout.piece_length, hash_pairs=sha256_pairs)
            layers[root] = own
        else:
            root = own
        yield File(file.path, file.length, file.attributes, file.symlink, root) if size else file


def create_from_stream(stream: BinaryIO, options: CreateOptions, *, progress: Progress | None = None) -> CreateResult:
    """Create a single-file torrent of what a stream holds, which is read once and to its end.

    `options.name` is the file's name. The length is not known before, so without `piece_length` it is 1 MiB, or
    `max_piece_length` where that is less.
    """
    from mktorrent_py.hashing.stream import hash_stream

    check_options(options)
    check_name(options.name or "")
    if options.target_pieces is not None:
        raise UsageError("nobody can aim at a number of pieces before the length of a stream is known")
    piece_length = options.piece_length or min(STREAM_PIECE_LENGTH, options.max_piece_length or STREAM_PIECE_LENGTH)
    digests = hash_stream(
        stream, piece_length, options.version, checksums=options.checksums, progress=progress or Progress()
    )
    if not digests.length:
        raise UsageError("there was nothing to read on the stream", hint="No client takes a torrent without content.")
    draft = _stream_draft(digests.length, piece_length, options)
    sums = {name: [checksum] for name, checksum in digests.checksums.items()}
    return CreateResult(metainfo=assemble(draft, digests.sha1, digests.nodes), draft=draft, checksums=sums)


def _stream_draft(length: int, piece_length: int, options: CreateOptions) -> Draft:
    name = options.name or ""
    file = File((name,), length)
    content = Content(root=Path(), name=name, single=True, files=(file,), disk=())
    return Draft(
        options=options,
        content=content,
        layout=Layout.of(content.files, piece_length, options.version),
        choice=evaluate([length], options.version, piece_length),
        alternative=None,
    )


def _choose(lengths: Sequence[int], options: CreateOptions) -> PieceLengthChoice:
    if options.piece_length is not None:
        return evaluate(lengths, options.version, options.piece_length)
    return choose_piece_length(
        lengths, options.version, longest=options.max_piece_length, target_pieces=options.target_pieces
    )


def _left_out_hint(content: Content) -> str | None:
    named = [f"{left.path} ({left.reason.value})" for left in content.left_out[:MAX_NAMED]]
    return f"Left out: {', '.join(named)}{', …' if len(content.left_out) > MAX_NAMED else ''}" if named else None


def _no_content(path: Path, content: Content) -> UsageError:
    shown = printable(str(path))
    if not content.files:
        left = f"; {len(content.left_out):,} entries were left out" if content.left_out else ""
        return UsageError(f"{shown} has no files to make a torrent of{left}", hint=_left_out_hint(content))
    all_empty = "it is empty" if content.single else "every file in it is empty"
    return UsageError(
        f"{shown} has no bytes: {all_empty}",
        hint="No client takes a torrent without content.",
    )
