"""The info dictionary as an immutable value: everything that the infohash covers.

`Info.raw` holds it as the bytes that were read or written. They are the truth; the typed fields are a view of them,
read once. So no key is ever lost, and nothing changes an infohash by looking at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from mktorrent_py.metainfo import bencode, typecheck
from mktorrent_py.metainfo.frozen import View, make
from mktorrent_py.metainfo.infohash import Infohashes, TorrentVersion
from mktorrent_py.metainfo.keys import INFO_KEYS, check_values
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.write.file_lists import encode_file_tree, encode_path, encode_v1_files


class InfoFields(TypedDict, total=False):
    """What `Info.build` can write beside the content."""

    private: bool
    source: str | None
    update_url: str | None


@dataclass(frozen=True, slots=True, init=False)
class Info(View):
    """The info dictionary (BEP 3, 52): everything that the infohash covers.

    `pieces` holds 20 bytes a v1 piece and is empty in a v2 torrent. `single` distinguishes a single-file torrent from
    a directory that contains one file. `keys` are all keys of the dictionary, in raw byte order.
    """

    raw: bytes = field(repr=False)
    infohashes: Infohashes
    name: str
    single: bool
    layout: Layout = field(repr=False)
    pieces: bytes = field(repr=False)
    private: bool
    source: str | None
    update_url: str | None
    similar: tuple[bytes, ...]
    collections: tuple[str, ...]
    keys: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def build(
        cls, *, name: str, single: bool, layout: Layout, pieces: bytes = b"", **fields: Unpack[InfoFields]
    ) -> Info:
        """Write the info dictionary of a layout whose v2 files carry their `pieces_root`.

        `private` is written only when it is 1: 0 would change the infohash without a meaning (BEP 27). A v2 torrent
        of one file at its root is a single-file torrent, because the format has no other form for it. Raises TypeError
        for a value of the wrong type.
        """
        typecheck.check_text(name, "name")
        typecheck.check_bool(single, "single")
        typecheck.check_instance(layout, Layout, "layout", "a Layout")
        typecheck.check_bytes(pieces, "pieces")
        values = check_values(fields, INFO_KEYS)
        if not layout.version.has_v1:
            single = has_lone_root_file(layout.files)
        encodable: dict[str, bencode.Encodable] = {
            "name": name,
            "piece length": layout.piece_length,
            **_file_fields(layout, single),
        }
        if layout.version.has_v1:
            encodable["pieces"] = pieces
        for row in INFO_KEYS:
            encodable |= row.kind.write(row.key, values[row.name]) if row.kind.write is not None else {}
        raw = bencode.encode(encodable)
        return make(
            cls,
            raw=raw,
            infohashes=Infohashes.of(raw, layout.version),
            name=name,
            single=single,
            layout=layout,
            pieces=pieces,
            keys=tuple([key.encode() for key in sorted(encodable)]),
            **values,
        )

    @property
    def version(self) -> TorrentVersion:
        return self.layout.version

    @property
    def piece_length(self) -> int:
        """Bytes."""
        return self.layout.piece_length

    @property
    def files(self) -> tuple[File, ...]:
        """The content in torrent order, pad files left out."""
        return self.layout.files


def has_lone_root_file(files: Sequence[File]) -> bool:
    """Whether a file tree is that of a single-file torrent (BEP 52)."""
    return len(files) == 1 and len(files[0].path) == 1


def _file_fields(layout: Layout, single: bool) -> dict[str, bencode.Encodable]:
    fields: dict[str, bencode.Encodable] = {}
    if layout.version.has_v2:
        fields["meta version"] = 2
        fields["file tree"] = bencode.Raw(encode_file_tree(layout.files))
    if layout.version.has_v1:
        fields |= _single_fields(layout.files[0]) if single else {"files": bencode.Raw(encode_v1_files(layout))}
    return fields


def _single_fields(file: File) -> dict[str, bencode.Encodable]:
    fields: dict[str, bencode.Encodable] = {"length": file.length}
    if file.attributes:
        fields["attr"] = file.attributes
    if file.symlink is not None:
        fields["symlink path"] = bencode.Raw(encode_path(file.symlink))
    return fields
