"""Options of the verbs that meet other peers, and how those verbs are stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import typer

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, option
from mktorrent_py.cli.options.types import Text, parse_node
from mktorrent_py.errors import UsageError

if TYPE_CHECKING:
    from mktorrent_py.client.session import SessionOptions


class Peering(Group):
    """How other peers are met, whatever for."""

    heading = "Meeting peers"

    port: int = typer.Option(
        6881, "--port", metavar="N", min=0, max=65535, help="Listen on this port; 0 takes any that is free."
    )
    bind: Text = option("--bind", metavar="ADDR|INTERFACE", help="Use this address or interface and no other.")
    proxy: Text = option(
        "--proxy", metavar="URL", help="Go through socks5:// or http:// alone; then nobody connects to us."
    )
    encryption: str = typer.Option(
        "allow", "--encryption", metavar="allow|require|off", help="Obfuscate connections to peers."
    )
    upload_limit: str = typer.Option("0", "--upload-limit", metavar="RATE", help="Send at most this: 5M, 500k.")
    dht: bool = typer.Option(True, "--dht/--no-dht", help="Find peers in the distributed hash table.")
    lsd: bool = typer.Option(True, "--lsd/--no-lsd", help="Find peers in the local network.")
    pex: bool = typer.Option(True, "--pex/--no-pex", help="Exchange addresses with peers.")
    upnp: bool = typer.Option(True, "--upnp/--no-upnp", help="Ask the router to let peers in.")
    utp: bool = typer.Option(False, "--utp/--no-utp", help="Speak uTP too, which yields to other traffic.")

    def session(self) -> SessionOptions:
        """What was said here, and else what is usual. Raises UsageError."""
        from mktorrent_py.client.network.proxy import Proxy
        from mktorrent_py.client.session import Encryption, SessionOptions

        if self.encryption not in list(Encryption):
            raise UsageError(f"encryption cannot be {self.encryption!r}", hint=f"Say {', '.join(Encryption)}.")
        return SessionOptions(
            port=self.port,
            bind=self.bind,
            proxy=Proxy.parse(self.proxy) if self.proxy is not None else None,
            encryption=Encryption(self.encryption),
            upload_limit=types.parse_rate(self.upload_limit),
            dht=self.dht,
            lsd=self.lsd,
            pex=self.pex,
            upnp=self.upnp,
            utp=self.utp,
        )


def parse_peer(text: str, session: SessionOptions) -> tuple[str, int]:
    """An address and a port from `HOST:PORT`. Raises UsageError, or NetworkError for a host that has no address."""
    from mktorrent_py.client.network.route import peer_address

    host, port = parse_node(text)
    return peer_address(host, session.proxy), port


def stop_on_signals(stop: Callable[[], None]) -> None:
    """The first SIGINT or SIGTERM asks to stop; the second ends the process at once."""
    loop = asyncio.get_running_loop()
    asked = False

    def on_signal() -> None:
        nonlocal asked
        if asked:
            sys.stdout.flush()
            os._exit(ExitCode.INTERRUPTED)
        asked = True
        stop()

    for number in (signal.SIGINT, signal.SIGTERM):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal))
        else:
            loop.add_signal_handler(number, on_signal)
