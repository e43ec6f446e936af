"""Seeding to other clients, by torrent file and by magnet: files are compared byte for byte."""

from __future__ import annotations

from hashlib import shake_128
from itertools import repeat
from pathlib import Path

import pytest
from commands import free_port
from loopback import Tracker
from partner import Errand, Partner, case_name
from partners import PARTNERS, RTorrent, WebTorrent
from seeding_rig import HERE, INTEROP_TREE, QUIET_WORDS, TREE, Release, make_release, running

from mktorrent_py.metainfo.infohash import TorrentVersion

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("time_limit")]

BY_TORRENT = [(partner, TorrentVersion(version)) for partner in PARTNERS for version in partner.torrents]
BY_MAGNET = [(partner, TorrentVersion(version)) for partner in PARTNERS for version in partner.magnets]


def give(release: Release, partner: Partner, source: str, directory: Path, tracker: Tracker) -> None:
    """Let the partner download while we seed."""
    errand = Errand(source=source, out=directory / "theirs" / release.content.name, home=directory / "home")
    words = ("seed", release.torrent, release.content, "--port", "0", *QUIET_WORDS, "--json")
    with partner.at_work(errand):
        tracker.wait_for_announce()
        with running(*words) as process:
            process.wait_for("seed-started")
            partner.wait_for(errand, release.content)


@pytest.mark.parametrize(("partner", "version"), BY_TORRENT, ids=case_name)
def test_other_clients_download_what_we_seed(
    partner: type[Partner], version: TorrentVersion, tracker: Tracker, tmp_path: Path
) -> None:
    release = make_release(tmp_path / "ours", version, INTEROP_TREE, trackers=((tracker.url,),))
    give(release, partner(), str(release.torrent), tmp_path, tracker)


@pytest.mark.parametrize(("partner", "version"), BY_MAGNET, ids=case_name)
def test_other_clients_download_by_magnet(
    partner: type[Partner], version: TorrentVersion, tracker: Tracker, tmp_path: Path
) -> None:
    release = make_release(tmp_path / "ours", version, INTEROP_TREE, trackers=((tracker.url,),))
    give(release, partner(), release.magnet, tmp_path, tracker)


@pytest.mark.parametrize("partner", [partner for partner in PARTNERS if partner.v2_error], ids=case_name)
def test_some_clients_reject_v2(partner: type[Partner], tmp_path: Path) -> None:
    """Clients without BEP 52 report it; hybrids exist for them."""
    release = make_release(tmp_path / "ours", TorrentVersion.V2, TREE)
    errand = Errand(source=str(release.torrent), out=tmp_path / "theirs" / "release", home=tmp_path / "home")
    client = partner()
    with client.at_work(errand):
        assert client.process.wait() != 0
        assert client.v2_error in errand.log.read_text()


def test_no_request_is_dropped(tracker: Tracker, tmp_path: Path) -> None:
    """rtorrent's queue grows with its rate: near the end of a gigabyte it has more than 2,000 requests waiting."""
    image = tmp_path / "ours" / "release" / "disc.img"
    image.parent.mkdir(parents=True)
    with image.open("wb") as file:
        file.writelines(repeat(shake_128(b"disc.img").digest(1_000_000), 1000))
    release = make_release(tmp_path / "ours", TorrentVersion.V1, {}, piece_length=1 << 20, trackers=((tracker.url,),))
    give(release, RTorrent(), str(release.torrent), tmp_path, tracker)


def test_an_obfuscated_handshake_is_understood(tmp_path: Path) -> None:
    """WebTorrent 3 opens connections with MSE; where we connect to it, it accepts any."""
    release = make_release(tmp_path / "ours", TorrentVersion.V1, INTEROP_TREE)
    port, client = str(free_port()), WebTorrent()
    errand = Errand(
        source=str(release.torrent),
        out=tmp_path / "theirs" / "release",
        home=tmp_path / "home",
        peer=f"{HERE}:{port}",
    )
    with running("seed", release.torrent, release.content, "--port", port, *QUIET_WORDS, "--json") as process:
        process.wait_for("seed-started")
        with client.at_work(errand):
            client.wait_for(errand, release.content)
    assert "tcpOutgoing MSE" in errand.log.read_text()
