"""Our seed to other people's clients, and our fetch from theirs: files compared byte for byte."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from partners import PARTNERS, SEEDERS, Errand, Partner, Tracker
from seeding_rig import PIECE_LENGTH, QUIET_WORDS, files_below, make_release, run_mkt, running

from mktorrent_py.metainfo.infohash import TorrentVersion

pytestmark = pytest.mark.interop

TREE = {
    "disc.img": 18_000_001,
    "docs/Überblick.txt": 40_000,
    "docs/empty": 0,
    "exactly one piece": PIECE_LENGTH,
    **{f"many/{number:02}.bin": 1000 * number + 1 for number in range(50)},
}
CASES = [(partner, TorrentVersion(version)) for partner in PARTNERS for version in partner.versions]


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    tracker = Tracker()
    yield tracker
    tracker.close()


@pytest.mark.parametrize(("partner", "version"), CASES, ids=lambda value: getattr(value, "name", value))
def test_they_get_what_we_seed(
    partner: type[Partner], version: TorrentVersion, tracker: Tracker, tmp_path: Path
) -> None:
    release = make_release(tmp_path / "ours", version, TREE, trackers=((tracker.url,),))
    errand = Errand(torrent=release.torrent, out=tmp_path / "theirs" / "release", home=tmp_path / "home")
    words = ("seed", release.torrent, release.content, "--port", "0", *QUIET_WORDS, "--json")
    client = partner()
    with client.at_work(errand):
        tracker.wait_for_somebody()
        with running(*words) as process:
            process.wait_for("seed-started")
            client.wait_for(errand, release.files())


@pytest.mark.parametrize("partner", SEEDERS, ids=lambda partner: partner.name)
def test_we_get_what_they_seed(partner: type[Partner], tracker: Tracker, tmp_path: Path) -> None:
    client = partner()
    tree = TREE if client.makes_empty_files else {path: length for path, length in TREE.items() if length}
    release = make_release(tmp_path / "ours", TorrentVersion.V1, tree, trackers=((tracker.url,),))
    errand = Errand(torrent=release.torrent, out=tmp_path / "theirs" / "release", home=tmp_path / "home")
    shutil.copytree(release.content, errand.out)
    with client.at_work(errand):
        tracker.wait_for_somebody()
        fetch = ("fetch", release.torrent, "-d", tmp_path / "got", "--port", "0", *QUIET_WORDS, "--timeout", "60s")
        code, _, err = run_mkt(*fetch, seconds=90)
    assert code == 0, err
    assert files_below(tmp_path / "got" / "release") == release.files()
