"""Contenders timed in turn at one work after another."""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from measure import CommandError, Sample, pair_ratios, run_command
from peers import Peer, Request, command_line
from works import Growth, Shape, Work, write_content


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A peer that was found here."""

    peer: Peer
    program: str

    @property
    def name(self) -> str:
        return self.peer.name

    def takes_part(self, work: Work) -> bool:
        invited = not work.peers or self.name in work.peers
        return invited and work.action in self.peer.commands and work.version in self.peer.versions


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One program at one work.

    `ratio` is (least, median, most) of its time over the baseline's, None for the baseline itself; `problem` says
    why there are no samples.
    """

    name: str
    samples: tuple[Sample, ...] = ()
    ratio: tuple[float, float, float] | None = None
    problem: str | None = None

    @property
    def seconds(self) -> float:
        return statistics.median(sample.wall for sample in self.samples)

    @property
    def peak(self) -> int:
        return max(sample.peak for sample in self.samples)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkResult:
    """The baseline's result, of all its runs, and then each rival's."""

    work: Work
    results: tuple[Result, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowthResult:
    """The baseline's median seconds at both works; `ratio` is (least, median, most) of large over small."""

    growth: Growth
    small_seconds: float
    large_seconds: float
    ratio: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """Who takes part and how: `runs` counted runs for each, `timeout` in seconds, content `scale` times as large."""

    baseline: Contender
    rivals: Sequence[Contender]
    directory: Path
    runs: int
    threads: int
    timeout: float
    scale: float

    def run_work(self, work: Work) -> WorkResult:
        work = replace(work, shape=work.shape.scaled(self.scale))
        with written(self.directory, work.shape) as content:
            if work.action == "verify":
                self.time_baseline(replace(work, action="create"), content)
            self.time_baseline(work, content)
            rivals = [rival for rival in self.rivals if rival.takes_part(work)]
            ours: list[Sample] = []
            theirs = [self.time_rival(rival, work, content, ours) for rival in rivals]
            if not ours:
                ours += [self.time_baseline(work, content) for _ in range(self.runs)]
        return WorkResult(work=work, results=(Result(name=self.baseline.name, samples=tuple(ours)), *theirs))

    def time_rival(self, rival: Contender, work: Work, content: Path, ours: list[Sample]) -> Result:
        """A warm-up, then `runs` pairs; the baseline's halves are added to `ours`."""
        pairs: list[tuple[Sample, Sample]] = []
        try:
            self.time_once(rival, work, content)
            for _ in range(self.runs):
                our = self.time_baseline(work, content)
                pairs.append((our, self.time_once(rival, work, content)))
        except CommandError as error:
            return Result(name=rival.name, problem=str(error))
        ours += [our for our, _ in pairs]
        return Result(name=rival.name, samples=tuple(their for _, their in pairs), ratio=pair_ratios(pairs))

    def run_growth(self, growth: Growth) -> GrowthResult:
        """The baseline alone at both works, in turn."""
        small = replace(growth.small, shape=growth.small.shape.scaled(self.scale))
        large = replace(growth.large, shape=growth.large.shape.scaled(self.scale))
        with (
            written(self.directory / "small", small.shape) as less,
            written(self.directory / "large", large.shape) as more,
        ):
            turns = [(self.time_baseline(small, less), self.time_baseline(large, more)) for _ in range(self.runs + 1)]
        counted = turns[1:]
        return GrowthResult(
            growth=replace(growth, small=small, large=large),
            small_seconds=statistics.median(sample.wall for sample, _ in counted),
            large_seconds=statistics.median(sample.wall for _, sample in counted),
            ratio=pair_ratios(counted),
        )

    def time_baseline(self, work: Work, content: Path) -> Sample:
        """As `time_once`, but a failure of the baseline ends the bench: there is nothing left to compare with."""
        try:
            return self.time_once(self.baseline, work, content)
        except CommandError as error:
            raise SystemExit(f"{self.baseline.name} at {work}: {error}") from error

    def time_once(self, contender: Contender, work: Work, content: Path) -> Sample:
        torrent = content.with_name("content.torrent")
        if work.action == "create":
            # mktorrent and transmission-create refuse to overwrite.
            torrent.unlink(missing_ok=True)
        request = Request(
            content=content,
            torrent=torrent,
            version=work.version,
            piece_length=work.piece_length,
            threads=work.threads or self.threads,
        )
        sample = run_command(command_line(contender.program, contender.peer, work.action, request), self.timeout)
        if not torrent.is_file():
            raise CommandError("failed: it wrote no torrent")
        return sample


@contextmanager
def written(directory: Path, shape: Shape) -> Iterator[Path]:
    """Content of `shape` below `directory`, gone afterwards with all that was written beside it."""
    directory.mkdir(parents=True, exist_ok=True)
    try:
        yield write_content(directory, shape)
    finally:
        shutil.rmtree(directory)
