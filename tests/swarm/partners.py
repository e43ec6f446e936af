"""Other people's BitTorrent programs: how each is asked to fetch a torrent from a tracker, or to seed one."""

from __future__ import annotations

import contextlib
import os
import shutil
import socketserver
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import bencodepy
import pytest
from seeding_rig import HERE, files_below, free_port

TIME_LIMIT = 60.0


class Tracker:
    """The least tracker that works: it tells everybody of everybody else, on loopback."""

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
        self._thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self._thread.start()

    def wait_for_somebody(self) -> None:
        deadline = time.monotonic() + TIME_LIMIT
        while not any(self.swarms.values()):
            assert time.monotonic() < deadline, "nobody announced"
            time.sleep(0.05)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._thread.join()


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What a partner is to do: fetch `torrent` into `out`, or seed it from there; `home` is for its own files."""

    torrent: Path
    out: Path
    home: Path


class Partner:
    """A program that fetches; `versions` are the torrents it can, `makes_empty_files` whether it does."""

    name = ""
    versions = ("v1", "v2", "hybrid")
    makes_empty_files = True

    def program(self) -> str | None:
        """Where it is; None when it is not installed."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        return shutil.which(self.name, path=path)

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        """The command that fetches, and stays for as long as it likes."""
        raise NotImplementedError

    @contextlib.contextmanager
    def at_work(self, errand: Errand) -> Iterator[None]:
        """Run it while the body runs. Skips the test where it is not installed, unless judges are required."""
        program = self.program()
        if program is None:
            missing = f"{self.name} is not installed"
            pytest.fail(missing) if os.environ.get("MKT_REQUIRE_JUDGES") == "1" else pytest.skip(missing)
        for directory in (errand.out, errand.home):
            directory.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "HOME": str(errand.home), "XDG_CONFIG_HOME": str(errand.home)}
        with (errand.home / "log").open("wb") as log:
            process = subprocess.Popen(
                [*map(str, self.words(program, errand))],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                env=environment,
                cwd=errand.home,
            )
            try:
                self.ask(errand)
                yield
            finally:
                process.kill()
                process.wait()

    def ask(self, errand: Errand) -> None:
        """What is left to say when it runs."""

    def expected(self, files: dict[str, bytes]) -> dict[str, bytes]:
        return files if self.makes_empty_files else {path: data for path, data in files.items() if data}

    def wait_for(self, errand: Errand, files: dict[str, bytes]) -> None:
        """Until everything is there, byte for byte."""
        deadline = time.monotonic() + TIME_LIMIT
        expected = self.expected(files)
        while (found := _below(errand.out)) != expected:
            if time.monotonic() > deadline:
                said = (errand.home / "log").read_text(errors="replace")[-2000:]
                pytest.fail(f"{self.name} has {sorted(found)} of {sorted(expected)}: {said}")
            time.sleep(0.2)


def _below(directory: Path) -> dict[str, bytes]:
    """What is there so far; files may come and go while we look."""
    try:
        return files_below(directory)
    except OSError:
        return {}


class Aria2(Partner):
    name = "aria2c"
    versions = ("v1", "hybrid")

    def program(self) -> str | None:
        """1.36 and older compute a wrong infohash for hybrids."""
        program = super().program()
        version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout if program else ""
        return program if version.split()[2:3] >= ["1.37.0"] else None

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        return [
            *(program, "--no-conf", "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false"),
            *("--seed-ratio=0.0", "--file-allocation=none", "--check-integrity=true", "--disable-ipv6=true"),
            *(f"--listen-port={free_port()}", f"--dir={errand.out.parent}", errand.torrent),
        ]


class QBittorrent(Partner):
    name = "qbittorrent-nox"

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        config = errand.home / "qBittorrent" / "config" / "qBittorrent.conf"
        config.parent.mkdir(parents=True)
        config.write_text(
            "[LegalNotice]\nAccepted=true\n[BitTorrent]\nSession\\Interface=lo\nSession\\InterfaceName=lo\n"
            f"Session\\Port={free_port()}\nSession\\BTProtocol=TCP\nSession\\DHTEnabled=false\n"
            f"Session\\LSDEnabled=false\nSession\\PeXEnabled=false\nSession\\DefaultSavePath={errand.out.parent}\n"
            f"[Preferences]\nWebUI\\Port={free_port()}\nWebUI\\Address={HERE}\n"
        )
        return [program, f"--profile={errand.home}", "--skip-dialog=true", errand.torrent]


class Transmission(Partner):
    """Version 3 leaves empty files out. It drops loopback peers that a tracker names, so that our side has to dial."""

    name = "transmission-daemon"
    versions = ("v1",)
    makes_empty_files = False

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        self.rpc = free_port()
        return [
            *(program, "-f", "-g", errand.home, "-w", errand.out.parent, "-p", str(self.rpc), "-r", HERE),
            *("-P", str(free_port()), "-i", HERE, "--no-dht", "--no-lpd", "--no-utp", "--no-portmap", "-T"),
        ]

    def ask(self, errand: Errand) -> None:
        words = ["transmission-remote", f"{HERE}:{self.rpc}", "-a", str(errand.torrent)]
        deadline = time.monotonic() + TIME_LIMIT
        while subprocess.run(words, capture_output=True).returncode:
            assert time.monotonic() < deadline
            time.sleep(0.2)


class Deluge(Partner):
    name = "deluged"

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        self.daemon, port = free_port(), free_port()
        (errand.home / "auth").write_text("tester:secret:10\n")
        (errand.home / "core.conf").write_text(
            '{"file": 1, "format": 1}{"dht": false, "lsd": false, "upnp": false, "natpmp": false, "utpex": false,'
            f' "listen_interface": "{HERE}", "outgoing_interface": "{HERE}", "random_port": false,'
            f' "listen_ports": [{port}, {port}], "download_location": "{errand.out.parent}",'
            f' "daemon_port": {self.daemon}}}'
        )
        return [program, "-d", "-c", errand.home, "-p", str(self.daemon), "-u", HERE]

    def ask(self, errand: Errand) -> None:
        connect = f"connect {HERE}:{self.daemon} tester secret"
        words = [
            "deluge-console",
            "-c",
            str(errand.home),
            f'{connect}; add -p "{errand.out.parent}" "{errand.torrent}"',
        ]
        deadline = time.monotonic() + TIME_LIMIT
        while "added" not in subprocess.run(words, capture_output=True, text=True).stdout.lower():
            assert time.monotonic() < deadline
            time.sleep(0.5)


class RTorrent(Partner):
    """Asks for more than 2,000 blocks at once, and opens with an obfuscated handshake."""

    name = "rtorrent"
    versions = ("v1", "hybrid")

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        port = free_port()
        settings = {
            "system.daemon.set": "true",
            "network.port_range.set": f"{port}-{port}",
            "network.bind_address.set": HERE,
            "dht.mode.set": "disable",
            "protocol.pex.set": "no",
            "trackers.use_udp.set": "no",
            "protocol.encryption.set": "allow_incoming,try_outgoing,enable_retry",
            "directory.default.set": str(errand.out.parent),
            "session.path.set": str(errand.home),
        }
        lines = [f"{key} = {value}" for key, value in settings.items()]
        lines.append(f'schedule2 = add, 0, 0, ((load.start, "{errand.torrent}"))')
        (errand.home / "rc").write_text("\n".join(lines) + "\n")
        return [program, "-n", "-o", f"import={errand.home / 'rc'}"]


class OldLibtorrent(Partner):
    """libtorrent 2.0, through the Python that has it: the system's, or the one that is named."""

    name = "libtorrent 2.0"

    def program(self) -> str | None:
        python = os.environ.get("MKT_LIBTORRENT_20_PYTHON", "/usr/bin/python3")
        asks = "import libtorrent; assert libtorrent.version.startswith('2.0')"
        is_there = Path(python).exists() and not subprocess.run([python, "-c", asks], capture_output=True).returncode
        return python if is_there else None

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        return [program, "-c", _FETCH_WITH_LIBTORRENT, errand.torrent, errand.out.parent]


_FETCH_WITH_LIBTORRENT = """
import sys, time
import libtorrent as lt
quiet = dict.fromkeys(["enable_dht", "enable_lsd", "enable_upnp", "enable_natpmp", "enable_outgoing_utp"], False)
session = lt.session({"listen_interfaces": "127.0.0.1:0", **quiet})
parameters = {"ti": lt.torrent_info(sys.argv[1]), "save_path": sys.argv[2]}
handle = session.add_torrent(parameters)
time.sleep(600)
"""

PARTNERS: tuple[type[Partner], ...] = (Aria2, QBittorrent, Transmission, Deluge, RTorrent, OldLibtorrent)
SEEDERS: tuple[type[Partner], ...] = (Aria2, Transmission, QBittorrent)
