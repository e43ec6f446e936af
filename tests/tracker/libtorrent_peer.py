"""libtorrent as a process of its own: `python libtorrent_peer.py TORRENT DIRECTORY HOST seed|leech`, until SIGTERM.

Not inside the tests' process: there it would remember the connection ids of trackers that are gone.
"""

from __future__ import annotations

import signal
import sys
import time

import libtorrent as lt


def main(torrent: str, directory: str, host: str, role: str) -> None:
    session = lt.session(
        {
            "listen_interfaces": f"[{host}]:0" if ":" in host else f"{host}:0",
            "enable_dht": False,
            "enable_lsd": False,
            "enable_upnp": False,
            "enable_natpmp": False,
            "allow_multiple_connections_per_ip": True,
            "alert_mask": lt.alert.category_t.tracker_notification,
        }
    )
    parameters = lt.load_torrent_file(torrent)
    parameters.save_path = directory
    parameters.flags |= lt.torrent_flags.disable_pex
    if role == "seed":
        parameters.flags |= lt.torrent_flags.seed_mode
    hashes = session.add_torrent(parameters).info_hashes()
    signal.sigwait({signal.SIGTERM})
    say_goodbye(session, int(hashes.has_v1()) + int(hashes.has_v2()))


def say_goodbye(session: lt.session, awaited: int) -> None:
    """Tell the trackers, and wait until they have heard it for every infohash."""
    session.pop_alerts()
    session.pause()
    deadline = time.monotonic() + 5
    while awaited > 0 and time.monotonic() < deadline:
        awaited -= sum(isinstance(alert, lt.tracker_reply_alert) for alert in session.pop_alerts())
        time.sleep(0.02)


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    main(*sys.argv[1:])
