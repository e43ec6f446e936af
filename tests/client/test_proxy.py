"""A proxy carries all traffic and resolves the names; what it cannot carry is not sent."""

from __future__ import annotations

import asyncio
import os
import socket
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import pytest
from commands import free_port
from network_rig import Wire, in_own_network
from proxy_rig import EXIT, HERE, Proxy, proxying
from seeding_rig import QUIET, Leecher, at_once, make_release, run_mkt, running, seeding
from tracker_rig import tracking
from web_rig import CERTIFICATE, web_server

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.hints import hint_for
from mktorrent_py.client.fetching.metadata import peers_of
from mktorrent_py.client.fetching.source import download_torrent_file
from mktorrent_py.client.network import proxy
from mktorrent_py.client.options import SessionOptions
from mktorrent_py.client.seeding import events, seeder
from mktorrent_py.client.session import Session
from mktorrent_py.errors import NetworkError, UsageError
from mktorrent_py.metainfo.magnet.uri import Magnet

NAME = "swarm.example"
"""Only the proxy knows it."""
LOGIN = ("me & you", "p@ss:w/rd")
THROUGH = replace(QUIET, bind=None)
SCHEMES = ("socks5", "socks4", "http")
TALK = {53, 1900, 5351, 6771}
"""DNS, SSDP, NAT-PMP, local discovery."""
TREE = {"a.bin": 300_000, "b/c.bin": 20_000}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeder, "TICK", 0.1)


def by_way_of(carrier: Proxy, scheme: str) -> SessionOptions:
    user = "{}:{}@".format(*[quote(word, safe="") for word in carrier.login]) if carrier.login else ""
    return replace(THROUGH, proxy=proxy.Proxy.parse(f"{scheme}://{user}{HERE}:{carrier.port}"))


@pytest.mark.parametrize(
    ("scheme", "login", "how", "host"),
    [
        ("socks5", None, "http", NAME),
        ("socks5", LOGIN, "http", HERE),
        ("socks5", None, "udp", NAME),
        ("socks5", LOGIN, "udp", HERE),
        ("socks4", None, "http", HERE),
        ("http", None, "http", NAME),
        ("http", LOGIN, "http", HERE),
    ],
)
def test_trackers_and_peers_are_reached_through_it(
    tmp_path: Path, scheme: str, login: tuple[str, str] | None, how: str, host: str
) -> None:
    """The peer comes from the tracker."""
    peer = make_release(tmp_path / "peer", tree=TREE)

    async def scene() -> None:
        leecher = Leecher(peer, tmp_path / "out")
        with proxying(names={NAME: HERE}, login=login) as carrier, tracking((HERE, leecher.port)) as tracker:
            release = make_release(tmp_path, tree=TREE, trackers=((tracker.url(how, host),),))
            async with seeding(release, session=by_way_of(carrier, scheme)) as seeder:
                # Where the proxy was slow, libtorrent asks again after 18 s.
                await seeder.until(events.TrackerAnswered, 60)
                await leecher.until_done()
            assert tracker.asked_from == {(how, EXIT)}
            assert carrier.hosts("udp" if how == "udp" else "http" if scheme == "http" else "tcp") >= {host}
            assert ("tcp", HERE, leecher.port) in carrier.carried
            assert not carrier.refused

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("scheme", "how", "host", "words"),
    [
        ("socks4", "http", NAME, "would resolve its host name locally"),
        ("socks4", "udp", HERE, "carry no UDP"),
        ("http", "https", NAME, "would resolve its host name locally"),
        ("http", "udp", HERE, "carry no UDP"),
        ("http", "udp", NAME, "carry no UDP"),
        ("socks5", "ws", HERE, "bypass the proxy"),
        ("http", "ws", HERE, "bypass the proxy"),
        ("none", "ws", HERE, "bypass the bind address"),
    ],
)
def test_what_a_proxy_cannot_carry_is_reported_and_not_sent(
    tmp_path: Path, scheme: str, how: str, host: str, words: str
) -> None:
    async def scene() -> events.TrackerFailed:
        with proxying(names={NAME: HERE}) as carrier, tracking() as tracker:
            release = make_release(tmp_path, tree=TREE, trackers=((tracker.url(how, host),),))
            session = QUIET if scheme == "none" else by_way_of(carrier, scheme)
            async with seeding(release, session=session) as seeder:
                failed = await seeder.until(events.TrackerFailed)
                await asyncio.sleep(0.3)
                (torrent,) = seeder.seeder.torrents.values()
                assert not torrent.handle.trackers()
            assert not tracker.asked_from
            assert not carrier.carried
        return failed

    assert words in asyncio.run(scene()).reason


def test_a_socks5_proxy_without_udp_is_reported(tmp_path: Path) -> None:
    async def scene() -> events.TrackerFailed:
        with proxying(carries_udp=False) as carrier, tracking() as tracker:
            release = make_release(tmp_path, tree=TREE, trackers=((tracker.url("udp"),),))
            async with seeding(release, session=by_way_of(carrier, "socks5")) as seeder:
                failed = await seeder.until(events.TrackerFailed)
            assert not tracker.asked_from
        return failed

    assert asyncio.run(scene()).reason == "the proxy carries no UDP"


def test_no_peer_can_connect_past_it(tmp_path: Path) -> None:
    release, port = make_release(tmp_path, tree=TREE), free_port()

    async def scene() -> None:
        with proxying() as carrier:
            session = replace(by_way_of(carrier, "socks5"), port=port)
            async with seeding(release, session=session) as seeder:
                assert (await seeder.until(events.Listening)).addresses == ()
                assert not seeder.seeder.session.lt.is_listening() or not seeder.seeder.session.lt.listen_port()
                with pytest.raises(ConnectionRefusedError):
                    socket.create_connection((HERE, port), 1)

    asyncio.run(scene())


def test_a_torrent_file_and_web_seeds_come_through_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxies of the environment are not used then."""
    monkeypatch.setenv("http_proxy", f"http://{HERE}:1")
    monkeypatch.setenv("no_proxy", "*")

    def scene(directory: Path, scheme: str, host: str) -> None:
        with web_server(directory / "web") as web, proxying(names={NAME: HERE}) as carrier:
            release = make_release(directory / "web", tree=TREE, web_seeds=(f"{web.url(host)}/",))
            words = ("-d", directory / "out", "--proxy", carrier.url(scheme))
            code, _, err = run_mkt("fetch", f"{web.url(NAME)}/release.torrent", *words)
            assert (code, err) == (0, "")
            assert web.asked_from == {EXIT}
            assert NAME in carrier.hosts("http" if scheme == "http" else "tcp")
        assert (directory / "out" / "release" / "a.bin").read_bytes() == release.files()["a.bin"]

    seeds = {"socks5": NAME, "socks4": HERE, "http": HERE}
    at_once(scene, {scheme: (tmp_path / scheme, scheme, host) for scheme, host in seeds.items()})


def test_a_web_seed_that_a_proxy_cannot_carry_is_reported_and_skipped(tmp_path: Path) -> None:
    def scene(scheme: str) -> None:
        with web_server(tmp_path) as web, proxying(names={NAME: HERE}) as carrier:
            release = make_release(tmp_path / scheme, tree=TREE, web_seeds=(f"{web.url(NAME)}/",))
            words = ("-d", tmp_path / "out", "--proxy", carrier.url(scheme), "--timeout", "1s")
            code, _, err = run_mkt("fetch", release.torrent, *words)
            assert code == ExitCode.NETWORK
            assert "would resolve its host name locally" in err
            assert not web.asked_from

    at_once(scene, {scheme: (scheme,) for scheme in ("socks4", "http")})


def test_a_url_is_requested_from_the_bind_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a proxy or bind address the environment decides, as for other programs."""
    make_release(tmp_path, tree=TREE)
    with web_server(tmp_path) as web, proxying(names={NAME: HERE}) as carrier:
        for bind in ("127.0.0.9", "lo"):
            download_torrent_file(f"{web.url()}/release.torrent", timeout=5, route=replace(QUIET, bind=bind).route)
        assert web.asked_from == {"127.0.0.9", HERE}
        monkeypatch.setenv("http_proxy", carrier.url("http"))
        monkeypatch.delenv("no_proxy", raising=False)
        download_torrent_file(f"{web.url(NAME)}/release.torrent", timeout=5)
        assert EXIT in web.asked_from


@pytest.mark.parametrize("by", ["nothing", "address", "interface", *SCHEMES])
def test_a_url_is_requested_over_tls(tmp_path: Path, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    release = make_release(tmp_path, tree=TREE)
    with web_server(tmp_path, tls=True) as web, proxying(names={NAME: HERE}) as carrier:
        session = by_way_of(carrier, by) if by in SCHEMES else QUIET
        session = replace(session, bind={"address": "127.0.0.9", "interface": "lo"}.get(by))
        url = f"{web.url()}/release.torrent"
        with pytest.raises(NetworkError, match="certificate verify failed"):
            download_torrent_file(url, timeout=5, route=session.route)
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
        assert download_torrent_file(url, timeout=5, route=session.route) == release.torrent.read_bytes()
        assert web.asked_from == {"127.0.0.9" if by == "address" else EXIT if by in SCHEMES else HERE}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_unreachable_proxy_is_an_error(scheme: str) -> None:
    there = proxy.Proxy.parse(f"{scheme}://{HERE}:{free_port()}")
    session = replace(THROUGH, proxy=there)
    with pytest.raises(NetworkError, match=r"cannot reach proxy.*connection refused") as caught:
        Session(session)
    assert "--proxy" in (hint_for(caught.value) or "")
    with pytest.raises(NetworkError, match="cannot reach proxy"):
        download_torrent_file("http://127.0.0.1:9/x.torrent", timeout=5, route=session.route)


def test_an_unreachable_proxy_ends_the_command(tmp_path: Path) -> None:
    with web_server(tmp_path) as web:
        release = make_release(tmp_path, tree=TREE, web_seeds=(f"{web.url()}/",))

        def scene(*words: str | Path) -> None:
            code, _, err = run_mkt(*words, "--proxy", f"{HERE}:{free_port()}")
            assert code == ExitCode.NETWORK
            assert "cannot reach proxy socks5://" in err

        at_once(scene, {
            "seed": ("seed", release.torrent, release.content),
            "magnet": ("fetch", release.magnet, "-d", tmp_path / "out"),
            "URL": ("fetch", f"{web.url()}/release.torrent", "-d", tmp_path / "out"),
        })  # fmt: skip
        assert not web.asked_from


@pytest.mark.parametrize("login", ["", "me:wrong@"])
def test_a_proxy_that_refuses_the_login_is_an_error(login: str) -> None:
    with proxying(login=LOGIN) as carrier:
        words = proxy.Proxy.parse(f"socks5://{login}{HERE}:{carrier.port}")
        with pytest.raises(NetworkError, match=r"refused the login.*user"):
            Session(replace(THROUGH, proxy=words))


def test_an_http_proxy_that_refuses_the_login_fails_the_tracker(tmp_path: Path) -> None:
    async def scene() -> events.TrackerFailed:
        with proxying(login=LOGIN) as carrier, tracking() as tracker:
            release = make_release(tmp_path, tree=TREE, trackers=((tracker.url(),),))
            session = replace(THROUGH, proxy=proxy.Proxy.parse(f"http://me:wrong@{HERE}:{carrier.port}"))
            with pytest.raises(NetworkError, match="407"):
                download_torrent_file(tracker.url(), timeout=5, route=session.route)
            async with seeding(release, session=session) as seeder:
                failed = await seeder.until(events.TrackerFailed)
            assert not tracker.asked_from
        return failed

    assert "proxy" in asyncio.run(scene()).reason.lower()


def test_host_names_of_peers_are_not_resolved_with_a_proxy() -> None:
    magnet = Magnet.parse(f"magnet:?xt=urn:btih:{'ab' * 20}&x.pe=localhost:7&x.pe=127.0.0.2:8&x.pe=%5B::1%5D:9")
    there = proxy.Proxy.parse("socks5://127.0.0.1:1")
    assert peers_of(magnet, there) == [("127.0.0.2", 8), ("::1", 9)]
    assert [port for _, port in peers_of(magnet, None)] == [7, 8, 9]
    code, _, err = run_mkt("fetch", str(magnet), "--peer", "localhost:7", "--proxy", "socks5://127.0.0.1:1")
    assert code == ExitCode.NETWORK
    assert "peers must be given as IP addresses" in err


def stay_inside(directory: Path, scheme: str) -> None:
    """Seed and download with the defaults: no packet goes anywhere but to the proxy."""
    trackers = [(f"{how}://{NAME}:9/announce",) for how in ("http", "https", "udp")]
    release = make_release(directory, tree=TREE, trackers=trackers, web_seeds=(f"http://{NAME}:9/",))
    take = ("fetch", release.torrent, "-d", directory / "out", "--utp", "--timeout", "2s", "--peer", "10.77.0.2:9")
    with Wire("far") as far, Wire("lo") as inside, proxying(names={NAME: HERE}) as carrier:
        way = ("--proxy", carrier.url(scheme)) if scheme != "none" else ()
        with running("seed", release.torrent, release.content, "--utp", "--json", *way) as process:
            process.wait_for("seed-started")
            assert run_mkt(*take, *way)[0] == ExitCode.NETWORK
            far.listen_for(set() if way else TALK, 10)
        heard = {each.port for each in far.listen()}
        if way:
            assert not heard
            assert not {each.port for each in inside.listen() if each.kind == "udp"} & TALK
        else:
            assert heard >= TALK


def test_nothing_else_leaves_the_machine(tmp_path: Path) -> None:
    """Without a proxy a lot does."""
    at_once(in_own_network(stay_inside), {scheme: (tmp_path / scheme, scheme) for scheme in (*SCHEMES, "none")})


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://x:1",
        "socks5://",
        "socks5://host",
        "http://host:0",
        "socks5://h:99999",
        "socks5://h:x",
        "http://h:1/path",
        "socks4://me:secret@h:1",
        f"socks5://{'u' * 256}:p@h:1",
        "socks5://[::1:9",
    ],
)
def test_an_invalid_proxy_url_is_a_usage_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(UsageError, match="prox"):
        proxy.Proxy.parse(url)


def test_a_proxy_cannot_be_combined_with_a_bind_address() -> None:
    with pytest.raises(UsageError, match="cannot be combined"):
        replace(QUIET, proxy=proxy.Proxy.parse("socks5://h:1"))


def test_a_password_is_never_shown() -> None:
    login = os.urandom(4).hex()
    there = proxy.Proxy.parse(f"socks5://me:{login}@{HERE}:{free_port()}")
    with pytest.raises(NetworkError) as caught:
        there.greet()
    assert login not in f"{caught.value}{hint_for(caught.value)}{caught.value.data}"
