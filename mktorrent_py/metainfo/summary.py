"""The facts about a torrent or a magnet as plain data: what `inspect` and `create` show, whatever face shows it.

A summary is a dictionary of JSON values with stable keys. Lengths are in bytes, dates in Unix seconds, infohashes in
lower-case hex; text that was not UTF-8 holds surrogate escapes. What a torrent does not have is None or an empty list.

    name             the suggested name                        format          v1, v2 or hybrid
    single_file      whether it is one file, no directory      length          content, padding left out
    files            how many                                  piece_length, pieces (how many), padding
    infohash.v1, infohash.v2                                   private         whether `private` is 1
    source           the `source` of private trackers          trackers        a list of tiers, each a list of URLs
    web_seeds, http_seeds                                      nodes           `host:port` or `[v6]:port`
    comment, created_by, creation_date, encoding               similar         infohashes (BEP 38)
    collections, update_url                                    signatures      who signed (BEP 35); not checked
    unknown_keys     keys of no BEP, `info.KEY` inside info    oddities        rule, path, message of each: see lint
    magnet           the magnet URI                            file_list       path, length and more of each file

A magnet has infohash, name, trackers, web_seeds, length and magnet of these, and peers, select_only (BEP 53, pad files
counted), keywords, exact_sources, acceptable_sources, dht, public_key, salt (BEP 46, hex) and ignored.
"""

from __future__ import annotations

from collections.abc import Iterable

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.infohash import Infohashes
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.node import host_port
from mktorrent_py.metainfo.parse.diagnostics import Diagnostic

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Summary = dict[str, Json]

KNOWN_OUTER = frozenset({
    b"announce", b"announce-list", b"collections", b"comment", b"comment.utf-8", b"created by", b"created by.utf-8",
    b"creation date", b"encoding", b"httpseeds", b"info", b"magnet-uri", b"nodes", b"piece layers", b"signatures",
    b"similar", b"url-list",
})  # fmt: skip
KNOWN_INFO = frozenset({
    b"attr", b"collections", b"file tree", b"files", b"length", b"md5sum", b"meta version", b"mtime", b"name",
    b"name.utf-8", b"originator", b"piece length", b"pieces", b"private", b"sha1", b"similar", b"source",
    b"source.utf-8", b"symlink path", b"update-url",
})  # fmt: skip


def summarize(metainfo: Metainfo, warnings: Iterable[Diagnostic] = ()) -> Summary:
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
        "nodes": [host_port(node) for node in metainfo.nodes],
        "comment": metainfo.comment,
        "created_by": metainfo.created_by,
        "creation_date": metainfo.creation_date,
        "encoding": _encoding(metainfo),
        "similar": [infohash.hex() for infohash in metainfo.similar],
        "collections": list(metainfo.collections),
        "update_url": info.update_url,
        "signatures": _signers(metainfo),
        "unknown_keys": _unknown_keys(metainfo),
        "oddities": [{"rule": odd.rule, "path": odd.path, "message": odd.message} for odd in warnings],
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
    """One object a file: path with slashes, length, and what else it has of attributes, symlink and pieces_root."""
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


def infohash_facts(infohashes: Infohashes) -> Summary:
    return {
        "v1": infohashes.v1.hex() if infohashes.v1 else None,
        "v2": infohashes.v2.hex() if infohashes.v2 else None,
    }


def summarize_magnet(magnet: Magnet) -> Summary:
    """Everything a magnet says; each tracker is a tier of its own."""
    return {
        "name": magnet.name,
        "length": magnet.length,
        "infohash": infohash_facts(magnet.infohashes),
        "public_key": magnet.public_key.hex() if magnet.public_key else None,
        "salt": magnet.salt.hex() if magnet.salt else None,
        "trackers": [[url] for url in magnet.trackers],
        "web_seeds": list(magnet.web_seeds),
        "peers": list(magnet.peers),
        "dht": [host_port(node) for node in magnet.dht],
        "select_only": list(magnet.select_only),
        "keywords": list(magnet.keywords),
        "exact_sources": list(magnet.exact_sources),
        "acceptable_sources": list(magnet.acceptable_sources),
        "ignored": list(magnet.ignored),
        "magnet": str(magnet),
    }


def _encoding(metainfo: Metainfo) -> str | None:
    """What `encoding` says; nothing is decoded by it any more."""
    value = _outer_value(metainfo, b"encoding")
    return _text(value) if isinstance(value, bytes) else None


def _signers(metainfo: Metainfo) -> list[Json]:
    """Who signed it (BEP 35): the names under `signatures`; the signatures themselves are not checked."""
    value = _outer_value(metainfo, b"signatures")
    return [_text(key) for key in value] if isinstance(value, bencode.Dictionary) else []


def _unknown_keys(metainfo: Metainfo) -> list[Json]:
    """Keys that no BEP known to this package names: `KEY` at the top, `info.KEY` inside the info dictionary."""
    return [
        *[_text(key) for key, _ in metainfo.items if key not in KNOWN_OUTER],
        *[f"info.{_text(key)}" for key in metainfo.info.keys if key not in KNOWN_INFO],
    ]


def _outer_value(metainfo: Metainfo, key: bytes) -> bencode.Value | None:
    raw = dict(metainfo.items).get(key)
    return None if raw is None else bencode.decode_leniently(raw, limits=_whatever(raw)).value


def _whatever(raw: bytes) -> bencode.Limits:
    """Limits that nothing exceeds: what is looked at again here was read within limits before."""
    return bencode.Limits(size=len(raw), depth=len(raw), tokens=len(raw))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
