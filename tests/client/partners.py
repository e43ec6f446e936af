"""Other BitTorrent programs: how each is started to download or seed on loopback, with a tracker only."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from commands import free_port
from partner import ALL, SCRIPTS, Errand, Partner
from seeding_rig import HERE


class Aria2(Partner):
    """Has no BEP 52: of a hybrid it downloads the v1 part."""

    name = "aria2"
    command = "aria2c"
    torrents = magnets = seeds = ("v1", "hybrid")
    v2_error = "Missing pieces in torrent metainfo"

    def program(self) -> str | None:
        """1.36 and older compute a wrong infohash for hybrids."""
        program = super().program()
        version = subprocess.run([program, "--version"], capture_output=True, text=True).stdout if program else ""
        return program if version.split()[2:3] >= ["1.37.0"] else None

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        return [
            *(program, "--no-conf", "--enable-dht=false", "--enable-dht6=false", "--bt-enable-lpd=false"),
            *("--seed-ratio=0.0", "--file-allocation=none", "--check-integrity=true", "--disable-ipv6=true"),
            *(f"--listen-port={free_port()}", f"--dir={errand.out.parent}", errand.source),
        ]


class QBittorrent(Partner):
    name = "qbittorrent"
    command = "qbittorrent-nox"
    seeds = ALL

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        config = errand.home / "qBittorrent" / "config" / "qBittorrent.conf"
        config.parent.mkdir(parents=True)
        config.write_text(
            "[LegalNotice]\nAccepted=true\n[BitTorrent]\nSession\\Interface=lo\nSession\\InterfaceName=lo\n"
            f"Session\\Port={free_port()}\nSession\\BTProtocol=TCP\nSession\\DHTEnabled=false\n"
            f"Session\\LSDEnabled=false\nSession\\PeXEnabled=false\nSession\\DefaultSavePath={errand.out.parent}\n"
            f"[Preferences]\nWebUI\\Port={free_port()}\nWebUI\\Address={HERE}\n"
        )
        return [program, f"--profile={errand.home}", "--skip-dialog=true", errand.source]


class Transmission(Partner):
    """Version 3 omits empty files, connects to no peer on loopback, and disconnects once it has a magnet's metadata."""

    name = "transmission"
    command = "transmission-daemon"
    torrents = magnets = seeds = ("v1",)
    makes_empty_files = False

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        self.rpc = free_port()
        return [
            *(program, "-f", "-g", errand.home, "-w", errand.out.parent, "-p", str(self.rpc), "-r", HERE),
            *("-P", str(free_port()), "-i", HERE, "--no-dht", "--no-lpd", "--no-utp", "--no-portmap", "-T"),
        ]

    def ask(self, errand: Errand) -> None:
        words = ["transmission-remote", f"{HERE}:{self.rpc}", "-a", errand.source]
        while subprocess.run(words, capture_output=True).returncode:
            time.sleep(0.2)


class Deluge(Partner):
    """Version 2.0 rejects magnets without a v1 infohash."""

    name = "deluge"
    command = "deluged"
    magnets = ("v1", "hybrid")

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
        add = f'add -p "{errand.out.parent}" "{errand.source}"'
        words = ["deluge-console", "-c", str(errand.home), f"{connect}; {add}"]
        while "added" not in subprocess.run(words, capture_output=True, text=True).stdout.lower():
            time.sleep(0.5)


class RTorrent(Partner):
    """Asks for thousands of blocks at once when they come fast, and opens with an obfuscated handshake.

    Of a magnet it takes the last infohash, which in a hybrid's is not one that it can use.
    """

    name = "rtorrent"
    command = "rtorrent"
    torrents = ("v1", "hybrid")
    magnets = ("v1",)
    encryption = "allow_incoming,try_outgoing,enable_retry"

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        port = free_port()
        settings = {
            "system.daemon.set": "true",
            "network.port_range.set": f"{port}-{port}",
            "network.bind_address.set": HERE,
            "dht.mode.set": "disable",
            "protocol.pex.set": "no",
            "trackers.use_udp.set": "no",
            "protocol.encryption.set": self.encryption,
            "directory.default.set": str(errand.out.parent),
            "session.path.set": str(errand.home),
        }
        lines = [f"{key} = {value}" for key, value in settings.items()]
        lines.append(f'schedule2 = add, 0, 0, ((load.start, "{errand.source}"))')
        (errand.home / "rc").write_text("\n".join(lines) + "\n")
        return [program, "-n", "-o", f"import={errand.home / 'rc'}"]


class EncryptedRTorrent(RTorrent):
    """Rejects peers that do not encrypt."""

    name = "rtorrent-encrypted"
    torrents = ("v1",)
    magnets = ()
    encryption = "require,require_RC4"


class Libtorrent(Partner):
    """libtorrent in the Python that `variable` names, or in the system's."""

    version = ""
    variable = ""

    def program(self) -> str | None:
        python = os.environ.get(self.variable, "") if self.variable else "/usr/bin/python3"
        asks = f"import libtorrent; assert libtorrent.version.startswith({self.version!r})"
        is_there = Path(python).is_file() and not subprocess.run([python, "-c", asks], capture_output=True).returncode
        return python if is_there else None

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        return [program, SCRIPTS / "libtorrent_client.py", errand.source, errand.out.parent]


class SystemLibtorrent(Libtorrent):
    name = "libtorrent-of-the-system"
    version = "2.0"


class Libtorrent20(Libtorrent):
    name = "libtorrent-2.0"
    seeds = ALL
    version = "2.0"
    variable = "MKT_LIBTORRENT_20_PYTHON"


class Libtorrent21(Libtorrent):
    name = "libtorrent-2.1"
    seeds = ALL
    version = "2.1"
    variable = "MKT_LIBTORRENT_21_PYTHON"


class WebTorrent(Partner):
    """Opens with an obfuscated handshake only; omits empty files, and has no BEP 52."""

    name = "webtorrent-3"
    command = "node"
    package = "webtorrent"
    torrents = magnets = ("v1", "hybrid")
    v2_error = "missing required field: info.pieces"
    makes_empty_files = False

    def program(self) -> str | None:
        is_there = "MKT_NPM" in os.environ and self._module().is_file()
        return super().program() if is_there else None

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        script = SCRIPTS / "webtorrent_client.mjs"
        return [program, script, errand.source, errand.out.parent, self._module(), errand.peer]

    def _module(self) -> Path:
        return Path(os.environ["MKT_NPM"], "node_modules", self.package, "index.js").resolve()


class WebTorrent1(WebTorrent):
    """The last version in pure JavaScript. It opens with a plain handshake."""

    name = "webtorrent-1"
    package = "webtorrent-1"


class Rqbit(Partner):
    name = "rqbit"
    torrents = magnets = ("v1", "hybrid")
    v2_error = "error decoding torrent"
    needs_isolation = True

    def program(self) -> str | None:
        python = os.environ.get("MKT_RQBIT_PYTHON", "")
        return python if Path(python).is_file() else None

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        return [program, SCRIPTS / "rqbit_client.py", errand.source, errand.out, str(free_port())]


PARTNERS: tuple[type[Partner], ...] = (
    Libtorrent21,
    Libtorrent20,
    SystemLibtorrent,
    QBittorrent,
    Deluge,
    Aria2,
    RTorrent,
    EncryptedRTorrent,
    Transmission,
    WebTorrent,
    WebTorrent1,
    Rqbit,
)
