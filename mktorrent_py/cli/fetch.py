"""`mkt fetch`: get content by torrent file or magnet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mktorrent_py.cli import amounts, peering
from mktorrent_py.cli.options import JsonOption, ProgressOption, QuietOption
from mktorrent_py.cli.progress import ProgressMode
from mktorrent_py.errors import UsageError
from mktorrent_py.swarm.binding import require_libtorrent

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

Source = Annotated[
    str, typer.Argument(metavar="TORRENT|MAGNET|URL", help="A torrent file or its URL, or a magnet URI.")
]
DirectoryOption = Annotated[Path, typer.Option("--directory", "-d", metavar="DIR", help="Fetch into this directory.")]
MetadataOnlyOption = Annotated[
    bool, typer.Option("--metadata-only", help="Get the torrent file of a magnet and nothing else.")
]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="With --metadata-only: write it there.")
]
SelectOption = Annotated[
    list[str] | None, typer.Option("--select", metavar="GLOB", help="Fetch only files that match; may be repeated.")
]
PeerOption = Annotated[
    list[str] | None, typer.Option("--peer", metavar="HOST:PORT", help="Connect to this peer; may be repeated.")
]
TimeoutOption = Annotated[
    str, typer.Option("--timeout", metavar="TIME", help="Give up when nothing comes in for so long; 0 never does.")
]
SeedAfterOption = Annotated[bool, typer.Option("--seed-after", help="Give it to others when it is there.")]
ForceOption = Annotated[bool, typer.Option("--force", "-f", help="Mend files that are there and are not right.")]
MaxMetadataOption = Annotated[
    str, typer.Option("--max-metadata", metavar="SIZE", help="Take at most so much metadata from peers.")
]


@app.command(no_args_is_help=True)
def fetch(
    source: Source,
    directory: DirectoryOption = Path(),
    metadata_only: MetadataOnlyOption = False,
    output: OutputOption = None,
    select: SelectOption = None,
    peer: PeerOption = None,
    timeout: TimeoutOption = "2min",
    seed_after: SeedAfterOption = False,
    force: ForceOption = False,
    max_metadata: MaxMetadataOption = "30M",
    port: peering.PortOption = 6881,
    bind: peering.BindOption = None,
    upload_limit: peering.UploadLimitOption = "0",
    download_limit: peering.DownloadLimitOption = "0",
    max_peers: peering.MaxPeersOption = 200,
    dht: peering.DhtOption = True,
    lsd: peering.LsdOption = True,
    pex: peering.PexOption = True,
    upnp: peering.UpnpOption = True,
    utp: peering.UtpOption = False,
    encryption: peering.EncryptionOption = "allow",
    proxy: peering.ProxyOption = None,
    progress: ProgressOption = ProgressMode.AUTO,
    json: JsonOption = False,
    quiet: QuietOption = False,
) -> int:
    """Get content from others. Files end in .part until they are whole; started again, it goes on where it was.

    mkt fetch release.torrent -d downloads. Or only the torrent file: mkt fetch MAGNET --metadata-only -o FILE
    """
    require_libtorrent()
    from mktorrent_py.cli.fetching import Job, run_fetching

    if output is not None and not metadata_only:
        raise UsageError("--output names the torrent file of --metadata-only", hint="Say --directory for the content.")
    session = peering.session_options(
        port=port, bind=bind, max_peers=max_peers, dht=dht, lsd=lsd, pex=pex, upnp=upnp, utp=utp,
        encryption=encryption, proxy=proxy, upload_limit=upload_limit, download_limit=download_limit,
        max_metadata=max_metadata,
    )  # fmt: skip
    job = Job(
        source=source,
        directory=directory,
        session=session,
        select=tuple(select or ()),
        peers=tuple([peering.parse_peer(text, session) for text in peer or ()]),
        timeout=amounts.parse_duration(timeout),
        metadata_only=metadata_only,
        output=output,
        seed_after=seed_after,
        force=force,
    )
    mode = ProgressMode.NONE if quiet else progress
    return run_fetching(job, mode=mode, json=json, quiet=quiet)
