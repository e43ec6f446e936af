"""Time `mkt` against the other creators on this machine, as whole commands over content in the page cache.

    python tests/bench/create.py --scale 0.05 --runs 3
    python tests/bench/create.py --verify --json bench.json --svg bench.svg

Every peer is timed in turn with mkt, A B A B, so that a machine that slows down slows both; the ratio is taken pair
by pair and its median is what counts. `MKT_KERNEL=NAME` in the environment picks the kernel that mkt hashes with.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from measure import Limits, measure_limits
from peers import OURS, PEERS
from race import Contender, GrowthResult, Race, WorkResult, written
from report import Report, as_chart, as_json, growth_line, machine_lines, work_lines
from works import GROWTHS, LARGE, VERIFY_WORKS, WORKS, Work


def parse_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=first, epilog=rest, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--mkt", metavar="PROGRAM", help="mkt to time, when it is not beside this Python or on PATH")
    parser.add_argument("--baseline", default="mkt", metavar="NAME", help="the program all others are compared with")
    parser.add_argument("--peers", metavar="NAMES", help="only these, separated by commas")
    parser.add_argument("--works", default="", metavar="WORDS", help="only works whose title has these words in it")
    parser.add_argument("--verify", action="store_true", help="time verifying as well")
    parser.add_argument("--growth", action="store_true", help="also see how time grows with bytes, pieces and files")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="counted runs of each (5)")
    parser.add_argument("--scale", type=float, default=1, metavar="X", help="content X times as large (1)")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, metavar="N", help="threads to ask for")
    parser.add_argument("--timeout", type=float, default=60, metavar="SECONDS", help="for one command (60)")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="where to write the content")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures")
    parser.add_argument("--svg", type=Path, metavar="FILE", help="write a bar chart")
    return parser.parse_args(arguments)


def find_contenders(mkt: str | None) -> dict[str, Contender]:
    """Every program of the table that is installed, by its name."""
    found = [(peer, peer.found()) for peer in (replace(OURS, program=mkt), *PEERS)]
    return {peer.name: Contender(peer=peer, program=program) for peer, program in found if program}


def choose_rivals(contenders: dict[str, Contender], baseline: str, names: str | None) -> list[Contender]:
    chosen = names.split(",") if names else list(contenders)
    unknown = [name for name in chosen if name not in contenders]
    if unknown:
        raise SystemExit(f"not installed: {', '.join(unknown)}")
    return [contenders[name] for name in chosen if name != baseline]


def race_of(options: argparse.Namespace, directory: Path) -> Race:
    contenders = find_contenders(options.mkt)
    if options.baseline not in contenders:
        raise SystemExit(f"not installed: {options.baseline}; found are {', '.join(contenders)}")
    return Race(
        baseline=contenders[options.baseline],
        rivals=choose_rivals(contenders, options.baseline, options.peers),
        directory=directory / "content",
        runs=options.runs,
        threads=options.threads,
        timeout=options.timeout,
        scale=options.scale,
    )


def chosen_works(options: argparse.Namespace, baseline: Contender) -> list[Work]:
    works = [*WORKS, *(VERIFY_WORKS if options.verify else ())]
    able = [work for work in works if baseline.takes_part(replace(work, peers=frozenset()))]
    return [work for work in able if all(word in str(work) for word in options.works.split())]


def limits_of(race: Race) -> Limits:
    with written(race.directory, LARGE.scaled(race.scale)) as content:
        return measure_limits(content)


def run_all(race: Race, works: Sequence[Work], *, growth: bool) -> Report:
    """Run everything, each result printed as soon as it is there."""
    limits = limits_of(race)
    print("\n".join(machine_lines(limits, race.threads)), flush=True)
    outcomes: list[WorkResult] = []
    for work in works:
        outcomes.append(race.run_work(work))
        print("\n" + "\n".join(work_lines(outcomes[-1])), flush=True)
    growths: list[GrowthResult] = []
    for case in GROWTHS if growth else ():
        growths.append(race.run_growth(case))
        print("\n" + growth_line(growths[-1]), flush=True)
    return Report(threads=race.threads, limits=limits, works=outcomes, growths=growths)


def main(arguments: Sequence[str] | None = None) -> None:
    options = parse_arguments(arguments)
    with tempfile.TemporaryDirectory(dir=options.dir) as directory:
        race = race_of(options, Path(directory))
        report = run_all(race, chosen_works(options, race.baseline), growth=options.growth)
    if options.json:
        options.json.write_text(json.dumps(as_json(report), indent=1) + "\n")
    if options.svg:
        options.svg.write_text(as_chart(report))


if __name__ == "__main__":
    main()
