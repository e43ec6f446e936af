"""Reads an info dictionary: version, name, files, pieces, and whether its halves agree (BEP 3, 27, 52)."""

from __future__ import annotations

from mktorrent_py.metainfo.bencode import Dictionary, Value
from mktorrent_py.metainfo.fields import (
    Fields,
    kind_of,
    optional_integer,
    optional_text,
    required_integer,
    texts,
)
from mktorrent_py.metainfo.infohash import InfoHashes, TorrentVersion
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.merkle import BLOCK_LENGTH, divide_up, is_power_of_two
from mktorrent_py.metainfo.model import Info, has_lone_root_file
from mktorrent_py.metainfo.paths import printable
from mktorrent_py.metainfo.read_files import MOST_BYTES, V1Files, read_component, read_file_tree, read_v1_files
from mktorrent_py.metainfo.remarks import Notes

SHA1_LENGTH = 20
HASH_LENGTHS = (20, 32)


def read_info(value: Value, raw: bytes, notes: Notes) -> Info | None:
    """The typed view of an info dictionary; None, and at least one error, where there can be none."""
    if not isinstance(value, Dictionary):
        notes.error("field-wrong-type", f"is {kind_of(value)}, not a dictionary")
        return None
    before = len(notes.errors)
    fields = dict(value.items())
    version = _read_version(fields, notes)
    name = _read_name(fields, notes)
    piece_length = required_integer(fields, b"piece length", notes, least=1, most=MOST_BYTES)
    if version is None or piece_length is None:
        return None
    found = _read_layout(fields, version, name or "", piece_length, notes)
    pieces = _read_pieces(fields, version, notes)
    if found is None or name is None:
        return None
    layout, single = found
    _check_piece_count(pieces, layout, notes)
    if len(notes.errors) > before:
        return None
    return Info(
        raw=raw,
        infohashes=InfoHashes.of(raw, version),
        name=name,
        single=single,
        layout=layout,
        pieces=pieces,
        private=_read_private(fields, notes),
        source=optional_text(fields, b"source", notes),
        update_url=optional_text(fields, b"update-url", notes),
        similar=read_similar(fields, notes),
        collections=texts(fields.get(b"collections"), notes, "collections"),
    )


def _read_version(fields: Fields, notes: Notes) -> TorrentVersion | None:
    meta = fields.get(b"meta version", 1)
    if meta == 1:
        if b"file tree" in fields and b"pieces" not in fields:
            notes.error("field-missing", "is missing beside a `file tree`", "meta version")
            return None
        if b"root hash" in fields:
            notes.error("bep30-merkle", "is a BEP 30 torrent (`root hash`), which no client reads any more")
            return None
        return TorrentVersion.V1
    if meta != 2:
        is_newer = isinstance(meta, int) and meta > 2
        problem = f"is {meta}: a newer kind of torrent" if is_newer else "is neither 1 nor 2"
        notes.error("meta-version-unknown", problem, "meta version")
        return None
    has_list = b"files" in fields or b"length" in fields
    if b"pieces" in fields and has_list:
        return TorrentVersion.HYBRID
    if has_list:
        notes.error("v1-half-incomplete", "has `files` or `length` but no `pieces`: neither v2 nor hybrid")
    elif b"pieces" in fields:
        notes.oddity("v1-half-incomplete", "is there without `files` or `length`: read as v2", "pieces")
    return TorrentVersion.V2


def _read_name(fields: Fields, notes: Notes) -> str | None:
    for key in (b"name.utf-8", b"name"):
        value = fields.get(key)
        if isinstance(value, bytes) and (key == b"name" or _is_utf8(value)):
            return read_component(value, key.decode(), notes)
    value = fields.get(b"name")
    problem = "is missing" if value is None else f"is {kind_of(value)}, not a string"
    notes.error("field-missing" if value is None else "field-wrong-type", problem, "name")
    return None


def _is_utf8(value: bytes) -> bool:
    try:
        return bool(value.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _read_layout(
    fields: Fields, version: TorrentVersion, name: str, piece_length: int, notes: Notes
) -> tuple[Layout, bool] | None:
    """The layout, and whether this is a single-file torrent."""
    listed = read_v1_files(fields, name, notes) if version.has_v1 else None
    tree = _read_tree(fields, piece_length, notes) if version.has_v2 else None
    if (version.has_v1 and listed is None) or (version.has_v2 and tree is None):
        return None
    if listed is not None and tree is not None:
        return _join_halves(listed, tree, piece_length, notes)
    if tree is not None:
        layout = Layout.of(tree, piece_length, version)
        single = has_lone_root_file(tree)
    else:
        assert listed is not None
        layout, single = _v1_layout(listed, piece_length, version), listed.single
    if not layout.content_length:
        notes.error("no-content", "has no bytes of content: no client takes such a torrent")
        return None
    return layout, single


def _read_tree(fields: Fields, piece_length: int, notes: Notes) -> tuple[File, ...] | None:
    if piece_length < BLOCK_LENGTH or not is_power_of_two(piece_length):
        problem = f"is {piece_length:,}; v2 needs a power of two of at least {BLOCK_LENGTH:,} (BEP 52)"
        notes.error("piece-length-invalid", problem, "piece length")
        return None
    tree = read_file_tree(fields.get(b"file tree"), notes)
    if tree is not None and sum([file.length for file in tree]) > MOST_BYTES:
        notes.error("value-out-of-range", "lengths add up to more than 2^63 - 1 bytes", "file tree")
        return None
    return tree


def _v1_layout(listed: V1Files, piece_length: int, version: TorrentVersion) -> Layout:
    return Layout(
        version=version,
        piece_length=piece_length,
        files=listed.files,
        offsets=listed.offsets,
        length=listed.length,
    )


def _join_halves(
    listed: V1Files, tree: tuple[File, ...], piece_length: int, notes: Notes
) -> tuple[Layout, bool] | None:
    """One layout from both halves of a hybrid, which must describe the same data in the same order (BEP 52).

    The pad after the last file may be there or not: creators differ.
    """
    ours = Layout.of(tree, piece_length, TorrentVersion.HYBRID)
    theirs = _v1_layout(listed, piece_length, TorrentVersion.HYBRID)
    problem = _difference(ours, theirs, listed)
    if problem:
        notes.error("halves-differ", f"the v1 and v2 halves describe different files: {problem}")
        return None
    if not ours.content_length:
        notes.error("no-content", "has no bytes of content: no client takes such a torrent")
        return None
    return (
        Layout(
            version=TorrentVersion.HYBRID,
            piece_length=piece_length,
            files=ours.files,
            offsets=ours.offsets,
            length=theirs.length,
        ),
        listed.single,
    )


def _difference(ours: Layout, theirs: Layout, listed: V1Files) -> str | None:
    if len(ours.files) != len(theirs.files):
        return f"{len(theirs.files):,} in v1, {len(ours.files):,} in v2"
    rows = zip(ours.files, theirs.files, ours.offsets, theirs.offsets, strict=True)
    for file, other, offset, other_offset in rows:
        name = printable("/".join(file.path))
        if file.path != other.path:
            return f"{printable('/'.join(other.path))} in v1 where v2 has {name}"
        if file.length != other.length:
            return f"{name} has {other.length:,} bytes in v1, {file.length:,} in v2"
        if file.length and offset != other_offset:
            return f"{name} starts at byte {other_offset:,} in v1, {offset:,} in v2 (missing or wrong pad files)"
    end_of_data = max([offset + file.length for file, offset in zip(ours.files, ours.offsets, strict=True)], default=0)
    aligned = divide_up(end_of_data, ours.piece_length) * ours.piece_length
    if theirs.length not in (end_of_data, aligned):
        return f"{theirs.length:,} bytes in v1, {aligned:,} in v2 with padding"
    if listed.pads != len(list(theirs.pads())):
        return "pad files are split or empty"
    return None


def _read_pieces(fields: Fields, version: TorrentVersion, notes: Notes) -> bytes:
    if not version.has_v1:
        return b""
    pieces = fields.get(b"pieces")
    if isinstance(pieces, bytes) and len(pieces) % SHA1_LENGTH == 0:
        return pieces
    if isinstance(pieces, bytes):
        notes.error("pieces-invalid", f"{len(pieces):,} bytes are not a multiple of {SHA1_LENGTH}", "pieces")
    else:
        problem = "is missing" if pieces is None else f"is {kind_of(pieces)}, not a string"
        notes.error("field-missing" if pieces is None else "field-wrong-type", problem, "pieces")
    return b""


def _check_piece_count(pieces: bytes, layout: Layout, notes: Notes) -> None:
    if not layout.version.has_v1 or notes.errors:
        return
    found, wanted = len(pieces) // SHA1_LENGTH, layout.piece_count
    if found != wanted:
        notes.error("pieces-invalid", f"holds {found:,} pieces where the files need {wanted:,}", "pieces")


def _read_private(fields: Fields, notes: Notes) -> bool:
    """Only 1 means private (BEP 27)."""
    value = optional_integer(fields, b"private", notes)
    if value not in (None, 0, 1):
        notes.oddity("private-not-0-or-1", f"is {value}: some clients take it for private", "private")
    return value == 1


def read_similar(fields: Fields, notes: Notes) -> tuple[bytes, ...]:
    """Infohashes of similar torrents (BEP 38): 20 bytes, or 32 as some tools write for v2."""
    value = fields.get(b"similar", ())
    if not isinstance(value, tuple):
        notes.oddity("field-wrong-type", f"is {kind_of(value)}, not a list of infohashes", "similar")
        return ()
    kept = [item for item in value if isinstance(item, bytes) and len(item) in HASH_LENGTHS]
    if len(kept) < len(value):
        notes.oddity("field-wrong-type", "holds something that is not an infohash", "similar")
    return tuple(dict.fromkeys(kept))
