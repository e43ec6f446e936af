"""What the tracker counts, for Prometheus (text format 0.0.4). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from mktorrent_py.tracker.swarms.store import Totals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Gauge(NamedTuple):
    """One metric: samples are (labels, value)."""

    name: str
    kind: str
    help: str
    samples: list[tuple[str, int]]


def render_metrics(
    *, version: str, uptime: int, torrents: int, store_available: bool, totals: Totals | None, events: Mapping[str, int]
) -> bytes:
    """`events` are counts by `transport what`, as the servers keep them; `totals` is None without an answer."""
    gauges = [
        Gauge("mkt_build_info", "gauge", "The version that runs", [(f'{{version="{version}"}}', 1)]),
        Gauge("mkt_tracker_uptime_seconds", "gauge", "Since the start", [("", uptime)]),
        Gauge("mkt_tracker_torrents", "gauge", "Torrents listed", [("", torrents)]),
        Gauge("mkt_tracker_store_up", "gauge", "Whether the store answered last time", [("", int(store_available))]),
        *(_population(totals) if totals else ()),
        Gauge("mkt_tracker_requests_total", "counter", "Requests by what became of them", _requests(events)),
    ]
    return "".join(_lines(gauge) for gauge in gauges).encode()


def _population(totals: Totals) -> Iterable[Gauge]:
    yield Gauge("mkt_tracker_swarms", "gauge", "Swarms with peers in them", [("", totals.swarms)])
    if totals.seeds is not None and totals.leechers is not None:
        peers = [('{role="seed"}', totals.seeds), ('{role="leecher"}', totals.leechers)]
        yield Gauge("mkt_tracker_peers", "gauge", "Peers, in all swarms", peers)


def _requests(events: Mapping[str, int]) -> list[tuple[str, int]]:
    return [(_request_labels(*event.split(" ")), count) for event, count in sorted(events.items())]


def _request_labels(transport: str, result: str) -> str:
    return f'{{transport="{transport}",result="{result}"}}'


def _lines(gauge: Gauge) -> str:
    samples = "".join(f"{gauge.name}{labels} {value}\n" for labels, value in gauge.samples)
    return f"# HELP {gauge.name} {gauge.help}\n# TYPE {gauge.name} {gauge.kind}\n{samples}"
