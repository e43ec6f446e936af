"""The bench, run as a person would run it, on content of a few MiB and with stand-ins for mkt."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import judges
import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "posix_spawn"), reason="the bench needs posix_spawn")

BENCH = Path(__file__).parent / "bench" / "create.py"
QUICK = ("--scale", "0.001", "--runs", "2", "--works", "one file v1", "--threads", "2")

WRITES_ITS_ARGUMENTS = """
out = sys.argv[sys.argv.index("-o") + 1] if "-o" in sys.argv else sys.argv[2]
print(" ".join(sys.argv[1:]), file=open(log, "a"))
print("x", file=open(out, "w"))
"""
FAILS = "sys.exit('mkt: cannot read the content')"
NEVER_ENDS = "time.sleep(60)"


def stand_in(directory: Path, body: str) -> Path:
    """A program in the place of mkt."""
    program = directory / "stand-in"
    program.write_text(f"#!{sys.executable}\nimport sys, time\nlog = {str(directory / 'log')!r}\n{body}\n")
    program.chmod(0o755)
    return program


def run_bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, BENCH, *QUICK, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_mkt_is_asked_in_its_own_words(tmp_path: Path) -> None:
    done = run_bench("--mkt", stand_in(tmp_path, WRITES_ITS_ARGUMENTS), "--peers", "mkt", "--dir", tmp_path, "--verify")
    assert done.returncode == 0, done.stderr
    asked = (tmp_path / "log").read_text().splitlines()
    content = asked[0].split()[1]
    torrent = f"{content}.torrent"
    assert asked[0] == f"create {content} -o {torrent} -f --v1 -l 1MiB -j 2 -q"
    assert asked[3] == asked[0].replace("-j 2", "-j 1")
    assert asked[7] == f"verify {torrent} {content} -j 2 -q"
    assert not Path(content).exists()


@pytest.mark.parametrize(
    ("body", "timeout", "said"),
    [(FAILS, "60", "failed: mkt: cannot read the content"), (NEVER_ENDS, "0.3", "over 0.3 s")],
)
def test_a_baseline_that_does_not_get_there_ends_the_bench(tmp_path: Path, body: str, timeout: str, said: str) -> None:
    done = run_bench("--mkt", stand_in(tmp_path, body), "--timeout", timeout, "--dir", tmp_path)
    assert done.returncode == 1
    assert said in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["stand-in"]


def test_a_program_that_is_not_here_is_named() -> None:
    done = run_bench("--baseline", "nobody")
    assert done.returncode == 1
    assert "not installed: nobody" in done.stderr


@pytest.mark.interop
def test_peers_are_compared_in_text_json_and_chart(tmp_path: Path) -> None:
    judges.require(judges.MKTORRENT)
    judges.require(judges.LIBTORRENT)
    figures, chart = tmp_path / "bench.json", tmp_path / "bench.svg"
    done = run_bench("--baseline", "mktorrent", "--peers", "libtorrent", "--json", figures, "--svg", chart)
    assert done.returncode == 0, done.stderr
    assert "create v1, one file of 4.096 MiB, 1 MiB pieces" in done.stdout
    first = json.loads(figures.read_text())["works"][0]
    baseline, rival = first["results"]
    assert (baseline["name"], len(baseline["samples"]), baseline["ratio"]) == ("mktorrent", 2, None)
    assert (rival["name"], len(rival["samples"])) == ("libtorrent", 2)
    least, median, most = rival["ratio"]
    assert 0 < least <= median <= most
    labels = [text.text for text in ElementTree.parse(chart).iter("{http://www.w3.org/2000/svg}text")]
    assert {"mktorrent", "libtorrent"} <= set(labels)
