"""Totals of a seeder over all its torrents, those included that have ended."""

from __future__ import annotations

import time
from collections.abc import Mapping

from mktorrent_py.client.seeding.events import Checking, Status
from mktorrent_py.client.seeding.torrents import ActiveTorrent

MAX_RATES = 600
"""Samples that are kept: ten minutes, at one a second."""


class Statistics:
    """Totals in bytes, rates in bytes a second. `rates` are (seconds since the start, rate), oldest first."""

    def __init__(self, torrents: Mapping[str, ActiveTorrent]) -> None:
        self.rates: list[tuple[float, int]] = []
        self._torrents = torrents
        self._started = time.monotonic()
        self._uploaded_before = 0
        self._length_before = 0

    @property
    def uploaded(self) -> int:
        """Bytes of content sent."""
        return self._uploaded_before + sum([torrent.uploaded for torrent in self._torrents.values()])

    @property
    def ratio(self) -> float:
        """Bytes sent over bytes of content."""
        length = self._length_before + sum([torrent.started.length for torrent in self._torrents.values()])
        return self.uploaded / length if length else 0.0

    @property
    def rate(self) -> int:
        return sum([torrent.rate for torrent in self._torrents.values()])

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started

    def sample_rate(self) -> None:
        """Add the current rate to `rates`."""
        self.rates.append((self.seconds, self.rate))
        del self.rates[:-MAX_RATES]

    def add_ended(self, torrent: ActiveTorrent) -> None:
        """Keep the totals of a torrent that is about to be removed."""
        self._uploaded_before += torrent.uploaded
        self._length_before += torrent.started.length

    def status(self, *, peers_done: int, checking: Checking | None) -> Status:
        """Return the totals as an event."""
        return Status(
            torrents=len(self._torrents),
            peers=sum([len(torrent.peers) for torrent in self._torrents.values()]),
            rate=self.rate,
            uploaded=self.uploaded,
            ratio=round(self.ratio, 3),
            peers_done=peers_done,
            seconds=round(self.seconds, 1),
            checking=checking,
        )
