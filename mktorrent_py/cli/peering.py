"""Options of the verbs that meet other peers, and how those verbs are stopped."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from mktorrent_py.cli import amounts
from mktorrent_py.cli.options import parse_node
from mktorrent_py.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from mktorrent_py.swarm.session import SessionOptions

PortOption = Annotated[
    int, typer.Option("--port", metavar="N", min=0, max=65535, help="Listen on this port; 0 takes any.")
]
BindOption = Annotated[
    str | None, typer.Option("--bind", metavar="ADDR|INTERFACE", help="Use this address or interface and no other.")
]
UploadLimitOption = Annotated[str, typer.Option("--upload-limit", metavar="RATE", help="Send at most this: 5M, 500k.")]
DownloadLimitOption = Annotated[
    str, typer.Option("--download-limit", metavar="RATE", help="Receive at most this: 5M, 500k.")
]
MaxPeersOption = Annotated[int, typer.Option("--max-peers", metavar="N", min=1, help="Connect to at most N peers.")]
DhtOption = Annotated[bool, typer.Option("--dht/--no-dht", help="Find peers in the distributed hash table.")]
LsdOption = Annotated[bool, typer.Option("--lsd/--no-lsd", help="Find peers in the local network.")]
PexOption = Annotated[bool, typer.Option("--pex/--no-pex", help="Exchange addresses with peers.")]
UpnpOption = Annotated[bool, typer.Option("--upnp/--no-upnp", help="Ask the router to let peers in.")]
UtpOption = Annotated[bool, typer.Option("--utp/--no-utp", help="Speak uTP too, which yields to other traffic.")]
EncryptionOption = Annotated[
    str, typer.Option("--encryption", metavar="allow|require|off", help="Obfuscate connections to peers.")
]
ProxyOption = Annotated[
    str | None,
    typer.Option("--proxy", metavar="URL", help="Go through socks5:// or http:// alone; then nobody connects to us."),
]
AnnounceIpOption = Annotated[
    str | None, typer.Option("--announce-ip", metavar="ADDR", help="Tell trackers this address.")
]


def session_options(
    *,
    port: int,
    bind: str | None,
    max_peers: int,
    dht: bool,
    lsd: bool,
    pex: bool,
    upnp: bool,
    utp: bool,
    encryption: str,
    proxy: str | None,
    upload_limit: str = "0",
    download_limit: str = "0",
    announce_ip: str | None = None,
    max_metadata: str = "30M",
) -> SessionOptions:
    """The options that all such verbs have, read. Raises UsageError."""
    from mktorrent_py.swarm.proxy import Proxy
    from mktorrent_py.swarm.session import Encryption, SessionOptions

    if encryption not in list(Encryption):
        raise UsageError(f"encryption cannot be {encryption!r}", hint=f"Say {', '.join(Encryption)}.")
    return SessionOptions(
        port=port,
        bind=bind,
        upload_limit=amounts.parse_rate(upload_limit),
        download_limit=amounts.parse_rate(download_limit),
        max_peers=max_peers,
        dht=dht,
        lsd=lsd,
        pex=pex,
        upnp=upnp,
        utp=utp,
        encryption=Encryption(encryption),
        proxy=Proxy.parse(proxy) if proxy is not None else None,
        announce_ip=announce_ip,
        max_metadata=amounts.parse_length(max_metadata),
    )


def parse_peer(text: str, session: SessionOptions) -> tuple[str, int]:
    """An address and a port from `HOST:PORT`. Raises UsageError, or NetworkError for a host that has no address."""
    from mktorrent_py.swarm.route import peer_address

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
