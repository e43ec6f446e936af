"""`mkt seed`: give content to others until told to stop."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mktorrent_py.cli import amounts, messages, peering
from mktorrent_py.cli.options import JsonOption, QuietOption, ThreadsOption
from mktorrent_py.metainfo.paths import printable
from mktorrent_py.swarm.binding import require_libtorrent

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

What = Annotated[
    list[Path],
    typer.Argument(metavar="TORRENT [CONTENT]", help="A torrent and its content, or torrents, or a directory of them."),
]
ContentOption = Annotated[
    list[Path] | None,
    typer.Option("--content", "-c", metavar="DIR", help="Look here for the content; may be given more than once."),
]
TrustOption = Annotated[bool, typer.Option("--trust", help="Compare sizes and times only; hash nothing beforehand.")]
CacheOption = Annotated[
    Path | None,
    typer.Option("--cache", metavar="FILE", help="Remember checks here; what has not changed since is not read again."),
]
SlotsOption = Annotated[int, typer.Option("--slots", metavar="N", min=1, help="Send to N peers at a time.")]
RatioOption = Annotated[
    float | None, typer.Option("--ratio", metavar="R", min=0, help="Stop when R times the content was sent.")
]
ForOption = Annotated[str | None, typer.Option("--for", metavar="TIME", help="Stop after 90s, 15min, 2h or 1d.")]
PeersDoneOption = Annotated[
    int | None, typer.Option("--until-peers-done", metavar="N", min=1, help="Stop when N peers have everything.")
]
SuperSeedOption = Annotated[bool, typer.Option("--super-seed", help="Show each peer other pieces: for a lone seed.")]
HttpOption = Annotated[
    str | None, typer.Option("--http", metavar="HOST:PORT", help="Serve a status page, /metrics and /healthz.")
]
WatchOption = Annotated[bool, typer.Option("--watch/--no-watch", help="Follow a directory of torrents as it changes.")]


@app.command(no_args_is_help=True)
def seed(
    what: What,
    content: ContentOption = None,
    trust: TrustOption = False,
    cache: CacheOption = None,
    port: peering.PortOption = 6881,
    bind: peering.BindOption = None,
    upload_limit: peering.UploadLimitOption = "0",
    slots: SlotsOption = 64,
    max_peers: peering.MaxPeersOption = 500,
    ratio: RatioOption = None,
    duration: ForOption = None,
    until_peers_done: PeersDoneOption = None,
    dht: peering.DhtOption = True,
    lsd: peering.LsdOption = True,
    pex: peering.PexOption = True,
    upnp: peering.UpnpOption = True,
    utp: peering.UtpOption = False,
    encryption: peering.EncryptionOption = "allow",
    proxy: peering.ProxyOption = None,
    super_seed: SuperSeedOption = False,
    announce_ip: peering.AnnounceIpOption = None,
    http: HttpOption = None,
    watch: WatchOption = True,
    threads: ThreadsOption = 0,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Give content to others from where it lies. It is checked first, and never written to.

    mkt seed release.torrent release. Or a directory of torrents: mkt seed torrents --content /srv/releases
    """
    require_libtorrent()
    from mktorrent_py.cli.seeding import run_seeding
    from mktorrent_py.swarm.check import CheckOptions
    from mktorrent_py.swarm.library import gather
    from mktorrent_py.swarm.proofs import Proofs
    from mktorrent_py.swarm.seed import SeedOptions

    check = CheckOptions(trust=trust, threads=threads, proofs=Proofs(cache) if cache is not None else None)
    library = gather(what, content or (), check, watch=watch)
    if library.watched is not None and not library.items:
        messages.note(f"there is no torrent in {printable(str(library.watched))} yet; it is watched for some to come")
    session = peering.session_options(
        port=port, bind=bind, max_peers=max_peers, dht=dht, lsd=lsd, pex=pex, upnp=upnp, utp=utp,
        encryption=encryption, proxy=proxy, upload_limit=upload_limit, announce_ip=announce_ip,
    )  # fmt: skip
    options = SeedOptions(
        ratio=amounts.check_ratio(ratio) if ratio is not None else None,
        duration=amounts.parse_duration(duration) if duration is not None else None,
        peers_done=until_peers_done,
        keep_waiting=library.watched is not None,
        super_seed=super_seed,
    )
    session = replace(session, slots=slots, count_blocks=until_peers_done is not None)
    return run_seeding(library, session, options, http=http, json=json, quiet=quiet)
