"""The piece layers of a magnet's torrent, where not every peer has them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import bencodepy
import pytest
from hostile_rig import hostile
from seeding_rig import HERE, QUIET_WORDS, Leecher, make_release, run_mkt

from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.torrentfile import read_metainfo


def fetch_torrent_file(magnet: str, output: Path, *words: str) -> str:
    """Write the torrent file of a magnet; return stderr."""
    fixed = ("--metadata-only", "-o", output, "--port", "0", *QUIET_WORDS, "--timeout", "3s")
    code, _, err = run_mkt("fetch", magnet, *fixed, *words)
    assert code == 0, err
    return err


@pytest.mark.parametrize("version", [TorrentVersion.V2, TorrentVersion.HYBRID])
def test_piece_layers_that_no_peer_has_are_left_out(tmp_path: Path, version: TorrentVersion) -> None:
    """A seed without them sends the info dictionary; the torrent file is written, with a note."""
    release = make_release(tmp_path / "src", version)
    fields = bencodepy.decode(release.torrent.read_bytes())
    bare = replace(release, metainfo=Metainfo.from_bytes(bencodepy.encode({**fields, b"piece layers": {}})))
    holder = Leecher(bare, tmp_path / "src", have=True)
    output = tmp_path / "made.torrent"
    said = fetch_torrent_file(release.magnet, output, "--peer", f"{HERE}:{holder.port}")
    assert "no peer sent the piece layers" in said
    made = read_metainfo(output)
    assert made.infohashes == release.metainfo.infohashes
    assert made.piece_layers == {}


def test_a_hybrid_comes_from_peers_of_its_v1_swarm(tmp_path: Path) -> None:
    """They send the info dictionary, disconnect at the v2 infohash, and answer no hash request."""
    metainfo = make_release(tmp_path / "src").metainfo
    info, v1 = metainfo.info.raw, metainfo.infohashes.v1
    assert v1 is not None
    magnet = f"magnet:?xt=urn:btih:{v1.hex()}"
    output = tmp_path / "made.torrent"
    with hostile(len(info), metadata=info, knows=v1) as peer:
        said = fetch_torrent_file(magnet, output, *peer.words, "--encryption", "off")
    assert "no peer sent the piece layers" in said
    assert read_metainfo(output).infohashes == metainfo.infohashes
