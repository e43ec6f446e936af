"""Other clients meet through this tracker, and this project's peers through other trackers.

In each case one peer has the content, another wants it, and the tracker is the only way for them to find each other.
"""

from __future__ import annotations

import asyncio
import filecmp
import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import bencodepy
import clients
import pytest
from rig import announce_target, http_get
from test_tracker_state import tracking

from mktorrent_py.create import CreateOptions, create_torrent
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.tracker.protocol.messages import Counts
from mktorrent_py.tracker.sockets import has_ipv6

pytestmark = pytest.mark.interop

Client = Callable[[Path, Path, Path], AbstractContextManager[None]]
CLIENT_TIMEOUT = 20
LEECHERS: dict[str, Client] = {
    "aria2": clients.aria2,
    "qbittorrent": clients.qbittorrent,
    "rtorrent": clients.rtorrent,
    "deluge": clients.deluge,
}
# It never says that it has completed, and that it stops only when it has been running for a while.
SILENT = {"rtorrent"}
NAME = "aurora"


@pytest.fixture
def content(tmp_path: Path) -> Path:
    root = tmp_path / "seed" / NAME
    (root / "docs").mkdir(parents=True)
    (root / "aurora.bin").write_bytes(os.urandom(700_000))
    (root / "docs" / "guide.txt").write_bytes(os.urandom(1000))
    return root


@contextmanager
def published(content: Path, url: str, version: TorrentVersion = TorrentVersion.V1) -> Iterator[tuple[Path, Metainfo]]:
    """A torrent of the content that names one tracker."""
    options = CreateOptions(version=version, trackers=((url,),))
    metainfo = create_torrent(content, options).metainfo
    path = content.parent / "aurora.torrent"
    path.write_bytes(metainfo.to_bytes())
    yield path, metainfo


def scrape(port: int, infohash: bytes) -> Counts:
    _, _, body = asyncio.run(http_get(port, announce_target(infohash).replace("/announce", "/scrape")))
    swarm = bencodepy.decode(body)[b"files"][infohash]
    return Counts(swarm[b"complete"], swarm[b"incomplete"], swarm[b"downloaded"])


def same(content: Path, other: Path) -> bool:
    names = [path.relative_to(content) for path in content.rglob("*") if path.is_file()]
    return all((other / name).is_file() and filecmp.cmp(content / name, other / name, shallow=False) for name in names)


def settle(port: int, infohash: bytes, expected: Counts) -> None:
    """Wait for announces on their way."""
    deadline = time.monotonic() + CLIENT_TIMEOUT
    while (found := scrape(port, infohash)) != expected:
        assert time.monotonic() < deadline, f"the tracker counts {found}, not {expected}"
        time.sleep(0.1)


def ipv6(host: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("this machine has no IPv6")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("scheme", ["http", "udp"])
@pytest.mark.parametrize("version", list(TorrentVersion))
def test_libtorrent_meets_libtorrent(
    content: Path, tmp_path: Path, host: str, scheme: str, version: TorrentVersion
) -> None:
    ipv6(host)
    with tracking("--bind", host) as (_, started):
        url = next(url for url in started["announce"] if url.startswith(f"{scheme}://{'[' if ':' in host else host}"))
        with published(content, url, version) as (torrent, metainfo):
            meet_in_libtorrent(torrent, metainfo, content, tmp_path / "leech", host, started["port"])


def meet_in_libtorrent(torrent: Path, metainfo: Metainfo, content: Path, directory: Path, host: str, port: int) -> None:
    keys = metainfo.infohashes.swarm_keys
    with clients.libtorrent(torrent, content.parent, directory.parent / "seeder", host=host, seeding=True):
        for key in keys:
            settle(port, key, Counts(1, 0, 0))
        with clients.libtorrent(torrent, directory, directory.parent / "leecher", host=host):
            clients.wait_until(lambda: same(content, directory / NAME), CLIENT_TIMEOUT, "libtorrent has it all")
            for key in keys:
                settle(port, key, Counts(2, 0, 1))
        for key in keys:
            settle(port, key, Counts(1, 0, 1))
    for key in keys:
        settle(port, key, Counts(0, 0, 1))


@pytest.mark.parametrize("scheme", ["http", "udp"])
@pytest.mark.parametrize("name", LEECHERS)
def test_clients_find_a_seed(content: Path, tmp_path: Path, name: str, scheme: str) -> None:
    with tracking() as (_, started):
        url = next(url for url in started["announce"] if url.startswith(scheme))
        with published(content, url) as (torrent, metainfo):
            (key,) = metainfo.infohashes.swarm_keys
            with clients.libtorrent(torrent, content.parent, tmp_path / "seeder", seeding=True):
                settle(started["port"], key, Counts(1, 0, 0))
                directory = tmp_path / "leech"
                directory.mkdir()
                complete = Counts(1, 1, 0) if name in SILENT else Counts(2, 0, 1)
                with LEECHERS[name](torrent, directory, tmp_path / "home"):
                    clients.wait_until(lambda: same(content, directory / NAME), CLIENT_TIMEOUT, f"{name} has it all")
                    settle(started["port"], key, complete)
                if name not in SILENT:
                    settle(started["port"], key, Counts(1, 0, 1))


@pytest.mark.parametrize("scheme", ["http", "udp"])
def test_transmission_is_found(content: Path, tmp_path: Path, scheme: str) -> None:
    """It takes no loopback address from a tracker, so here it is the one that is found.

    Over HTTP, version 3.00 leaves without telling the tracker.
    """
    with tracking() as (_, started):
        url = next(url for url in started["announce"] if url.startswith(scheme))
        with published(content, url) as (torrent, metainfo):
            (key,) = metainfo.infohashes.swarm_keys
            with clients.transmission(torrent, content.parent, tmp_path / "home"):
                settle(started["port"], key, Counts(1, 0, 0))
                directory = tmp_path / "leech"
                with clients.libtorrent(torrent, directory, tmp_path / "leecher"):
                    clients.wait_until(lambda: same(content, directory / NAME), CLIENT_TIMEOUT, "libtorrent has it all")
            settle(started["port"], key, Counts(0 if scheme == "udp" else 1, 0, 1))


@contextmanager
def our_tracker(home: Path, infohashes: list[bytes]) -> Iterator[int]:
    with tracking() as (_, started):
        yield started["port"]


TRACKERS = {"ours": our_tracker, "opentracker": clients.opentracker, "bittorrent-tracker": clients.npm_tracker}


@pytest.mark.parametrize("scheme", ["http", "udp"])
@pytest.mark.parametrize("name", TRACKERS)
def test_seed_and_fetch_meet(content: Path, tmp_path: Path, name: str, scheme: str) -> None:
    """`mkt seed` and `mkt fetch`, with a tracker alone between them."""
    pytest.importorskip("mktorrent_py.cli.commands.seed")
    with published(content, "http://127.0.0.1:1/announce") as (_, draft):
        keys = list(draft.infohashes.swarm_keys)
    with (
        TRACKERS[name](tmp_path / "tracker", keys) as port,
        published(content, f"{scheme}://127.0.0.1:{port}/announce") as (torrent, _),
    ):
        seed = clients.mkt("seed", torrent, content.parent, *clients.ONLY_TRACKERS)
        fetch = clients.mkt("fetch", torrent, "-d", tmp_path / "leech", *clients.ONLY_TRACKERS)
        with clients.running(seed, tmp_path / "seeder"), clients.running(fetch, tmp_path / "leecher") as fetching:
            assert fetching.wait(CLIENT_TIMEOUT) == 0
        assert same(content, tmp_path / "leech" / NAME)
