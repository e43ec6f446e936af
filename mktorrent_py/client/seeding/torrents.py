"""A torrent on its way through a seeder: ready to be given, and being given."""

from __future__ import annotations

from dataclasses import dataclass, field

import libtorrent as lt

from mktorrent_py.client.seeding import events
from mktorrent_py.client.seeding.change_monitor import Placement
from mktorrent_py.client.seeding.events import Basis
from mktorrent_py.client.seeding.peers import Endpoint, Peer
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """A torrent to give and where its content lies. `key` tells it from others.

    `basis` is why it may be given, and `checked` how many seconds its check took, where it was hashed just now. Where
    it was not, libtorrent hashes each piece before it first gives it.
    """

    key: str
    metainfo: Metainfo
    placement: Placement
    basis: Basis
    checked: float | None = None


TrackerNews = events.TrackerAnswered | events.TrackerFailed


@dataclass(slots=True, kw_only=True)
class Seeding:
    """A torrent that is being given, as far as it changes; lengths in bytes, rates in bytes a second.

    `trackers` holds the last answer of each, by its URL; `out_of_reach` from which of our addresses a tracker cannot
    be reached.
    """

    key: str
    started: events.SeedStarted
    handle: lt.torrent_handle
    uploaded: int = 0
    rate: int = 0
    availability: float = 0.0
    peers: dict[Endpoint, Peer] = field(default_factory=dict)
    trackers: dict[str, TrackerNews] = field(default_factory=dict)
    out_of_reach: set[tuple[str, Endpoint]] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.started.name


def started_of(ready: Ready) -> events.SeedStarted:
    """What there is to tell of a torrent when its seeding begins."""
    metainfo = ready.metainfo
    hashes = metainfo.infohashes
    return events.SeedStarted(
        name=metainfo.info.name,
        magnet=str(Magnet.from_metainfo(metainfo)),
        infohash_v1=hashes.v1.hex() if hashes.v1 else None,
        infohash_v2=hashes.v2.hex() if hashes.v2 else None,
        length=metainfo.info.layout.content_length,
        files=len(metainfo.info.files),
        private=metainfo.info.private,
        basis=ready.basis,
        checked=ready.checked,
    )
