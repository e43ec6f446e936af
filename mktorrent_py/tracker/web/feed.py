"""The list of torrents for programs: JSON, and RSS (BEP 36). Pure."""

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


class ListEntry(NamedTuple):
    """A torrent with the counts of its swarm; None when the store does not answer."""

    torrent: ListedTorrent
    counts: Counts | None


def torrent_url(base: str, torrent: ListedTorrent) -> str:
    """The URL of the torrent file on the tracker at `base`."""
    return f"{base}/torrents/{torrent.key}.torrent"


def magnet_with_tracker(base: str, torrent: ListedTorrent) -> str:
    """The magnet of a torrent, with the tracker at `base` among its trackers."""
    here = f"tr={quote(f'{base}/announce', safe='')}"
    return torrent.magnet if here.lower() in torrent.magnet.lower() else f"{torrent.magnet}&{here}"


def render_json(entries: Sequence[ListEntry], base: str) -> bytes:
    """One object: `schema`, `announce` and `torrents`. Lengths are in bytes, times in Unix seconds."""
    listing = {"schema": SCHEMA, "announce": f"{base}/announce", "torrents": [_facts(entry, base) for entry in entries]}
    return json.dumps(listing, ensure_ascii=False).encode()


def _facts(entry: ListEntry, base: str) -> dict[str, object]:
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
        "magnet": magnet_with_tracker(base, torrent),
        "torrent": torrent_url(base, torrent),
    }


def render_rss(entries: Sequence[ListEntry], base: str) -> bytes:
    """RSS 2.0. The enclosure is the torrent file, with the length of that file (BEP 36)."""
    items = "".join(_item(entry, base) for entry in entries)
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:torrent="http://xmlns.ezrss.it/0.1/"><channel>'
        f"<title>Torrents of {_xml(base)}</title><link>{_xml(base)}/</link>"
        "<description>The torrents of this tracker, newest first</description><ttl>15</ttl>"
        f"{items}</channel></rss>\n"
    ).encode()


def _item(entry: ListEntry, base: str) -> str:
    torrent = entry.torrent
    url = torrent_url(base, torrent)
    infohashes = "".join(
        f"<torrent:infoHash>{infohash}</torrent:infoHash>"
        for infohash in (torrent.infohash_v1, torrent.infohash_v2)
        if infohash
    )
    return (
        f"<item><title>{_xml(torrent.name)}</title><link>{_xml(url)}</link>"
        f'<guid isPermaLink="false">{torrent.key}</guid><pubDate>{formatdate(torrent.added, usegmt=True)}</pubDate>'
        f'<enclosure url={quoteattr(url)} length="{len(torrent.data)}" type="application/x-bittorrent"/>'
        f"<torrent:contentLength>{torrent.length}</torrent:contentLength>{infohashes}"
        f"<torrent:magnetURI>{_xml(magnet_with_tracker(base, torrent))}</torrent:magnetURI></item>"
    )


def _xml(text: str) -> str:
    """Escape text for XML; characters that XML does not allow become U+FFFD."""
    return escape("".join(letter if letter.isprintable() else "�" for letter in text))
