"""The programs that are timed, as a table: how each is found, what it can do, and how it is asked."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Action = Literal["create", "verify"]
Version = Literal["v1", "v2", "hybrid"]

ALL_VERSIONS: frozenset[Version] = frozenset({"v1", "v2", "hybrid"})
V1_ONLY: frozenset[Version] = frozenset({"v1"})
META_VERSIONS: Mapping[Version, int] = {"v1": 1, "v2": 2, "hybrid": 3}
LIBRARY_CREATE = str(Path(__file__).with_name("library_create.py"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A program, found on PATH or beside this Python, or a library of this Python.

    A command is a list of templates; `Request.fields` names what may stand in them.
    """

    name: str
    commands: Mapping[Action, tuple[str, ...]]
    program: str | None = None
    library: str | None = None
    versions: frozenset[Version] = V1_ONLY

    def found(self) -> str | None:
        """The program to start, or None when it is not installed."""
        if self.library is not None:
            return sys.executable if importlib.util.find_spec(self.library) else None
        beside_python = str(Path(sys.executable).parent)
        return shutil.which(self.program or self.name, path=os.pathsep.join([beside_python, os.environ["PATH"]]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What one command is to do; lengths in bytes."""

    content: Path
    torrent: Path
    version: Version
    piece_length: int
    threads: int

    def fields(self) -> dict[str, str | int]:
        kib = self.piece_length // 1024
        return {
            "content": str(self.content),
            "torrent": str(self.torrent),
            "version": self.version,
            "meta_version": META_VERSIONS[self.version],
            "piece_length": self.piece_length,
            "piece_kib": kib,
            "piece_binary": f"{kib // 1024}MiB" if kib % 1024 == 0 else f"{kib}KiB",
            "piece_exponent": self.piece_length.bit_length() - 1,
            "threads": self.threads,
        }


def command_line(program: str, peer: Peer, action: Action, request: Request) -> list[str]:
    """The whole command that asks `peer`, found as `program`, for `request`."""
    fields = request.fields()
    return [program, *(part.format_map(fields) for part in peer.commands[action])]


def through_library(library: str) -> tuple[str, ...]:
    return (LIBRARY_CREATE, library, "{content}", "{torrent}", "{version}", "{piece_length}", "{threads}")


OURS = Peer(
    name="mkt",
    versions=ALL_VERSIONS,
    commands={
        "create": (
            *("create", "{content}", "-o", "{torrent}", "-f", "--{version}"),
            *("-l", "{piece_binary}", "-j", "{threads}", "-q"),
        ),
        "verify": ("verify", "{torrent}", "{content}", "-j", "{threads}", "-q"),
    },
)

PEERS = (
    Peer(
        name="mktorrent",
        commands={
            "create": (
                *("-a", "http://127.0.0.1/announce", "-t", "{threads}", "-l", "{piece_exponent}"),
                *("-o", "{torrent}", "{content}"),
            )
        },
    ),
    Peer(
        name="libtorrent",
        library="libtorrent",
        versions=ALL_VERSIONS,
        commands={"create": through_library("libtorrent")},
    ),
    Peer(name="torf", library="torf", commands={"create": through_library("torf")}),
    Peer(
        name="torf-cli",
        program="torf",
        commands={"verify": ("--noconfig", "--threads", "{threads}", "-i", "{torrent}", "{content}")},
    ),
    Peer(
        name="torrentfile",
        versions=ALL_VERSIONS,
        commands={
            "create": (
                *("create", "--prog", "0", "--meta-version", "{meta_version}", "--piece-length", "{piece_length}"),
                *("-o", "{torrent}", "{content}"),
            )
        },
    ),
    Peer(
        name="imdl",
        commands={
            "create": (
                *("--quiet", "torrent", "create", "--force", "--piece-length", "{piece_binary}"),
                *("--input", "{content}", "--output", "{torrent}"),
            ),
            "verify": ("--quiet", "torrent", "verify", "--content", "{content}", "{torrent}"),
        },
    ),
    Peer(
        name="transmission-create",
        commands={"create": ("-s", "{piece_kib}", "-o", "{torrent}", "{content}")},
    ),
)
