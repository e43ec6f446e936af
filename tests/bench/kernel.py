"""What each kernel of this processor does on one core, beside hashlib: `python tests/bench/kernel.py [--json]`.

Medians of rounds in which all kernels take turns, so that a slow moment of the machine is shared by all. `sha1` and
`sha256` hash a buffer that fits the second-level cache; the others read a warm file through `hash_unit`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from array import array
from collections.abc import Callable
from functools import partial
from pathlib import Path

from mktorrent_py.hashing import kernel
from mktorrent_py.hashing.kernel import _fallback

PIECE_LENGTH = 1 << 20
UNIT_LENGTH = 48 * PIECE_LENGTH
BUFFER = os.urandom(1 << 16) * 12
WORK = ("sha1", "sha256", "v1", "v2", "hybrid")
Rates = dict[str, dict[str, float]]


def seconds(work: Callable[[], object], repeat: int) -> float:
    start = time.perf_counter()
    for _ in range(repeat):
        work()
    return (time.perf_counter() - start) / repeat


def file_rate(name: str, directory: int, path: Path, v1: bool, v2: bool) -> float:
    """GB/s of one thread that hashes a file of `directory`, unit by unit."""
    engine = kernel.choose_engine(name)
    hash_unit = getattr(engine, "hash_unit", None) or partial(_fallback.hash_unit, engine)
    seen = path.stat()
    stats = array("q", (seen.st_size, seen.st_mtime_ns, seen.st_ino))
    width = PIECE_LENGTH // kernel.BLOCK_LENGTH if v2 else 0
    start = time.perf_counter()
    for offset in range(0, seen.st_size, UNIT_LENGTH):
        row = array("q", (0, offset, min(UNIT_LENGTH, seen.st_size - offset), 0, width))
        hash_unit(directory, [os.fsencode(path.name)], stats, row, PIECE_LENGTH, v1=v1, v2=v2)
    return seen.st_size / (time.perf_counter() - start) / 1e9


def measure(name: str, directory: int, path: Path) -> dict[str, float]:
    engine = kernel.choose_engine(name)
    part = len(BUFFER) // 48
    return {
        "sha1": len(BUFFER) / seconds(lambda: engine.sha1_pieces(BUFFER, part), 60) / 1e9,
        "sha256": len(BUFFER) / seconds(lambda: engine.sha256_blocks(BUFFER), 60) / 1e9,
        "v1": file_rate(name, directory, path, True, False),
        "v2": file_rate(name, directory, path, False, True),
        "hybrid": file_rate(name, directory, path, True, True),
    }


def medians(names: tuple[str, ...], path: Path, rounds: int) -> Rates:
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        taken = [{name: measure(name, directory, path) for name in names} for _ in range(rounds)]
    finally:
        os.close(directory)
    return {name: {work: statistics.median(each[name][work] for each in taken) for work in WORK} for name in names}


def table(rates: Rates) -> str:
    lines = ["GB/s      " + "".join(f"{work:>16}" for work in WORK)]
    for name, of_kernel in rates.items():
        cells = (f"{of_kernel[work]:.2f} ({of_kernel[work] / rates['hashlib'][work]:.1f}x)" for work in WORK)
        lines.append(f"{name:<10}" + "".join(f"{cell:>16}" for cell in cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the rates as JSON")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each (default: 5)")
    parser.add_argument("--size", type=int, default=512, help="MiB of the file that is read (default: 512)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "content")
        path.write_bytes(os.urandom(1 << 20) * arguments.size)
        rates = medians(("hashlib", "native", *kernel.description().available), path, arguments.rounds)
    print(json.dumps(rates, indent=2) if arguments.json else table(rates))


if __name__ == "__main__":
    main()
