"""Which packets leave the machine, and from where, as observed at the far end of a link."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from network_rig import NEAR, OTHER, Wire, in_own_network, ip
from seeding_rig import QUIET, Running, at_once, make_release, run_mkt, running, seeding, until

from mktorrent_py.client.seeding import events, seeder

DNS, NAT_PMP, SSDP, LSD = 53, 5351, 1900, 6771
AWAY = "10.99.0.9"
"""A peer beyond every gateway."""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeder, "TICK", 0.1)
    # No tracker answers here.
    monkeypatch.setattr(seeder, "STOP_WITHIN", 0.2)


EVERYTHING = {DNS, NAT_PMP, SSDP, LSD}
HEARD = {
    "all": ((), False, EVERYTHING),
    "private": ((), True, {NAT_PMP, SSDP}),
    "no DHT": (("--no-dht",), False, EVERYTHING - {DNS}),
    "no LSD": (("--no-lsd",), False, EVERYTHING - {LSD}),
    "no UPnP": (("--no-upnp",), False, {DNS, LSD}),
    "none": (("--no-dht", "--no-lsd", "--no-upnp"), False, set()),
}


def test_only_allowed_packets_are_sent(tmp_path: Path) -> None:
    """The DHT is observed by its look-ups of the routers and of the nodes in the torrent."""

    def scene(name: str, forbidden: tuple[str, ...], private: bool, allowed: set[int]) -> None:
        nodes = () if private else (("node.example", 6881),)
        release = make_release(tmp_path / name, tree={"a": 1000}, private=private, nodes=nodes)
        with Wire() as wire, running("seed", release.torrent, release.content, *forbidden, "--json") as process:
            process.wait_for("seed-started")
            wire.listen_for(allowed, 10)
            assert {each.port for each in wire.listen(0.7) if each.kind == "udp"} == allowed

    at_once(in_own_network(scene), {name: (name, *words) for name, words in HEARD.items()})


async def bother(seeder: Running) -> None:
    """Let it connect to a tracker and peers on either link and beyond."""
    (torrent,) = seeder.seeder.torrents.values()
    for host in ("10.77.0.2", "10.88.0.2", AWAY):
        torrent.handle.connect_peer((host, 7))
    for _ in range(4):
        torrent.handle.force_reannounce()
        await asyncio.sleep(0.25)


def lose(directory: Path, bind: str, loss: str) -> None:
    """By interface nothing goes over another; by address nothing bears another. When it is back, so are we."""
    trackers = [(f"{how}://{AWAY}:9/announce",) for how in ("udp", "http")]
    release = make_release(directory, tree={"a": 1000}, trackers=trackers)

    async def scene() -> None:
        with Wire("far") as near, Wire("farther") as other:
            async with seeding(release, session=replace(QUIET, bind=bind, port=6881)) as seeder:
                await bother(seeder)
                assert {each.source for each in other.listen()} == {OTHER}
                ip(loss)
                await bother(seeder)
                assert NEAR not in {each.source for each in near.listen() | other.listen()}
                assert bind != "other" or not near.heard
                if "addr" in loss:
                    await until(lambda: seeder.of_kind(events.Listening)[-1].addresses == ())
                    ip(f"addr add {OTHER}/24 dev other")
                    await until(lambda: seeder.of_kind(events.Listening)[-1].addresses == (f"{OTHER}:6881",))
                    assert NEAR not in {each.source for each in near.listen() | other.listen()}

    asyncio.run(scene())


def test_a_lost_bind_address_is_not_replaced(tmp_path: Path) -> None:
    losses = {"address": f"addr del {OTHER}/24 dev other", "down": "link set other down", "gone": "link del other"}
    cases = {f"{bind} {name}": (bind, loss) for bind in ("other", OTHER) for name, loss in losses.items()}
    at_once(in_own_network(lose), {name: (tmp_path / name, *words) for name, words in cases.items()})


def test_without_a_bind_address_another_address_is_used(tmp_path: Path) -> None:
    release = make_release(tmp_path, tree={"a": 1000}, trackers=((f"udp://{AWAY}:9/announce",),))

    async def scene() -> set[str]:
        with Wire("far") as near:
            async with seeding(release, session=replace(QUIET, bind=None)) as seeder:
                await bother(seeder)
                return {each.source for each in near.listen()}

    assert NEAR in in_own_network(asyncio.run)(scene())


def test_a_torrent_file_is_downloaded_over_the_bind_interface(tmp_path: Path) -> None:
    def scene() -> None:
        with Wire("far") as near, Wire("farther") as other:
            words = ("fetch", f"http://{AWAY}:9/x.torrent", "-d", tmp_path, "--bind", "other", "--timeout", "1s")
            assert run_mkt(*words)[0] == 6
            assert (AWAY, 9) in {(each.target, each.port) for each in other.listen()}
            assert not near.listen()

    in_own_network(scene)()
