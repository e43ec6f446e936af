"""Independent programs that say whether a torrent is right: each says if it is here, and what it makes of one.

A judge that creates returns the whole torrent file, so that a test reads them all alike.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

TRACKER = "http://127.0.0.1/announce"
"""For the creators that will not go without one."""


class Judge(Protocol):
    """An independent program."""

    name: str

    def available(self) -> bool:
        """Whether it is installed here."""


class V1Creator(Judge, Protocol):
    """A judge that makes v1 torrents."""

    def create(self, root: Path, piece_length: int) -> bytes:
        """The torrent file it makes of `root`."""


class V1Reader(Judge, Protocol):
    """A judge that reads v1 torrents."""

    def infohash(self, torrent: bytes) -> bytes:
        """The v1 infohash it finds."""


class JudgedFile(NamedTuple):
    """A file as a judge lists it; `path` begins with the name of the torrent."""

    path: str
    length: int
    is_pad: bool


def require(judge: Judge) -> None:
    """Skip the running test when `judge` is not here; fail it where MKT_REQUIRE_JUDGES=1 says that all must be."""
    if judge.available():
        return
    if os.environ.get("MKT_REQUIRE_JUDGES") == "1":
        pytest.fail(f"{judge.name} is not installed, and MKT_REQUIRE_JUDGES=1 asks for it")
    pytest.skip(f"{judge.name} is not installed")


def run(*command: str | Path) -> str:
    """What `command` prints; a failure fails the test with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, f"{command[0]} ended with {done.returncode}: {done.stderr or done.stdout}"
    return done.stdout


class Libtorrent:
    """libtorrent (Rasterbar), 2.1: what qBittorrent and Deluge read torrents with."""

    name = "libtorrent"

    def available(self) -> bool:
        return importlib.util.find_spec("libtorrent") is not None

    def infohashes(self, torrent: bytes) -> tuple[bytes | None, bytes | None]:
        """(v1, v2), None for a half that is not there. Raises RuntimeError for what libtorrent refuses."""
        hashes = self._load(torrent).info_hashes()
        v1 = hashes.v1.to_bytes() if hashes.has_v1() else None
        return v1, (hashes.v2.to_bytes() if hashes.has_v2() else None)

    def files(self, torrent: bytes) -> list[JudgedFile]:
        """Its file list; for v2 that holds the pads which the piece space implies."""
        import libtorrent

        layout = self._load(torrent).layout()
        pad = libtorrent.file_storage.flag_pad_file
        return [
            JudgedFile(layout.file_path(i), layout.file_size(i), bool(layout.file_flags(i) & pad))
            for i in range(layout.num_files())
        ]

    def create(self, root: Path, version: str, piece_length: int) -> bytes:
        """Make a torrent of `root`. A v1 one follows BEP 52's order; else libtorrent orders by the joined path."""
        import libtorrent

        kind = libtorrent.create_torrent
        flags = kind.no_attributes | {"v1": kind.v1_only, "v2": kind.v2_only, "hybrid": 0}[version]
        entries = libtorrent.list_files(str(root.absolute()), lambda path: True, flags)
        entries.sort(key=lambda entry: [os.fsencode(part) for part in Path(entry.filename).parts])
        creator = kind(entries, piece_length, flags)
        libtorrent.set_piece_hashes(creator, str(root.absolute().parent))
        encoded: bytes = libtorrent.bencode(creator.generate())
        return encoded

    def _load(self, torrent: bytes) -> Any:
        import libtorrent

        return libtorrent.load_torrent_buffer(torrent).ti


class Torf:
    """torf, v1 only. It leaves hidden files out."""

    name = "torf"

    def available(self) -> bool:
        return importlib.util.find_spec("torf") is not None

    def create(self, root: Path, piece_length: int) -> bytes:
        import torf

        torrent = torf.Torrent(path=root, piece_size=piece_length, trackers=[TRACKER])
        torrent.generate(threads=1)
        dumped: bytes = torrent.dump()
        return dumped


class _Program:
    """A judge that is a command."""

    name: str

    def available(self) -> bool:
        return shutil.which(self.name) is not None


class Mktorrent(_Program):
    """mktorrent, v1 only. It orders by the joined path, and takes powers of two from 32 KiB up."""

    name = "mktorrent"

    def create(self, root: Path, piece_length: int) -> bytes:
        exponent = str(piece_length.bit_length() - 1)
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out.torrent"
            run(self.name, "-a", TRACKER, "-l", exponent, "-t", "1", "-o", out, root)
            return out.read_bytes()


class TransmissionCreate(_Program):
    """transmission-create, v1 only. Version 3 ignores case in its order and leaves hidden and empty files out."""

    name = "transmission-create"

    def create(self, root: Path, piece_length: int) -> bytes:
        with tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "out.torrent"
            run(self.name, "-t", TRACKER, "-s", str(piece_length // 1024), "-o", out, root)
            return out.read_bytes()


class _InfohashPrinter(_Program):
    """A program that prints the v1 infohash of a torrent file, among other things."""

    options: tuple[str, ...] = ()
    printed: str

    def infohash(self, torrent: bytes) -> bytes:
        """The v1 infohash."""
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "in.torrent"
            path.write_bytes(torrent)
            found = re.search(self.printed, run(self.name, *self.options, path), re.MULTILINE)
        assert found, f"{self.name} printed no infohash"
        return bytes.fromhex(found[1])


class Aria2(_InfohashPrinter):
    """aria2c as a reader of v1. It knows nothing of BEP 52."""

    name = "aria2c"
    options = ("-S",)
    printed = r"^Info Hash: ([0-9a-f]{40})$"


class TransmissionShow(_InfohashPrinter):
    """transmission-show as a reader of v1; version 4 reads the v1 half of a hybrid as well."""

    name = "transmission-show"
    printed = r"^ *Hash(?: v1)?: ([0-9a-f]{40})$"


LIBTORRENT = Libtorrent()
TORF = Torf()
MKTORRENT = Mktorrent()
TRANSMISSION_CREATE = TransmissionCreate()
TRANSMISSION_SHOW = TransmissionShow()
ARIA2 = Aria2()
