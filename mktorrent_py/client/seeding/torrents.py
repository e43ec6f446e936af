"""A torrent in a seeder: ready to be seeded, and active."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import libtorrent as lt

from mktorrent_py.client.seeding import events
from mktorrent_py.client.seeding.change_monitor import FilePlacement, stat_files
from mktorrent_py.client.seeding.content_check import confirm_unchanged
from mktorrent_py.client.seeding.events import Basis
from mktorrent_py.client.seeding.peers import Endpoint, Peer
from mktorrent_py.content.scan import Content
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedableTorrent:
    """A torrent whose content was checked, and where it is. `key` identifies it in a seeder.

    `basis` is why it may be uploaded, `checked` how many seconds its check took if it was hashed just now. Unless the
    basis is CHECKED, libtorrent hashes each piece before it first uploads it.
    """

    key: str
    metainfo: Metainfo
    placement: FilePlacement
    basis: Basis
    checked: float | None = None

    @classmethod
    def created(cls, metainfo: Metainfo, content: Content, *, seconds: float | None = None) -> SeedableTorrent:
        """Return the torrent that was just created of `content`; hashing it took `seconds`.

        Raises ContentError when a file has changed since.
        """
        placement = confirm_unchanged(metainfo.info.layout, content.root, content.disk)
        return cls(key=content.name, metainfo=metainfo, placement=placement, basis=Basis.CHECKED, checked=seconds)

    @classmethod
    def downloaded(cls, metainfo: Metainfo, paths: Sequence[Path]) -> SeedableTorrent:
        """Return the torrent that was just downloaded to `paths`. Raises ContentError when a file is missing."""
        placement = stat_files(metainfo.info.layout, [os.fsencode(path) for path in paths])
        return cls(key=str(metainfo.infohashes), metainfo=metainfo, placement=placement, basis=Basis.CHECKED)


TrackerReply = events.TrackerAnswered | events.TrackerFailed


@dataclass(slots=True, kw_only=True)
class ActiveTorrent:
    """A torrent that is being seeded: what changes about it. Lengths in bytes, rates in bytes a second.

    `trackers` holds the last reply of each, by its URL; `unreachable` which trackers cannot be reached from which of
    our addresses.
    """

    key: str
    started: events.SeedStarted
    handle: lt.torrent_handle
    uploaded: int = 0
    rate: int = 0
    availability: float = 0.0
    peers: dict[Endpoint, Peer] = field(default_factory=dict)
    trackers: dict[str, TrackerReply] = field(default_factory=dict)
    unreachable: set[tuple[str, Endpoint]] = field(default_factory=set)

    @property
    def name(self) -> str:
        return self.started.name


def started_event(torrent: SeedableTorrent) -> events.SeedStarted:
    """Return the event that a torrent is seeded from now on."""
    metainfo = torrent.metainfo
    hashes = metainfo.infohashes
    return events.SeedStarted(
        name=metainfo.info.name,
        magnet=str(Magnet.from_metainfo(metainfo)),
        infohash_v1=hashes.v1.hex() if hashes.v1 else None,
        infohash_v2=hashes.v2.hex() if hashes.v2 else None,
        length=metainfo.info.layout.content_length,
        files=len(metainfo.info.files),
        private=metainfo.info.private,
        basis=torrent.basis,
        checked=torrent.checked,
    )
