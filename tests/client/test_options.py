"""The options of seeding and downloading: where to listen, what to announce, and invalid values."""

from __future__ import annotations

import asyncio
import errno
import socket
from dataclasses import replace
from pathlib import Path

import libtorrent as lt
import pytest
from seeding_rig import (
    HERE,
    QUIET,
    make_release,
    seeding,
)
from tracker_rig import tracking

from mktorrent_py.cli import main
from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.hints import hint_for
from mktorrent_py.cli.output.events import TextEventPrinter
from mktorrent_py.cli.output.seed_events import SeedViews
from mktorrent_py.client.network.proxy import Proxy
from mktorrent_py.client.seeding import events, seeder
from mktorrent_py.client.session import Session
from mktorrent_py.client.settings import session_settings
from mktorrent_py.errors import NetworkError


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeder, "TICK", 0.1)


@pytest.mark.parametrize("how", ["http", "udp"])
def test_trackers_receive_the_announced_address(tmp_path: Path, how: str) -> None:
    async def scene() -> set[str]:
        with tracking() as tracker:
            release = make_release(tmp_path, tree={"a": 10_000}, trackers=((tracker.url(how),),))
            async with seeding(release, session=replace(QUIET, announce_ip="192.0.2.77")) as seeder:
                await seeder.until(events.TrackerAnswered)
            return tracker.told

    assert asyncio.run(scene()) == {"192.0.2.77"}


# Where it listens


@pytest.mark.parametrize("utp", [True, False])
@pytest.mark.parametrize(
    ("family", "kind", "host"),
    [
        (socket.AF_INET, socket.SOCK_STREAM, HERE),
        (socket.AF_INET6, socket.SOCK_STREAM, "::1"),
        (socket.AF_INET, socket.SOCK_DGRAM, HERE),
        (socket.AF_INET6, socket.SOCK_DGRAM, "::1"),
    ],
)
def test_a_port_in_use_for_one_protocol_is_in_use(
    family: socket.AddressFamily, kind: socket.SocketKind, host: str, utp: bool
) -> None:
    """UDP announces use the same port, so both protocols are needed, with uTP or without."""
    with socket.socket(family, kind) as taken:
        taken.bind((host, 0))
        if kind is socket.SOCK_STREAM:
            taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NetworkError, match=f"port {port} is already in use") as caught:
            Session(replace(QUIET, bind=None, port=port, utp=utp))
        assert "--port" in (hint_for(caught.value) or "")


@pytest.mark.parametrize(("bind", "address"), [("::1", "[::1]"), ("127.0.0.9", "127.0.0.9"), ("lo", HERE)])
def test_a_bind_address_is_used_in_both_directions(tmp_path: Path, bind: str, address: str) -> None:
    async def scene() -> None:
        with tracking() as tracker:
            release = make_release(tmp_path, tree={"a": 10_000}, trackers=((tracker.url(),),))
            async with seeding(release, session=replace(QUIET, bind=bind)) as seeder:
                places = {each.rpartition(":")[0] for each in (await seeder.until(events.Listening)).addresses}
                assert places - {"[::1]"} == {address} - {"[::1]"}
                assert address in places
                if address != "[::1]":
                    await seeder.until(events.TrackerAnswered)
                    assert tracker.asked_from == {("http", address)}
                with pytest.raises(OSError) as refused, socket.create_connection(("127.0.0.5", seeder.port), 1):
                    pass
                assert refused.value.errno == errno.ECONNREFUSED

    asyncio.run(scene())


def test_addresses_that_go_and_come_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    printer, views = TextEventPrinter(), SeedViews()
    for addresses in ((f"{HERE}:7",), (), (f"{HERE}:7", "[::1]:7")):
        printer.show(views.view(events.Listening(addresses=addresses)))
    lines = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert lines == [["listen", "no address: peers cannot connect"], ["listen", f"{HERE}:7, [::1]:7"]]


# Invalid values

BAD = {
    "seed fetch": [
        ("--port", "70000"),
        ("--port", "-1"),
        ("--port", "any"),
        ("--bind", ""),
        ("--bind", "127.0.0.1,0.0.0.0"),
        ("--bind", "127.0.0.1:80"),
        ("--upload-limit", "fast"),
        ("--upload-limit", "-1"),
        ("--upload-limit", "0.4"),
        ("--upload-limit", "9G"),
        ("--max-peers", "0"),
        ("--encryption", "maybe"),
        ("--proxy", ""),
        ("--proxy", "ftp://h:1"),
        ("--proxy", "socks5://h:1"),
    ],
    "seed": [
        ("--slots", "0"),
        ("--ratio", "-1"),
        ("--ratio", "nan"),
        ("--ratio", "inf"),
        ("--for", "long"),
        ("--for", "-5s"),
        ("--until-peers-done", "0"),
        ("--announce-ip", ""),
        ("--announce-ip", "seed.example"),
        ("--http", "x"),
    ],
    "fetch": [
        ("--download-limit", ""),
        ("--timeout", "soon"),
        ("--peer", "host"),
        ("--max-metadata", "0"),
        ("--max-metadata", "-1"),
        ("--max-metadata", "lots"),
        ("--max-metadata", "5G"),
        ("--max-metadata", "1M/s"),
    ],
}


@pytest.mark.parametrize(
    ("verb", "option", "value"),
    [(verb, *pair) for verbs, pairs in BAD.items() for verb in verbs.split() for pair in pairs],
)
def test_bad_values_are_usage_errors(
    tmp_path: Path, verb: str, option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line states what is wrong, one what to do, and nothing is started."""
    release = make_release(tmp_path, tree={"a": 10})
    where = [str(release.content)] if verb == "seed" else ["-d", str(tmp_path / "out")]
    words = [verb, str(release.torrent), *where, f"{option}={value}", "--bind=127.0.0.1"]
    code = main(words if option != "--bind" else words[:-1])
    out, err = capsys.readouterr()
    assert code == ExitCode.USAGE
    assert not out
    said, hint = err.splitlines()
    assert said.startswith("mkt: ")
    assert hint.strip()
    assert not (tmp_path / "out").exists()


def test_create_checks_the_bind_address_alike(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = make_release(tmp_path, tree={"a": 10}).content
    for bind in ("", "127.0.0.1,0.0.0.0"):
        words = ["create", str(content), "-o", str(tmp_path / "made.torrent"), "--seed", f"--seed-bind={bind}"]
        assert main(words) == ExitCode.USAGE
        assert "is not an address or interface" in capsys.readouterr().err
    assert not (tmp_path / "made.torrent").exists()


def test_libtorrent_knows_every_setting() -> None:
    settings = session_settings(replace(QUIET, bind=None, proxy=Proxy.parse("socks5://me:it@127.0.0.1:1")))
    assert set(settings) <= set(lt.session(settings).get_settings())
