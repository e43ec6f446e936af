"""Time `mkt seed` against other seeders, each giving the same content to the same leecher over TCP.

    python tests/bench/seed.py --size 1000 --runs 3 --dir /dev/shm

There are two leechers: libtorrent, which checks and writes what it gets and is mostly what limits the rate, and a sink
that throws it away. Rates are of payload; CPU is of the seeder alone, per GB given; the first block is timed from when
the leecher begins to connect.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from leechers import LEECHERS, Leecher
from offer import HERE, Offer, free_port

from mktorrent_py.create import CreateOptions, create_torrent
from mktorrent_py.metainfo.infohash import TorrentVersion

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One transfer: bytes a second, seconds to the first block, seconds of the seeder's processor per GB."""

    rate: float
    first: float
    cpu: float


def mkt_words(offer: Offer) -> list[str]:
    mkt = [sys.executable, "-c", "from mktorrent_py.cli import main; raise SystemExit(main())", "seed"]
    quiet = ["--bind", HERE, "--no-dht", "--no-lsd", "--no-upnp", "-q"]
    return [*mkt, str(offer.torrent), str(offer.content), "--port", str(offer.port), *quiet]


def aria2_words(offer: Offer) -> list[str]:
    return [
        *("aria2c", "--no-conf", "--quiet", "--enable-dht=false", "--enable-dht6=false", "--check-integrity=true"),
        *("--seed-ratio=0.0", f"--listen-port={offer.port}", f"--dir={offer.content.parent}", str(offer.torrent)),
    ]


def transmission_words(offer: Offer) -> list[str]:
    return [
        *("transmission-cli", "-g", str(offer.home), "-w", str(offer.content.parent), "-p", str(offer.port)),
        *("-M", "-u", "1000000", "-v", str(offer.torrent)),
    ]


SEEDERS: dict[str, tuple[str, Callable[[Offer], list[str]]]] = {
    "mkt": (sys.executable, mkt_words),
    "aria2": ("aria2c", aria2_words),
    "transmission": ("transmission-cli", transmission_words),
}


def main() -> None:
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(description=first, epilog=rest, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--size", type=int, default=1000, metavar="MB", help="of content (1000)")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="transfers from each (3)")
    parser.add_argument("--leecher", action="append", choices=LEECHERS, help="who takes it (each in turn)")
    parser.add_argument("--dir", type=Path, metavar="DIR", help="where to put content and what is fetched")
    options = parser.parse_args()
    os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    with tempfile.TemporaryDirectory(dir=options.dir) as directory:
        offer = make_offer(Path(directory), options.size * 1_000_000)
        for leecher in options.leecher or LEECHERS:
            print(f"to {leecher}:")
            race(offer, LEECHERS[leecher], options.runs)


def make_offer(directory: Path, size: int) -> Offer:
    """One file of noise and its torrent."""
    content = directory / "content" / "release"
    content.mkdir(parents=True)
    with (content / "image.bin").open("wb") as file:
        for _ in range(size // 1_000_000):
            file.write(os.urandom(1_000_000))
    made = create_torrent(content, CreateOptions(version=TorrentVersion.V1, piece_length=1 << 20))
    torrent = directory / "release.torrent"
    torrent.write_bytes(made.metainfo.to_bytes())
    return Offer(content=content, torrent=torrent, metainfo=made.metainfo, port=0, home=directory / "home")


def race(offer: Offer, leecher: Leecher, runs: int) -> None:
    """Every seeder in turn, A B C A B C, and the medians."""
    found = {name: words for name, (program, words) in SEEDERS.items() if shutil.which(program)}
    results: dict[str, list[Result]] = {name: [] for name in found}
    for _ in range(runs):
        for name, words in found.items():
            placed = replace(offer, port=free_port())
            results[name].append(transfer(words(placed), placed, leecher))
    for name, taken in results.items():
        print(line(name, taken))


def line(name: str, results: list[Result]) -> str:
    rate = statistics.median([result.rate for result in results])
    first = statistics.median([result.first for result in results])
    cpu = statistics.median([result.cpu for result in results])
    return f"{name:<14} {rate / 1e6:7.0f} MB/s   first block {1000 * first:6.0f} ms   {cpu:5.2f} CPU s/GB"


def transfer(words: list[str], offer: Offer, leecher: Leecher) -> Result:
    """Start a seeder, wait until it listens and has checked, and fetch everything from it once."""
    offer.home.mkdir(exist_ok=True)
    seeder = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_idle(seeder.pid, offer.port)
        before = cpu_seconds(seeder.pid)
        taken = leecher(offer)
        cpu = cpu_seconds(seeder.pid) - before
        return Result(rate=taken.length / taken.rest, first=taken.first, cpu=cpu / (taken.length / 1e9))
    finally:
        seeder.send_signal(signal.SIGKILL)
        seeder.wait()


def wait_until_idle(pid: int, port: int) -> None:
    """Until it takes connections and has not computed anything for half a second: its check is over."""
    deadline = time.monotonic() + 120
    while not accepts(port) and time.monotonic() < deadline:
        time.sleep(0.05)
    last = -1.0
    while (now := cpu_seconds(pid)) - last > 0.02 and time.monotonic() < deadline:
        last = now
        time.sleep(0.5)


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HERE, port)) == 0


def cpu_seconds(pid: int) -> float:
    """Of a process and its children: some programs are started by a script."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return (int(fields[11]) + int(fields[12])) / TICKS + sum([cpu_seconds(int(child)) for child in children])


if __name__ == "__main__":
    main()
