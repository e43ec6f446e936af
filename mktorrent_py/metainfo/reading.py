"""Reads a torrent file: one pass that finds everything wrong, and a model when it can be read all the same."""

from __future__ import annotations

from dataclasses import dataclass

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.bencode import Dictionary, Irregularity, Limits, Value
from mktorrent_py.metainfo.fields import Fields, decode_text, kind_of, optional_integer, optional_text, texts
from mktorrent_py.metainfo.merkle import NODE_LENGTH, divide_up, root_of_layer
from mktorrent_py.metainfo.model import Info, Metainfo, Node, Tier, distinct_tiers
from mktorrent_py.metainfo.read_info import read_info, read_similar
from mktorrent_py.metainfo.remarks import Notes, Remark


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
    document = bencode.decode_leniently(data, limits=limits)
    notes = Notes()
    metainfo = _read_document(document, data, limits, notes)
    return Examination(
        metainfo=None if notes.errors else metainfo, errors=tuple(notes.errors), oddities=tuple(notes.oddities)
    )


def _read_document(document: bencode.Document, data: bytes, limits: Limits, notes: Notes) -> Metainfo | None:
    if not isinstance(document.value, Dictionary):
        notes.error("not-a-dictionary", f"a torrent file is a dictionary; this is {kind_of(document.value)}", offset=0)
        return None
    fields = dict(document.value.items())
    spans = bencode.dictionary_spans(data, limits=limits)
    if b"info" not in fields:
        problem = "is missing"
        if b"magnet-uri" in fields:
            problem = "is missing: this file holds nothing but a magnet URI"
        notes.error("field-missing", problem, "info")
        return None
    start, stop = spans[b"info"]
    with notes.at("info"):
        info = read_info(fields[b"info"], data[start:stop], notes)
    has_v2 = isinstance(fields[b"info"], Dictionary) and fields[b"info"].get(b"meta version") == 2
    _note_form(document.irregularities, range(start, stop), has_v2, notes)
    layers = _read_piece_layers(fields, info, notes)
    if info is None:
        return None
    items = tuple([(key, data[begin:end]) for key, (begin, end) in spans.items()])
    return _read_outer(fields, items, info, layers, notes)


def _note_form(irregularities: tuple[Irregularity, ...], info: range, has_v2: bool, notes: Notes) -> None:
    """Form that is not canonical: refused inside a v2 info dictionary (BEP 52), told anywhere else."""
    for irregularity in irregularities:
        inside = irregularity.offset in info
        rule = f"info-{irregularity.rule}" if inside else irregularity.rule
        note = notes.error if inside and has_v2 else notes.oddity
        note(rule, irregularity.message, "info" if inside else "", irregularity.offset)


def _read_outer(
    fields: Fields,
    items: tuple[tuple[bytes, bytes], ...],
    info: Info,
    layers: dict[bytes, bytes] | None,
    notes: Notes,
) -> Metainfo:
    return Metainfo(
        info=info,
        items=items,
        trackers=_read_trackers(fields, notes),
        web_seeds=_read_web_seeds(fields.get(b"url-list"), notes),
        http_seeds=texts(fields.get(b"httpseeds"), notes, "httpseeds"),
        nodes=_read_nodes(fields.get(b"nodes", ()), notes),
        comment=optional_text(fields, b"comment", notes),
        created_by=optional_text(fields, b"created by", notes),
        creation_date=_read_date(fields, notes),
        similar=tuple(dict.fromkeys(info.similar + read_similar(fields, notes))),
        collections=tuple(
            dict.fromkeys(info.collections + texts(fields.get(b"collections"), notes, "collections"))
        ),
        piece_layers=layers,
    )


def _read_trackers(fields: Fields, notes: Notes) -> tuple[Tier, ...]:
    """`announce-list` where it names a tracker, otherwise `announce` (BEP 12)."""
    value = fields.get(b"announce-list")
    if value is not None:
        tiers = distinct_tiers(_read_tiers(value, notes))
        if tiers:
            return tiers
        notes.oddity("announce-list-empty", "names no tracker: `announce` is used", "announce-list")
    announce = optional_text(fields, b"announce", notes)
    return ((announce,),) if announce else ()


def _read_tiers(value: Value, notes: Notes) -> list[Tier]:
    if not isinstance(value, tuple):
        notes.oddity("field-wrong-type", f"is {kind_of(value)}, not a list of tiers", "announce-list")
        return []
    with notes.at("announce-list"):
        return [texts(tier, notes, f"[{at}]") for at, tier in enumerate(value)]


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
            return decode_text(host, notes, f"[{at}]"), port
    notes.oddity("node-malformed", "is not a host and a port", f"[{at}]")
    return None


def _read_date(fields: Fields, notes: Notes) -> int | None:
    date = optional_integer(fields, b"creation date", notes)
    if date is not None and date < 0:
        notes.oddity("date-out-of-range", f"is {date}, before 1970", "creation date")
        return None
    return date


def _read_piece_layers(fields: Fields, info: Info | None, notes: Notes) -> dict[bytes, bytes] | None:
    """The layers of a v2 or hybrid torrent, each proved against its root (BEP 52)."""
    if info is None or not info.version.has_v2:
        return None
    value = fields.get(b"piece layers")
    if value is None:
        notes.oddity("piece-layers-missing", "is missing: pieces can only be checked file by file", "piece layers")
        return None
    if not isinstance(value, Dictionary):
        notes.error("field-wrong-type", f"is {kind_of(value)}, not a dictionary", "piece layers")
        return None
    lengths = _lengths_by_root(info)
    layers: dict[bytes, bytes] = {}
    with notes.at("piece layers"):
        for root, layer in value.items():
            problem = _layer_problem(root, layer, lengths.get(root), info.piece_length)
            if problem:
                notes.error("piece-layer-invalid", problem, f"[{root.hex()[:64]}]")
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

