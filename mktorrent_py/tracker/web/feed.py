"""The list of torrents for other machines: JSON, and RSS as BEP 36 has it. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from mktorrent_py.tracker.protocol.messages import Counts
from mktorrent_py.tracker.web.torrent_list import ListedTorrent

SCHEMA = 1


class Entry(NamedTuple):
    """A torrent with its swarm; without `counts` the store could not be asked."""

    torrent: ListedTorrent
    counts: Counts | None


def torrent_url(base: str, torrent: ListedTorrent) -> str:
    return f"{base}/torrents/{torrent.key}.torrent"


def magnet_of(base: str, torrent: ListedTorrent) -> str:
    """The torrent's magnet, with this tracker among its trackers."""
    here = f"tr={quote(f'{base}/announce', safe='')}"
    return torrent.magnet if here.lower() in torrent.magnet.lower() else f"{torrent.magnet}&{here}"


def render_json(entries: Sequence[Entry], base: str) -> bytes:
    """One object: `schema`, `announce` and `torrents`. Lengths are in bytes, times in Unix seconds."""
    listing = {"schema": SCHEMA, "announce": f"{base}/announce", "torrents": [_facts(entry, base) for entry in entries]}
    return json.dumps(listing, ensure_ascii=False).encode()


def _facts(entry: Entry, base: str) -> dict[str, object]:
    torrent, counts = entry
    return {
        "name": torrent.name,
        "infohash": {"v1": torrent.infohash_v1, "v2": torrent.infohash_v2},
        "length": torrent.length,
        "files": [{"path": path, "length": length} for path, length in torrent.files],
        "private": torrent.private,
        "comment": torrent.comment,
        "added": torrent.added,
        "seeds": counts and counts.seeds,
        "leechers": counts and counts.leechers,
        "downloads": counts and counts.downloads,
        "magnet": magnet_of(base, torrent),
        "torrent": torrent_url(base, torrent),
    }


def render_rss(entries: Sequence[Entry], base: str) -> bytes:
    """RSS 2.0: the enclosure is the torrent file and has its length (BEP 36), not the content's."""
    items = "".join(_item(entry, base) for entry in entries)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:torrent="http://xmlns.ezrss.it/0.1/"><channel>'
        f"<title>Torrents of {_xml(base)}</title><link>{_xml(base)}/</link>"
        "<description>Everything this tracker lists, newest first</description><ttl>15</ttl>"
        f"{items}</channel></rss>\n"
    ).encode()


def _item(entry: Entry, base: str) -> str:
    torrent = entry.torrent
    url = torrent_url(base, torrent)
    infohashes = "".join(f"<torrent:infoHash>{infohash}</torrent:infoHash>" for infohash in _infohashes(torrent))
    return (
        f"<item><title>{_xml(torrent.name)}</title><link>{_xml(url)}</link>"
        f'<guid isPermaLink="false">{torrent.key}</guid><pubDate>{formatdate(torrent.added, usegmt=True)}</pubDate>'
        f'<enclosure url={quoteattr(url)} length="{len(torrent.data)}" type="application/x-bittorrent"/>'
        f"<torrent:contentLength>{torrent.length}</torrent:contentLength>{infohashes}"
        f"<torrent:magnetURI>{_xml(magnet_of(base, torrent))}</torrent:magnetURI></item>"
    )


def _infohashes(torrent: ListedTorrent) -> list[str]:
    return [infohash for infohash in (torrent.infohash_v1, torrent.infohash_v2) if infohash]


def _xml(text: str) -> str:
    """Escaped, and without the characters XML cannot hold even escaped."""
    return escape("".join(letter if letter.isprintable() else "�" for letter in text))
