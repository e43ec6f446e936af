"""A web server (lighttpd) of a directory on loopback, for torrents that name it as web seed."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from commands import free_port
from partner import Errand, Partner
from seeding_rig import HERE


class WebServer(Partner):
    """Serves the files below `out`."""

    name = command = "lighttpd"

    def words(self, program: str, errand: Errand) -> list[str | Path]:
        config = errand.home / "lighttpd.conf"
        settings = {
            "server.document-root": f'"{errand.out}"',
            "server.bind": f'"{HERE}"',
            "server.port": errand.source,
            "server.errorlog": f'"{errand.home / "errors"}"',
        }
        config.write_text("".join([f"{key} = {value}\n" for key, value in settings.items()]))
        return [program, "-D", "-f", config]


@contextlib.contextmanager
def web_seed(directory: Path, home: Path) -> Iterator[str]:
    """Serve while the body runs; yields the URL of the directory."""
    port = free_port()
    with WebServer().at_work(Errand(source=str(port), out=directory, home=home)):
        yield f"http://{HERE}:{port}/"
