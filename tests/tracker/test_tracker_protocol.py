"""Both codecs, connection ids, the rate limit and proxies: bytes in, values out, never an exception."""

from __future__ import annotations

import ipaddress
import struct
from urllib.parse import quote_from_bytes

import bencodepy
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig import address, announce, announce_target, peer_id

from mktorrent_py.errors import UsageError
from mktorrent_py.tracker.protocol import http, udp
from mktorrent_py.tracker.protocol.connection_id import LIFETIME, MAX_CLOCK_SKEW, ConnectionIds
from mktorrent_py.tracker.protocol.messages import (
    DEFAULT_NUMWANT,
    MAX_NUMWANT,
    NO_INFOHASH,
    NO_LEFT,
    NO_PEER_ID,
    NO_PORT,
    Announce,
    Answer,
    Counts,
    Event,
    Refusal,
)
from mktorrent_py.tracker.protocol.trusted_proxies import client_ip, parse_networks
from mktorrent_py.tracker.protocol.udp import (
    AnnounceRequest,
    ConnectRequest,
    RefusedRequest,
    ScrapeRequest,
    UdpCodec,
)
from mktorrent_py.tracker.swarms.rate_limit import WINDOW, RateLimit

V4 = bytes([203, 0, 113, 9])
V6 = ipaddress.ip_address("2001:db8::9").packed
NOW = 1_700_000_000
IDS = ConnectionIds(b"k" * 32)
CODEC = UdpCodec(IDS)


def query(infohash: bytes = b"i" * 20, **fields: object) -> bytes:
    return announce_target(infohash, **fields).partition("?")[2].encode()


def parsed(infohash: bytes = b"i" * 20, allow: bool = False, **fields: object) -> Announce | Refusal:
    return http.parse_announce(query(infohash, **fields), V4, allow_ip_parameter=allow)


# HTTP


@given(infohash=st.binary(min_size=20, max_size=20), peer=st.binary(min_size=20, max_size=20))
def test_infohashes_and_peer_ids_are_bytes_whatever_they_look_like(infohash: bytes, peer: bytes) -> None:
    read = parsed(infohash, peer_id=peer, port=1, left=0)
    assert read == Announce(infohash, peer, V4 + b"\0\1", 0, both_families=True)


def test_every_byte_escaped_reads_the_same() -> None:
    infohash = bytes(range(0xEC, 0x100))
    escaped = "".join(f"%{byte:02x}" for byte in infohash)
    read = http.parse_announce(f"info_hash={escaped}&peer_id={'p' * 20}&port=5&left=5".encode(), V4)
    assert isinstance(read, Announce) and read.infohash == infohash


@pytest.mark.parametrize("length", [0, 19, 21, 32, 40])
def test_an_infohash_of_another_length_is_refused(length: int) -> None:
    assert parsed(b"i" * length) == NO_INFOHASH
    assert parsed(peer_id=b"p" * length) == NO_PEER_ID


@pytest.mark.parametrize("port", [None, "", "0", "-1", "65536", "+1", "1_0", " 1", "0x10", "9" * 30, "\u0661"])
def test_a_port_that_is_none_is_refused(port: str | None) -> None:
    assert parsed(port=quote_from_bytes(port.encode()) if port else port) == NO_PORT


@pytest.mark.parametrize("port", [1, 65535])
def test_the_outermost_ports(port: int) -> None:
    read = parsed(port=port)
    assert isinstance(read, Announce) and read.address == V4 + port.to_bytes(2, "big")


@pytest.mark.parametrize("left", [None, "", "-1", "1.5", "abc", "9" * 21])
def test_what_is_left_must_be_a_number(left: str | None) -> None:
    assert parsed(left=left) == NO_LEFT


@pytest.mark.parametrize(
    ("numwant", "given"),
    [(None, DEFAULT_NUMWANT), ("-1", DEFAULT_NUMWANT), ("0", 0), ("7", 7), ("201", MAX_NUMWANT), ("9" * 20, 200)],
)
def test_numwant_is_capped(numwant: str | None, given: int) -> None:
    read = parsed(numwant=numwant)
    assert isinstance(read, Announce) and read.numwant == given


@pytest.mark.parametrize(
    ("word", "event"),
    [("started", 2), ("completed", 1), ("stopped", 3), ("", 0), ("paused", 0), ("STARTED", 0), (None, 0)],
)
def test_events(word: str | None, event: int) -> None:
    read = parsed(event=word)
    assert isinstance(read, Announce) and read.event == Event(event)


def test_the_ip_parameter_counts_only_where_it_is_allowed() -> None:
    def ip_of(**fields: object) -> bytes:
        read = parsed(**fields)  # type: ignore[arg-type]
        assert isinstance(read, Announce)
        return read.address[:-2]

    assert ip_of(ip="198.51.100.1") == V4
    assert ip_of(ip="198.51.100.1", allow=True) == bytes([198, 51, 100, 1])
    assert ip_of(ip="2001:db8::9", allow=True) == V6
    for nonsense in ("tracker.example", "", "1.2.3", "%ff"):
        assert ip_of(ip=nonsense, allow=True) == V4


@given(st.binary(max_size=300))
def test_any_query_is_an_announce_or_a_refusal(raw: bytes) -> None:
    assert isinstance(http.parse_announce(raw, V4, allow_ip_parameter=True), (Announce, Refusal))
    assert isinstance(http.parse_scrape(raw), (list, Refusal))


ANSWER = Answer(Counts(3, 2, 9), address(1) + address(2), address(3, 18), peer_id(1) + peer_id(2), peer_id(3))


def http_answer(answer: Answer = ANSWER, **fields: object) -> dict[bytes, object]:
    asked = announce(0, **fields)  # type: ignore[arg-type]
    decoded = bencodepy.decode(http.announce_answer(asked, answer, 1800))
    assert isinstance(decoded, dict)
    return decoded


def test_the_compact_answer() -> None:
    assert http_answer() == {
        b"complete": 3,
        b"incomplete": 2,
        b"downloaded": 9,
        b"interval": 1800,
        b"min interval": 900,
        b"external ip": address(0)[:4],
        b"peers": ANSWER.v4,
        b"peers6": ANSWER.v6,
    }


def test_peers6_is_there_for_who_could_use_it() -> None:
    nobody = Answer(Counts())
    assert b"peers6" not in http_answer(nobody)
    assert http_answer(nobody, width=18)[b"peers6"] == b""
    assert http_answer(nobody)[b"peers"] == b""


def test_the_uncompact_answer() -> None:
    assert http_answer(with_ids=True)[b"peers"] == [
        {b"ip": b"11.0.0.1", b"port": 1025, b"peer id": peer_id(1)},
        {b"ip": b"11.0.0.2", b"port": 1026, b"peer id": peer_id(2)},
        {b"ip": b"2001:db8::3", b"port": 1027, b"peer id": peer_id(3)},
    ]
    decoded = bencodepy.decode(http.announce_answer(announce(with_ids=True), ANSWER, 1800, peer_ids=False))
    assert all(set(peer) == {b"ip", b"port"} for peer in decoded[b"peers"])


@pytest.mark.parametrize("count", [1, 73, 74, 75])
def test_a_scrape_names_up_to_74(count: int) -> None:
    infohashes = [bytes([number]) * 20 for number in range(count)]
    raw = "&".join(f"info_hash={quote_from_bytes(infohash)}" for infohash in infohashes).encode()
    assert http.parse_scrape(raw) == infohashes[:74]


def test_a_scrape_of_nothing_is_refused() -> None:
    assert http.parse_scrape(b"") == http.NO_INFOHASHES
    assert http.parse_scrape(b"info_hash=short") == NO_INFOHASH


def test_the_scrape_answer() -> None:
    decoded = bencodepy.decode(http.scrape_answer({b"b" * 20: Counts(1, 2, 3), b"a" * 20: Counts()}, 1800))
    assert decoded[b"files"] == {
        b"a" * 20: {b"complete": 0, b"downloaded": 0, b"incomplete": 0},
        b"b" * 20: {b"complete": 1, b"downloaded": 3, b"incomplete": 2},
    }
    assert decoded[b"flags"] == {b"min_request_interval": 900}


@pytest.mark.parametrize(("retry_in", "said"), [(None, None), (0, b"never"), (15, 15)])
def test_failures_say_when_to_come_back(retry_in: int | None, said: object) -> None:
    decoded = bencodepy.decode(http.failure(Refusal("no", retry_in)))
    assert decoded == {b"failure reason": b"no", **({b"retry in": said} if said else {})}


# UDP


def udp_announce(
    *,
    event: int = 0,
    ip: int = 0,
    numwant: int = -1,
    port: int = 6881,
    left: int = 1,
    options: bytes = b"",
    to: bytes = V4,
) -> bytes:
    # The layout of BEP 15, written out: connection_id, action, transaction_id, info_hash, peer_id, downloaded, left,
    # uploaded, event, IP address, key, num_want, port.
    fields = (IDS.make(to, NOW), 1, 42, b"i" * 20, b"p" * 20, 0, left, 0, event, ip, 0, numwant, port)
    return struct.pack(">QII20s20sQQQIIIiH", *fields) + options


def read_udp(datagram: bytes, ip: bytes = V4, codec: UdpCodec = CODEC) -> object:
    return codec.parse(datagram, ip, NOW)


def test_connect() -> None:
    request = read_udp(bytes.fromhex("0000041727101980 00000000 0000002a"))
    assert request == ConnectRequest(42)
    answer = CODEC.connect_answer(ConnectRequest(42), V4, NOW)
    assert answer[:8] == bytes.fromhex("00000000 0000002a") and len(answer) == 16
    assert IDS.check(int.from_bytes(answer[8:], "big"), V4, NOW)


def test_connect_with_another_protocol_id_is_silence() -> None:
    assert read_udp(struct.pack(">QII", 0x41727101981, 0, 1)) is None


def test_announce() -> None:
    expected = Announce(b"i" * 20, b"p" * 20, V4 + b"\x1a\xe1", 1, Event.STARTED, DEFAULT_NUMWANT)
    assert read_udp(udp_announce(event=2)) == AnnounceRequest(42, expected)


def test_an_unknown_event_is_a_plain_announce() -> None:
    request = read_udp(udp_announce(event=4))
    assert isinstance(request, AnnounceRequest) and request.announce.event is Event.NONE


def test_port_zero_is_refused() -> None:
    assert read_udp(udp_announce(port=0)) == RefusedRequest(42, NO_PORT)


@pytest.mark.parametrize("length", range(98))
def test_every_shorter_datagram_is_an_error_or_silence(length: int) -> None:
    request = read_udp(udp_announce()[:length])
    assert request == (RefusedRequest(42, udp.BAD_LENGTH) if length >= 16 else None)


def test_ids_of_another_address_and_old_ids_are_silence() -> None:
    assert read_udp(udp_announce(), ip=bytes([203, 0, 113, 10])) is None
    assert CODEC.parse(udp_announce(), V4, NOW + LIFETIME) is not None
    assert CODEC.parse(udp_announce(), V4, NOW + LIFETIME + 1) is None


def test_numwant_fits_an_ipv6_datagram() -> None:
    request = read_udp(udp_announce(numwant=1000, to=V6), ip=V6)
    assert isinstance(request, AnnounceRequest)
    assert 20 + 18 * request.announce.numwant <= 1232 < 20 + 18 * (request.announce.numwant + 1)


def test_the_ip_field_counts_only_where_it_is_allowed() -> None:
    allowing = UdpCodec(IDS, allow_ip_parameter=True)

    def ip_of(datagram: bytes, codec: UdpCodec) -> bytes:
        request = read_udp(datagram, codec=codec)
        assert isinstance(request, AnnounceRequest)
        return request.announce.address[:-2]

    named = udp_announce(ip=0xC6336401)
    in_url = udp_announce(options=b"\x02\x18/announce?ip=198.51.100.2")
    assert ip_of(named, CODEC) == ip_of(in_url, CODEC) == V4
    assert ip_of(named, allowing) == bytes([198, 51, 100, 1])
    assert ip_of(udp_announce(), allowing) == V4
    assert ip_of(in_url, allowing) == V4, "cut short: the length says one byte less than the address has"
    whole = udp_announce(options=b"\x02\x19/announce?ip=198.51.100.2\x00")
    assert ip_of(whole, allowing) == bytes([198, 51, 100, 2])
    other_family = udp_announce(options=b"\x02\x18/announce?ip=2001:db8::1\x00")
    assert ip_of(other_family, allowing) == V4, "the answer would be in the wrong family"


@pytest.mark.parametrize(
    ("options", "url"),
    [
        (b"", b""),
        (b"\x00\x02\x01x", b""),
        (b"\x02\x09/announce", b"/announce"),
        (b"\x01\x01\x02\x03/an\x01\x02\x06nounce\x00\xff", b"/announce"),
        (b"\x02\x00", b""),
        (b"\x07\x02ab\x02\x02/x", b"/x"),
        (b"\x02\x09/announc", b""),
        (b"\x02", b""),
        (b"\x00\x01", b""),
    ],
)
def test_options(options: bytes, url: bytes) -> None:
    assert udp.url_data(udp_announce(options=options)) == url
    assert isinstance(read_udp(udp_announce(options=options)), AnnounceRequest)


@pytest.mark.parametrize("count", [1, 73, 74, 75])
def test_scrape(count: int) -> None:
    infohashes = [bytes([number]) * 20 for number in range(count)]
    request = read_udp(struct.pack(">QII", IDS.make(V4, NOW), 2, 42) + b"".join(infohashes))
    assert request == ScrapeRequest(42, infohashes[:74])


def test_a_scrape_of_nothing_and_an_unknown_action_are_errors() -> None:
    assert read_udp(struct.pack(">QII", IDS.make(V4, NOW), 2, 42)) == RefusedRequest(42, udp.BAD_LENGTH)
    assert read_udp(struct.pack(">QII", IDS.make(V4, NOW), 3, 42)) == RefusedRequest(42, udp.BAD_ACTION)


def test_answers_byte_by_byte() -> None:
    answer = Answer(Counts(3, 2, 9), address(1), address(2, 18))
    head = bytes.fromhex("00000001 0000002a 00000708 00000002 00000003")
    assert udp.announce_answer(42, answer, 6, 1800) == head + address(1)
    assert udp.announce_answer(42, answer, 18, 1800) == head + address(2, 18)
    scraped = bytes.fromhex("00000002 0000002a 00000003 00000009 00000002")
    assert udp.scrape_answer(42, [answer.counts]) == scraped
    assert udp.error_answer(42, Refusal("no")) == bytes.fromhex("00000003 0000002a") + b"no"


@given(st.binary(max_size=2100))
def test_any_bytes_after_a_valid_id_parse(rest: bytes) -> None:
    request = read_udp(struct.pack(">Q", IDS.make(V4, NOW)) + rest)
    assert request is None or isinstance(request, (AnnounceRequest, ScrapeRequest, RefusedRequest, ConnectRequest))


# Connection ids


@given(now=st.integers(0, 2**40), age=st.integers(-MAX_CLOCK_SKEW, LIFETIME))
def test_an_id_is_good_for_two_minutes(now: int, age: int) -> None:
    connection_id = IDS.make(V4, now)
    assert 0 <= connection_id < 2**64
    assert now + age < 0 or IDS.check(connection_id, V4, now + age)
    assert not IDS.check(connection_id, V4, now + LIFETIME + 1)
    assert not IDS.check(connection_id, V4, now + 65536), "nor again when its 16 bits of time come round"
    assert now < MAX_CLOCK_SKEW + 1 or not IDS.check(connection_id, V4, now - MAX_CLOCK_SKEW - 1)
    assert not IDS.check(connection_id, V6, now + max(age, 0))
    assert not ConnectionIds(b"K" * 32).check(connection_id, V4, now)


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**40))
def test_a_guessed_id_is_no_good(guess: int, now: int) -> None:
    assert not IDS.check(guess, V4, now)


# Rate and proxies


def test_the_rate_is_an_average_over_a_minute() -> None:
    rate = RateLimit(2)
    assert [rate.admit(V4, NOW) for _ in range(2 * WINDOW + 1)] == [True] * 2 * WINDOW + [False]
    assert rate.admit(bytes([203, 0, 113, 10]), NOW)
    assert rate.admit(V4, NOW + WINDOW)


def test_an_ipv6_network_is_one_address() -> None:
    rate = RateLimit(1)
    addresses = [V6[:8] + number.to_bytes(8, "big") for number in range(WINDOW + 1)]
    assert [rate.admit(ip, NOW) for ip in addresses] == [True] * WINDOW + [False]


def test_no_rate_is_no_limit() -> None:
    rate = RateLimit(0)
    assert all(rate.admit(V4, NOW) for _ in range(10_000))


def test_the_table_of_addresses_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mktorrent_py.tracker.swarms.rate_limit.MAX_ADDRESSES", 3)
    rate = RateLimit(1)
    for number in range(10):
        assert all(rate.admit(bytes([10, 0, 0, number]), NOW) for _ in range(WINDOW))
    assert not rate.admit(bytes([10, 0, 0, 0]), NOW)
    assert rate.admit(bytes([10, 0, 0, 9]), NOW), "newcomers past the bound are not counted"


TRUSTED = parse_networks(["10.0.0.0/8", "::1"])


@pytest.mark.parametrize(
    ("sender", "forwarded", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("::1", " 203.0.113.9 ", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", "2001:db8::9", "2001:db8::9"),
        ("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9"),
    ],
)
def test_forwarded_addresses(sender: str, forwarded: str | None, client: str) -> None:
    assert client_ip(sender, forwarded, TRUSTED) == ipaddress.ip_address(client).packed


def test_nobody_is_trusted_by_default() -> None:
    assert client_ip("127.0.0.1", "203.0.113.9", ()) == bytes([127, 0, 0, 1])


def test_a_proxy_must_be_an_address() -> None:
    with pytest.raises(UsageError, match="is not an IP address or network"):
        parse_networks(["proxy.example"])
