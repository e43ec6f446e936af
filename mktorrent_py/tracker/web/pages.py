"""The list of torrents as a web page. Pure; everything that came from a torrent or a request is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote, urlencode

from mktorrent_py.tracker.protocol.messages import Counts
from mktorrent_py.tracker.web.feed import Entry, magnet_of
from mktorrent_py.tracker.web.torrent_list import ListedTorrent

PAGE_LENGTH = 100
# Files of one torrent on the page; the torrent file has them all.
FILES_SHOWN = 50
# A control or a bidirectional override in a name could make the page say something else.
_REPLACEMENT = "�"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPage:
    """One page of the list: what was searched for, the entries shown, and how many matched in all."""

    base: str
    announce_urls: Sequence[str]
    search: str
    entries: Sequence[Entry]
    matched: int
    number: int

    @property
    def last(self) -> int:
        return max(1, -(-self.matched // PAGE_LENGTH))


def render_page(page: ListPage) -> str:
    """The whole HTML document."""
    title = f"{page.search} - torrents" if page.search else "Torrents"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{_text(title)}</title><link rel="stylesheet" href="/style.css">'
        '<link rel="alternate" type="application/rss+xml" title="Torrents" href="/feed.xml"></head><body>'
        f"{_header(page)}<main>{_list(page)}{_pager(page)}</main>{_FOOTER}</body></html>\n"
    )


_FOOTER = (
    '<footer>The same list for programs: <a href="/torrents.json">JSON</a>, <a href="/feed.xml">RSS</a>. '
    'How the tracker is: <a href="/metrics">metrics</a>.</footer>'
)


def _header(page: ListPage) -> str:
    urls = "<br>".join(f"<code>{_text(url)}</code>" for url in page.announce_urls)
    return (
        f"<header><h1>Torrents</h1><p>Trackers<br>{urls}</p></header>"
        '<form action="/" method="get" role="search">'
        f'<input type="search" name="q" value="{_text(page.search)}" placeholder="Name, file or infohash" '
        'aria-label="Search"><button>Search</button></form>'
    )


def _list(page: ListPage) -> str:
    if not page.entries:
        return f"<p>{'Nothing matches.' if page.search else 'No torrents yet.'}</p>"
    found = f"<p>{_count(page.matched, 'torrent')}</p>"
    return f'{found}<ul class="torrents">{"".join(_torrent(entry, page.base) for entry in page.entries)}</ul>'


def _torrent(entry: Entry, base: str) -> str:
    torrent = entry.torrent
    name = quote(torrent.name, safe="")
    private = '<span class="tag">private</span>' if torrent.private else ""
    return (
        f'<li id="{torrent.key}"><h2>{_text(torrent.name)}{private}</h2>{_facts(torrent, entry.counts)}'
        f'<div class="get"><a href="{_text(magnet_of(base, torrent))}">magnet</a>'
        f'<a href="/torrents/{torrent.key}.torrent" download="{name}.torrent">.torrent</a>'
        f"<details><summary>files, infohash and QR code</summary>{_more(torrent)}</details></div></li>"
    )


def _facts(torrent: ListedTorrent, counts: Counts | None) -> str:
    seeds, leechers, downloads = (f"{count:,}" for count in counts) if counts else ("unknown",) * 3
    return (
        '<dl class="facts">'
        f"<div><dt>size</dt><dd>{_size(torrent.length)}</dd></div>"
        f"<div><dt>files</dt><dd>{len(torrent.files):,}</dd></div>"
        f'<div class="seeds"><dt>seeds</dt><dd>{seeds}</dd></div>'
        f"<div><dt>peers</dt><dd>{leechers}</dd></div>"
        f"<div><dt>downloads</dt><dd>{downloads}</dd></div></dl>"
    )


def _more(torrent: ListedTorrent) -> str:
    infohashes = (
        ("infohash v1", torrent.infohash_v1),
        ("infohash v2", torrent.infohash_v2),
        ("comment", torrent.comment),
    )
    facts = "".join(f"<dt>{label}</dt><dd><code>{_text(value)}</code></dd>" for label, value in infohashes if value)
    rows = "".join(
        f"<tr><td>{_text(path)}</td><td>{_size(size)}</td></tr>" for path, size in torrent.files[:FILES_SHOWN]
    )
    hidden = len(torrent.files) - FILES_SHOWN
    rest = f"<p>and {_count(hidden, 'more file')}</p>" if hidden > 0 else ""
    return (
        f'<div class="more"><img src="/torrents/{torrent.key}.svg" alt="The magnet as a QR code" loading="lazy">'
        f"<div><dl>{facts}</dl><table><tbody>{rows}</tbody></table>{rest}</div></div>"
    )


def _pager(page: ListPage) -> str:
    links = []
    if page.number > 1:
        links.append(f'<a rel="prev" href="{_page_link(page, page.number - 1)}">newer</a>')
    if page.number < page.last:
        links.append(f'<a rel="next" href="{_page_link(page, page.number + 1)}">older</a>')
    return (
        f'<nav aria-label="Pages">{"".join(links)}<span>page {page.number} of {page.last}</span></nav>' if links else ""
    )


def _page_link(page: ListPage, number: int) -> str:
    parameters = {"q": page.search} if page.search else {}
    return _text("/?" + urlencode({**parameters, "page": number}))


def _text(text: str) -> str:
    return escape("".join(letter if letter.isprintable() else _REPLACEMENT for letter in text))


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _size(length: int) -> str:
    """Bytes for people: decimal, three digits."""
    if length < 1000:
        return _count(length, "byte")
    number, units = length / 1000, iter(("kB", "MB", "GB", "TB", "PB"))
    unit = next(units)
    while number >= 999.5 and unit != "PB":
        number, unit = number / 1000, next(units)
    return f"{number:.3g} {unit}" if number < 999.5 else f"{number:,.0f} {unit}"
