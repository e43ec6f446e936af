"""The facts about a torrent as plain data: what `inspect` and `create` show, whatever face they show it with.

A summary is a dictionary of JSON values with stable keys. Lengths are in bytes, dates in Unix seconds, infohashes in
lower-case hex. What a torrent does not have is None or an empty list.
"""

from __future__ import annotations

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.infohash import InfoHashes
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.magnet import Magnet
from mktorrent_py.metainfo.model import Metainfo

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Summary = dict[str, Json]

KNOWN_OUTER = frozenset(
    b"announce announce-list collections comment comment.utf-8 encoding httpseeds info magnet-uri nodes signatures"
    b" similar url-list".split()
) | {b"creation date", b"created by", b"created by.utf-8", b"piece layers"}
KNOWN_INFO = frozenset(
    b"attr files length name name.utf-8 pieces private source similar collections update-url originator sha1 md5sum mtime"
    .split()
) | {b"piece length", b"file tree", b"meta version", b"symlink path"}


def summarize(metainfo: Metainfo) -> Summary:
    """Everything a torrent says but its file list."""
    info = metainfo.info
    return {
        **layout_facts(info.name, info.layout, single=info.single),
        "infohash": infohash_facts(metainfo.infohashes),
        "private": info.private,
        "source": info.source,
        "trackers": [list(tier) for tier in metainfo.trackers],
        "web_seeds": list(metainfo.web_seeds),
        "http_seeds": list(metainfo.http_seeds),
        "nodes": [f"{host}:{port}" if ":" not in host else f"[{host}]:{port}" for host, port in metainfo.nodes],
        "comment": metainfo.comment,
        "created_by": metainfo.created_by,
        "creation_date": metainfo.creation_date,
        "similar": [infohash.hex() for infohash in metainfo.similar],
        "collections": list(metainfo.collections),
        "update_url": info.update_url,
        "signatures": _signers(metainfo),
        "unknown_keys": _unknown_keys(metainfo),
        "magnet": str(Magnet.from_metainfo(metainfo)),
    }


def layout_facts(name: str, layout: Layout, *, single: bool) -> Summary:
    """What is known of a torrent before it is hashed."""
    return {
        "name": name,
        "format": layout.version.value,
        "single_file": single,
        "length": layout.content_length,
        "files": len(layout.files),
        "piece_length": layout.piece_length,
        "pieces": layout.piece_count,
        "padding": layout.padding,
    }


def file_facts(layout: Layout) -> list[Json]:
    """One object a file: path with slashes, length, and what else it has."""
    facts: list[Json] = []
    for file in layout.files:
        fact: Summary = {"path": "/".join(file.path), "length": file.length}
        if file.attributes:
            fact["attributes"] = file.attributes
        if file.symlink is not None:
            fact["symlink"] = "/".join(file.symlink)
        if file.pieces_root is not None:
            fact["pieces_root"] = file.pieces_root.hex()
        facts.append(fact)
    return facts


def infohash_facts(infohashes: InfoHashes) -> Summary:
    return {
        "v1": infohashes.v1.hex() if infohashes.v1 else None,
        "v2": infohashes.v2.hex() if infohashes.v2 else None,
    }


def _signers(metainfo: Metainfo) -> list[Json]:
    """Who signed it (BEP 35): the names under `signatures`; the signatures themselves are not checked."""
    raw = dict(metainfo.items).get(b"signatures")
    if raw is None:
        return []
    value = bencode.decode_leniently(raw).value
    return [_text(key) for key in value] if isinstance(value, bencode.Dictionary) else []


def _unknown_keys(metainfo: Metainfo) -> list[Json]:
    """Keys that no BEP known to this package names: `KEY` at the top, `info.KEY` inside the info dictionary."""
    outer = [_text(key) for key, _ in metainfo.items if key not in KNOWN_OUTER]
    inner = [
        f"info.{_text(key)}" for key in bencode.dictionary_spans(metainfo.info.raw) if key not in KNOWN_INFO
    ]
    return [*outer, *inner]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")
