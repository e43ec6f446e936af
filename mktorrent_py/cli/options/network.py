"""Options of the verbs that connect to peers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, option
from mktorrent_py.cli.options.types import Text, parse_node

if TYPE_CHECKING:
    from mktorrent_py.client import SessionOptions


class NetworkOptions(Group):
    """How peers are found and connected to."""

    heading = "Network"

    port: int = typer.Option(
        6881, "--port", metavar="N", min=0, max=65535, help="Listen on this port; 0 picks any free port."
    )
    bind: Text = option("--bind", metavar="ADDR|INTERFACE", help="Use this address or interface and no other.")
    proxy: Text = option(
        "--proxy", metavar="URL", help="Send all traffic through socks5:// or http://; peers cannot connect to us then."
    )
    upload_limit: str = typer.Option(
        "0", "--upload-limit", metavar="RATE", help="Upload at most 5M or 500k a second; 0 is unlimited."
    )
    encryption: str = typer.Option(
        "allow", "--encryption", metavar="allow|require|off", help="Obfuscate connections to peers (MSE)."
    )
    dht: bool = typer.Option(True, "--dht/--no-dht", help="Find peers in the distributed hash table (BEP 5).")
    lsd: bool = typer.Option(True, "--lsd/--no-lsd", help="Find peers in the local network (BEP 14).")
    pex: bool = typer.Option(True, "--pex/--no-pex", help="Exchange peer addresses with peers (BEP 11).")
    upnp: bool = typer.Option(True, "--upnp/--no-upnp", help="Map the port on the router with UPnP or NAT-PMP.")
    utp: bool = typer.Option(False, "--utp/--no-utp", help="Also use uTP (BEP 29), which yields to other traffic.")

    def session(self, **more: Any) -> SessionOptions:
        """Return the options of a session, with those that only one verb has. Raises UsageError."""
        from mktorrent_py.client import Encryption, Proxy, SessionOptions

        return SessionOptions(
            port=self.port,
            bind=self.bind,
            proxy=Proxy.parse(self.proxy) if self.proxy is not None else None,
            encryption=Encryption.parse(self.encryption),
            upload_limit=types.parse_rate(self.upload_limit),
            dht=self.dht,
            lsd=self.lsd,
            pex=self.pex,
            upnp=self.upnp,
            utp=self.utp,
            **more,
        )


def parse_address(text: str) -> tuple[str, int]:
    """Return host and port from `HOST:PORT`, to listen at; port 0 is any free one. Raises UsageError."""
    if text.endswith(":0"):
        return parse_node(f"{text[:-1]}1")[0], 0
    return parse_node(text)
