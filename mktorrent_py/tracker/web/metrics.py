"""Metrics of a tracker. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mktorrent_py.tracker.swarms.store import Totals
from mktorrent_py.web.metrics import CounterMetricFamily, GaugeMetricFamily, Metric


def tracker_metrics(
    *, version: str, uptime: int, torrents: int, totals: Totals | None, events: Mapping[str, int]
) -> Iterator[Metric]:
    """The metric families in the order of the exposition.

    `events` are counts by "transport result", as the servers keep them; `totals` is None when the store does not
    answer. `uptime` is in seconds.
    """
    build = GaugeMetricFamily("mkt_build_info", "Version of the running program", labels=["version"])
    build.add_metric([version], 1)
    yield build
    yield GaugeMetricFamily("mkt_tracker_uptime_seconds", "Seconds since the start", uptime)
    yield GaugeMetricFamily("mkt_tracker_torrents", "Listed torrents", torrents)
    yield GaugeMetricFamily("mkt_tracker_store_up", "Whether the store answers", int(totals is not None))
    if totals is not None:
        yield GaugeMetricFamily("mkt_tracker_swarms", "Swarms with peers", totals.swarms)
        if totals.seeds is not None and totals.leechers is not None:
            peers = GaugeMetricFamily("mkt_tracker_peers", "Peers in all swarms", labels=["role"])
            peers.add_metric(["seed"], totals.seeds)
            peers.add_metric(["leecher"], totals.leechers)
            yield peers
    requests = CounterMetricFamily("mkt_tracker_requests", "Requests by result", labels=["transport", "result"])
    for event, count in sorted(events.items()):
        requests.add_metric(event.split(" "), count)
    yield requests
