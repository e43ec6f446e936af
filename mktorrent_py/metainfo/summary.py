"""The facts about a torrent or a magnet as plain data, for every output format.

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

from mktorrent_py.metainfo.infohash import Infohashes
from mktorrent_py.metainfo.keys import KEYS, KNOWN_INFO, KNOWN_TOP_LEVEL, Json
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.node import host_port
from mktorrent_py.metainfo.parse.diagnostics import Diagnostic

Summary = dict[str, Json]


def summarize(metainfo: Metainfo, warnings: Iterable[Diagnostic] = ()) -> Summary:
    """Summarize everything in a torrent except its file list."""
    info = metainfo.info
    return {
        **layout_facts(info.name, info.layout, single=info.single),
        "infohash": infohash_facts(metainfo.infohashes),
        **{row.name: row.kind.show(getattr(info if row.in_info else metainfo, row.name)) for row in KEYS},
        "unknown_keys": _unknown_keys(metainfo),
        "oddities": [{"rule": odd.rule, "path": odd.path, "message": odd.message} for odd in warnings],
        "magnet": str(metainfo.magnet()),
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
    """Summarize a magnet; each tracker is a tier of its own."""
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


def _unknown_keys(metainfo: Metainfo) -> list[Json]:
    """Keys that the table does not know: `KEY` at the top level, `info.KEY` inside the info dictionary."""
    return [
        *[_text(key) for key, _ in metainfo.items if key not in KNOWN_TOP_LEVEL],
        *[f"info.{_text(key)}" for key in metainfo.info.keys if key not in KNOWN_INFO],
    ]


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")
