"""What the bench found, as text, as JSON and as a chart."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chart import Bar, Group, draw_chart
from measure import Limits, own_peak
from race import GrowthResult, Result, WorkResult

GB = 1e9
MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All of one run; `limits` is None when they were not measured."""

    threads: int
    limits: Limits | None
    works: Sequence[WorkResult]
    growths: Sequence[GrowthResult]


def processor_name() -> str:
    """The processor's own name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


# --- text ---


def machine_lines(limits: Limits, threads: int) -> Iterator[str]:
    yield f"{processor_name()}, {limits.processors} processors, Python {platform.python_version()}"
    yield (
        f"one thread here: page cache {limits.read / GB:.2f} GB/s, "
        f"hashlib SHA-1 {limits.sha1 / GB:.2f}, SHA-256 {limits.sha256 / GB:.2f}"
    )
    yield f"{threads} threads where a program takes a number; a peak below {own_peak() / MIB:.0f} MiB shows as that"


def work_lines(outcome: WorkResult) -> Iterator[str]:
    yield str(outcome.work)
    baseline = outcome.results[0].name
    yield f"  {'':20} {'seconds':>8} {'GB/s':>6} {'cpu s':>7} {'MiB':>5}   time over {baseline}'s, by pairs"
    for result in outcome.results:
        yield f"  {result.name:20} " + (result.problem or result_columns(result, outcome.work.shape.total))


def result_columns(result: Result, total: int) -> str:
    cpu = min(sample.cpu for sample in result.samples)
    columns = f"{result.seconds:8.3f} {total / result.seconds / GB:6.2f} {cpu:7.2f} {result.peak / MIB:5.0f}"
    if result.ratio is None:
        return columns
    least, median, most = result.ratio
    return f"{columns}   {median:.2f}  ({least:.2f} to {most:.2f})"


def growth_line(outcome: GrowthResult) -> str:
    least, median, most = outcome.ratio
    return (
        f"{outcome.growth.factor} times the {outcome.growth.what}: {median:.2f} times as long "
        f"({least:.2f} to {most:.2f}; {outcome.small_seconds:.3f} s, {outcome.large_seconds:.3f} s)"
    )


# --- JSON ---


def as_json(report: Report) -> dict[str, Any]:
    """Lengths and memory in bytes, times in seconds, rates in bytes a second."""
    return {
        "schema": 1,
        "processor": processor_name(),
        "python": platform.python_version(),
        "threads": report.threads,
        "limits": report.limits and asdict(report.limits),
        "peak_floor": own_peak(),
        "works": [
            {
                "title": str(outcome.work),
                "bytes": outcome.work.shape.total,
                "results": list(map(asdict, outcome.results)),
            }
            for outcome in report.works
        ],
        "growths": [
            {
                "what": outcome.growth.what,
                "factor": outcome.growth.factor,
                "small_seconds": outcome.small_seconds,
                "large_seconds": outcome.large_seconds,
                "ratio": outcome.ratio,
            }
            for outcome in report.growths
        ],
    }


# --- chart ---


def as_chart(report: Report) -> str:
    """Seconds for each work; the baseline's bar stands out."""
    return draw_chart([chart_group(outcome) for outcome in report.works])


def chart_group(outcome: WorkResult) -> Group:
    timed = [result for result in outcome.results if not result.problem]
    return Group(title=f"{outcome.work}, seconds", bars=[chart_bar(result) for result in timed])


def chart_bar(result: Result) -> Bar:
    times = f" ({result.ratio[1]:.1f}x)" if result.ratio else ""
    return Bar(label=result.name, value=result.seconds, text=f"{result.seconds:.2f}{times}", ours=result.ratio is None)
