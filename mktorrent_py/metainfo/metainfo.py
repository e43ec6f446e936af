"""The content of a torrent file as immutable values. `Metainfo.build` writes it, `parse_metainfo` reads it.

`Metainfo.items` holds every top-level key with the raw bytes of its value. They are the truth; the typed fields are a
view of them, read once. So no key is ever lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypedDict, Unpack

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.frozen import View, make
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import Infohashes, TorrentVersion
from mktorrent_py.metainfo.keys import TOP_LEVEL_KEYS, check_values
from mktorrent_py.metainfo.node import Node
from mktorrent_py.metainfo.trackers import Tier
from mktorrent_py.metainfo.typecheck import check_instance
from mktorrent_py.metainfo.write.top_level import encode_items, encode_piece_layers

if TYPE_CHECKING:
    from mktorrent_py.metainfo.magnet.uri import Magnet


class TopLevelFields(TypedDict, total=False):
    """What `Metainfo.build` can write beside `info`. A flat `trackers` is one tier. `creation_date` in Unix seconds."""

    trackers: Sequence[Sequence[str]]
    web_seeds: Sequence[str]
    http_seeds: Sequence[str]
    nodes: Sequence[Node]
    comment: str | None
    created_by: str | None
    creation_date: int | None
    similar: Sequence[bytes]
    collections: Sequence[str]


@dataclass(frozen=True, slots=True, init=False)
class Metainfo(View):
    """A torrent file. `items` are its top-level keys with their raw values, `info` among them, in file order.

    `trackers` are tiers; `announce` alone is one tier of one tracker. `similar` and `collections` merge what the info
    dictionary and the top level hold (BEP 38). `creation_date` is in Unix seconds. `signatures` are the names of the
    signers (BEP 35), which are not checked.
    """

    info: Info
    items: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    trackers: tuple[Tier, ...]
    web_seeds: tuple[str, ...]
    http_seeds: tuple[str, ...]
    nodes: tuple[Node, ...]
    comment: str | None
    created_by: str | None
    creation_date: int | None
    encoding: str | None
    similar: tuple[bytes, ...]
    collections: tuple[str, ...]
    signatures: tuple[str, ...]
    piece_layers: Mapping[bytes, bytes] | None = field(repr=False)

    @classmethod
    def build(
        cls, *, info: Info, piece_layers: Mapping[bytes, bytes] | None = None, **fields: Unpack[TopLevelFields]
    ) -> Metainfo:
        """Write a torrent around an info dictionary. A v2 or hybrid torrent has `piece_layers`, even if empty.

        Raises TypeError for a value of the wrong type. Values are written as they are: `rules` judges them.
        """
        check_instance(info, Info, "info", "an Info")
        values = check_values(fields, TOP_LEVEL_KEYS)
        raw: dict[str, bencode.Encodable] = {"info": bencode.Raw(info.raw)}
        for row in TOP_LEVEL_KEYS:
            raw |= row.kind.write(row.key, values[row.name]) if row.kind.write is not None else {}
        layers = (piece_layers or {}) if info.version.has_v2 else None
        if layers is not None:
            raw["piece layers"] = encode_piece_layers(layers)
        items = tuple([(key.encode(), bencode.encode(raw[key])) for key in sorted(raw)])
        return make(cls, info=info, items=items, piece_layers=layers, **values)

    @classmethod
    def from_bytes(cls, data: bytes, *, limits: Limits | None = None) -> Metainfo:
        """Read a torrent file. Raises MetainfoError, with the key path, for what cannot be read around."""
        from mktorrent_py.metainfo.parse.document import parse_metainfo

        return parse_metainfo(data, limits=limits).require()

    def to_bytes(self) -> bytes:
        """The torrent file: exactly what was read, or what was built."""
        return encode_items(self.items)

    def magnet(
        self,
        *,
        peers: Iterable[str] = (),
        select: Iterable[int] | None = None,
        trackers: bool = True,
        web_seeds: bool = False,
    ) -> Magnet:
        """The magnet of this torrent; see `Magnet.from_metainfo`."""
        from mktorrent_py.metainfo.magnet.uri import Magnet

        return Magnet.from_metainfo(self, peers=peers, select=select, trackers=trackers, web_seeds=web_seeds)

    def __hash__(self) -> int:
        return hash(self.items)

    @property
    def infohashes(self) -> Infohashes:
        return self.info.infohashes

    @property
    def version(self) -> TorrentVersion:
        return self.info.version
