"""Reads a torrent file: one pass that finds everything wrong, and a model when it can be read all the same."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.bencode import Dictionary, Irregularity, Limits, Value
from mktorrent_py.metainfo.fields import (
    Fields,
    decode_text,
    kind_of,
    note_absence,
    optional_integer,
    optional_text,
    shown_integer,
    texts,
)
from mktorrent_py.metainfo.merkle import NODE_LENGTH, divide_up, root_of_layer
from mktorrent_py.metainfo.model import Info, Metainfo, Node, Tier, distinct_tiers
from mktorrent_py.metainfo.read_info import read_info, read_similar
from mktorrent_py.metainfo.remarks import Notes, Remark

_INSIDE_INFO = {
    "unsorted-keys": "unsorted-info",
    "duplicate-key": "info-duplicate-key",
    "leading-zero": "info-leading-zero",
    "negative-zero": "info-negative-zero",
}
"""What irregularities are called inside the info dictionary, where they touch the infohash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What reading found: the model if there is one, all errors, all oddities."""

    metainfo: Metainfo | None
    errors: tuple[Remark, ...]
    oddities: tuple[Remark, ...]

    def demand(self) -> Metainfo:
        """The model; raises the first error where there is none."""
        if self.metainfo is None:
            raise self.errors[0].as_error()
        return self.metainfo


def examine(data: bytes, *, limits: Limits | None = None) -> Examination:
    """Read a torrent file as far as it can be read. Raises BencodeError only where the bytes are not bencode."""
    limits = limits or Limits()
    notes = Notes()
    with collector_paused():
        document = bencode.decode_leniently(data, limits=limits)
        metainfo = _read_document(document, data, notes)
    errors = [_with_offset(remark, data) for remark in notes.errors[:1]] + notes.errors[1:]
    return Examination(metainfo=None if errors else metainfo, errors=tuple(errors), oddities=tuple(notes.oddities))


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


def _with_offset(remark: Remark, data: bytes) -> Remark:
    """The remark with the byte where the value it is about starts, or the nearest one around it."""
    for stop in range(len(remark.keys), 0, -1):
        offset = bencode.locate(data, remark.keys[:stop]) if remark.offset is None else remark.offset
        if offset is not None:
            return replace(remark, offset=offset)
    return remark


def _read_document(document: bencode.Document, data: bytes, notes: Notes) -> Metainfo | None:
    if not isinstance(document.value, Dictionary):
        notes.error("not-a-dictionary", f"a torrent file is a dictionary; this is {kind_of(document.value)}", offset=0)
        return None
    fields = document.value
    items = tuple([(key, data[start:stop]) for key, start, stop in document.members(data)])
    if b"info" in fields:
        raw = next(raw for key, raw in items if key == b"info")
        start = next(start for key, start, _ in document.members(data) if key == b"info")
        info = _read_info(document, fields[b"info"], raw, start, notes)
    else:
        info = None
        only = ": this file holds nothing but a magnet URI" if b"magnet-uri" in fields else ""
        notes.error("field-missing", f"is missing{only}", "info")
    return _read_outer(fields, items, info, notes)


def _read_info(document: bencode.Document, value: Value, raw: bytes, start: int, notes: Notes) -> Info | None:
    with notes.at("info"):
        info = read_info(value, raw, notes)
    has_v2 = isinstance(value, Dictionary) and value.get(b"meta version") == 2
    irregularities = document.irregularities
    if has_v2 and len(irregularities) == bencode.MAX_IRREGULARITIES:
        irregularities += _first_irregularity(raw, start)
    _note_form(irregularities, range(start, start + len(raw)), has_v2, notes)
    return info


def _first_irregularity(raw: bytes, start: int) -> tuple[Irregularity, ...]:
    """That of the info dictionary, where so many stand before it that its own were not kept."""
    inner = bencode.decode_leniently(raw, limits=Limits(size=len(raw), depth=len(raw), tokens=len(raw))).irregularities
    return tuple([replace(irregularity, offset=start + irregularity.offset) for irregularity in inner[:1]])


def _note_form(irregularities: tuple[Irregularity, ...], info: range, has_v2: bool, notes: Notes) -> None:
    """Form that is not canonical: refused inside a v2 info dictionary (BEP 52), told anywhere else."""
    for irregularity in irregularities:
        inside = irregularity.offset in info
        rule = _INSIDE_INFO.get(irregularity.rule, irregularity.rule) if inside else irregularity.rule
        note = notes.error if inside and has_v2 else notes.oddity
        steps = ("info",) if inside else ()
        note(rule, irregularity.message, *steps, offset=irregularity.offset)


def _read_outer(
    fields: Fields, items: tuple[tuple[bytes, bytes], ...], info: Info | None, notes: Notes
) -> Metainfo | None:
    """All that stands beside the info dictionary; None where that could not be read."""
    trackers = _read_trackers(fields, notes)
    web_seeds = _read_web_seeds(fields.get(b"url-list"), notes)
    http_seeds = texts(fields.get(b"httpseeds"), notes, "httpseeds")
    nodes = _read_nodes(fields.get(b"nodes", ()), notes)
    comment = optional_text(fields, "comment", notes)
    created_by = optional_text(fields, "created by", notes)
    creation_date = _read_date(fields, notes)
    similar = read_similar(fields, notes)
    collections = texts(fields.get(b"collections"), notes, "collections")
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
        piece_layers=_read_piece_layers(fields, info, notes),
    )


def _read_trackers(fields: Fields, notes: Notes) -> tuple[Tier, ...]:
    """`announce-list` where it names a tracker, otherwise `announce` (BEP 12)."""
    value = fields.get(b"announce-list")
    if value is not None:
        tiers = distinct_tiers(_read_tiers(value, notes))
        if tiers:
            return tiers
        notes.oddity("announce-list-empty", "names no tracker: `announce` is used", "announce-list")
    announce = optional_text(fields, "announce", notes)
    return ((announce,),) if announce else ()


def _read_tiers(value: Value, notes: Notes) -> Iterator[Tier]:
    if not isinstance(value, tuple):
        notes.oddity("field-wrong-type", f"is {kind_of(value)}, not a list of tiers", "announce-list")
        return
    for at, tier in enumerate(value):
        yield texts(tier, notes, "announce-list", at)


def _read_web_seeds(value: Value | None, notes: Notes) -> tuple[str, ...]:
    """A string or a list of strings (BEP 19)."""
    if isinstance(value, bytes):
        return (decode_text(value, notes, "url-list"),) if value else ()
    return texts(value, notes, "url-list")


def _read_nodes(value: Value, notes: Notes) -> tuple[Node, ...]:
    if not isinstance(value, tuple):
        notes.oddity("field-wrong-type", f"is {kind_of(value)}, not a list of hosts and ports", "nodes")
        return ()
    with notes.at("nodes"):
        return tuple([node for at, item in enumerate(value) if (node := _read_node(item, at, notes)) is not None])


def _read_node(item: Value, at: int, notes: Notes) -> Node | None:
    match item:
        case (bytes(host), int(port)) if host and 0 < port < 65536:
            return decode_text(host, notes, at), port
    notes.oddity("node-malformed", "is not a host and a port", at)
    return None


def _read_date(fields: Fields, notes: Notes) -> int | None:
    date = optional_integer(fields, "creation date", notes)
    if date is not None and date < 0:
        notes.oddity("date-out-of-range", f"is {shown_integer(date)}, before 1970", "creation date")
        return None
    return date


def _read_piece_layers(fields: Fields, info: Info, notes: Notes) -> dict[bytes, bytes] | None:
    """The layers of a v2 or hybrid torrent, each proved against its root (BEP 52)."""
    if not info.version.has_v2:
        return None
    value = fields.get(b"piece layers")
    if value is None:
        notes.oddity("piece-layers-missing", "is missing: pieces can only be checked file by file", "piece layers")
        return None
    if not isinstance(value, Dictionary):
        note_absence(value, "a dictionary", notes, "piece layers")
        return None
    lengths = _lengths_by_root(info)
    layers: dict[bytes, bytes] = {}
    with notes.at("piece layers"):
        for root, layer in value.items():
            problem = _layer_problem(root, layer, lengths.get(root), info.piece_length)
            if problem:
                notes.error("piece-layer-invalid", problem, root)
            elif isinstance(layer, bytes):
                layers[root] = layer
    if len(layers) < len(lengths) and not notes.errors:
        missing = len(lengths) - len(layers)
        notes.oddity("piece-layers-missing", f"lacks {missing:,} of {len(lengths):,} files", "piece layers")
    return layers


def _lengths_by_root(info: Info) -> dict[bytes, int]:
    """Roots of the files that need a layer, and how long the files are."""
    return {
        file.pieces_root: file.length
        for file in info.files
        if file.pieces_root is not None and file.length > info.piece_length
    }


def _layer_problem(root: bytes, layer: Value, length: int | None, piece_length: int) -> str | None:
    if length is None:
        return "belongs to no file that is longer than a piece"
    if not isinstance(layer, bytes):
        return f"is {kind_of(layer)}, not a string"
    wanted = divide_up(length, piece_length) * NODE_LENGTH
    if len(layer) != wanted:
        return f"is {len(layer):,} bytes long; {length:,} bytes of content need {wanted:,}"
    if root_of_layer(layer, piece_length) != root:
        return "does not hash to its root"
    return None
