"""The metainfo: what a torrent file says, as immutable values. `Metainfo.build` writes it, `parse_metainfo` reads it.

`Metainfo.items` holds every top-level key with the raw bytes of its value. They are the truth; the typed fields are a
view of them, read once. So no key is ever lost.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.bencode import Dictionary, Limits, Value
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import Infohashes, TorrentVersion
from mktorrent_py.metainfo.node import Node
from mktorrent_py.metainfo.parse.canonical_form import note_form
from mktorrent_py.metainfo.parse.diagnostics import Diagnostic, Diagnostics
from mktorrent_py.metainfo.parse.fields import Fields, kind_of, optional_text, texts
from mktorrent_py.metainfo.parse.info import read_info, read_similar
from mktorrent_py.metainfo.parse.top_level import (
    read_date,
    read_nodes,
    read_piece_layers,
    read_trackers,
    read_web_seeds,
)
from mktorrent_py.metainfo.trackers import Tier, distinct_tiers, tracker_fields
from mktorrent_py.metainfo.write.top_level import encode_items, encode_piece_layers, web_seed_fields


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
    def from_bytes(cls, data: bytes, *, limits: Limits | None = None) -> Metainfo:
        """Read a torrent file. Raises MetainfoError with the key path where a rule is broken past reading."""
        return parse_metainfo(data, limits=limits).require()

    def to_bytes(self) -> bytes:
        """The torrent file: exactly what was read, or what was built."""
        return encode_items(self.items)

    @property
    def infohashes(self) -> Infohashes:
        return self.info.infohashes

    @property
    def version(self) -> TorrentVersion:
        return self.info.version


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """What reading found: the model if there is one, all errors, all oddities."""

    metainfo: Metainfo | None
    errors: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...]

    def require(self) -> Metainfo:
        """The model; raises the first error where there is none."""
        if self.metainfo is None:
            raise self.errors[0].as_error()
        return self.metainfo


def parse_metainfo(data: bytes, *, limits: Limits | None = None) -> ParseResult:
    """Read a torrent file as far as it can be read. Raises BencodeError only where the bytes are not bencode."""
    limits = limits or Limits()
    diagnostics = Diagnostics()
    with collector_paused():
        document = bencode.decode_leniently(data, limits=limits)
        metainfo = _read_document(document, data, diagnostics)
    errors = [_with_offset(remark, data) for remark in diagnostics.errors[:1]] + diagnostics.errors[1:]
    return ParseResult(
        metainfo=None if errors else metainfo, errors=tuple(errors), warnings=tuple(diagnostics.warnings)
    )


@contextmanager
def collector_paused() -> Iterator[None]:
    """A context for large torrents: millions of values, none in a cycle, which the collector would walk every time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _with_offset(remark: Diagnostic, data: bytes) -> Diagnostic:
    """The remark with the byte where the value it is about starts, or the nearest one around it."""
    for stop in range(len(remark.keys), 0, -1):
        offset = bencode.locate(data, remark.keys[:stop]) if remark.offset is None else remark.offset
        if offset is not None:
            return replace(remark, offset=offset)
    return remark


def _read_document(document: bencode.Document, data: bytes, diagnostics: Diagnostics) -> Metainfo | None:
    if not isinstance(document.value, Dictionary):
        diagnostics.error(
            "not-a-dictionary", f"a torrent file is a dictionary; this is {kind_of(document.value)}", offset=0
        )
        return None
    fields = document.value
    items = tuple([(key, data[start:stop]) for key, start, stop in document.members(data)])
    if b"info" in fields:
        raw = next(raw for key, raw in items if key == b"info")
        start = next(start for key, start, _ in document.members(data) if key == b"info")
        info = _read_info(document, fields[b"info"], raw, start, diagnostics)
    else:
        info = None
        only = ": this file holds nothing but a magnet URI" if b"magnet-uri" in fields else ""
        diagnostics.error("field-missing", f"is missing{only}", "info")
    return _read_outer(fields, items, info, diagnostics)


def _read_info(
    document: bencode.Document, value: Value, raw: bytes, start: int, diagnostics: Diagnostics
) -> Info | None:
    with diagnostics.at("info"):
        info = read_info(value, raw, diagnostics)
    has_v2 = isinstance(value, Dictionary) and value.get(b"meta version") == 2
    note_form(document.irregularities, raw, start, diagnostics, has_v2=has_v2)
    return info


def _read_outer(
    fields: Fields, items: tuple[tuple[bytes, bytes], ...], info: Info | None, diagnostics: Diagnostics
) -> Metainfo | None:
    """All that stands beside the info dictionary; None where that could not be read."""
    trackers = read_trackers(fields, diagnostics)
    web_seeds = read_web_seeds(fields.get(b"url-list"), diagnostics)
    http_seeds = texts(fields.get(b"httpseeds"), diagnostics, "httpseeds")
    nodes = read_nodes(fields.get(b"nodes", ()), diagnostics)
    comment = optional_text(fields, "comment", diagnostics)
    created_by = optional_text(fields, "created by", diagnostics)
    creation_date = read_date(fields, diagnostics)
    similar = read_similar(fields, diagnostics)
    collections = texts(fields.get(b"collections"), diagnostics, "collections")
    if info is None:
        return None
    return Metainfo(
        info=info,
        items=items,
        trackers=trackers,
        web_seeds=web_seeds,
        http_seeds=http_seeds,
        nodes=nodes,
        comment=comment,
        created_by=created_by,
        creation_date=creation_date,
        similar=tuple(dict.fromkeys(info.similar + similar)),
        collections=tuple(dict.fromkeys(info.collections + collections)),
        piece_layers=read_piece_layers(fields, info, diagnostics),
    )
