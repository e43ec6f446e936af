"""Events of seeding, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mktorrent_py.errors import TorrentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Peers can connect at `addresses` (`host:port`), which come and go; with a proxy there are none."""

    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoTorrents:
    """The watched directory contains no torrent at the start."""

    directory: str


class Basis(StrEnum):
    """Why content may be uploaded: it was hashed now, is unchanged since its last check, or is trusted."""

    CHECKED = "checked"
    REMEMBERED = "remembered"
    TRUSTED = "trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedStarted:
    """A torrent is seeded from now on. `length` in bytes, `checked` in seconds (None: not hashed), hashes in hex."""

    name: str
    magnet: str
    infohash_v1: str | None
    infohash_v2: str | None
    length: int
    files: int
    private: bool
    basis: Basis
    checked: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedFailed:
    """A torrent is not, or no longer, seeded; `error` names the file and the reason."""

    name: str
    error: TorrentError


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRemoved:
    """A torrent was removed from the watched directory."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerAnswered:
    """A tracker accepted our announce. Counts are None where it sends none; `again` is in seconds."""

    name: str
    url: str
    seeds: int | None
    peers: int | None
    again: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerFailed:
    """A tracker did not answer, or refused the announce."""

    name: str
    url: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerJoined:
    """A peer is connected. `client` is the name it sent."""

    name: str
    address: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLeft:
    """A peer disconnected; `done` if it has everything now."""

    name: str
    address: str
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """A torrent whose content is being checked; in bytes."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Totals, once a second: bytes, bytes a second, seconds. `ratio` is bytes sent over bytes of content."""

    torrents: int
    peers: int
    rate: int
    uploaded: int
    ratio: float
    peers_done: int
    seconds: float
    checking: Checking | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedEnded:
    """Seeding has ended, and why; `error` is that of the first torrent that failed, if one did."""

    reason: str
    uploaded: int
    ratio: float
    seconds: float
    error: TorrentError | None


SeedEvent = (
    Listening
    | NoTorrents
    | SeedStarted
    | SeedFailed
    | SeedRemoved
    | TrackerAnswered
    | TrackerFailed
    | PeerJoined
    | PeerLeft
    | Status
    | SeedEnded
)
