"""Reads the `piece layers` of v2 and hybrid torrents, and checks each against its root (BEP 52)."""

from __future__ import annotations

from mktorrent_py.metainfo.bencode import Dictionary, Value
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.merkle import NODE_LENGTH, ceil_div, root_of_layer
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics
from mktorrent_py.metainfo.parse.fields import Fields, kind_of, note_absence


def read_piece_layers(fields: Fields, info: Info, diagnostics: Diagnostics) -> dict[bytes, bytes] | None:
    """Read the layers of a v2 or hybrid torrent, each checked against its root (BEP 52)."""
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
