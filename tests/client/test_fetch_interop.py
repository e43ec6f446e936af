"""Downloads from other clients, by torrent file and by magnet, and from a web server."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import bencodepy
import pytest
from loopback import Tracker
from partner import Errand, Partner, case_name
from partners import PARTNERS
from seeding_rig import INTEROP_TREE, QUIET_WORDS, Release, files_below, make_release, run_mkt
from web_server import web_seed

from mktorrent_py.metainfo.infohash import TorrentVersion

pytestmark = [pytest.mark.interop, pytest.mark.usefixtures("time_limit")]

CASES = [(partner, TorrentVersion(version)) for partner in PARTNERS for version in partner.seeds]


def take(release: Release, source: str, directory: Path) -> None:
    """Download, and compare."""
    words = ("fetch", source, "-d", directory, "--port", "0", *QUIET_WORDS, "--timeout", "60s")
    code, _, err = run_mkt(*words, seconds=90)
    assert code == 0, err
    assert files_below(directory / release.content.name) == release.files()


@contextlib.contextmanager
def given_by(client: Partner, version: TorrentVersion, directory: Path, tracker: Tracker) -> Iterator[Release]:
    """Let the partner seed a release while the body runs."""
    tree = INTEROP_TREE if client.makes_empty_files else {path: size for path, size in INTEROP_TREE.items() if size}
    release = make_release(directory / "ours", version, tree, trackers=((tracker.url,),))
    errand = Errand(source=str(release.torrent), out=directory / "theirs" / "release", home=directory / "home")
    shutil.copytree(release.content, errand.out)
    write_pads(release, errand.out)
    with client.at_work(errand):
        tracker.wait_for_announce()
        yield release


def write_pads(release: Release, out: Path) -> None:
    """Return the pad files, which are plain files to clients without BEP 47."""
    for file in bencodepy.decode(release.torrent.read_bytes())[b"info"].get(b"files", ()):
        if b"p" in file.get(b"attr", b""):
            path = out.joinpath(*map(os.fsdecode, file[b"path"]))
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(bytes(file[b"length"]))


@pytest.mark.parametrize(("partner", "version"), CASES, ids=case_name)
def test_we_download_what_other_clients_seed(
    partner: type[Partner], version: TorrentVersion, tracker: Tracker, tmp_path: Path
) -> None:
    with given_by(partner(), version, tmp_path, tracker) as release:
        take(release, str(release.torrent), tmp_path / "got")


@pytest.mark.parametrize(("partner", "version"), CASES, ids=case_name)
def test_we_download_by_magnet_from_other_clients(
    partner: type[Partner], version: TorrentVersion, tracker: Tracker, tmp_path: Path
) -> None:
    with given_by(partner(), version, tmp_path, tracker) as release:
        take(release, release.magnet, tmp_path / "got")


@pytest.mark.parametrize("version", list(TorrentVersion), ids=lambda version: version.name)
def test_we_download_from_a_web_server(version: TorrentVersion, tmp_path: Path) -> None:
    with web_seed(tmp_path / "ours", tmp_path / "home") as url:
        release = make_release(tmp_path / "ours", version, INTEROP_TREE, web_seeds=(url,))
        take(release, str(release.torrent), tmp_path / "got")
