"""What survives: snapshots, restarts, kill -9; and the command as a process, from start to stop."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from commands import MKT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rig import UdpClient, announce, http_announce, http_get, peer_id, torrent, write_torrent

from mktorrent_py.errors import ContentError
from mktorrent_py.tracker.protocol.messages import Counts, Event
from mktorrent_py.tracker.swarms.registry import SwarmLimits, SwarmRegistry
from mktorrent_py.tracker.swarms.snapshot import capture, read_snapshot, write_snapshot
from mktorrent_py.tracker.swarms.swarm import PeerTable

HASH = b"i" * 20
KEY = b"k" * 32


def empty() -> SwarmRegistry:
    return SwarmRegistry(SwarmLimits(lifetime=100), random.Random(1).random)


def save(swarms: SwarmRegistry, path: Path) -> None:
    write_snapshot(asyncio.run(capture(swarms, KEY)), path)


def facts(swarms: SwarmRegistry) -> dict[bytes, Any]:
    """Everybody's address, peer id and time, and the counts; the order they are kept in is nobody's business."""
    return {
        infohash: (swarm.counts, [known(each) for each in (*swarm.seeds.values(), *swarm.leechers.values()) if each])
        for infohash in swarms
        if (swarm := swarms.get(infohash))
    }


def known(peers: PeerTable) -> dict[bytes, tuple[bytes, int]]:
    return {
        address: (bytes(peers.ids[place * 20 : place * 20 + 20]), peers.seen[place])
        for address, place in peers.places.items()
    }


populations = st.tuples(
    st.integers(0, 30), st.sampled_from([0, 1]), st.sampled_from([6, 18]), st.integers(0, 3), st.integers(0, 50)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None)
@given(st.lists(populations, max_size=60))
def test_a_snapshot_brings_everybody_back(tmp_path: Path, population: list[tuple[int, int, int, int, int]]) -> None:
    swarms = empty()
    for number, left, width, swarm, after in sorted(population, key=lambda each: each[-1]):
        event = Event.COMPLETED if number % 2 else Event.NONE
        swarms.announce(announce(number, left, event, width=width, infohash=bytes([swarm]) * 20), 1000 + after)
    save(swarms, tmp_path / "state")
    restored = empty()
    assert read_snapshot(tmp_path / "state", restored, 1050) == (swarms.census.peers, KEY)
    assert facts(restored) == facts(swarms)
    for now in (1090, 1120, 1200):
        swarms.expire(now)
        restored.expire(now)
        assert facts(restored) == facts(swarms)


def test_the_stale_stay_away_and_downloads_come_back(tmp_path: Path) -> None:
    swarms = empty()
    swarms.announce(announce(1, 0, Event.COMPLETED), 1000)
    save(swarms, tmp_path / "state")
    restored = empty()
    assert read_snapshot(tmp_path / "state", restored, 5000).peers == 0
    assert len(restored) == 0 and restored.scrape(HASH) == Counts(0, 0, 1)
    save(restored, tmp_path / "state")
    again = empty()
    read_snapshot(tmp_path / "state", again, 6000)
    assert again.scrape(HASH) == Counts(0, 0, 1)


def test_without_a_file_there_is_nobody(tmp_path: Path) -> None:
    assert read_snapshot(tmp_path / "none", empty(), 1) == (0, None)


def some_state(path: Path) -> None:
    swarms = empty()
    swarms.announce(announce(1), 1000)
    save(swarms, path)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE peers SET addresses = x'00'",
        "UPDATE peers SET seen = x'0000'",
        "UPDATE peers SET width = 7",
        "UPDATE peers SET addresses = 5",
        "UPDATE peers SET infohash = x'01'",
        "UPDATE swarms SET infohash = 'text'",
        "UPDATE swarms SET downloads = -1",
        "UPDATE connection_key SET key = x'00'",
        "UPDATE connection_key SET key = 'text'",
        "DELETE FROM connection_key",
        "INSERT INTO peers SELECT * FROM peers",
        "DROP TABLE peers",
        "PRAGMA user_version = 2",
        "PRAGMA application_id = 1",
    ],
)
def test_a_damaged_state_is_refused_and_left_alone(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "state"
    some_state(path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(damage)
    before = path.read_bytes()
    with pytest.raises(ContentError, match="is not a valid state file"):
        read_snapshot(path, empty(), 1000)
    assert path.read_bytes() == before


@given(st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_other_file_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "state"
    path.write_bytes(data)
    with pytest.raises(ContentError, match="is not a valid state file"):
        read_snapshot(path, empty(), 1000)


def test_a_snapshot_that_cannot_be_written_leaves_the_last_one(tmp_path: Path) -> None:
    path = tmp_path / "state"
    some_state(path)
    before = path.read_bytes()
    (tmp_path / ".state.part").mkdir()
    (tmp_path / ".state.part" / "in the way").touch()
    with pytest.raises(ContentError, match="cannot write the state"):
        save(empty(), path)
    assert path.read_bytes() == before


@contextmanager
def tracking(*options: str) -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """`mkt track` on loopback, with the facts it starts with."""
    command = [*MKT, "track", "--bind", "127.0.0.1", "--port", "0", "--json", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    try:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, json.loads(line)
    finally:
        process.kill()
        process.communicate()


def test_a_tracker_in_its_own_words() -> None:
    with tracking() as (process, started):
        port = started["port"]
        assert (started["schema"], started["event"], started["folder"]) == (1, "started", None)
        assert started["announce"] == [f"{scheme}://127.0.0.1:{port}/announce" for scheme in ("http", "udp")]
        asyncio.run(http_announce(port, HASH))
        process.send_signal(signal.SIGTERM)
        begun = time.monotonic()
        out, err = process.communicate(timeout=5)
        assert time.monotonic() - begun < 2
        assert process.returncode == 0 and err == ""
        assert json.loads(out.splitlines()[-1])["event"] == "stopping"


def test_a_restart_forgets_nobody(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    with tracking("--state", state) as (process, started):
        asyncio.run(http_announce(started["port"], HASH, left=0, event="completed", peer_id=peer_id(1), port=7001))
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    with tracking("--state", state) as (_, started):
        assert started["restored"] == 1
        answer = asyncio.run(http_announce(started["port"], HASH, port=7002))
        assert (answer[b"complete"], answer[b"downloaded"]) == (1, 1)
        assert answer[b"peers"] == b"\x7f\0\0\1" + (7001).to_bytes(2, "big")


def test_connection_ids_are_good_after_a_restart(tmp_path: Path) -> None:
    async def use(port: int, connection: int | None) -> int:
        client = await UdpClient.open("127.0.0.1", port)
        if connection is None:
            await client.connect()
        client.connection = connection or client.connection
        assert await client.scrape(HASH) == [(0, 0, 0)]
        client.close()
        return client.connection

    state = tmp_path / "state"
    with tracking("--state", str(state)) as (process, started):
        connection = asyncio.run(use(started["port"], None))
        process.send_signal(signal.SIGTERM)
        assert process.wait(5) == 0
    assert state.stat().st_mode & 0o777 == 0o600
    with tracking("--state", str(state)) as (_, started):
        asyncio.run(use(started["port"], connection))


def test_kill_loses_at_most_one_interval(tmp_path: Path) -> None:
    state = tmp_path / "state"
    options = ("--state", str(state), "--snapshot-interval", "1")
    with tracking(*options) as (process, started):
        for number in range(20):
            asyncio.run(http_announce(started["port"], HASH, peer_id=peer_id(number), port=7001 + number))
        deadline = time.monotonic() + 1.0
        # One that began before the last announce may lack it; the next one does not.
        first = wait_for_new(state, 0)
        wait_for_new(state, first)
        assert time.monotonic() < deadline + 5
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with tracking(*options) as (_, started):
        assert started["restored"] == 20


def wait_for_new(path: Path, older_than: int) -> int:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if path.exists() and path.stat().st_mtime_ns > older_than:
            return path.stat().st_mtime_ns
        time.sleep(0.02)
    raise AssertionError("no snapshot")


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MKT, "track", *options], capture_output=True, text=True, check=False, timeout=20)


def test_a_taken_port_ends_with_6(tmp_path: Path) -> None:
    with tracking() as (_, started):
        done = run("--bind", "127.0.0.1", "--port", str(started["port"]))
    assert done.returncode == 6
    assert done.stderr.startswith(f"mkt: port {started['port']} of 127.0.0.1 is already in use\n") and done.stdout == ""
    assert "Use --port to choose another port" in done.stderr


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--bind", "tracker.example"], 2),
        (["--trusted-proxy", "x"], 2),
        (["--url", "tracker.example"], 2),
        (["--store", "mysql://x"], 2),
        (["--port", "65536"], 2),
        (["/nowhere/at/all"], 3),
        (["--store", "redis://127.0.0.1:1"], 6),
    ],
)
def test_how_it_does_not_start(options: list[str], code: int) -> None:
    done = run("--bind", "127.0.0.1", "--port", "0", *options)
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("mkt: ") and "Traceback" not in done.stderr and done.stdout == ""


def test_a_state_that_is_none_ends_with_3(tmp_path: Path) -> None:
    path = tmp_path / "state"
    path.write_text("my precious notes, which are not a database at all")
    done = run("--bind", "127.0.0.1", "--port", "0", "--state", str(path))
    assert done.returncode == 3 and "Move it away" in done.stderr
    assert path.read_text().startswith("my precious")


def test_a_state_that_could_not_be_kept_ends_with_3_at_once(tmp_path: Path) -> None:
    done = run("--bind", "127.0.0.1", "--port", "0", "--state", str(tmp_path / "missing" / "state"))
    assert done.returncode == 3 and done.stdout == ""
    assert "cannot write the state" in done.stderr and "missing/state: no such file or directory\n" in done.stderr


def test_a_state_that_is_lost_at_the_end_is_told_of(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    with tracking("--state", str(home / "state")) as (process, _):
        home.rename(tmp_path / "elsewhere")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=5)
        assert process.returncode == 3
        assert err.startswith("mkt: cannot write the state")


def test_what_it_says_to_a_person(tmp_path: Path) -> None:
    write_torrent(tmp_path, torrent("aurora"))
    (tmp_path / "broken.torrent").write_bytes(b"no")
    command = [*MKT, "track", str(tmp_path), "--bind", "127.0.0.1", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stderr is not None
    try:
        block = [process.stdout.readline() for _ in range(8)]
        assert block[0] == f"tracking {tmp_path}   1 torrent\n"
        next_step = [process.stderr.readline() for _ in range(2)]
        assert next_step[1].startswith("Next: mkt create CONTENT -t http://127.0.0.1:")
        assert "left out broken.torrent" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        # communicate() would not see what the readers above have read ahead.
        out, err = process.stdout.read(), process.stderr.read()
        assert process.wait(timeout=5) == 0 and out == "" and "\x1b" not in err
        labels = [line[2:15].strip() for line in block[1:]]
        assert labels == ["listen", "tracker", "", "list", "", "", "DNS"]
        assert block[2].startswith("  tracker      http://127.0.0.1:") and block[6].endswith("/feed.xml\n")
    finally:
        process.kill()
        process.communicate()


def test_without_list_and_udp(tmp_path: Path) -> None:
    write_torrent(tmp_path, torrent("aurora"))
    with tracking(str(tmp_path), "--no-list", "--no-udp") as (_, started):
        assert [url.partition(":")[0] for url in started["announce"]] == ["http"]
        assert asyncio.run(http_get(started["port"], "/"))[0] == 404
        assert asyncio.run(http_get(started["port"], "/torrents.json"))[0] == 404
        assert asyncio.run(http_get(started["port"], "/metrics"))[0] == 200
