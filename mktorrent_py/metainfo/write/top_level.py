"""Encodes the top-level keys of a torrent file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.write.file_lists import encode_string


def web_seed_fields(web_seeds: Sequence[str]) -> dict[str, bencode.Encodable]:
    """One web seed is a string, several are a list (BEP 19)."""
    if not web_seeds:
        return {}
    return {"url-list": web_seeds[0] if len(web_seeds) == 1 else tuple(web_seeds)}


def encode_piece_layers(layers: Mapping[bytes, bytes]) -> bencode.Raw:
    """The `piece layers` dictionary (BEP 52), sorted by root."""
    return bencode.Raw(encode_items([(root, encode_string(layers[root])) for root in sorted(layers)]))


def encode_items(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Encode a dictionary of keys and raw values, in the given order."""
    return b"d%be" % b"".join([encode_string(key) + value for key, value in items])
