"""The list of torrents as a web page. Pure; everything from a torrent or a request is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from mktorrent_py.formatting import human_size, plural
from mktorrent_py.tracker.web.feed import ListEntry, magnet_with_tracker
from mktorrent_py.tracker.web.torrent_list import ListedTorrent
from mktorrent_py.web.page import html_document, html_text

PAGE_LENGTH = 100
MAX_FILES_SHOWN = 50
"""Files of one torrent on the page; the torrent file has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of the list: its entries, the search text, and how many torrents match in all."""

    base: str
    announce_urls: Sequence[str]
    search: str
    entries: Sequence[ListEntry]
    matched: int
    number: int

    @property
    def last(self) -> int:
        return max(1, -(-self.matched // PAGE_LENGTH))


def render_page(page: ListPage) -> str:
    """The whole HTML document."""
    urls = "<br>".join(f"<code>{html_text(url)}</code>" for url in page.announce_urls)
    header = (
        f"<header><h1>Torrents</h1><p>Trackers<br>{urls}</p></header>"
        '<form action="/" method="get" role="search">'
        f'<input type="search" name="q" value="{html_text(page.search)}" placeholder="Name, file or infohash" '
        'aria-label="Search"><button>Search</button></form>'
    )
    if page.entries:
        torrents = "".join([_torrent(entry, page.base) for entry in page.entries])
        listed = f'<p>{plural(page.matched, "torrent")}</p><ul class="torrents">{torrents}</ul>'
    else:
        listed = f"<p>{'No torrents match.' if page.search else 'No torrents yet.'}</p>"
    footer = (
        '<footer>For programs: <a href="/torrents.json">JSON</a>, <a href="/feed.xml">RSS</a>, '
        '<a href="/metrics">metrics</a></footer>'
    )
    return html_document(
        f"{page.search} - torrents" if page.search else "Torrents",
        f"{header}<main>{listed}{_pager(page)}</main>{footer}",
        head='<link rel="alternate" type="application/rss+xml" title="Torrents" href="/feed.xml">',
    )


def _torrent(entry: ListEntry, base: str) -> str:
    torrent, counts = entry
    seeds, leechers, downloads = (f"{count:,}" for count in counts) if counts else ("unknown",) * 3
    private = '<span class="tag">private</span>' if torrent.private else ""
    return (
        f'<li class="card" id="{torrent.key}"><h2>{html_text(torrent.name)}{private}</h2>'
        '<dl class="facts">'
        f"<div><dt>size</dt><dd>{human_size(torrent.length)}</dd></div>"
        f"<div><dt>files</dt><dd>{len(torrent.files):,}</dd></div>"
        f'<div class="seeds"><dt>seeds</dt><dd>{seeds}</dd></div>'
        f"<div><dt>peers</dt><dd>{leechers}</dd></div>"
        f"<div><dt>downloads</dt><dd>{downloads}</dd></div></dl>"
        f'<div class="links"><a href="{html_text(magnet_with_tracker(base, torrent))}">magnet</a>'
        f'<a href="/torrents/{torrent.key}.torrent" download="{quote(torrent.name, safe="")}.torrent">.torrent</a>'
        f"<details><summary>files, infohash and QR code</summary>{_details(torrent)}</details></div></li>"
    )


def _details(torrent: ListedTorrent) -> str:
    facts = (
        ("infohash v1", torrent.infohash_v1),
        ("infohash v2", torrent.infohash_v2),
        ("comment", torrent.comment),
    )
    terms = "".join(f"<dt>{label}</dt><dd><code>{html_text(value)}</code></dd>" for label, value in facts if value)
    rows = "".join(
        f'<tr><td>{html_text(path)}</td><td class="number">{human_size(size)}</td></tr>'
        for path, size in torrent.files[:MAX_FILES_SHOWN]
    )
    hidden = len(torrent.files) - MAX_FILES_SHOWN
    rest = f"<p>and {plural(hidden, 'more file')}</p>" if hidden > 0 else ""
    return (
        f'<div class="more"><img src="/torrents/{torrent.key}.svg" alt="QR code of the magnet" loading="lazy">'
        f"<div><dl>{terms}</dl><table><tbody>{rows}</tbody></table>{rest}</div></div>"
    )


def _pager(page: ListPage) -> str:
    query = {"q": page.search} if page.search else {}
    links = [
        f'<a rel="{rel}" href="{html_text("/?" + urlencode({**query, "page": number}))}">{label}</a>'
        for rel, label, number in (("prev", "newer", page.number - 1), ("next", "older", page.number + 1))
        if 1 <= number <= page.last
    ]
    if not links:
        return ""
    return f'<nav aria-label="Pages">{"".join(links)}<span>page {page.number} of {page.last}</span></nav>'
