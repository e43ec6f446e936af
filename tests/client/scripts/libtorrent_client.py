"""Gets what its first argument names, a torrent file or a magnet, into its second, and gives it, on loopback alone.

It runs in whatever Python has the libtorrent that is wanted, 2.0 or 2.1.
"""

import sys
import time

import libtorrent as lt

QUIET = ["enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp", "enable_outgoing_utp", "enable_incoming_utp"]


def parameters_of(source, directory):
    is_magnet = source.startswith("magnet:")
    parameters = lt.parse_magnet_uri(source) if is_magnet else lt.load_torrent_file(source)
    parameters.save_path = directory
    return parameters


def main(source, directory):
    settings = {"listen_interfaces": "127.0.0.1:0", **dict.fromkeys(QUIET, False)}
    if not lt.version.startswith("2.0"):
        settings["webtorrent_stun_server"] = ""
    session = lt.session(settings)
    session.add_torrent(parameters_of(source, directory))
    while True:
        time.sleep(0.5)
        for alert in session.pop_alerts():
            print(alert, flush=True)


main(*sys.argv[1:])
