"""Tracker tiers (BEP 12)."""

from __future__ import annotations

from collections.abc import Iterable

from mktorrent_py.metainfo import bencode

Tier = tuple[str, ...]
"""Trackers that are tried in any order before the next tier."""


def distinct_tiers(tiers: Iterable[Iterable[str]]) -> tuple[Tier, ...]:
    """Drop empty tiers, and every tracker that an earlier place already names."""
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
    """Build `announce` from one tracker; from several, `announce` with the first and `announce-list` with all."""
    if not tiers:
        return {}
    fields: dict[str, bencode.Encodable] = {"announce": tiers[0][0]}
    if len(tiers) > 1 or len(tiers[0]) > 1:
        fields["announce-list"] = tiers
    return fields
