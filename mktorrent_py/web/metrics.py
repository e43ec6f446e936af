"""Metrics in the text format of Prometheus (0.0.4)."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily as CounterMetricFamily
from prometheus_client.core import GaugeMetricFamily as GaugeMetricFamily
from prometheus_client.core import Metric as Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        return self._families


def render_metrics(families: Iterable[Metric]) -> bytes:
    """The metric families as `/metrics` serves them, in their order."""
    registry = CollectorRegistry()
    registry.register(_Families(families))
    return generate_latest(registry)
