"""Reads an info dictionary: version, name, files, pieces, and whether its parts agree (BEP 3, 27, 52)."""

from __future__ import annotations

from mktorrent_py.formatting import brief_integer
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.bencode import Dictionary, Value
from mktorrent_py.metainfo.frozen import make
from mktorrent_py.metainfo.info import Info, has_lone_root_file
from mktorrent_py.metainfo.infohash import Infohashes, TorrentVersion
from mktorrent_py.metainfo.keys import INFO_KEYS
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.merkle import BLOCK_LENGTH, ceil_div
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics
from mktorrent_py.metainfo.parse.fields import (
    Fields,
    is_text,
    note_absence,
    required_integer,
)
from mktorrent_py.metainfo.parse.files import (
    MAX_BYTES,
    SHA1_LENGTH,
    V1Files,
    read_component,
    read_file_tree,
    read_v1_files,
)
from mktorrent_py.metainfo.paths import brief_path


def read_info(value: Value, raw: bytes, diagnostics: Diagnostics) -> Info | None:
    """Read the typed view of an info dictionary; None, and at least one error, where it is invalid.

    Reading continues after an error, so that all of them are found.
    """
    if not isinstance(value, Dictionary):
        note_absence(value, "a dictionary", diagnostics)
        return None
    before = len(diagnostics.errors)
    fields = dict(value.items())
    version = _read_version(fields, diagnostics)
    name = _read_name(fields, diagnostics)
    piece_length = required_integer(fields, "piece length", diagnostics, minimum=1, maximum=MAX_BYTES)
    pieces = _read_pieces(fields, version, diagnostics)
    found = _read_layout(fields, version, name or "", piece_length, diagnostics)
    if found is not None:
        _check_piece_count(pieces, found[0], diagnostics)
    values = {row.name: row.kind.read(fields, row.key, diagnostics) for row in INFO_KEYS}
    if len(diagnostics.errors) > before or version is None or name is None or found is None:
        return None
    layout, single = found
    return make(
        Info,
        raw=raw,
        infohashes=Infohashes.of(raw, version),
        name=name,
        single=single,
        layout=layout,
        pieces=pieces or b"",
        keys=tuple(fields),
        **values,
    )


def _read_version(fields: Fields, diagnostics: Diagnostics) -> TorrentVersion | None:
    meta = fields.get(b"meta version", 1)
    if meta == 1:
        return _read_version_1(fields, diagnostics)
    if meta == 2:
        return _read_version_2(fields, diagnostics)
    if not isinstance(meta, int):
        note_absence(meta, "an integer", diagnostics, "meta version")
    elif meta > 2:
        diagnostics.error("meta-version-unknown", f"is {brief_integer(meta)}: a newer kind of torrent", "meta version")
    else:
        diagnostics.error("meta-version-unknown", f"is {brief_integer(meta)}, neither 1 nor 2", "meta version")
    return None


def _read_version_1(fields: Fields, diagnostics: Diagnostics) -> TorrentVersion | None:
    if b"pieces" in fields:
        return TorrentVersion.V1
    if b"file tree" in fields:
        diagnostics.error("field-missing", "is missing beside a `file tree`", "meta version")
        return None
    if b"root hash" in fields:
        diagnostics.error(
            "bep30-merkle", "is there instead of `pieces`: a BEP 30 torrent, which no client reads", "root hash"
        )
        return None
    return TorrentVersion.V1


def _read_version_2(fields: Fields, diagnostics: Diagnostics) -> TorrentVersion | None:
    has_list = b"files" in fields or b"length" in fields
    if b"pieces" in fields and has_list:
        return TorrentVersion.HYBRID
    if has_list:
        diagnostics.error("v1-half-incomplete", "has `files` or `length` but no `pieces`: neither v2 nor hybrid")
    elif b"pieces" in fields:
        diagnostics.warning("v1-half-incomplete", "is there without `files` or `length`: read as v2", "pieces")
    return TorrentVersion.V2


def _read_name(fields: Fields, diagnostics: Diagnostics) -> str | None:
    for key in ("name.utf-8", "name"):
        value = fields.get(key.encode())
        if isinstance(value, bytes) and (key == "name" or is_text(value)):
            return read_component(value, diagnostics, key)
    note_absence(fields.get(b"name"), "a string", diagnostics, "name")
    return None


def _read_layout(
    fields: Fields, version: TorrentVersion | None, name: str, piece_length: int | None, diagnostics: Diagnostics
) -> tuple[Layout, bool] | None:
    """The layout, and whether this is a single-file torrent."""
    if version is None:
        return None
    listed = read_v1_files(fields, name, diagnostics) if version.has_v1 else None
    tree = _read_tree(fields, diagnostics) if version.has_v2 else None
    if piece_length is None or (version.has_v2 and not _is_v2_piece_length(piece_length, diagnostics)):
        return None
    if version is TorrentVersion.V1 and listed is not None:
        found = _v1_layout(listed, piece_length, version), listed.single
    elif version is TorrentVersion.V2 and tree is not None:
        found = Layout.of(tree, piece_length, version), has_lone_root_file(tree)
    elif listed is not None and tree is not None:
        found = _join_parts(listed, tree, piece_length, diagnostics), listed.single
    else:
        return None
    if not found[0].content_length:
        diagnostics.error("no-content", "has no bytes of content: no client takes such a torrent")
    return found


def _read_tree(fields: Fields, diagnostics: Diagnostics) -> tuple[File, ...] | None:
    tree = read_file_tree(fields.get(b"file tree"), diagnostics)
    if tree is not None and sum([file.length for file in tree]) > MAX_BYTES:
        diagnostics.error("value-out-of-range", "lengths add up to more than 2^63 - 1 bytes", "file tree")
    return tree


def _is_v2_piece_length(piece_length: int, diagnostics: Diagnostics) -> bool:
    if rules.is_v2_piece_length(piece_length):
        return True
    problem = f"is {piece_length:,}; v2 needs a power of two of at least {BLOCK_LENGTH:,} (BEP 52)"
    diagnostics.error("piece-length-invalid", problem, "piece length")
    return False


def _v1_layout(listed: V1Files, piece_length: int, version: TorrentVersion) -> Layout:
    return Layout(
        version=version,
        piece_length=piece_length,
        files=listed.files,
        offsets=listed.offsets,
        length=listed.length,
    )


def _join_parts(listed: V1Files, tree: tuple[File, ...], piece_length: int, diagnostics: Diagnostics) -> Layout:
    """Join the v1 and v2 parts of a hybrid in one layout; both must describe the same data in the same order (BEP 52).

    The pad after the last file may be there or not: creators differ.
    """
    ours = Layout.of(tree, piece_length, TorrentVersion.HYBRID)
    theirs = _v1_layout(listed, piece_length, TorrentVersion.HYBRID)
    problem = _difference_of_files(ours, theirs) or _difference_of_pads(ours, theirs, listed.pads)
    if problem:
        diagnostics.error("halves-differ", f"the v1 and v2 parts describe different files: {problem}")
    return Layout(
        version=TorrentVersion.HYBRID,
        piece_length=piece_length,
        files=ours.files,
        offsets=ours.offsets,
        length=theirs.length,
    )


def _difference_of_files(ours: Layout, theirs: Layout) -> str | None:
    if len(ours.files) != len(theirs.files):
        return f"{len(theirs.files):,} in v1, {len(ours.files):,} in v2"
    rows = zip(ours.files, theirs.files, ours.offsets, theirs.offsets, strict=True)
    for file, other, offset, other_offset in rows:
        if file.path != other.path:
            return f"{brief_path(other.path)} in v1 where v2 has {brief_path(file.path)}"
        if file.length != other.length:
            return f"{brief_path(file.path)} has {other.length:,} bytes in v1, {file.length:,} in v2"
        if file.length and offset != other_offset:
            where = f"byte {other_offset:,} in v1, {offset:,} in v2 (missing or wrong pad files)"
            return f"{brief_path(file.path)} starts at {where}"
    return None


def _difference_of_pads(ours: Layout, theirs: Layout, pads: int) -> str | None:
    ends = [offset + file.length for file, offset in zip(ours.files, ours.offsets, strict=True) if file.length]
    end_of_data = ends[-1] if ends else 0
    aligned = ceil_div(end_of_data, ours.piece_length) * ours.piece_length
    if theirs.length not in (end_of_data, aligned):
        return f"{theirs.length:,} bytes in v1, {aligned:,} in v2 with padding"
    if pads != len(list(theirs.pads())):
        return "pad files are split or empty"
    return None


def _read_pieces(fields: Fields, version: TorrentVersion | None, diagnostics: Diagnostics) -> bytes | None:
    """The v1 digests; None in a v2 torrent, and after an error."""
    if version is None or not version.has_v1:
        return None
    pieces = fields.get(b"pieces")
    if not isinstance(pieces, bytes):
        note_absence(pieces, "a string", diagnostics, "pieces")
    elif len(pieces) % SHA1_LENGTH:
        diagnostics.error("pieces-invalid", f"{len(pieces):,} bytes are not a multiple of {SHA1_LENGTH}", "pieces")
    else:
        return pieces
    return None


def _check_piece_count(pieces: bytes | None, layout: Layout, diagnostics: Diagnostics) -> None:
    if pieces is None:
        return
    found, wanted = len(pieces) // SHA1_LENGTH, layout.piece_count
    if found != wanted:
        diagnostics.error("pieces-invalid", f"contains {found:,} pieces; the files need {wanted:,}", "pieces")
