"""Reads the values of single keys: each reader takes decoded fields, the key and where to note what is wrong."""

from __future__ import annotations

from collections.abc import Iterator

from mktorrent_py.formatting import brief_integer, quoted
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.bencode import Dictionary, Value
from mktorrent_py.metainfo.node import Node, host_port
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics
from mktorrent_py.metainfo.parse.fields import (
    Fields,
    decode_text,
    kind_of,
    optional_integer,
    optional_text,
    texts,
)
from mktorrent_py.metainfo.trackers import Tier, distinct_tiers

HASH_LENGTHS = (20, 32)


def read_trackers(fields: Fields, _key: str, diagnostics: Diagnostics) -> tuple[Tier, ...]:
    """Read `announce-list` where it names a tracker, otherwise `announce` (BEP 12)."""
    value = fields.get(b"announce-list")
    if value is not None:
        tiers = distinct_tiers(_read_tiers(value, diagnostics))
        if tiers:
            return tiers
        diagnostics.warning("announce-list-empty", "contains no tracker: `announce` is used", "announce-list")
    announce = optional_text(fields, "announce", diagnostics)
    return ((announce,),) if announce else ()


def _read_tiers(value: Value, diagnostics: Diagnostics) -> Iterator[Tier]:
    if not isinstance(value, tuple):
        diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a list of tiers", "announce-list")
        return
    for at, tier in enumerate(value):
        yield texts(tier, diagnostics, "announce-list", at)


def read_text_or_list(fields: Fields, key: str, diagnostics: Diagnostics) -> tuple[str, ...]:
    """Read a string or a list of strings, as web seeds are (BEP 19)."""
    value = fields.get(key.encode())
    if isinstance(value, bytes):
        return (decode_text(value, diagnostics, key),) if value else ()
    return texts(value, diagnostics, key)


def read_texts(fields: Fields, key: str, diagnostics: Diagnostics) -> tuple[str, ...]:
    return texts(fields.get(key.encode()), diagnostics, key)


def read_nodes(fields: Fields, key: str, diagnostics: Diagnostics) -> tuple[Node, ...]:
    value = fields.get(key.encode(), ())
    if not isinstance(value, tuple):
        diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a list of hosts and ports", key)
        return ()
    with diagnostics.at(key):
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


def read_date(fields: Fields, key: str, diagnostics: Diagnostics) -> int | None:
    date = optional_integer(fields, key, diagnostics)
    problem = None if date is None else rules.creation_date(date)
    if problem is None:
        return date
    diagnostics.warning(problem.code, problem.message, key)
    return None


def read_private(fields: Fields, key: str, diagnostics: Diagnostics) -> bool:
    """Read a flag, of which only 1 is true (BEP 27)."""
    value = optional_integer(fields, key, diagnostics)
    if value not in (None, 0, 1):
        diagnostics.warning("private-not-0-or-1", f"is {brief_integer(value)}: some clients take it for private", key)
    return value == 1


def read_infohashes(fields: Fields, key: str, diagnostics: Diagnostics) -> tuple[bytes, ...]:
    """Read infohashes of similar torrents (BEP 38): 20 bytes, or 32 as some tools write for v2."""
    value = fields.get(key.encode(), ())
    if not isinstance(value, tuple):
        diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a list of infohashes", key)
        return ()
    kept = [item for item in value if isinstance(item, bytes) and len(item) in HASH_LENGTHS]
    if len(kept) < len(value):
        diagnostics.warning("field-wrong-type", "contains something that is not an infohash", key)
    return tuple(dict.fromkeys(kept))


def read_any_text(fields: Fields, key: str, _diagnostics: Diagnostics) -> str | None:
    """Read a string that nothing depends on: one that is malformed is not worth a warning."""
    value = fields.get(key.encode())
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else None


def read_keys(fields: Fields, key: str, _diagnostics: Diagnostics) -> tuple[str, ...]:
    """Read the keys of a dictionary."""
    value = fields.get(key.encode())
    if not isinstance(value, Dictionary):
        return ()
    return tuple([name.decode("utf-8", "surrogateescape") for name in value])
