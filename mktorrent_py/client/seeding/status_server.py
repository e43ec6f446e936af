"""The seeder's status over HTTP: a page for people, `/metrics` for Prometheus, `/healthz` for process supervisors.

Only GET and HEAD are answered. Requests under a foreign host name are refused, so that no web page elsewhere can read
the status by pointing its own name at this machine (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import islice, pairwise

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from mktorrent_py.client.seeding.events import TrackerAnswered, TrackerFailed
from mktorrent_py.client.seeding.seeder import Seeder
from mktorrent_py.client.seeding.status_page import PageFacts, PeerFacts, TorrentFacts, render_page
from mktorrent_py.client.seeding.torrents import ActiveTorrent
from mktorrent_py.errors import NetworkError
from mktorrent_py.formatting import plural
from mktorrent_py.torrentfile import reason_of
from mktorrent_py.web.metrics import CONTENT_TYPE, CounterMetricFamily, GaugeMetricFamily, Metric, render_metrics
from mktorrent_py.web.security_headers import SECURITY_HEADERS

MAX_TORRENTS_SHOWN = 50
MAX_RUNS_SHOWN = 100
_SEEDER = web.AppKey("seeder", Seeder)


@asynccontextmanager
async def serve_status(seeder: Seeder, host: str, port: int) -> AsyncIterator[int]:
    """Serve while the body runs; yields the port. Raises NetworkError when the address cannot be bound."""
    runner = web.AppRunner(make_app(seeder, host), access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise NetworkError(
                f"cannot serve at {host}:{port}: {reason_of(error)}", code="bind-failed", host=host, port=port
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def make_app(seeder: Seeder, host: str) -> web.Application:
    """The web application; `host` is the name it is served under."""
    app = web.Application(middlewares=[_refuse_foreign_hosts(host)])
    app[_SEEDER] = seeder
    app.on_response_prepare.append(_add_headers)
    app.router.add_get("/", _show_page)
    app.router.add_get("/metrics", _show_metrics)
    app.router.add_get("/healthz", _show_health)
    return app


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update({**SECURITY_HEADERS, "Cache-Control": "no-store"})


def _refuse_foreign_hosts(own_name: str) -> Middleware:
    @web.middleware
    async def check_host(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_own_host(request.headers.get("Host", ""), own_name):
            raise web.HTTPMisdirectedRequest(text="this server does not answer under that host name\n")
        return await handler(request)

    return check_host


def is_own_host(header: str, own_name: str) -> bool:
    """Whether a Host header is an IP address, `localhost` or `own_name`: nothing another site could point here."""
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
    body = render_metrics(seed_metrics(request.app[_SEEDER]))
    return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})


async def _show_health(request: web.Request) -> web.Response:
    # The event loop that answers this is the one that seeds.
    return web.Response(text="ok\n")


def page_facts(seeder: Seeder) -> PageFacts:
    """What the page shows; of many torrents the first ones."""
    return PageFacts(
        addresses=tuple(seeder.session.addresses),
        seconds=seeder.statistics.seconds,
        uploaded=seeder.statistics.uploaded,
        ratio=seeder.statistics.ratio,
        rates=tuple(seeder.statistics.rates),
        torrents=tuple([_torrent_facts(torrent) for torrent in islice(seeder.torrents.values(), MAX_TORRENTS_SHOWN)]),
        more=max(len(seeder.torrents) - MAX_TORRENTS_SHOWN, 0),
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
        trackers=tuple([(url, _reply(answer)) for url, answer in torrent.trackers.items()]),
        copies=tuple(_copies(torrent)),
    )


def _reply(answer: TrackerAnswered | TrackerFailed) -> str:
    if isinstance(answer, TrackerFailed):
        return answer.reason
    counts = [(answer.seeds, "seed"), (answer.peers, "peer")]
    return ", ".join(["ok", *[plural(count, noun) for count, noun in counts if count is not None]])


def _copies(torrent: ActiveTorrent) -> list[float]:
    """How many peers have each run of pieces, as a mean over the run."""
    totals: list[float] = []
    for info in torrent.handle.get_peer_info() if torrent.peers else ():
        pieces = info.pieces
        runs = min(len(pieces), MAX_RUNS_SHOWN)
        edges = [len(pieces) * number // runs for number in range(runs + 1)] if runs else []
        shares = [sum(pieces[start:stop]) / (stop - start) for start, stop in pairwise(edges)]
        totals = [total + share for total, share in zip(totals, shares, strict=True)] if totals else shares
    return totals


def seed_metrics(seeder: Seeder) -> Iterator[Metric]:
    """The counters and gauges of a seeder, in the order of the exposition."""
    status = seeder.status()
    yield GaugeMetricFamily("mkt_seed_torrents", "Torrents being seeded", status.torrents)
    yield GaugeMetricFamily("mkt_seed_peers", "Connected peers", status.peers)
    yield GaugeMetricFamily("mkt_seed_upload_rate_bytes", "Upload rate in bytes per second", status.rate)
    yield GaugeMetricFamily("mkt_seed_ratio", "Uploaded bytes per byte of content", status.ratio)
    yield CounterMetricFamily("mkt_seed_uploaded_bytes", "Bytes of content uploaded", status.uploaded)
    yield CounterMetricFamily("mkt_seed_failures", "Torrents refused or stopped", seeder.failures)
    by_torrent = CounterMetricFamily(
        "mkt_seed_torrent_uploaded_bytes", "Bytes of content uploaded, by torrent", labels=["infohash", "name"]
    )
    for torrent in seeder.torrents.values():
        infohash = torrent.started.infohash_v1 or torrent.started.infohash_v2 or ""
        by_torrent.add_metric([infohash, torrent.name.encode("utf-8", "backslashreplace").decode()], torrent.uploaded)
    yield by_torrent
