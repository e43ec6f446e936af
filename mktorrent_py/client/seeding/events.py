"""What happens while seeding, as values: whoever shows it decides how."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mktorrent_py.errors import TorrentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Listening:
    """Peers can reach us at `addresses` (`host:port`), which come and go; behind a proxy there are none."""

    addresses: tuple[str, ...]


class Basis(StrEnum):
    """Why content may be given: it was hashed just now, or has not changed since it was, or is taken on trust."""

    CHECKED = "checked"
    REMEMBERED = "remembered"
    TRUSTED = "trusted"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedStarted:
    """A torrent is being given. `length` in bytes, `checked` in seconds (None: not hashed just now), hashes in hex."""

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
    """A torrent was taken out of the directory that is watched."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerAnswered:
    """A tracker took our announce. Counts are None where it does not say; `again` is in seconds."""

    name: str
    url: str
    seeds: int | None
    peers: int | None
    again: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerFailed:
    """A tracker did not answer, or refused."""

    name: str
    url: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerJoined:
    """A peer is connected. `client` is what it calls itself."""

    name: str
    address: str
    client: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerLeft:
    """A peer is gone; `done` when it has everything now."""

    name: str
    address: str
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """A torrent whose content is being read; in bytes."""

    name: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How it goes, once a second: bytes, bytes a second, seconds. `ratio` is what was sent over what there is."""

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
