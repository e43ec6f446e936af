"""Serves how seeding goes: a page for people, `/metrics` for Prometheus, `/healthz` for whoever restarts things.

It answers GET and HEAD alone. Requests for a host name that is not ours are refused, so that no web page elsewhere can
read it by pointing its own name here.
"""

from __future__ import annotations

import ipaddress
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice, pairwise

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from mktorrent_py.client.seeding.events import TrackerAnswered, TrackerFailed
from mktorrent_py.client.seeding.seeder import Seeder
from mktorrent_py.client.seeding.status_page import PageFacts, PeerFacts, TorrentFacts, render_page
from mktorrent_py.client.seeding.torrents import ActiveTorrent
from mktorrent_py.errors import NetworkError

TORRENTS_SHOWN = 50
COPIES_SHOWN = 100
_SEEDER = web.AppKey("seeder", Seeder)
_METRICS = web.AppKey("metrics", CollectorRegistry)
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@asynccontextmanager
async def serve_status(seeder: Seeder, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the body runs; yields the port. Raises NetworkError when the address cannot be had."""
    runner = web.AppRunner(make_app(seeder, host), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise NetworkError(f"cannot serve at {host}:{port}: {os.strerror(error.errno or 0).lower()}") from error


def make_app(seeder: Seeder, host: str) -> web.Application:
    """The web application; `host` is the name it is served under."""
    app = web.Application(middlewares=[_guard(host)])
    app[_SEEDER] = seeder
    app[_METRICS] = CollectorRegistry()
    app[_METRICS].register(SeedMetrics(seeder))
    app.router.add_get("/", _show_page)
    app.router.add_get("/metrics", _show_metrics)
    app.router.add_get("/healthz", _show_health)
    return app


def _guard(own_name: str) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_own_host(request.headers.get("Host", ""), own_name):
            raise web.HTTPMisdirectedRequest(text="This is not the host you are looking for.\n", headers=_HEADERS)
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update(_HEADERS)
            raise
        response.headers.update(_HEADERS)
        return response

    return guard


def is_own_host(header: str, own_name: str) -> bool:
    """Whether a Host header is an address, `localhost`, or our own name: what no other site can take for itself."""
    host = header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() else header
    host = host.removeprefix("[").removesuffix("]").lower()
    if host in ("localhost", own_name.lower()):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def _show_page(request: web.Request) -> web.Response:
    return web.Response(text=render_page(page_facts(request.app[_SEEDER])), content_type="text/html")


async def _show_metrics(request: web.Request) -> web.Response:
    body = generate_latest(request.app[_METRICS])
    return web.Response(body=body, headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"})


async def _show_health(request: web.Request) -> web.Response:
    """Alive: the loop that answers this is the one that seeds."""
    return web.Response(text="ok\n")


def page_facts(seeder: Seeder) -> PageFacts:
    """What the page shows, of the first torrents."""
    return PageFacts(
        addresses=tuple(seeder.session.addresses),
        seconds=seeder.statistics.seconds,
        uploaded=seeder.statistics.uploaded,
        ratio=seeder.statistics.ratio,
        rates=tuple(seeder.statistics.rates),
        torrents=tuple([_torrent_facts(torrent) for torrent in islice(seeder.torrents.values(), TORRENTS_SHOWN)]),
        more=max(len(seeder.torrents) - TORRENTS_SHOWN, 0),
    )


def _torrent_facts(torrent: ActiveTorrent) -> TorrentFacts:
    return TorrentFacts(
        name=torrent.name,
        magnet=torrent.started.magnet,
        length=torrent.started.length,
        uploaded=torrent.uploaded,
        rate=torrent.rate,
        peers=tuple(
            [
                PeerFacts(address=peer.address, client=peer.client, has=peer.has, rate=peer.rate)
                for peer in torrent.peers.values()
            ]
        ),
        trackers=tuple([(url, _says(answer)) for url, answer in torrent.trackers.items()]),
        copies=tuple(_copies(torrent)),
    )


def _says(answer: TrackerAnswered | TrackerFailed) -> str:
    if isinstance(answer, TrackerFailed):
        return answer.reason
    counts = [(answer.seeds, "seeds"), (answer.peers, "peers")]
    return ", ".join(["ok", *[f"{count:,} {noun}" for count, noun in counts if count is not None]])


def _copies(torrent: ActiveTorrent) -> list[float]:
    """How many peers have each run of pieces, as a mean over the run."""
    totals: list[float] = []
    for info in torrent.handle.get_peer_info() if torrent.peers else ():
        shares = _shares(info.pieces)
        totals = [total + share for total, share in zip(totals, shares, strict=True)] if totals else shares
    return totals


def _shares(pieces: list[bool]) -> list[float]:
    runs = min(len(pieces), COPIES_SHOWN)
    edges = [len(pieces) * number // runs for number in range(runs + 1)] if runs else []
    return [sum(pieces[start:stop]) / (stop - start) for start, stop in pairwise(edges)]


class SeedMetrics:
    """The counters and gauges of a seeder, made when they are asked for."""

    def __init__(self, seeder: Seeder) -> None:
        self._seeder = seeder

    def collect(self) -> Iterator[Metric]:
        """In the order of the exposition."""
        seeder = self._seeder
        status = seeder.status()
        yield GaugeMetricFamily("mkt_seed_torrents", "Torrents being seeded", status.torrents)
        yield GaugeMetricFamily("mkt_seed_peers", "Connected peers", status.peers)
        yield GaugeMetricFamily("mkt_seed_upload_rate_bytes", "Bytes sent a second", status.rate)
        yield GaugeMetricFamily("mkt_seed_ratio", "Bytes sent over bytes of content", status.ratio)
        yield CounterMetricFamily("mkt_seed_uploaded_bytes", "Bytes of content sent", status.uploaded)
        yield CounterMetricFamily("mkt_seed_failures", "Torrents refused or stopped", seeder.failures)
        yield self._by_torrent()

    def _by_torrent(self) -> Metric:
        sent = CounterMetricFamily(
            "mkt_seed_torrent_uploaded_bytes", "Bytes of content sent of a torrent", labels=["infohash", "name"]
        )
        for torrent in self._seeder.torrents.values():
            infohash = torrent.started.infohash_v1 or torrent.started.infohash_v2 or ""
            name = torrent.name.encode("utf-8", "backslashreplace").decode()
            sent.add_metric([infohash, name], torrent.uploaded)
        return sent
