"""Gets the metainfo that a magnet names from peers, and none of the content.

The info dictionary comes by BEP 9, the same for all versions. The piece layers of v2 and hybrid torrents are not part
of it; they come by the hash requests of BEP 52, from peers in the v2 swarm.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import libtorrent as lt

from mktorrent_py.client.fetching.stall import TICK, PeerDialer, StallTimer
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
"""Seconds without progress after which piece layers are left out: every client gets them with the content, too."""

Peers = Sequence[tuple[str, int]]


async def request_torrent(
    session: Session, magnet: Magnet, peers: Peers, timeout: float, progress: Progress
) -> Metainfo:
    """Return the metainfo of a magnet, with its piece layers where peers have them; raises as `request_metadata`."""
    metainfo = await request_metadata(session, magnet, peers, timeout, progress)
    if not lacks_piece_layers(metainfo):
        return metainfo
    try:
        patience = min(timeout or LAYERS_TIMEOUT, LAYERS_TIMEOUT)
        layers = await _request_piece_layers(session, metainfo, magnet, peers, patience)
    except NetworkError:
        return metainfo
    return _to_metainfo(metainfo.info.raw, magnet, layers)


async def request_metadata(
    session: Session, magnet: Magnet, peers: Peers, timeout: float, progress: Progress
) -> Metainfo:
    """Return the metainfo of a magnet, with its trackers and web seeds, and without piece layers.

    `progress` counts the bytes received. Writes nothing. Raises NetworkError when it does not arrive in time,
    LimitError when it is too large.
    """
    limit = session.options.max_metadata
    timer = StallTimer(timeout, "download of the metadata", "metadata-stalled", limit=limit)
    furthest = 0
    with _added(session, magnet) as handle:
        dialer = PeerDialer(handle, [*peers, *peers_of(magnet, session.options.proxy)])
        while True:
            for alert in session.alerts():
                torrent = handle.torrent_file() if isinstance(alert, lt.metadata_received_alert) else None
                if torrent is not None:
                    info = torrent.info_section()
                    if len(info) > limit:
                        raise LimitError(f"the metadata has {len(info):,} bytes, more than the limit of {limit:,}")
                    return _to_metainfo(info, magnet, {} if torrent.info_hashes().has_v2() else None)
            dialer.connect()
            status = handle.status(0)
            progress.count(status.total_download - progress.bytes_done)
            # Invalid metadata is discarded, and receiving it once more is no progress.
            furthest = max(furthest, status.progress_ppm)
            timer.update(furthest)
            await session.wait(TICK)


async def _request_piece_layers(
    session: Session, metainfo: Metainfo, magnet: Magnet, peers: Peers, timeout: float
) -> Mapping[bytes, bytes]:
    """Return the layers by their roots. Raises NetworkError when not all of them arrive.

    The torrent is added once more, by its v2 infohash alone, for two reasons: no peer in the v1 swarm of a hybrid
    answers hash requests; and seeds disconnect at once from a peer that has the metadata and wants no content.
    """
    in_v2_swarm = replace(magnet, infohashes=Infohashes(v2=metainfo.infohashes.v2))
    timer = StallTimer(timeout, "download of the piece layers")
    with session.keeping_seeds_connected(), _added(session, in_v2_swarm) as handle:
        dialer = PeerDialer(handle, [*peers, *peers_of(magnet, session.options.proxy)])
        hashes = 0
        while True:
            for alert in session.alerts():
                if isinstance(alert, lt.save_resume_data_alert):
                    if layers := _complete_layers(alert.params):
                        return layers
                    # Only valid hashes count: messages do not, as a refusal is one, too.
                    resume: Any = lt.write_resume_data(alert.params)
                    hashes = sum([len(tree[b"hashes"]) for tree in resume.get(b"trees", [])])
            timer.update(hashes)
            dialer.connect()
            await session.wait(TICK)
            handle.save_resume_data(lt.torrent_handle.save_info_dict)


@contextlib.contextmanager
def _added(session: Session, magnet: Magnet) -> Iterator[lt.torrent_handle]:
    """Keep a magnet in the session while the body runs, without asking for content."""
    parameters = lt.parse_magnet_uri(str(magnet))
    parameters.flags = lt.torrent_flags.default_dont_download
    parameters.save_path = os.devnull
    handle = session.add(parameters, private=False)
    try:
        yield handle
    finally:
        session.lt.remove_torrent(handle)


def _complete_layers(parameters: lt.add_torrent_params) -> dict[bytes, bytes]:
    """Return all piece layers of a torrent; none while one of them is incomplete."""
    try:
        torrent: Any = lt.write_torrent_file(parameters)
    except RuntimeError:
        return {}
    return dict(torrent.get(b"piece layers", {}))


def lacks_piece_layers(metainfo: Metainfo) -> bool:
    """Return whether files of more than one piece have no piece layers in the torrent (BEP 52)."""
    info = metainfo.info
    roots = {file.pieces_root for file in info.files if file.pieces_root and file.length > info.piece_length}
    return not roots <= (metainfo.piece_layers or {}).keys()


def _to_metainfo(info: bytes, magnet: Magnet, layers: Mapping[bytes, bytes] | None) -> Metainfo:
    fields: dict[str, bencode.Encodable] = {
        "info": bencode.Raw(info),
        **tracker_fields(tuple([(url,) for url in magnet.trackers])),
        **web_seed_fields(magnet.web_seeds),
    }
    if layers is not None:
        fields["piece layers"] = encode_piece_layers(layers)
    return Metainfo.from_bytes(bencode.encode(fields))


def peers_of(magnet: Magnet, proxy: Proxy | None) -> list[tuple[str, int]]:
    """Return the addresses of the peers that a magnet names; with a proxy, host names are not resolved and left out."""
    peers = []
    for host, _, port in [peer.rpartition(":") for peer in magnet.peers]:
        with contextlib.suppress(NetworkError):
            peers.append((peer_address(host.strip("[]"), proxy), int(port)))
    return peers
