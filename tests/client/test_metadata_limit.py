"""Metadata from lying peers: it costs no more memory than the limit, and the timeout ends it."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hostile_rig import HostilePeer, hostile
from seeding_rig import HERE, PATIENCE, QUIET_WORDS, at_once, make_release, running

from mktorrent_py.cli.exit import ExitCode

LIMIT = 20_000_000
WEIGHED = """
import sys
from pathlib import Path
from mktorrent_py.cli import main
code = main()
print(*[line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line])
sys.exit(code)
"""
"""Run `mkt`, then print its peak of resident memory in kB."""
INFOHASH = "ab" * 20

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system does not report the peak")


def fetch(directory: Path, infohash: str, *words: str) -> tuple[int, int, str]:
    """Return the exit code, the peak in bytes, and stderr."""
    fixed = ("--port", "0", *QUIET_WORDS, "--encryption", "off", "--metadata-only", "--max-metadata", str(LIMIT))
    magnet = f"magnet:?xt=urn:btih:{infohash}"
    command = [sys.executable, "-c", WEIGHED, "fetch", magnet, "-d", str(directory), "-q", *fixed, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    return done.returncode, int(done.stdout) * 1024, done.stderr


@dataclass(slots=True, kw_only=True)
class Met:
    """A lying peer, and how the download from it ended."""

    peer: HostilePeer
    code: int
    peak: int
    said: list[str]


LIARS = {"none": (None, True), "2 GB": (2_000_000_000, True), "one more": (LIMIT + 1, False), "0": (0, False),
         "negative": (-1, False), "the limit": (LIMIT, True)}  # fmt: skip


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Met]:
    """Return each lying peer by its claim. Invalid data is no progress, so that the timeout ends the download."""
    there: dict[str, Met] = {}

    def scene(claim: str, size: int | None, answers: bool) -> None:
        directory = tmp_path_factory.mktemp("out")
        with hostile(size, answers=answers) as peer:
            code, peak, err = fetch(directory, INFOHASH, *peer.words, "--timeout", "2s")
            there[claim] = Met(peer=peer, code=code, peak=peak, said=err.splitlines())
        assert not list(directory.iterdir())

    at_once(scene, {claim: (claim, *how) for claim, how in LIARS.items()})
    return there


@pytest.mark.parametrize("claim", LIARS)
def test_the_timeout_ends_invalid_metadata(met: dict[str, Met], claim: str) -> None:
    found = met[claim]
    assert found.peer.met
    assert found.code == ExitCode.NETWORK
    said, hint = found.said
    assert said == "mkt: download of the metadata stalled: no valid data for 2 s"
    assert f"{LIMIT:,} bytes" in hint
    assert "--max-metadata" in hint


@pytest.mark.parametrize("claim", ["2 GB", "one more", "0", "negative"])
def test_an_impossible_length_costs_nothing(met: dict[str, Met], claim: str) -> None:
    assert met[claim].peak < met["none"].peak + 4_000_000


def test_a_length_within_the_limit_costs_the_limit(met: dict[str, Met]) -> None:
    found, base = met["the limit"], met["none"].peak
    assert found.peer.asked >= LIMIT // 16384
    assert base + LIMIT // 2 < found.peak < base + LIMIT + 8_000_000


def test_valid_metadata_is_read_in_bounded_memory(tmp_path: Path, met: dict[str, Met]) -> None:
    """The author of the magnet may have made the metadata as costly to read as possible."""
    files = b"".join([b"d6:lengthi1e4:pathl6:%06xee" % number for number in range(40_000)])
    info = b"d5:filesl" + files + b"e4:name1:x12:piece lengthi1048576e6:pieces20:" + bytes(20) + b"e"
    with hostile(len(info), metadata=info) as peer:
        code, peak, err = fetch(tmp_path, hashlib.sha1(info).hexdigest(), *peer.words)
    assert (code, err) == (0, "")
    assert peak < met["none"].peak + 60 * len(info)


def test_an_honest_peer_succeeds_beside_a_lying_one(tmp_path: Path) -> None:
    release = make_release(tmp_path / "there", tree={"a": 100_000})
    words = ("seed", release.torrent, release.content, "--port", "0", *QUIET_WORDS, "--json")
    with running(*words) as process, hostile(2_000_000_000, answers=False) as liar:
        (address,) = process.wait_for("listening")["addresses"]
        process.wait_for("seed-started")
        infohash = release.metainfo.infohashes.v1
        assert infohash is not None
        code, _, _ = fetch(tmp_path, infohash.hex(), *liar.words, "--peer", address)
    assert code == 0
    assert address.startswith(HERE)
