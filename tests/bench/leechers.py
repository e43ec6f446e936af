"""Those who take what is seeded: each fetches an offer whole, once, and says how long it took."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable

import libtorrent as lt
from offer import HERE, Offer, Taken
from sink import take_everything

TIME_LIMIT = 300.0

Leecher = Callable[[Offer], Taken]


def libtorrent_leecher(offer: Offer) -> Taken:
    """Writes beside the content, so that both are in memory when that is."""
    quiet = dict.fromkeys(["enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp", "enable_outgoing_utp"], False)
    settings = {"listen_interfaces": f"{HERE}:0", "webtorrent_stun_server": "", "alert_mask": 0, **quiet}
    session = lt.session(settings)
    with tempfile.TemporaryDirectory(dir=offer.home) as target:
        parameters = lt.load_torrent_file(str(offer.torrent))
        parameters.save_path = target
        handle = session.add_torrent(parameters)
        time.sleep(0.5)
        handle.connect_peer((HERE, offer.port))
        taken = _wait_for(handle)
        session.remove_torrent(handle)
        return taken


def _wait_for(handle: lt.torrent_handle) -> Taken:
    started, first = time.monotonic(), 0.0
    while not (status := handle.status()).is_seeding:
        first = first or (time.monotonic() if status.total_payload_download else 0.0)
        time.sleep(0.02 if first else 0.002)
        if time.monotonic() - started > TIME_LIMIT:
            raise SystemExit(f"a transfer took longer than {TIME_LIMIT:g} s")
    rest = time.monotonic() - first
    return Taken(first=first - started, rest=rest, length=status.total_payload_download)


def sink(offer: Offer) -> Taken:
    """Throws everything away."""
    info = offer.metainfo.info
    infohash = offer.metainfo.infohashes.v1
    assert infohash is not None
    return take_everything((HERE, offer.port), infohash, info.layout.content_length, info.piece_length)


LEECHERS: dict[str, Leecher] = {"libtorrent": libtorrent_leecher, "sink": sink}
