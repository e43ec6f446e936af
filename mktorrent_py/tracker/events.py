"""Events of a running tracker, in the order in which `Tracker.events` yields them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from mktorrent_py.tracker.options import TrackerOptions


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerStarted:
    """The tracker answers requests. `listen` are its addresses as `host:port`.

    `torrents` is how many it lists, `restored` how many peers came back from the state file.
    """

    options: TrackerOptions
    port: int
    listen: tuple[str, ...]
    announce_urls: tuple[str, ...]
    torrents: int
    restored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerStatus:
    """Counts at one moment: requests since the start, peers and swarms now; `uptime` is in seconds.

    `swarms` is None when the store does not answer; `seeds` and `leechers` also when it does not count its peers.
    """

    torrents: int
    announces: int
    refused: int
    uptime: int
    swarms: int | None = None
    seeds: int | None = None
    leechers: int | None = None

    @property
    def store_available(self) -> bool:
        return self.swarms is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerNote:
    """Something went wrong that does not stop the tracker: a file that is not a torrent, a snapshot not written."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerStopping:
    """The tracker is about to answer what is in flight, write its state and stop."""


TrackerEvent: TypeAlias = TrackerStarted | TrackerStatus | TrackerNote | TrackerStopping
