"""Gets the torrent file that a magnet names from peers, and nothing of the content.

The info dictionary comes by BEP 9, in one piece for all versions. The piece layers of v2 and hybrid torrents are not
part of it; they come by the hash requests of BEP 52, from peers in the v2 swarm.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import libtorrent as lt

from mktorrent_py.client.fetching.stall import TICK, Dialer, FetchOptions, Watchdog
from mktorrent_py.client.network.proxy import Proxy
from mktorrent_py.client.network.route import peer_address
from mktorrent_py.client.session import Session
from mktorrent_py.errors import LimitError, NetworkError
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.infohash import Infohashes
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.trackers import tracker_fields
from mktorrent_py.metainfo.write.top_level import encode_piece_layers, web_seed_fields

LAYERS_TIMEOUT = 10.0
"""Seconds without news after which piece layers are done without: every client gets them with the content, too."""


async def fetch_torrent(session: Session, magnet: Magnet, options: FetchOptions, progress: Progress) -> Metainfo:
    """The torrent that a magnet names, with its piece layers where peers give them.

    Nothing is written. `progress` is of bytes received. Raises NetworkError when nobody gives it in time, LimitError
    when it is too large.
    """
    metainfo = await fetch_metadata(session, magnet, options, progress)
    if not lacks_piece_layers(metainfo):
        return metainfo
    patience = min(options.timeout or LAYERS_TIMEOUT, LAYERS_TIMEOUT)
    try:
        layers = await _fetch_piece_layers(session, metainfo, magnet, replace(options, timeout=patience))
    except NetworkError:
        return metainfo
    return _metainfo_of(metainfo.info.raw, magnet, layers)


async def fetch_metadata(session: Session, magnet: Magnet, options: FetchOptions, progress: Progress) -> Metainfo:
    """The torrent that a magnet names, with its trackers and web seeds, and without piece layers.

    Nothing is written. `progress` is of bytes received. Raises NetworkError when nobody gives it in time, LimitError
    when it is too large.
    """
    limit = session.options.max_metadata
    hint = f"Try again later, or name a peer with --peer. Above {limit:,} bytes it is not taken (--max-metadata)."
    watchdog = Watchdog(options.timeout, "no peer gave the metadata", hint)
    furthest = 0
    with _added(session, magnet) as handle:
        dialer = Dialer(handle, [*options.peers, *peers_of(magnet, session.options.proxy)])
        while True:
            for alert in session.alerts():
                torrent = handle.torrent_file() if isinstance(alert, lt.metadata_received_alert) else None
                if torrent is not None:
                    return _without_layers(torrent, magnet, limit)
            dialer.dial()
            status = handle.status(0)
            progress.count(status.total_download - progress.bytes_done)
            # What proves wrong is thrown away, and to get as far once more is no news.
            furthest = max(furthest, status.progress_ppm)
            watchdog.see(furthest)
            await session.wait(TICK)


async def _fetch_piece_layers(
    session: Session, metainfo: Metainfo, magnet: Magnet, options: FetchOptions
) -> Mapping[bytes, bytes]:
    """The layers by their roots. Raises NetworkError when not all of them come.

    The torrent is asked for once more, by its v2 infohash alone, for two reasons: in the v1 swarm of a hybrid nobody
    answers hash requests; and seeds leave at once a peer that knows what is in a torrent and wants none of it.
    """
    in_v2_swarm = replace(magnet, infohashes=Infohashes(v2=metainfo.infohashes.v2))
    watchdog = Watchdog(options.timeout, "no peer gave the piece layers")
    with session.among_seeds(), _added(session, in_v2_swarm) as handle:
        dialer = Dialer(handle, [*options.peers, *peers_of(magnet, session.options.proxy)])
        hashes = 0
        while True:
            for alert in session.alerts():
                if isinstance(alert, lt.save_resume_data_alert):
                    if layers := _layers_in(alert.params):
                        return layers
                    hashes = _length_of_hashes(alert.params)
            watchdog.see(hashes)
            dialer.dial()
            await session.wait(TICK)
            handle.save_resume_data(lt.torrent_handle.save_info_dict)


@contextlib.contextmanager
def _added(session: Session, magnet: Magnet) -> Iterator[lt.torrent_handle]:
    """A magnet in the session, of which no content will be asked for."""
    parameters = lt.parse_magnet_uri(str(magnet))
    parameters.flags = lt.torrent_flags.default_dont_download
    parameters.save_path = os.devnull
    handle = session.add(parameters, private=False)
    try:
        yield handle
    finally:
        session.lt.remove_torrent(handle)


def _layers_in(parameters: lt.add_torrent_params) -> dict[bytes, bytes]:
    """All the layers of a torrent on its way; none while one of them is not whole."""
    try:
        torrent: Any = lt.write_torrent_file(parameters)
    except RuntimeError:
        return {}
    return dict(torrent.get(b"piece layers", {}))


def _length_of_hashes(parameters: lt.add_torrent_params) -> int:
    """How many bytes of hashes have come and are right. What peers send is no measure: a refusal is a message, too."""
    resume: Any = lt.write_resume_data(parameters)
    return sum([len(tree[b"hashes"]) for tree in resume.get(b"trees", [])])


def lacks_piece_layers(metainfo: Metainfo) -> bool:
    """Whether there are files of more than one piece whose piece layers are not in the torrent (BEP 52)."""
    info = metainfo.info
    roots = {file.pieces_root for file in info.files if file.pieces_root and file.length > info.piece_length}
    return not roots <= (metainfo.piece_layers or {}).keys()


def _without_layers(torrent: lt.torrent_info, magnet: Magnet, limit: int) -> Metainfo:
    info = torrent.info_section()
    if len(info) > limit:
        raise LimitError(f"the metadata has {len(info):,} bytes, more than the {limit:,} that are allowed")
    return _metainfo_of(info, magnet, {} if torrent.info_hashes().has_v2() else None)


def _metainfo_of(info: bytes, magnet: Magnet, layers: Mapping[bytes, bytes] | None) -> Metainfo:
    fields: dict[str, bencode.Encodable] = {
        "info": bencode.Raw(info),
        **tracker_fields(tuple([(url,) for url in magnet.trackers])),
        **web_seed_fields(magnet.web_seeds),
    }
    if layers is not None:
        fields["piece layers"] = encode_piece_layers(layers)
    return Metainfo.from_bytes(bencode.encode(fields))


def peers_of(magnet: Magnet, proxy: Proxy | None) -> list[tuple[str, int]]:
    """The peers that a magnet names and that have an address; behind a proxy no name is looked up here."""
    peers = []
    for host, _, port in [peer.rpartition(":") for peer in magnet.peers]:
        with contextlib.suppress(NetworkError):
            peers.append((peer_address(host.strip("[]"), proxy), int(port)))
    return peers
