"""The pages of a tracker: the list, its torrent files and QR codes, feeds, metrics and health."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias
from urllib.parse import parse_qs, quote

from mktorrent_py import __version__
from mktorrent_py.tracker.http_server import Page, PageRequest
from mktorrent_py.tracker.service import AnnounceService
from mktorrent_py.tracker.swarms.store import StoreUnavailableError, Totals
from mktorrent_py.tracker.web.feed import ListEntry, magnet_with_tracker, render_json, render_rss
from mktorrent_py.tracker.web.metrics import tracker_metrics
from mktorrent_py.tracker.web.pages import PAGE_LENGTH, ListPage, render_page
from mktorrent_py.tracker.web.torrent_list import ListedTorrent, TorrentList
from mktorrent_py.web.metrics import CONTENT_TYPE, render_metrics
from mktorrent_py.web.qr import qr_svg

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
MAX_FEED_LENGTH = 500

_AUTHORITY = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?")
_TORRENT_PATH = re.compile(r"/torrents/([0-9a-f]{40}|[0-9a-f]{64})\.(torrent|svg)")

Route: TypeAlias = Callable[[PageRequest], Awaitable[Page]]


class Site:
    """The pages of one tracker. `base_url` is its public URL; None uses the Host header, or else `authority`.

    `torrents` is replaced as a whole when the folder changes. Without `listed`, only health and metrics are served.
    """

    def __init__(
        self,
        service: AnnounceService,
        *,
        authority: str,
        base_url: str | None = None,
        udp: bool = True,
        listed: bool = True,
    ) -> None:
        self.torrents = TorrentList()
        self._service = service
        self._authority = authority
        self._base_url = base_url
        self._udp = udp
        self._started = service.clock()
        self._listed = listed
        self._routes: dict[str, Route] = {"/healthz": self._health, "/metrics": self._metrics}
        if listed:
            self._routes |= {
                "/": self._list,
                "/torrents.json": self._json,
                "/feed.xml": self._rss,
            }

    async def page(self, request: PageRequest) -> Page:
        """The page at a path; 404 where there is none."""
        route = self._routes.get(request.path)
        if route is not None:
            return await route(request)
        match = _TORRENT_PATH.fullmatch(request.path) if self._listed else None
        torrent = self.torrents.get(match[1]) if match else None
        if match is not None and torrent is not None:
            if match[2] == "torrent":
                name = quote(f"{torrent.name}.torrent", safe="")
                headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
                return Page(body=torrent.data, content_type="application/x-bittorrent", headers=headers)
            if svg := qr_svg(magnet_with_tracker(self._base(request), torrent)):
                return Page(body=svg.encode(), content_type="image/svg+xml")
        return Page(status=404, body=b"not found\n", content_type=TEXT)

    async def _list(self, request: PageRequest) -> Page:
        parameters = parse_qs(request.query, errors="replace")
        search = parameters.get("q", [""])[0].strip()
        found = self.torrents.search(search)
        number = _page_number(parameters.get("page", ["1"])[0], len(found))
        shown = found[(number - 1) * PAGE_LENGTH : number * PAGE_LENGTH]
        base = self._base(request)
        udp = [f"udp://{base.partition('://')[2]}/announce"] if self._udp and base.startswith("http://") else []
        page = ListPage(
            base=base,
            announce_urls=[f"{base}/announce", *udp],
            search=search,
            entries=await self._entries(shown),
            matched=len(found),
            number=number,
        )
        return Page(body=render_page(page).encode(), content_type=HTML)

    async def _json(self, request: PageRequest) -> Page:
        entries = await self._entries(list(self.torrents))
        body = render_json(entries, self._base(request))
        return Page(body=body, content_type="application/json", headers={"Access-Control-Allow-Origin": "*"})

    async def _rss(self, request: PageRequest) -> Page:
        entries = [ListEntry(torrent, None) for torrent in list(self.torrents)[:MAX_FEED_LENGTH]]
        return Page(body=render_rss(entries, self._base(request)), content_type="application/rss+xml; charset=utf-8")

    async def _health(self, request: PageRequest) -> Page:
        if await self._totals() is not None:
            return Page(body=b"ok\n", content_type=TEXT)
        return Page(status=503, body=b"the store does not answer\n", content_type=TEXT)

    async def _metrics(self, request: PageRequest) -> Page:
        totals = await self._totals()
        families = tracker_metrics(
            version=__version__,
            uptime=self._service.clock() - self._started,
            torrents=len(self.torrents),
            totals=totals,
            events=self._service.events,
        )
        return Page(body=render_metrics(families), content_type=CONTENT_TYPE)

    async def _totals(self) -> Totals | None:
        try:
            return await self._service.store.totals()
        except StoreUnavailableError:
            return None

    async def _entries(self, torrents: Sequence[ListedTorrent]) -> list[ListEntry]:
        try:
            counts = await self._service.scrape([torrent.swarm for torrent in torrents])
        except StoreUnavailableError:
            counts = [None] * len(torrents)
        return [ListEntry(torrent, swarm) for torrent, swarm in zip(torrents, counts, strict=True)]

    def _base(self, request: PageRequest) -> str:
        if self._base_url is not None:
            return self._base_url
        return f"http://{request.host if _AUTHORITY.fullmatch(request.host) else self._authority}"


def _page_number(text: str, matched: int) -> int:
    last = max(1, -(-matched // PAGE_LENGTH))
    return min(max(int(text), 1), last) if text.isascii() and text.isdigit() and len(text) < 10 else 1
