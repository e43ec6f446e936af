"""Creates torrents: scan, lay out, hash, build the metainfo. Nothing is written to disk."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from mktorrent_py.content.scan import Content, unreadable
from mktorrent_py.create.draft import Draft, draft_of_stream, draft_torrent
from mktorrent_py.create.options import CreateOptions, check_name, check_options
from mktorrent_py.errors import CancelledError, ContentError, TorrentError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.checksums import FileChecksums
from mktorrent_py.hashing.hasher import Fault, HashOptions, Progress, Source, hash_content
from mktorrent_py.hashing.kernel import sha256_pairs
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.merkle import NODE_LENGTH, ceil_div, root_of_layer
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.piece_length import STREAM_PIECE_LENGTH

FAULTS = {
    "missing": "vanished while it was hashed",
    "changed": "changed while it was hashed",
    "short": "shrank while it was hashed",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CreateResult:
    """A finished torrent. `checksums` holds hex digests by algorithm, in the order of the files."""

    metainfo: Metainfo
    draft: Draft
    checksums: dict[str, list[str]] = field(default_factory=dict)


def create_torrent(
    content: str | os.PathLike[str],
    options: CreateOptions | None = None,
    *,
    progress: Progress | None = None,
    on_progress: Callable[[Progress], object] | None = None,
) -> CreateResult:
    """Create a torrent of a file or a directory; nothing is written to disk.

    `progress` can be read, and cancelled, from another thread. `on_progress` is called with it in this thread, after
    every unit of work (16 MiB or so); what it raises stops the work. Raises UsageError for options that contradict
    each other or content without a byte, ContentError for what cannot be read or changes while it is hashed,
    CancelledError after `progress.cancel()`.
    """
    progress = progress or Progress()
    with progress.run():
        draft = draft_torrent(Path(content), options or CreateOptions())
        return hash_draft(draft, progress=progress, on_progress=on_progress)


def hash_draft(
    draft: Draft, *, progress: Progress | None = None, on_progress: Callable[[Progress], object] | None = None
) -> CreateResult:
    """Read the content once and build the metainfo. Raises as `create_torrent` does, at the first fault."""
    progress = progress or Progress()
    algorithms = draft.options.checksums
    checksums = FileChecksums([file.length for file in draft.layout.files], algorithms) if algorithms else None
    options = HashOptions(threads=draft.options.threads, progress=progress, checksums=checksums)
    pieces, nodes = bytearray(), bytearray()
    with (
        progress.run(draft.layout.content_length),
        closing(hash_content(draft.layout, source_of(draft.content), options)) as results,
    ):
        for hashed in results:
            if hashed.fault is not None:
                raise fault_error(hashed.fault, draft.content)
            pieces += hashed.sha1
            nodes += hashed.nodes
            if on_progress is not None:
                on_progress(progress)
    sums = {name: checksums.digests(name) for name in algorithms} if checksums is not None else {}
    return CreateResult(metainfo=assemble(draft, bytes(pieces), bytes(nodes)), draft=draft, checksums=sums)


def create_from_stream(stream: BinaryIO, options: CreateOptions, *, progress: Progress | None = None) -> CreateResult:
    """Create a single-file torrent of a binary stream, read once and to its end.

    `options.name` is the file's name. The length is not known before the end, so without `piece_length` it is 1 MiB,
    or `max_piece_length` where that is less, and `progress.total` is None. Raises as `create_torrent` does.
    """
    from mktorrent_py.hashing.stream import hash_stream

    check_options(options)
    check_name(options.name or "")
    if options.target_pieces is not None:
        raise UsageError(
            "a target number of pieces needs content of known length, not a stream", code="target-pieces-of-stream"
        )
    piece_length = options.piece_length or min(STREAM_PIECE_LENGTH, options.max_piece_length or STREAM_PIECE_LENGTH)
    progress = progress or Progress()
    with progress.run():
        digests = hash_stream(stream, piece_length, options.version, checksums=options.checksums, progress=progress)
    if not digests.length:
        raise UsageError("the stream is empty", code="content-empty", hint="Clients reject torrents without content.")
    draft = draft_of_stream(digests.length, piece_length, options)
    sums = {name: [checksum] for name, checksum in digests.checksums.items()}
    return CreateResult(metainfo=assemble(draft, digests.sha1, digests.nodes), draft=draft, checksums=sums)


def source_of(content: Content) -> Source:
    """Return the paths of scanned content for the hasher, and the size, mtime and inode each file must still have."""
    stats = array("q")
    for disk in content.disk:
        stats.extend((disk.size, disk.mtime_ns, disk.inode))
    return Source(root=content.root, paths=[disk.path for disk in content.disk], stats=stats)


def fault_error(fault: Fault, content: Content) -> TorrentError:
    """Return the error for a fault that ends a creation."""
    if fault.file < 0:
        return CancelledError("hashing was cancelled")
    path = printable(str(content.root / os.fsdecode(content.disk[fault.file].path)))
    if fault.reason in FAULTS:
        return ContentError(
            f"{path} {FAULTS[fault.reason]}",
            code="content-changed",
            hint="Try again once nothing is changing these files.",
            file=path,
        )
    name = None if content.single else content.files[fault.file].path[-1]
    return unreadable(path, OSError(fault.errno, os.strerror(fault.errno)), name=name)


def assemble(draft: Draft, pieces: bytes, nodes: bytes) -> Metainfo:
    """Build the metainfo of a draft from its digests: 20 bytes a v1 piece, 32 bytes a v2 piece."""
    options, layout = draft.options, draft.layout
    layers: dict[bytes, bytes] = {}
    if layout.version.has_v2:
        layout = replace(layout, files=tuple(files_with_roots(layout, nodes, layers)))
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


def files_with_roots(layout: Layout, nodes: bytes, layers: dict[bytes, bytes]) -> Iterable[File]:
    """Yield the files with their pieces roots; put the layers of those longer than a piece into `layers` (BEP 52)."""
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
