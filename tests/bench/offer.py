"""What the bench of seeders gives, and takes."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.metainfo.metainfo import Metainfo

HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What is seeded, and where a seeder is to listen and keep its own files."""

    content: Path
    torrent: Path
    metainfo: Metainfo
    port: int
    home: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """One transfer: seconds from connecting to the first block, from there to the last, and bytes of content."""

    first: float
    rest: float
    length: int


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HERE, 0))
        return int(probe.getsockname()[1])
