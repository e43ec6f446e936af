"""The metainfo: what a torrent file says, as immutable values.

`Info.raw` holds the info dictionary as the bytes that were read or written, and `Metainfo.items` every top-level key
with the raw bytes of its value. They are the truth; the typed fields are a view of them, read once. So no key is ever
lost, and nothing changes an infohash by looking at it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.filelist import encode_file_tree, encode_path, encode_string, encode_v1_files
from mktorrent_py.metainfo.infohash import InfoHashes, TorrentVersion
from mktorrent_py.metainfo.layout import File, Layout

Tier = tuple[str, ...]
"""Trackers that are tried in any order before the next tier (BEP 12)."""

Node = tuple[str, int]
"""A DHT node: host (IPv6 without brackets) and port (BEP 5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Info:
    """The info dictionary (BEP 3, 52): everything that the infohash covers.

    `pieces` holds 20 bytes a v1 piece and is empty in a v2 torrent. `single` tells a single-file torrent from a
    directory that holds one file. `keys` are all keys of the dictionary, in raw byte order.
    """

    raw: bytes = field(repr=False)
    infohashes: InfoHashes
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
            infohashes=InfoHashes.of(raw, layout.version),
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Metainfo:
    """A whole torrent file. `items` are its top-level keys with their raw values, `info` among them, in file order.

    `trackers` are tiers; `announce` alone is one tier of one tracker. `similar` and `collections` merge what stands
    inside the info dictionary and beside it (BEP 38). `creation_date` is in Unix seconds.
    """

    info: Info
    items: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    trackers: tuple[Tier, ...] = ()
    web_seeds: tuple[str, ...] = ()
    http_seeds: tuple[str, ...] = ()
    nodes: tuple[Node, ...] = ()
    comment: str | None = None
    created_by: str | None = None
    creation_date: int | None = None
    similar: tuple[bytes, ...] = ()
    collections: tuple[str, ...] = ()
    piece_layers: Mapping[bytes, bytes] | None = field(default=None, repr=False)

    @classmethod
    def build(
        cls,
        *,
        info: Info,
        piece_layers: Mapping[bytes, bytes] | None = None,
        trackers: Sequence[Sequence[str]] = (),
        web_seeds: Sequence[str] = (),
        http_seeds: Sequence[str] = (),
        nodes: Sequence[Node] = (),
        comment: str | None = None,
        created_by: str | None = None,
        creation_date: int | None = None,
        similar: Sequence[bytes] = (),
        collections: Sequence[str] = (),
    ) -> Metainfo:
        """Write a torrent around an info dictionary. A v2 or hybrid torrent has `piece_layers`, be they empty."""
        tiers = distinct_tiers(trackers)
        given: dict[str, bencode.Encodable | None] = {
            "info": bencode.Raw(info.raw),
            **tracker_fields(tiers),
            **web_seed_fields(web_seeds),
            "httpseeds": tuple(http_seeds),
            "nodes": tuple(nodes),
            "similar": tuple(similar),
            "collections": tuple(collections),
            "comment": comment or None,
            "created by": created_by or None,
            "creation date": creation_date,
        }
        fields = {key: value for key, value in given.items() if value is not None and value != ()}
        if info.version.has_v2:
            fields["piece layers"] = encode_piece_layers(piece_layers or {})
        return cls(
            info=info,
            items=tuple([(key.encode(), bencode.encode(fields[key])) for key in sorted(fields)]),
            trackers=tiers,
            web_seeds=tuple(web_seeds),
            http_seeds=tuple(http_seeds),
            nodes=tuple(nodes),
            comment=comment or None,
            created_by=created_by or None,
            creation_date=creation_date,
            similar=tuple(similar),
            collections=tuple(collections),
            piece_layers=(piece_layers or {}) if info.version.has_v2 else None,
        )

    @classmethod
    def from_bytes(cls, data: bytes, *, limits: bencode.Limits | None = None) -> Metainfo:
        """Read a torrent file. Raises MetainfoError with the key path where a rule is broken past reading."""
        from mktorrent_py.metainfo.reading import examine

        return examine(data, limits=limits or bencode.Limits()).demand()

    def to_bytes(self) -> bytes:
        """The torrent file: exactly what was read, or what was built."""
        return b"d%be" % b"".join([encode_string(key) + value for key, value in self.items])

    @property
    def infohashes(self) -> InfoHashes:
        return self.info.infohashes

    @property
    def version(self) -> TorrentVersion:
        return self.info.version


def has_lone_root_file(files: Sequence[File]) -> bool:
    """Whether a file tree is that of a single-file torrent (BEP 52)."""
    return len(files) == 1 and len(files[0].path) == 1


def distinct_tiers(tiers: Iterable[Iterable[str]]) -> tuple[Tier, ...]:
    """Tiers without empty ones and without a tracker that an earlier place already names."""
    seen: dict[str, None] = {}  # a set can take twice the memory
    kept = []
    for tier in tiers:
        fresh = []
        for url in tier:
            if url not in seen:
                seen[url] = None
                fresh.append(url)
        if fresh:
            kept.append(tuple(fresh))
    return tuple(kept)


def tracker_fields(tiers: tuple[Tier, ...]) -> dict[str, bencode.Encodable]:
    """One tracker is `announce` alone; more are `announce`, the first, and `announce-list` (BEP 12)."""
    if not tiers:
        return {}
    fields: dict[str, bencode.Encodable] = {"announce": tiers[0][0]}
    if len(tiers) > 1 or len(tiers[0]) > 1:
        fields["announce-list"] = tiers
    return fields


def web_seed_fields(web_seeds: Sequence[str]) -> dict[str, bencode.Encodable]:
    """One web seed is a string, several are a list (BEP 19)."""
    if not web_seeds:
        return {}
    return {"url-list": web_seeds[0] if len(web_seeds) == 1 else tuple(web_seeds)}


def encode_piece_layers(layers: Mapping[bytes, bytes]) -> bencode.Raw:
    """The `piece layers` dictionary (BEP 52), sorted by root."""
    return bencode.Raw(
        b"d%be" % b"".join([encode_string(root) + encode_string(layers[root]) for root in sorted(layers)])
    )


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
