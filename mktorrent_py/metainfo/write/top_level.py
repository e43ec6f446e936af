"""What stands beside the info dictionary: the types of it, and how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.write.file_lists import encode_string

Tier = tuple[str, ...]
"""Trackers that are tried in any order before the next tier (BEP 12)."""

Node = tuple[str, int]
"""A DHT node: host (IPv6 without brackets) and port (BEP 5)."""


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


def host_port(node: Node) -> str:
    """`host:port`, with brackets around IPv6."""
    host, port = node
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


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
    return bencode.Raw(encode_items([(root, encode_string(layers[root])) for root in sorted(layers)]))


def encode_items(items: Iterable[tuple[bytes, bytes]]) -> bytes:
    """A dictionary of keys and raw values, in the order in which they come."""
    return b"d%be" % b"".join([encode_string(key) + value for key, value in items])
