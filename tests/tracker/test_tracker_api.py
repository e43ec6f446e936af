"""The public `Tracker`, as a program uses it: start, announce, read events, stop."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rig import UdpClient, http_announce, peer_id, torrent, write_torrent

from mktorrent_py.errors import UsageError
from mktorrent_py.tracker import (
    Tracker,
    TrackerEvent,
    TrackerNote,
    TrackerOptions,
    TrackerStarted,
    TrackerStatus,
    TrackerStopping,
)

HASH = b"h" * 20


def local(**options: Any) -> TrackerOptions:
    return TrackerOptions(**{"hosts": ["127.0.0.1"], "port": 0, **options})


def test_a_program_runs_a_tracker(tmp_path: Path) -> None:
    write_torrent(tmp_path, torrent("aurora"))
    (tmp_path / "broken.torrent").write_bytes(b"no")
    known = torrent("aurora").infohashes.swarm_keys[0]

    async def program() -> list[TrackerEvent]:
        seen: list[TrackerEvent] = []
        async with Tracker(local(folder=str(tmp_path))) as tracker:
            assert tracker.port > 0 and tracker.listen == (f"127.0.0.1:{tracker.port}",)
            assert tracker.announce_urls == tuple(
                f"{scheme}://127.0.0.1:{tracker.port}/announce" for scheme in ("http", "udp")
            )
            assert [listed.name for listed in tracker.torrents] == ["aurora"]
            await http_announce(tracker.port, known, port=7001, left=0, peer_id=peer_id(1))
            udp = await UdpClient.open("127.0.0.1", tracker.port)
            await udp.connect()
            *head, _ = await udp.announce(known, port=7002, peer=2)
            assert head == [1, 5, 1800, 1, 1]
            udp.close()
            await http_announce(tracker.port, HASH)
            async for event in tracker.events(status_every=0.2):
                seen.append(event)
                if sum(isinstance(each, TrackerStatus) for each in seen) == 2:
                    tracker.stop()
        return seen

    started, note, first, second, stopping = asyncio.run(program())
    assert isinstance(started, TrackerStarted)
    assert (started.torrents, started.restored, started.options.folder) == (1, 0, str(tmp_path))
    assert isinstance(note, TrackerNote) and note.message.startswith("left out broken.torrent: ")
    assert first == second == TrackerStatus(
        torrents=1, announces=2, refused=1, uptime=0, swarms=1, seeds=1, leechers=1
    )  # fmt: skip
    assert stopping == TrackerStopping()


def test_notes_do_not_wait_for_the_next_status(tmp_path: Path) -> None:
    async def program() -> str:
        async with Tracker(local(folder=tmp_path)) as tracker:
            events = tracker.events(status_every=3600)
            assert isinstance(await anext(events), TrackerStarted)
            assert isinstance(await anext(events), TrackerStatus)
            (tmp_path / "late.torrent").write_bytes(b"no")
            note = await asyncio.wait_for(anext(events), 8)
            assert isinstance(note, TrackerNote)
            return note.message

    assert asyncio.run(program()).startswith("left out late.torrent")


def test_stop_ends_the_events_at_once() -> None:
    async def program() -> list[type]:
        async with Tracker(local()) as tracker:
            asyncio.get_running_loop().call_later(0.1, tracker.stop)
            return [type(event) async for event in tracker.events(status_every=3600)]

    assert asyncio.run(asyncio.wait_for(program(), 3)) == [TrackerStarted, TrackerStatus, TrackerStopping]


def test_a_background_task_that_fails_ends_the_events_with_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(self: Tracker) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(Tracker, "_expire_periodically", broken)

    async def program() -> None:
        seen = []
        async with Tracker(local()) as tracker:
            with pytest.raises(ZeroDivisionError):
                async for event in tracker.events(status_every=3600):
                    seen.append(type(event))
        assert seen[-1] is TrackerStopping

    asyncio.run(asyncio.wait_for(program(), 3))


def test_the_default_addresses_are_all_of_this_machine() -> None:
    async def program() -> tuple[str, ...]:
        async with Tracker(TrackerOptions(port=0)) as tracker:
            return tracker.listen

    assert asyncio.run(program())[0].startswith("0.0.0.0:")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hosts", "127.0.0.1"),
        ("hosts", [127]),
        ("trusted_proxies", "10.0.0.0/8"),
        ("port", "6969"),
        ("port", True),
        ("port", 6969.0),
        ("udp", "yes"),
        ("udp", 1),
        ("folder", b"torrents"),
        ("state", 5),
        ("base_url", 5),
        ("store", Path("redis://x")),
        ("interval", None),
    ],
)
def test_an_option_of_the_wrong_type_is_a_type_error(name: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"^{name} must be "):
        TrackerOptions(**{name: value})


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"port": 65536}, "option-out-of-range"),
        ({"port": -1}, "option-out-of-range"),
        ({"interval": 9}, "option-out-of-range"),
        ({"max_peers": 0}, "option-out-of-range"),
        ({"rate": -1}, "option-out-of-range"),
        ({"base_url": "tracker.example"}, "base-url-invalid"),
        ({"base_url": "udp://tracker.example"}, "base-url-invalid"),
        ({"base_url": "https://tracker.example/?a"}, "base-url-invalid"),
        ({"base_url": "http://[x/"}, "base-url-invalid"),
        ({"trusted_proxies": ["x"]}, "network-invalid"),
        ({"state": "s", "store": "redis://h"}, "state-with-store"),
    ],
)
def test_an_option_that_is_not_allowed_is_a_usage_error(options: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        TrackerOptions(**options)
    assert caught.value.code == code


def test_a_base_url_loses_its_last_slash() -> None:
    assert TrackerOptions(base_url="https://tracker.example/t/").base_url == "https://tracker.example/t"


def test_importing_the_package_imports_no_server() -> None:
    code = "import sys, mktorrent_py.tracker as t; t.TrackerOptions; print('aiohttp' in sys.modules); t.Tracker"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
