"""Other people's clients as processes on loopback: each is given a torrent and a directory, and told to run.

Every one of them finds peers through its trackers alone: DHT, peer exchange and local discovery are off.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from commands import free_port

Command = list[str | Path]


def require(program: str) -> str:
    """The path of a program; without it the test is skipped, or fails where MKT_REQUIRE_JUDGES=1 says so."""
    found = shutil.which(program)
    if found is None and os.environ.get("MKT_REQUIRE_JUDGES") == "1":
        pytest.fail(f"{program} is not installed, and MKT_REQUIRE_JUDGES=1 asks for it")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


@contextmanager
def running(
    command: Command,
    home: Path,
    *,
    cwd: Path | None = None,
    stop: signal.Signals = signal.SIGTERM,
    **environment: str,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process whose home is `home`, stopped politely at the end, and then not."""
    home.mkdir(parents=True, exist_ok=True)
    log = home / "log.txt"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=cwd or home,
            env={**os.environ, "HOME": str(home), "XDG_CONFIG_HOME": str(home), "TERM": "xterm", **environment},
        )
        try:
            yield process
        finally:
            process.send_signal(stop)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.1)


@contextmanager
def libtorrent(
    torrent: Path, directory: Path, home: Path, *, host: str = "127.0.0.1", seeding: bool = False
) -> Iterator[None]:
    script = Path(__file__).with_name("libtorrent_peer.py")
    with running([sys.executable, script, torrent, directory, host, "seed" if seeding else "leech"], home):
        yield


@contextmanager
def aria2(torrent: Path, directory: Path, home: Path) -> Iterator[None]:
    port = free_port()
    command: Command = [
        require("aria2c"),
        f"--dir={directory}",
        f"--listen-port={port}",
        "--interface=lo",
        # Its UDP trackers are asked from the DHT's socket; without entry points the DHT knows nobody.
        "--enable-dht=true",
        f"--dht-listen-port={port}",
        f"--dht-file-path={home / 'dht.dat'}",
        "--enable-dht6=false",
        "--enable-peer-exchange=false",
        "--bt-enable-lpd=false",
        "--seed-ratio=0.0",
        "--no-conf=true",
        torrent,
    ]
    # At SIGTERM it goes without a word.
    with running(command, home, stop=signal.SIGINT):
        yield


@contextmanager
def qbittorrent(torrent: Path, directory: Path, home: Path) -> Iterator[None]:
    config = home / "qBittorrent" / "config"
    config.mkdir(parents=True)
    (config / "qBittorrent.conf").write_text(
        "[LegalNotice]\nAccepted=true\n"
        f"[BitTorrent]\nSession\\DHTEnabled=false\nSession\\LSDEnabled=false\nSession\\PeXEnabled=false\n"
        f"Session\\Interface=lo\nSession\\InterfaceName=lo\nSession\\Port={free_port()}\n"
        "Session\\MultiConnectionsPerIp=true\n"
        f"[Preferences]\nWebUI\\Address=127.0.0.1\nWebUI\\Port={free_port()}\nWebUI\\UseUPnP=false\n"
        "Connection\\UPnP=false\n"
    )
    program = require("qbittorrent-nox")
    command: Command = [program, f"--profile={home}", f"--save-path={directory}", "--skip-dialog=true", torrent]
    with running(command, home, QT_QPA_PLATFORM="offscreen"):
        yield


@contextmanager
def rtorrent(torrent: Path, directory: Path, home: Path) -> Iterator[None]:
    (home / "session").mkdir(parents=True)
    port = free_port()
    settings = (
        "system.daemon.set = true",
        f"session.path.set = {home / 'session'}",
        f"directory.default.set = {directory}",
        f"network.port_range.set = {port}-{port}",
        "network.port_random.set = no",
        "dht.mode.set = disable",
        "protocol.pex.set = no",
        "trackers.use_udp.set = yes",
        f"schedule2 = load, 1, 0, ((load.start, {torrent}))",
    )
    (home / "rtorrent.rc").write_text("".join(f"{setting}\n" for setting in settings))
    command: Command = [require("rtorrent"), "-n", "-o", f"import={home / 'rtorrent.rc'}"]
    with running(command, home):
        yield


@contextmanager
def deluge(torrent: Path, directory: Path, home: Path) -> Iterator[None]:
    daemon, console = require("deluged"), require("deluge-console")
    home.mkdir(parents=True)
    port = free_port()
    config = {
        "dht": False,
        "lsd": False,
        "upnp": False,
        "natpmp": False,
        "utpex": False,
        "listen_interface": "127.0.0.1",
        "listen_ports": [free_port()] * 2,
        "random_port": False,
        "new_release_check": False,
        "daemon_port": port,
    }
    (home / "core.conf").write_text(json.dumps({"file": 1, "format": 1}) + json.dumps(config))
    (home / "auth").write_text("tester:tester:10\n")
    with running([daemon, "-d", "-c", home, "-u", "127.0.0.1", "-p", str(port)], home):
        wait_until(lambda: _listens(port), 20, "deluged starts")
        remote = ["-d", "127.0.0.1", "-p", str(port), "-U", "tester", "-P", "tester"]
        add = [console, "-c", str(home), *remote, f"add -p {directory} {torrent}"]
        subprocess.run(add, check=True, timeout=30, capture_output=True, env={**os.environ, "HOME": str(home)})
        yield


@contextmanager
def transmission(torrent: Path, directory: Path, home: Path) -> Iterator[None]:
    (home / "watched").mkdir(parents=True)
    shutil.copy(torrent, home / "watched")
    command: Command = [
        require("transmission-daemon"),
        "--foreground",
        *("--config-dir", home),
        *("--download-dir", directory),
        *("--watch-dir", home / "watched"),
        *("--port", str(free_port())),
        *("--peerport", str(free_port())),
        *("--bind-address-ipv4", "127.0.0.1"),
        "--no-dht",
        "--no-lpd",
        "--no-utp",
        "--no-portmap",
        "--no-auth",
    ]
    with running(command, home):
        yield


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@contextmanager
def opentracker(home: Path, infohashes: list[bytes]) -> Iterator[int]:
    """The port of an opentracker. Debian's serves a whitelist, which it reads from inside its root."""
    home.mkdir(parents=True)
    home.chmod(0o755)
    (home / "whitelist").write_text("".join(f"{infohash.hex()}\n" for infohash in infohashes))
    port = free_port()
    where: Command = ["-i", "127.0.0.1", "-p", str(port), "-P", str(port)]
    with running([require("opentracker"), *where, "-d", home, "-w", "whitelist"], home):
        wait_until(lambda: _listens(port), 10, "opentracker starts")
        yield port


@contextmanager
def npm_tracker(home: Path, infohashes: list[bytes]) -> Iterator[int]:
    """The port of a bittorrent-tracker, installed by npm below MKT_NPM. It is open to every infohash."""
    modules = Path(os.environ.get("MKT_NPM", ".")).resolve()
    if not (modules / "node_modules" / "bittorrent-tracker").exists():
        require("bittorrent-tracker")
    port = free_port()
    # Its own command has no option that keeps UDP on loopback.
    script = (
        "import('bittorrent-tracker').then(({Server}) => new Server({http: true, udp: true, ws: false})"
        f".listen({port}, {{http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1'}}))"
    )
    with running([require("node"), "-e", script], home, cwd=modules):
        wait_until(lambda: _listens(port), 20, "bittorrent-tracker starts")
        yield port


def mkt(*words: str | Path) -> Command:
    """This project's command, of the environment the tests run in."""
    return [Path(sys.executable).with_name("mkt"), *words]


ONLY_TRACKERS = ("--no-dht", "--no-lsd", "--no-pex", "--no-upnp", "--bind", "127.0.0.1", "--port", "0")
