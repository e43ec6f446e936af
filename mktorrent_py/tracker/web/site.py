"""What is served beside /announce and /scrape: the list, its torrent files and QR codes, metrics, health."""

from __future__ import annotations

import io
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from urllib.parse import parse_qs, quote

import segno

from mktorrent_py import __version__
from mktorrent_py.tracker.http_server import Page, PageRequest
from mktorrent_py.tracker.service import Tracker
from mktorrent_py.tracker.swarms.store import StoreUnavailableError, Totals
from mktorrent_py.tracker.web import metrics
from mktorrent_py.tracker.web.feed import Entry, magnet_of, render_json, render_rss
from mktorrent_py.tracker.web.pages import PAGE_LENGTH, ListPage, render_page
from mktorrent_py.tracker.web.style import STYLE
from mktorrent_py.tracker.web.torrent_list import ListedTorrent, Listing

# Nothing on these pages runs, or comes from elsewhere; if a name ever got through unescaped, it could do no harm.
SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
FEED_LENGTH = 500

_AUTHORITY = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_TORRENT_PATH = re.compile(r"/torrents/([0-9a-f]{40}|[0-9a-f]{64})\.(torrent|svg)")

Route: TypeAlias = Callable[[PageRequest], Awaitable[Page]]


class Site:
    """Pages about one tracker. `base_url` is how the world reaches it; None believes the Host header.

    `listing` is replaced as a whole when the torrents change. Without `listed`, only health and metrics are served.
    """

    def __init__(
        self, tracker: Tracker, *, authority: str, base_url: str | None = None, udp: bool = True, listed: bool = True
    ) -> None:
        self.listing = Listing()
        self._tracker = tracker
        self._authority = authority
        self._base_url = base_url
        self._udp = udp
        self._started = tracker.clock()
        self._listed = listed
        self._routes: dict[str, Route] = {"/healthz": self._health, "/metrics": self._metrics}
        if listed:
            self._routes |= {
                "/": self._list,
                "/torrents.json": self._json,
                "/feed.xml": self._rss,
                "/style.css": self._style,
            }

    async def page(self, request: PageRequest) -> Page:
        """The page of a path; 404 where there is none."""
        route = self._routes.get(request.path)
        if route is not None:
            return await route(request)
        match = _TORRENT_PATH.fullmatch(request.path) if self._listed else None
        torrent = self.listing.get(match[1]) if match else None
        if match is None or torrent is None:
            return Page(status=404, body=b"nothing here\n", content_type=TEXT, headers=SECURITY_HEADERS)
        return _torrent_file(torrent) if match[2] == "torrent" else _qr_code(magnet_of(self._base(request), torrent))

    async def _list(self, request: PageRequest) -> Page:
        parameters = parse_qs(request.query, errors="replace")
        search = parameters.get("q", [""])[0].strip()
        found = self.listing.search(search)
        number = _page_number(parameters.get("page", ["1"])[0], len(found))
        shown = found[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH]
        base = self._base(request)
        page = ListPage(
            base=base,
            announce_urls=self._announce_urls(base),
            search=search,
            entries=await self._entries(shown),
            matched=len(found),
            number=number,
        )
        return Page(body=render_page(page).encode(), content_type=HTML, headers=SECURITY_HEADERS)

    async def _json(self, request: PageRequest) -> Page:
        entries = await self._entries(list(self.listing))
        body = render_json(entries, self._base(request))
        return Page(body=body, content_type="application/json", headers={"Access-Control-Allow-Origin": "*"})

    async def _rss(self, request: PageRequest) -> Page:
        entries = [Entry(torrent, None) for torrent in list(self.listing)[:FEED_LENGTH]]
        return Page(body=render_rss(entries, self._base(request)), content_type="application/rss+xml; charset=utf-8")

    async def _style(self, request: PageRequest) -> Page:
        return Page(
            body=STYLE.encode(), content_type="text/css; charset=utf-8", headers={"Cache-Control": "max-age=3600"}
        )

    async def _health(self, request: PageRequest) -> Page:
        if await self._totals() is not None:
            return Page(body=b"ok\n", content_type=TEXT)
        return Page(status=503, body=b"the store does not answer\n", content_type=TEXT)

    async def _metrics(self, request: PageRequest) -> Page:
        totals = await self._totals()
        body = metrics.render_metrics(
            version=__version__,
            uptime=self._tracker.clock() - self._started,
            torrents=len(self.listing),
            store_available=totals is not None,
            totals=totals,
            events=self._tracker.events,
        )
        return Page(body=body, content_type=metrics.CONTENT_TYPE)

    async def _totals(self) -> Totals | None:
        try:
            return await self._tracker.store.totals()
        except StoreUnavailableError:
            return None

    async def _entries(self, torrents: Sequence[ListedTorrent]) -> list[Entry]:
        try:
            counts = await self._tracker.scrape([torrent.swarm for torrent in torrents])
        except StoreUnavailableError:
            counts = [None] * len(torrents)
        return [Entry(torrent, swarm) for torrent, swarm in zip(torrents, counts, strict=True)]

    def _base(self, request: PageRequest) -> str:
        if self._base_url is not None:
            return self._base_url
        return f"http://{request.host if _AUTHORITY.fullmatch(request.host) else self._authority}"

    def _announce_urls(self, base: str) -> list[str]:
        udp = [f"udp://{base.partition('://')[2]}/announce"] if self._udp and base.startswith("http://") else []
        return [f"{base}/announce", *udp]


def _page_number(text: str, matched: int) -> int:
    last = max(1, -(-matched // PAGE_LENGTH))
    return min(max(int(text), 1), last) if text.isascii() and text.isdigit() and len(text) < 10 else 1


def _torrent_file(torrent: ListedTorrent) -> Page:
    name = quote(f"{torrent.name}.torrent", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", **SECURITY_HEADERS}
    return Page(body=torrent.data, content_type="application/x-bittorrent", headers=headers)


def _qr_code(magnet: str) -> Page:
    try:
        code = segno.make_qr(magnet, error="l")
    except segno.DataOverflowError:
        # A code holds some 2,900 bytes; what names the torrent stands first, what only helps to find it last.
        code = segno.make_qr(magnet[: magnet.find("&tr=")], error="l")
    svg = io.BytesIO()
    code.save(svg, kind="svg", border=3, light="#fff", omitsize=True)
    return Page(body=svg.getvalue(), content_type="image/svg+xml", headers=SECURITY_HEADERS)
