"""Replies of trackers, which libtorrent reports once for each local address that it announces from."""

from __future__ import annotations

import errno

import libtorrent as lt

from mktorrent_py.client.seeding.events import TrackerAnswered, TrackerFailed
from mktorrent_py.client.seeding.torrents import ActiveTorrent

_SKIPPED = 180
"""libtorrent's error for a tracker that cannot be reached from one of our addresses."""


def record_reply(torrent: ActiveTorrent, alert: lt.tracker_reply_alert) -> TrackerAnswered | None:
    """Return the reply, unless it is the same as the last one."""
    status = torrent.handle.status(0)
    reply = TrackerAnswered(
        name=torrent.name,
        url=alert.url,
        seeds=status.num_complete if status.num_complete >= 0 else None,
        peers=status.num_incomplete if status.num_incomplete >= 0 else None,
        again=round(status.next_announce.total_seconds()) or None,
    )
    return reply if _is_new(torrent, reply) else None


def record_error(torrent: ActiveTorrent, alert: lt.tracker_error_alert, addresses: int) -> TrackerFailed | None:
    """Return the failure, unless it is the same as the last one; `addresses` is how many we listen at.

    A tracker that cannot be reached from one of our addresses has not failed while another may reach it. With a proxy
    there are no addresses.
    """
    reason = alert.error_message() or alert.error.message().lower()
    if alert.error.value() == _SKIPPED:
        torrent.unreachable.add((alert.url, alert.local_endpoint))
        if len([True for url, _ in torrent.unreachable if url == alert.url]) < addresses:
            return None
        reason = "cannot be reached from any address of this machine"
    if alert.error.value() == errno.EACCES and alert.url.startswith("udp:") and not addresses:
        reason = "the proxy carries no UDP"
    failure = TrackerFailed(name=torrent.name, url=alert.url, reason=reason)
    return failure if _is_new(torrent, failure) else None


def record_refusal(torrent: ActiveTorrent, url: str, reason: str) -> TrackerFailed:
    """Return the failure of a tracker that is not announced to at all."""
    failure = TrackerFailed(name=torrent.name, url=url, reason=reason)
    torrent.trackers[url] = failure
    return failure


def _is_new(torrent: ActiveTorrent, reply: TrackerAnswered | TrackerFailed) -> bool:
    is_new = torrent.trackers.get(reply.url) != reply
    torrent.trackers[reply.url] = reply
    return is_new
