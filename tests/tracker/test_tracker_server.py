"""A whole tracker on loopback, spoken to over real sockets by clients that share none of its code."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any

import bencodepy
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse_metrics
from rig import UdpClient, announce_target, http_announce, http_get, peer_id, torrent, write_torrent

from mktorrent_py import __version__
from mktorrent_py.errors import ContentError, NetworkError, UsageError
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.tracker import Tracker, TrackerOptions, http_server
from mktorrent_py.tracker.sockets import has_ipv6
from mktorrent_py.web import folder_watch
from mktorrent_py.web.security_headers import SECURITY_HEADERS

HASH = b"\x00\xff%&+= \r\n\x80" * 2
needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6")


def within(seconds: float) -> Callable[[Callable[..., Coroutine[Any, Any, None]]], Callable[..., None]]:
    """Run an async test to its end, or fail it after so many seconds."""

    def decorate(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
        @wraps(test)
        def run(*arguments: Any, **named: Any) -> None:
            asyncio.run(asyncio.wait_for(test(*arguments, **named), seconds))

        return run

    return decorate


def serving(**options: Any) -> Tracker:
    return Tracker(TrackerOptions(**{"hosts": ("127.0.0.1",), "port": 0, **options}))


@asynccontextmanager
async def udp_client(port: int, host: str = "127.0.0.1") -> AsyncIterator[UdpClient]:
    client = await UdpClient.open(host, port)
    await client.connect()
    try:
        yield client
    finally:
        client.close()


async def until(condition: Callable[[], bool], timeout: float = 5) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.02)


@within(10)
async def test_peers_find_each_other_over_http_and_udp() -> None:
    async with serving() as server, udp_client(server.port) as udp:
        first = await http_announce(server.port, HASH, port=7001, left=0, event="started", peer_id=peer_id(1))
        assert (first[b"complete"], first[b"incomplete"], first[b"peers"]) == (1, 0, b"")
        assert first[b"external ip"] == b"\x7f\0\0\1"
        *head, peers = await udp.announce(HASH, port=7002, event=2)
        assert head == [1, 5, 1800, 1, 1]
        assert peers == bytes([127, 0, 0, 1]) + (7001).to_bytes(2, "big")
        again = await http_announce(server.port, HASH, port=7001, left=0)
        assert again[b"peers"] == bytes([127, 0, 0, 1]) + (7002).to_bytes(2, "big")


@within(10)
async def test_counts_after_started_completed_stopped() -> None:
    async with serving() as server, udp_client(server.port) as udp:
        counts = []
        for left, event in ((5, "started"), (0, "completed"), (0, None), (0, "stopped")):
            await http_announce(server.port, HASH, port=7001, left=left, event=event)
            counts += await udp.scrape(HASH)
        assert counts == [(0, 0, 1), (1, 1, 0), (1, 1, 0), (0, 1, 0)]
        for left, event in ((5, 2), (0, 1), (0, 0), (0, 3)):
            await udp.announce(HASH, port=7002, left=left, event=event)
            counts += await udp.scrape(HASH)
        assert counts[4:] == [(0, 1, 1), (1, 2, 0), (1, 2, 0), (0, 2, 0)]


@within(10)
async def test_a_scrape_over_http_and_over_udp_say_the_same() -> None:
    async with serving() as server, udp_client(server.port) as udp:
        await udp.announce(HASH, port=7001, left=0)
        status, _, body = await http_get(server.port, announce_target(HASH).replace("/announce", "/scrape"))
        files = bencodepy.decode(body)[b"files"]
        assert status == 200 and files == {HASH: {b"complete": 1, b"downloaded": 0, b"incomplete": 0}}
        assert await udp.scrape(b"?" * 20, HASH) == [(0, 0, 0), (1, 0, 0)]


@needs_ipv6
@within(10)
async def test_ipv6_and_ipv4_on_one_port() -> None:
    async with serving(hosts=("127.0.0.1", "::1")) as server, udp_client(server.port, "::1") as udp:
        assert server.listen == (f"127.0.0.1:{server.port}", f"[::1]:{server.port}")
        await http_announce(server.port, HASH, port=7001, left=0, peer_id=peer_id(1))
        *_, peers = await udp.announce(HASH, port=7002, peer=2)
        assert peers == b"", "an IPv6 datagram carries IPv6 peers"
        *_, peers = await udp.announce(HASH, port=7003, peer=3)
        loopback_v6 = bytes(15) + b"\1"
        assert peers == loopback_v6 + (7002).to_bytes(2, "big")
        both = await http_announce(server.port, HASH, host="::1", port=7004, peer_id=peer_id(4))
        assert both[b"peers"] == bytes([127, 0, 0, 1]) + (7001).to_bytes(2, "big")
        assert len(both[b"peers6"]) == 36 and both[b"external ip"] == loopback_v6


@within(10)
async def test_udp_without_a_valid_connection_id_is_silence() -> None:
    async with serving() as server, udp_client(server.port) as udp:
        udp.connection ^= 1
        request = struct.pack("!QII20s20sQQQIIIiH", udp.connection, 1, 5, HASH, peer_id(1), 0, 0, 0, 0, 0, 0, 9, 9)
        assert await udp.is_silent(request)
        assert await udp.is_silent(b"x") and await udp.is_silent(os.urandom(5000))
        assert server.service.events["udp dropped"] == 3


@within(10)
async def test_many_datagrams_at_once_are_all_answered() -> None:
    async with serving(rate=0) as server, udp_client(server.port) as udp:
        for number in range(100):
            fields = (udp.connection, 1, number, HASH, peer_id(number), 0, 1, 0, 2, 0, 0, 0, 1024 + number)
            udp.transport.sendto(struct.pack("!QII20s20sQQQIIIiH", *fields))
        answers = [await udp.answers.get() for _ in range(100)]
        assert sorted(struct.unpack_from("!II", answer)[1] for answer in answers) == list(range(100))
        assert await udp.scrape(HASH) == [(0, 0, 100)]


@pytest.mark.parametrize("missing", ["peer_id", "port", "left"])
@within(10)
async def test_a_request_that_lacks_something_is_told(missing: str) -> None:
    async with serving() as server:
        answer = await http_announce(server.port, HASH, **{missing: None})
        assert missing.encode() in answer[b"failure reason"] and b"peers" not in answer


@within(10)
async def test_uncompact_answers() -> None:
    async with serving() as server:
        await http_announce(server.port, HASH, port=7001, peer_id=peer_id(1))
        plain = await http_announce(server.port, HASH, port=7002, compact=0)
        assert plain[b"peers"] == [{b"ip": b"127.0.0.1", b"port": 7001, b"peer id": peer_id(1)}]
        bare = await http_announce(server.port, HASH, port=7002, compact=0, no_peer_id=1)
        assert bare[b"peers"] == [{b"ip": b"127.0.0.1", b"port": 7001}]


@within(10)
async def test_forwarded_addresses_are_believed_from_the_named_proxy_only() -> None:
    forwarded = "X-Forwarded-For: 198.51.100.7\r\n"
    async with serving() as server:
        assert (await http_announce(server.port, HASH, headers=forwarded))[b"external ip"] == b"\x7f\0\0\1"
    async with serving(trusted_proxies=["127.0.0.1"]) as server:
        answer = await http_announce(server.port, HASH, headers=forwarded)
        assert answer[b"external ip"] == bytes([198, 51, 100, 7])


@within(10)
async def test_too_many_requests() -> None:
    async with serving(rate=1) as server, udp_client(server.port) as udp:
        for _ in range(59):
            await udp.announce(HASH, port=7001)
        request = struct.pack("!QII", udp.connection, 2, 6) + HASH
        assert await udp.is_silent(request)
        answer = await http_announce(server.port, HASH)
        assert answer == {b"failure reason": b"too many requests from this address", b"retry in": 1}
        status, headers, _ = await http_get(server.port, "/healthz")
        assert status == 429 and "Retry-After: 60" in headers


@within(10)
async def test_only_the_torrents_of_the_folder_and_hybrids_joined(tmp_path: Path) -> None:
    hybrid = torrent("hybrid", version=TorrentVersion.HYBRID)
    write_torrent(tmp_path, hybrid)
    v1, v2 = hybrid.infohashes.swarm_keys
    async with serving(folder=tmp_path) as server, udp_client(server.port) as udp:
        refused = await http_announce(server.port, HASH)
        assert refused == {b"failure reason": b"unregistered torrent", b"retry in": b"never"}
        action, *_ = await udp.announce(HASH, port=7001)
        assert action == 3
        await http_announce(server.port, v1, port=7001, left=0, event="completed")
        await http_announce(server.port, v2, port=7001, left=0, event="completed")
        *head, peers = await udp.announce(v2, port=7002)
        assert head == [1, 5, 1800, 1, 1] and peers[-2:] == (7001).to_bytes(2, "big")
        assert await udp.scrape(v1, v2, HASH) == [(1, 1, 1), (1, 1, 1), (0, 0, 0)]
        _, _, body = await http_get(server.port, announce_target(HASH).replace("/announce", "/scrape"))
        assert bencodepy.decode(body)[b"files"] == {}


@within(20)
async def test_the_folder_is_watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_watch, "RESCAN_MS", 500)
    first, second = torrent("first"), torrent("second")
    write_torrent(tmp_path, first)
    async with serving(folder=tmp_path) as server:
        (tmp_path / "below").mkdir()
        path = write_torrent(tmp_path / "below", second)
        await until(lambda: len(server.torrents) == 2)
        assert b"peers" in await http_announce(server.port, second.infohashes.swarm_keys[0])
        path.write_bytes(b"d4:info3:no!e")
        await until(lambda: len(server.torrents) == 1)
        await until(lambda: any(path.name in note for note in server._notes))
        path.rename(path.with_suffix(".gone"))
        write_torrent(tmp_path, second, "again.torrent")
        await until(lambda: len(server.torrents) == 2)
        (tmp_path / "again.torrent").unlink()
        await until(lambda: len(server.torrents) == 1)
        assert b"failure reason" in await http_announce(server.port, second.infohashes.swarm_keys[0])


@within(10)
async def test_the_list_as_page_json_and_rss(tmp_path: Path) -> None:
    hostile = torrent("<script>alert(1)<script>&\u202e", {"a/<b>\x07.txt": 5}, comment='"><img src=x>')
    write_torrent(tmp_path, hostile)
    write_torrent(tmp_path, torrent("aurora", {"sky.iso": 16384}, private=True))
    async with serving(folder=tmp_path) as server:
        key = hostile.infohashes.swarm_keys[0]
        await http_announce(server.port, key, left=0, peer_id=b"<script>alert(2)</sc")
        status, headers, page = await http_get(server.port, "/?q=%3Cscript%3E")
        assert status == 200 and "text/html" in headers and "default-src 'none'" in headers
        assert b"<script" not in page and b"<img src=x" not in page and b"\x07" not in page
        assert "\u202e".encode() not in page and b"aurora" not in page
        _, _, page = await http_get(server.port, "/?q=SKY")
        assert b"aurora" in page and b"private" in page and b"alert" not in page

        _, headers, body = await http_get(server.port, "/torrents.json")
        listing = json.loads(body)
        entry = next(each for each in listing["torrents"] if each["infohash"]["v1"] == key.hex())
        assert listing["schema"] == 1 and (entry["seeds"], entry["leechers"], entry["length"]) == (1, 0, 5)
        assert entry["files"] == [{"path": "a/<b>\x07.txt", "length": 5}]
        assert "tr=http%3A%2F%2Ftracker.test%2Fannounce" in entry["magnet"]

        target = entry["torrent"].removeprefix("http://tracker.test")
        _, headers, data = await http_get(server.port, target)
        assert data == hostile.to_bytes() and "application/x-bittorrent" in headers
        status, headers, svg = await http_get(server.port, target.replace(".torrent", ".svg"))
        assert status == 200 and ElementTree.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"

        _, _, feed = await http_get(server.port, "/feed.xml")
        items = ElementTree.fromstring(feed).findall("channel/item")
        assert {item.findtext("title") for item in items} == {"aurora", "<script>alert(1)<script>&\ufffd"}
        item = next(item for item in items if item.findtext("guid") == key.hex())
        enclosure = item.find("enclosure")
        assert enclosure is not None and enclosure.get("length") == str(len(hostile.to_bytes()))
        assert enclosure.get("url") == entry["torrent"] and enclosure.get("type") == "application/x-bittorrent"
        assert item.findtext("{http://xmlns.ezrss.it/0.1/}infoHash") == key.hex()


@within(10)
async def test_a_host_header_that_is_none_is_not_repeated(tmp_path: Path) -> None:
    write_torrent(tmp_path, torrent())
    async with serving(folder=tmp_path) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b'GET / HTTP/1.1\r\nHost: "><script>\r\nConnection: close\r\n\r\n')
        page = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert b"script" not in page
        assert f"http://127.0.0.1:{server.port}/announce".encode() in page or b"400" in page.split(b"\r\n")[0]


@within(10)
async def test_pages_of_a_long_list(tmp_path: Path) -> None:
    for number in range(101):
        write_torrent(tmp_path, torrent(f"release {number:03}"))
    async with serving(folder=tmp_path) as server:
        _, _, first = await http_get(server.port, "/")
        _, _, second = await http_get(server.port, "/?page=2")
        assert first.count(b"<li ") == 100 and second.count(b"<li ") == 1
        assert b"page=2" in first and b"101 torrents" in first
        for number in ("0", "-1", "3", "x", "9" * 50, "%ff"):
            status, _, _ = await http_get(server.port, f"/?page={number}")
            assert status == 200


@within(10)
async def test_metrics_and_health() -> None:
    async with serving() as server, udp_client(server.port) as udp:
        await udp.announce(HASH, port=7001, left=0)
        await http_announce(server.port, HASH, port=7002)
        await http_announce(server.port, HASH, port=0)
        status, headers, body = await http_get(server.port, "/metrics")
        assert status == 200 and "version=0.0.4" in headers
        families = list(parse_metrics(body.decode()))
        samples = [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]
        assert [family.name for family in families] == [
            *("mkt_build_info", "mkt_tracker_uptime_seconds", "mkt_tracker_torrents", "mkt_tracker_store_up"),
            *("mkt_tracker_swarms", "mkt_tracker_peers", "mkt_tracker_requests"),
        ]
        for sample in (
            ("mkt_build_info", {"version": __version__}, 1),
            ("mkt_tracker_peers", {"role": "seed"}, 1),
            ("mkt_tracker_peers", {"role": "leecher"}, 1),
            ("mkt_tracker_swarms", {}, 1),
            ("mkt_tracker_requests_total", {"transport": "udp", "result": "announce"}, 1),
            ("mkt_tracker_requests_total", {"transport": "http", "result": "announce"}, 1),
            ("mkt_tracker_requests_total", {"transport": "http", "result": "refused"}, 1),
        ):
            assert sample in samples
        assert (await http_get(server.port, "/healthz"))[::2] == (200, b"ok\n")
        assert (await http_get(server.port, "/"))[0] == 404, "an open tracker lists nothing"


@within(10)
async def test_every_response_carries_the_security_headers(tmp_path: Path) -> None:
    listed = torrent()
    write_torrent(tmp_path, listed)
    key = listed.infohashes.swarm_keys[0]
    targets = [
        *("/", "/?q=x&page=7", "/torrents.json", "/feed.xml", "/metrics", "/healthz", "/none", "/style.css"),
        *(f"/torrents/{key.hex()}.torrent", f"/torrents/{key.hex()}.svg", f"/torrents/{'0' * 40}.torrent"),
        *("/announce", "/scrape", announce_target(key), announce_target(HASH)),
    ]
    expected = {f"{name}: {value}" for name, value in SECURITY_HEADERS.items()}
    async with serving(folder=tmp_path, rate=1) as server:
        for target in targets:
            _, headers, _ = await http_get(server.port, target)
            assert expected <= set(headers.split("\r\n")), target
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        headers = (await reader.read()).decode()
        writer.close()
        assert headers.startswith("HTTP/1.1 405") and expected <= set(headers.split("\r\n"))
        for _ in range(60):
            status, headers, _ = await http_get(server.port, "/healthz")
        assert status == 429 and expected <= set(headers.split("\r\n"))


@within(10)
async def test_a_magnet_that_is_too_long_for_a_qr_code(tmp_path: Path) -> None:
    trackers, name = torrent("many trackers"), torrent("n" * 4000)
    trackers = Metainfo.build(info=trackers.info, trackers=[[f"http://t.example/{'x' * 90}/{n}"] for n in range(40)])
    for metainfo in (trackers, name):
        write_torrent(tmp_path, metainfo)
    async with serving(folder=tmp_path) as server:
        status, _, svg = await http_get(server.port, f"/torrents/{trackers.infohashes.swarm_keys[0].hex()}.svg")
        assert status == 200 and svg.startswith(b"<svg")
        status, _, _ = await http_get(server.port, f"/torrents/{name.infohashes.swarm_keys[0].hex()}.svg")
        assert status == 404


@within(10)
async def test_what_http_does_not_serve(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as server:
        for raw, status in (
            (b"POST /announce HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 65536, b"405"),
            (b"GET /announce HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", b"405"),
            (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
            (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 200 + b"\r\n", b"400"),
            (b"\x16\x03\x01\x02\x00\x01\x00", b"400"),
            (b"GET http://[x/ HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
            (b"GET /announce?info_hash=\xff HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: x\r\n\r\nzz\r\n", b"400"),
            (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(raw)
            assert (await reader.readline()).split()[1] == status
            writer.transport.abort()
        assert (await http_get(server.port, "/healthz"))[0] == 200
        assert caplog.records == [], "malformed requests are the client's business, not the log's"


@within(10)
async def test_a_fault_of_ours_is_logged(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*arguments: Any) -> Any:
        raise ZeroDivisionError

    async with serving() as server:
        monkeypatch.setattr(server.service.store, "announce", broken)
        assert (await http_get(server.port, announce_target(HASH)))[0] == 500
    assert any(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in caplog.records)


@within(10)
async def test_slow_clients_are_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "CLIENT_TIMEOUT", 0.3)
    async with serving() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        dripping = asyncio.create_task(drip(writer))
        assert await asyncio.wait_for(reader.read(), 3) == b""
        dripping.cancel()
        writer.close()


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n")
    while not writer.is_closing():
        writer.write(b"a: b\r\n")
        await asyncio.sleep(0.1)


@within(30)
async def test_who_does_not_read_a_page_is_cut_off(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(http_server, "CLIENT_TIMEOUT", 0.3)
    monkeypatch.setattr(http_server, "MIN_READ_RATE", 10**9)
    files = {f"{number:04}" + "x" * 200: 1 for number in range(2000)}
    for number in range(40):
        write_torrent(tmp_path, torrent(f"release {number}", files))
    async with serving(folder=tmp_path) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.send(b"GET /torrents.json HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: server._http.connections == 1)
            await until(lambda: server._http.connections == 0)


@within(10)
async def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MAX_CONNECTIONS", 2)
    async with serving() as server:
        kept = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
        await until(lambda: server._http.connections == 2)
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 3) == b""
        for each in (writer, *(writer for _, writer in kept)):
            each.close()


@within(10)
async def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(NetworkError, match="is already in use"):
            async with serving(port=taken.getsockname()[1]):
                raise AssertionError("it must not start")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(NetworkError, match="is already in use"):
            async with serving(port=taken.getsockname()[1]):
                raise AssertionError("it must not start")


@within(10)
async def test_what_cannot_be_started(tmp_path: Path) -> None:
    for settings, error in (
        ({"hosts": ("tracker.example",)}, UsageError),
        ({"hosts": ("127.0.0.1", "tracker.example")}, UsageError),
        ({"hosts": ("192.0.2.77",)}, NetworkError),
        ({"hosts": ("127.0.0.1", "192.0.2.77")}, NetworkError),
        ({"folder": tmp_path / "nowhere"}, ContentError),
        ({"state": tmp_path / "s", "store": "redis://127.0.0.1"}, UsageError),
    ):
        with pytest.raises(error):
            async with serving(**settings):
                raise AssertionError("it must not start")


@within(10)
async def test_a_stop_answers_what_is_in_flight(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving() as server:
        store = server.service.store
        arrived, original = asyncio.Event(), store.announce

        async def slow(*arguments: Any) -> Any:
            arrived.set()
            await asyncio.sleep(0.2)
            return await original(*arguments)

        monkeypatch.setattr(store, "announce", slow)
        asked = asyncio.create_task(http_announce(server.port, HASH, port=7001))
        await arrived.wait()
        started = time.monotonic()
    assert b"interval" in await asked
    assert time.monotonic() - started < 2
