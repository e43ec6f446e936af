"""Take pictures of the seeder's status page and of the tracker's list, for the README.

    python tests/bench/web_pictures.py

A tracker, a seeder and a slow download meet on loopback; headless Chromium takes the pictures.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

ROOT = Path(__file__).parents[2]
MKT = (sys.executable, "-c", "from mktorrent_py.cli import entry; entry()")
HERE = "127.0.0.1"
QUIET = ("--bind", HERE, "--port", "0", "--no-dht", "--no-lsd", "--no-upnp")
TRACKER_PORT, STATUS_PORT = 46969, 48080
SIZES = {"aurora-1.2": 30_000_000, "field recordings": 12_000_000}
CHROMIUM = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


def mkt(*words: object) -> None:
    subprocess.run([*MKT, *map(str, words)], check=True, stdout=subprocess.DEVNULL)


@contextmanager
def running(*words: object) -> Iterator[subprocess.Popen[str]]:
    """A command that prints events, for as long as the body runs."""
    with subprocess.Popen([*MKT, *map(str, words), "--json"], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def wait_for(process: subprocess.Popen[str], event: str) -> dict[str, Any]:
    assert process.stdout is not None
    for line in process.stdout:
        facts: dict[str, Any] = json.loads(line)
        if facts["event"] == event:
            return facts
    raise SystemExit(f"mkt ended without {event}")


def take(url: str, path: Path, height: int) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        raise SystemExit("this needs Chromium")
    with tempfile.TemporaryDirectory() as profile:
        window = (f"--user-data-dir={profile}", f"--window-size=900,{height}", f"--screenshot={path}")
        subprocess.run([browser, *CHROMIUM, *window, url], check=True, capture_output=True, timeout=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / ".github", help="directory of the pictures")
    output: Path = parser.parse_args().output.resolve()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        content, torrents = Path(name, "content"), Path(name, "torrents")
        torrents.mkdir()
        for release, size in SIZES.items():
            (content / release).mkdir(parents=True)
            (content / release / "disc.img").write_bytes(release.encode() * (size // len(release)))
            shutil.copy(ROOT / "LICENSE", content / release)
            mkt("create", content / release, "-o", torrents, "-t", f"http://{HERE}:{TRACKER_PORT}/announce", "-q")
        tracker = stack.enter_context(running("track", torrents, "--bind", HERE, "--port", TRACKER_PORT))
        wait_for(tracker, "started")
        status = f"{HERE}:{STATUS_PORT}"
        seeder = stack.enter_context(running("seed", torrents, "--content", content, "--http", status, *QUIET))
        port = wait_for(seeder, "listening")["addresses"][0].rpartition(":")[2]
        for _ in SIZES:
            wait_for(seeder, "seed-started")
        words = (torrents / "aurora-1.2.torrent", "-d", Path(name, "downloads"), *QUIET)
        fetch = [*MKT, "fetch", *map(str, words), "--peer", f"{HERE}:{port}", "--download-limit", "1M", "-q"]
        with subprocess.Popen(fetch) as download:
            wait_for(seeder, "peer-joined")
            time.sleep(8)
            take(f"http://{status}/", output / "seeder.png", 760)
            take(f"http://{HERE}:{TRACKER_PORT}/", output / "tracker.png", 600)
            with urlopen(f"http://{status}/healthz") as answer:
                assert answer.status == 200
            download.terminate()


if __name__ == "__main__":
    main()
