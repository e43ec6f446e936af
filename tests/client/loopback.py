"""The loopback interface: which others are up beside it, and a tracker on it."""

from __future__ import annotations

import socket
import socketserver
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import bencodepy
from seeding_rig import HERE

SIOCGIFFLAGS = 0x8913
IFF_UP = 1


def interfaces_up() -> set[str]:
    """Return the network interfaces of this process's namespace that are up."""
    return {name for _, name in socket.if_nameindex() if _is_up(name)}


def is_isolated() -> bool:
    """Return whether nothing but loopback can be reached from here."""
    return interfaces_up() <= {"lo"}


def _is_up(name: str) -> bool:
    import fcntl  # not there on Windows, which collects these tests too

    with socket.socket() as probe:
        answer = fcntl.ioctl(probe, SIOCGIFFLAGS, struct.pack("16s24x", name.encode()))
    (flags,) = struct.unpack_from("=H", answer, 16)
    return bool(flags & IFF_UP)


class Tracker:
    """A minimal tracker on loopback: it answers with all other peers of the swarm."""

    def __init__(self) -> None:
        self.swarms = swarms = dict[str, set[tuple[str, int]]]()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if not self.path.startswith("/announce"):
                    self.send_error(404)
                    return
                query = parse_qs(urlsplit(self.path).query, encoding="latin-1")
                swarm = swarms.setdefault(query["info_hash"][0], set())
                me = (self.client_address[0], int(query["port"][0]))
                others = swarm - {me}
                swarm.add(me)
                packed = b"".join([bytes(map(int, host.split("."))) + struct.pack(">H", port) for host, port in others])
                body = bencodepy.encode({b"interval": 2, b"min interval": 1, b"peers": packed})
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                return

        socketserver.TCPServer.request_queue_size = 64
        self.server = ThreadingHTTPServer((HERE, 0), Handler)
        self.url = f"http://{HERE}:{self.server.server_address[1]}/announce"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def wait_for_announce(self) -> None:
        """Wait until a peer has announced itself."""
        while not any(self.swarms.values()):
            time.sleep(0.05)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()
