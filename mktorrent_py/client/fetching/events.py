"""Events of a download, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo.metainfo import Metainfo

if TYPE_CHECKING:
    from mktorrent_py.client.seeding.torrents import SeedableTorrent


class FetchPhase(StrEnum):
    """What a download is doing: waiting for metadata, checking existing files, or downloading."""

    METADATA = "metadata"
    CHECK = "check"
    DOWNLOAD = "download"


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchProgress:
    """Progress of a phase, several times a second, for the first time when it begins.

    `done` and `total` are in bytes; `total` is None for metadata, whose length is unknown. `rate` is in bytes a second.
    """

    phase: FetchPhase
    name: str
    done: int
    total: int | None
    rate: int = 0
    peers: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataReceived:
    """The metainfo of a magnet has arrived. Without `has_piece_layers`, clients get them with the content (BEP 52)."""

    metainfo: Metainfo
    has_piece_layers: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlSkipped:
    """A tracker or web seed that is not used, because the route of the session cannot reach it."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRenamed:
    """A file whose path on disk differs from that in the torrent, because that is not safe or not possible here."""

    torrent: str
    disk: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchResult:
    """A complete and verified download.

    `path` is the file of a single-file torrent, else its directory; `paths` are the files of the torrent in its order,
    None for those that were not selected. `length` is in bytes of selected content, `received` in bytes of it that came
    from peers or web seeds in this run, `seconds` how long that took.
    """

    metainfo: Metainfo
    path: Path
    paths: tuple[Path | None, ...]
    length: int
    received: int
    seconds: float
    renamed: tuple[FileRenamed, ...]

    def seedable(self) -> SeedableTorrent:
        """Return the torrent to seed it, without another check. Raises UsageError if files were not selected."""
        from mktorrent_py.client.seeding.torrents import SeedableTorrent

        paths = [path for path in self.paths if path is not None]
        if len(paths) < len(self.paths):
            raise UsageError("the selection leaves out files of the torrent", code="selection-incomplete")
        return SeedableTorrent.downloaded(self.metainfo, paths)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFinished:
    """Everything selected is complete and verified."""

    result: FetchResult


FetchEvent = FetchProgress | MetadataReceived | UrlSkipped | FileRenamed | FetchFinished
