"""The info dictionary as an immutable value: everything that the infohash covers.

`Info.raw` holds it as the bytes that were read or written. They are the truth; the typed fields are a view of them,
read once. So no key is ever lost, and nothing changes an infohash by looking at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.infohash import Infohashes, TorrentVersion
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.write.file_lists import encode_file_tree, encode_path, encode_v1_files


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """The info dictionary (BEP 3, 52): everything that the infohash covers.

    `pieces` holds 20 bytes a v1 piece and is empty in a v2 torrent. `single` tells a single-file torrent from a
    directory that holds one file. `keys` are all keys of the dictionary, in raw byte order.
    """

    raw: bytes = field(repr=False)
    infohashes: Infohashes
    name: str
    single: bool
    layout: Layout = field(repr=False)
    pieces: bytes = field(default=b"", repr=False)
    private: bool = False
    source: str | None = None
    update_url: str | None = None
    similar: tuple[bytes, ...] = ()
    collections: tuple[str, ...] = ()
    keys: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def build(
        cls,
        *,
        name: str,
        single: bool,
        layout: Layout,
        pieces: bytes = b"",
        private: bool = False,
        source: str | None = None,
        update_url: str | None = None,
    ) -> Info:
        """Write the info dictionary of a layout whose v2 files carry their `pieces_root`.

        `private` is written only when it is 1: 0 would change the infohash and say nothing (BEP 27). A v2 torrent of
        one file at its root is a single-file torrent, whatever was meant: the format has no other form for it.
        """
        if not layout.version.has_v1:
            single = has_lone_root_file(layout.files)
        fields: dict[str, bencode.Encodable] = {
            "name": name,
            "piece length": layout.piece_length,
            **_file_fields(layout, single),
        }
        if layout.version.has_v1:
            fields["pieces"] = pieces
        optional = {"private": 1 if private else None, "source": source, "update-url": update_url}
        fields |= {key: value for key, value in optional.items() if value is not None}
        raw = bencode.encode(fields)
        return cls(
            raw=raw,
            infohashes=Infohashes.of(raw, layout.version),
            name=name,
            single=single,
            layout=layout,
            pieces=pieces,
            private=private,
            source=source,
            update_url=update_url,
            keys=tuple([key.encode() for key in sorted(fields)]),
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
