"""Reads what stands beside the info dictionary: trackers, web seeds, nodes, date, piece layers (BEP 5, 12, 19, 52)."""

from __future__ import annotations

from collections.abc import Iterator

from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.bencode import Dictionary, Value
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.merkle import NODE_LENGTH, ceil_div, root_of_layer
from mktorrent_py.metainfo.node import Node, host_port
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics
from mktorrent_py.metainfo.parse.fields import (
    Fields,
    decode_text,
    kind_of,
    note_absence,
    optional_integer,
    optional_text,
    texts,
)
from mktorrent_py.metainfo.trackers import Tier, distinct_tiers


def read_trackers(fields: Fields, diagnostics: Diagnostics) -> tuple[Tier, ...]:
    """`announce-list` where it names a tracker, otherwise `announce` (BEP 12)."""
    value = fields.get(b"announce-list")
    if value is not None:
        tiers = distinct_tiers(_read_tiers(value, diagnostics))
        if tiers:
            return tiers
        diagnostics.warning("announce-list-empty", "names no tracker: `announce` is used", "announce-list")
    announce = optional_text(fields, "announce", diagnostics)
    return ((announce,),) if announce else ()


def _read_tiers(value: Value, diagnostics: Diagnostics) -> Iterator[Tier]:
    if not isinstance(value, tuple):
        diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a list of tiers", "announce-list")
        return
    for at, tier in enumerate(value):
        yield texts(tier, diagnostics, "announce-list", at)


def read_web_seeds(value: Value | None, diagnostics: Diagnostics) -> tuple[str, ...]:
    """A string or a list of strings (BEP 19)."""
    if isinstance(value, bytes):
        return (decode_text(value, diagnostics, "url-list"),) if value else ()
    return texts(value, diagnostics, "url-list")


def read_nodes(value: Value, diagnostics: Diagnostics) -> tuple[Node, ...]:
    if not isinstance(value, tuple):
        diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a list of hosts and ports", "nodes")
        return ()
    with diagnostics.at("nodes"):
        return tuple([node for at, item in enumerate(value) if (node := _read_node(item, at, diagnostics)) is not None])


def _read_node(item: Value, at: int, diagnostics: Diagnostics) -> Node | None:
    match item:
        case (bytes(host), int(port)) if host and 0 < port < 65536:
            node = decode_text(host, diagnostics, at), port
            if rules.node(*node) is not None:
                # It stays in the typed view, so that it can be removed by name.
                diagnostics.warning("node-malformed", f"{quoted(host_port(node))} is not a valid host and port", at)
            return node
    diagnostics.warning("node-malformed", "is not a host and a port", at)
    return None


def read_date(fields: Fields, diagnostics: Diagnostics) -> int | None:
    date = optional_integer(fields, "creation date", diagnostics)
    problem = None if date is None else rules.creation_date(date)
    if problem is None:
        return date
    diagnostics.warning(problem.code, problem.message, "creation date")
    return None


def read_piece_layers(fields: Fields, info: Info, diagnostics: Diagnostics) -> dict[bytes, bytes] | None:
    """The layers of a v2 or hybrid torrent, each proved against its root (BEP 52)."""
    if not info.version.has_v2:
        return None
    value = fields.get(b"piece layers")
    if value is None:
        diagnostics.warning(
            "piece-layers-missing", "is missing: pieces can only be checked file by file", "piece layers"
        )
        return None
    if not isinstance(value, Dictionary):
        note_absence(value, "a dictionary", diagnostics, "piece layers")
        return None
    lengths = _lengths_by_root(info)
    layers: dict[bytes, bytes] = {}
    with diagnostics.at("piece layers"):
        for root, layer in value.items():
            problem = _layer_problem(root, layer, lengths.get(root), info.piece_length)
            if problem:
                diagnostics.error("piece-layer-invalid", problem, root)
            elif isinstance(layer, bytes):
                layers[root] = layer
    if len(layers) < len(lengths) and not diagnostics.errors:
        missing = len(lengths) - len(layers)
        diagnostics.warning("piece-layers-missing", f"lacks {missing:,} of {len(lengths):,} files", "piece layers")
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
    wanted = ceil_div(length, piece_length) * NODE_LENGTH
    if len(layer) != wanted:
        return f"is {len(layer):,} bytes long; {length:,} bytes of content need {wanted:,}"
    if root_of_layer(layer, piece_length) != root:
        return "does not hash to its root"
    return None
