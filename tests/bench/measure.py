"""Timing of whole commands as the operating system accounts for them, and of what the machine could do at best."""

from __future__ import annotations

import contextlib
import hashlib
import os
import resource
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

READ_LENGTH = 1 << 20
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One finished command: seconds from start to exit, seconds of processor, most memory held in bytes."""

    wall: float
    cpu: float
    peak: int


class CommandError(Exception):
    """A command failed or took too long; the text says which."""


def own_peak() -> int:
    """The most memory this process held, in bytes. The peak of a child is never seen below it: it begins as a copy."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT


def run_command(command: list[str], timeout: float) -> Sample:
    """Run `command` to its end, silent unless it fails."""
    with tempfile.TemporaryFile() as complaints, Path(os.devnull).open("wb") as nowhere:
        actions = [(os.POSIX_SPAWN_DUP2, nowhere.fileno(), 1), (os.POSIX_SPAWN_DUP2, complaints.fileno(), 2)]
        started = time.perf_counter()
        pid = os.posix_spawn(command[0], command, os.environ, file_actions=actions, setpgroup=0)
        late = threading.Event()
        timer = threading.Timer(timeout, _kill_group, [pid, late])
        timer.start()
        try:
            _, status, usage = os.wait4(pid, 0)
        except KeyboardInterrupt:
            os.killpg(pid, signal.SIGKILL)
            raise
        finally:
            timer.cancel()
        wall = time.perf_counter() - started
        if late.is_set():
            raise CommandError(f"over {timeout:g} s")
        if status != 0:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace").strip().splitlines()
            raise CommandError(f"failed: {said[-1] if said else 'it said nothing'}")
    return Sample(wall=wall, cpu=usage.ru_utime + usage.ru_stime, peak=usage.ru_maxrss * RSS_UNIT)


def _kill_group(pid: int, late: threading.Event) -> None:
    late.set()
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one thread can do here, in bytes a second, and how many processors there are."""

    read: float
    sha1: float
    sha256: float
    processors: int


def measure_limits(path: Path, tries: int = 3) -> Limits:
    """Read `path` from the page cache, and hash a MiB over and over with hashlib; the best of `tries` each."""
    block = os.urandom(READ_LENGTH)
    rounds = 128
    return Limits(
        read=best_rate(lambda: read_through(path), tries),
        sha1=best_rate(lambda: hash_rounds("sha1", block, rounds), tries),
        sha256=best_rate(lambda: hash_rounds("sha256", block, rounds), tries),
        processors=os.cpu_count() or 1,
    )


def best_rate(work: Callable[[], int], tries: int) -> float:
    """Bytes a second of the quickest of `tries`; `work` answers how many bytes it did."""
    rates = []
    for _ in range(tries):
        started = time.perf_counter()
        done = work()
        rates.append(done / (time.perf_counter() - started))
    return max(rates)


def read_through(path: Path) -> int:
    buffer = bytearray(READ_LENGTH)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        offset = 0
        while count := os.preadv(descriptor, [buffer], offset):
            offset += count
    finally:
        os.close(descriptor)
    return offset


def hash_rounds(algorithm: str, block: bytes, rounds: int) -> int:
    hasher = hashlib.new(algorithm, usedforsecurity=False)
    for _ in range(rounds):
        hasher.update(block)
    return rounds * len(block)


def pair_ratios(pairs: Sequence[tuple[Sample, Sample]]) -> tuple[float, float, float]:
    """(least, median, most) of the second's wall time over the first's."""
    ratios = [second.wall / first.wall for first, second in pairs]
    return min(ratios), statistics.median(ratios), max(ratios)
