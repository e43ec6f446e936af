"""What trackers answer, as libtorrent tells it: once for each local address that it announces from."""

from __future__ import annotations

import errno

import libtorrent as lt

from mktorrent_py.client.seeding.events import TrackerAnswered, TrackerFailed
from mktorrent_py.client.seeding.torrents import Seeding

_SKIPPED = 180
"""libtorrent's error for a tracker that cannot be reached from one of our addresses."""


def note_reply(torrent: Seeding, alert: lt.tracker_reply_alert) -> TrackerAnswered | None:
    """The answer, unless it is the one that was told last."""
    status = torrent.handle.status(0)
    answer = TrackerAnswered(
        name=torrent.name,
        url=alert.url,
        seeds=status.num_complete if status.num_complete >= 0 else None,
        peers=status.num_incomplete if status.num_incomplete >= 0 else None,
        again=round(status.next_announce.total_seconds()) or None,
    )
    return answer if _is_news(torrent, answer) else None


def note_error(torrent: Seeding, alert: lt.tracker_error_alert, addresses: int) -> TrackerFailed | None:
    """The failure, unless it was told last.

    That a tracker is out of reach from one of our addresses is none while it may be reached from another of them. Where
    we have no address, a proxy carries all.
    """
    reason = alert.error_message() or alert.error.message().lower()
    if alert.error.value() == _SKIPPED:
        torrent.out_of_reach.add((alert.url, alert.local_endpoint))
        if len([True for url, _ in torrent.out_of_reach if url == alert.url]) < addresses:
            return None
        reason = "cannot be reached from any address of this machine"
    if alert.error.value() == errno.EACCES and alert.url.startswith("udp:") and not addresses:
        reason = "the proxy carries no UDP"
    failure = TrackerFailed(name=torrent.name, url=alert.url, reason=reason)
    return failure if _is_news(torrent, failure) else None


def note_refusal(torrent: Seeding, url: str, reason: str) -> TrackerFailed:
    """A tracker that is not asked at all."""
    failure = TrackerFailed(name=torrent.name, url=url, reason=reason)
    torrent.trackers[url] = failure
    return failure


def _is_news(torrent: Seeding, answer: TrackerAnswered | TrackerFailed) -> bool:
    is_news = torrent.trackers.get(answer.url) != answer
    torrent.trackers[answer.url] = answer
    return is_news
