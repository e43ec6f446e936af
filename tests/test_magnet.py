"""Magnets: the published cases, the laws, and what people paste."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mktorrent_py.errors import MagnetError
from mktorrent_py.metainfo.infohash import Infohashes
from mktorrent_py.metainfo.magnet.uri import MAX_FILE_INDEX, Magnet

VECTORS = Path(__file__).parent.parent / "fixtures" / "vectors"
V1 = "cd" * 20
V2 = "ab" * 32
XT = f"magnet:?xt=urn:btih:{V1}"

# Rows of magnets.jsonl, by line, whose sources contradict each other or the BEPs: why, and what holds instead.
SET_ASIDE: dict[int, tuple[str, dict[str, Any]]] = {
    41: (
        "libtorrent keeps a UDP tracker without a port; BEP 15 has no default one",
        {"trackers": ["http://2", "http://3"]},
    ),
    43: (
        "libtorrent keeps a UDP tracker without a port; BEP 15 has no default one",
        {"trackers": ["HTTP://2", "wss://4", "https://5", "http://foo", "ws://6"]},
    ),
    61: ("magnet-uri counts as= among the web seeds; a fallback source is not a BEP 19 seed", {"web_seeds": []}),
    93: (
        "the source checks no field; trackers are deduplicated",
        {"trackers": ["udp://opentor.org:2710", "http://retracker.local/announce"]},
    ),
    94: ("the source checks no field; the name is there, without its newline", {"name": "bittorrent-v2-test"}),
    103: (
        "only intermodal refuses a magnet for its tracker; libtorrent drops the tracker",
        {"valid": True, "infohash_v1": "aa" * 20},
    ),
    104: (
        "only intermodal refuses a magnet for its peer; libtorrent drops the peer",
        {"valid": True, "infohash_v1": "aa" * 20},
    ),
    105: ("only intermodal keeps a peer of port 0, which cannot be connected to", {"peers": []}),
    108: (
        "only torf refuses unknown parameters; BEP 9 leaves room for them",
        {"valid": True, "infohash_v1": "3da541559918a808c2402bba5012f6c60b27661c", "name": "Some Name"},
    ),
    111: (
        "only torf refuses a magnet for its xl; libtorrent ignores it",
        {"valid": True, "infohash_v1": "3da541559918a808c2402bba5012f6c60b27661c"},
    ),
}
NOTHING_ELSE: dict[str, Any] = {
    "infohash_v1": None,
    "infohash_v2": None,
    "name": None,
    "trackers": [],
    "web_seeds": [],
    "peers": [],
    "select_only": [],
    "dht": [],
}


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (VECTORS / name).read_text().splitlines()]


def vectors() -> list[Any]:
    decided = [row | SET_ASIDE.get(line, ("", {}))[1] for line, row in enumerate(rows("magnets.jsonl"), 1)]
    return [pytest.param(row, id=f"line {line}") for line, row in enumerate(decided, 1)]


@pytest.mark.parametrize("row", vectors())
def test_published_case(row: dict[str, Any]) -> None:
    uri = row.get("uri", "")
    if not row["valid"]:
        with pytest.raises(MagnetError):
            Magnet.parse(uri)
        return
    magnet = Magnet.parse(uri)
    assert facts(magnet) == {key: row.get(key, default) for key, default in NOTHING_ELSE.items()}


def facts(magnet: Magnet) -> dict[str, Any]:
    hashes = magnet.infohashes
    return {
        "infohash_v1": hashes.v1 and hashes.v1.hex(),
        "infohash_v2": hashes.v2 and hashes.v2.hex(),
        "name": magnet.name,
        "trackers": list(magnet.trackers),
        "web_seeds": list(magnet.web_seeds),
        "peers": list(magnet.peers),
        "select_only": list(magnet.select_only),
        "dht": [list(node) for node in magnet.dht],
    }


@pytest.mark.parametrize("line", SET_ASIDE)
def test_rows_set_aside_are_those_that_would_fail(line: int) -> None:
    row = rows("magnets.jsonl")[line - 1]
    with pytest.raises(pytest.fail.Exception if not row["valid"] else AssertionError):
        test_published_case(row)


# Lines of magnets_encode.jsonl that are written otherwise: `+` for a space, unencoded trackers, port 0, a template.
WRITTEN_OTHERWISE = {
    11: ("Leaves+of+Grass+by+Walt+Whitman.epub", "Leaves%20of%20Grass%20by%20Walt%20Whitman.epub"),
    15: ("tr=http://%5B::%5D/&x.pe=%5B::%5D:0", "tr=http%3A%2F%2F%5B%3A%3A%5D%2F"),
    16: ("<xt>&dn=H%C3%A9llo+W%C3%B6rld%21", "00" * 20 + "&dn=H%C3%A9llo%20W%C3%B6rld%21"),
}


@pytest.mark.parametrize(("line", "row"), list(enumerate(rows("magnets_encode.jsonl"), 1)))
def test_published_form_is_what_we_write(line: int, row: dict[str, Any]) -> None:
    theirs, ours = WRITTEN_OTHERWISE.get(line, ("", ""))
    assert theirs in row["expected"]
    expected = row["expected"].replace(theirs, ours) if theirs else row["expected"]
    given = row["expected"].replace("<xt>", "00" * 20)
    assert str(Magnet.parse(given)) == expected


# Laws

PIECES = [
    "magnet:?",
    "xt=urn:btih:",
    "xt=urn:btmh:1220",
    V1,
    V2,
    "&",
    "=",
    "%",
    "%2",
    "%ff",
    "+",
    "\udcff",
    "\ud800",
    "é",
]
PIECES += ["\u2028", "\n", "\x00", "dn=", "tr=", "tr.1=http://a", "ws=ftp://b", "so=", "1-3,", "7", "x.pe=", "[::1]:1"]
PIECES += ["a.b:80", "dht=", "xl=", "9", "kt=", "a b", "xs=urn:btpk:", "s=6e", "as="]
magnet_soup = st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(st.text() | magnet_soup | magnet_soup.map(lambda soup: f"{XT}&{soup}"))
@example(f"{XT}&dn=%C2\udca0")
@example(f"{XT}&dn=%e2%80%a8")
@example(f"{XT}&kt=a%2Bb")
@example(f"{XT}&x.pe=[::1%2525]:1")
def test_any_text_is_a_magnet_or_refused(text: str) -> None:
    try:
        magnet = Magnet.parse(text)
    except MagnetError:
        return
    again = Magnet.parse(str(magnet))
    assert again == replace(magnet, ignored=())
    assert str(again) == str(magnet)
    assert str(magnet).isascii()
    assert " " not in str(magnet)


def magnets() -> st.SearchStrategy[Magnet]:
    def urls(*schemes: str) -> st.SearchStrategy[tuple[str, ...]]:
        tail = st.text(st.characters(exclude_categories=["Cs", "Zs", "Zl", "Zp", "Cc"]), min_size=1)
        return st.lists(st.builds("{}://host:80/{}".format, st.sampled_from(schemes), tail), unique=True).map(tuple)

    ports = st.integers(1, 65535)
    hosts = st.ip_addresses(v=4).map(str) | st.sampled_from(["tracker.example", "xn--bcher-kva.example"])
    return st.builds(
        Magnet,
        infohashes=st.builds(
            Infohashes, v1=st.binary(min_size=20, max_size=20), v2=st.none() | st.binary(min_size=32, max_size=32)
        ),
        name=st.none() | st.text(min_size=1).map(str.strip).filter(bool),
        trackers=urls("http", "udp", "wss"),
        web_seeds=urls("http", "https", "ftp"),
        peers=st.lists(st.builds("{}:{}".format, hosts, ports) | ports.map("[2001:db8::1]:{}".format), unique=True).map(
            tuple
        ),
        select_only=st.sets(st.integers(0, MAX_FILE_INDEX)).map(sorted).map(tuple),
        length=st.none() | st.integers(0, 2**63),
        keywords=st.lists(st.from_regex(r"[^\s\ud800-\udfff]+", fullmatch=True), unique=True).map(tuple),
        exact_sources=urls("http", "dchub"),
        acceptable_sources=urls("http"),
        dht=st.lists(st.tuples(hosts | st.just("::1"), ports), unique=True).map(tuple),
    )


@given(magnets())
def test_parsing_undoes_printing(magnet: Magnet) -> None:
    assert Magnet.parse(str(magnet)) == magnet


# The rules one by one


@pytest.mark.parametrize(
    "form", [V1, V1.upper(), "ZXG43TONZXG43TONZXG43TONZXG43TON", "zxg43tonzxg43tonzxg43tonzxg43ton"]
)
def test_v1_infohash_in_every_form(form: str) -> None:
    for text in (
        form,
        f"magnet:?xt=urn:btih:{form}",
        f"MAGNET:?XT.1=URN:BTIH:{form}",
        f"magnet:///?xt=urn%3Abtih%3A{form}",
    ):
        assert Magnet.parse(text).infohashes == Infohashes(v1=bytes.fromhex(V1))


def test_v2_infohash_in_every_form() -> None:
    for text in (V2, f"magnet:?xt=urn:btmh:1220{V2}", f"magnet:?xt=urn:btmh:1220{V2.upper()}"):
        assert Magnet.parse(text).infohashes == Infohashes(v2=bytes.fromhex(V2))


@pytest.mark.parametrize(
    "text",
    [
        "",
        V1[1:],
        V1 + "0",
        V2[1:],
        f"x{XT}",
        f"magnet:xt=urn:btih:{V1}",
        f"magnet:?xt=urn:btih:{V1}x",
        f"magnet:?xt=urn:btih:x:{V1}",
        f"magnet:?xt=urn:btih:{V1[:-1]} ",
        f"magnet:?xt=urn:btmh:{V2}",
        f"magnet:?xt=urn:btih:{'٣' * 40}",
        f"magnet:?xt=urn:btih:{chr(0x17F) * 32}",
        f"{XT}&xt=urn:btih:{'00' * 20}",
        f"{XT}&xt=urn:btih:short",
        f"{XT}&xt=urn:btmh:1220{V2}&xt=urn:btmh:1220{'00' * 32}",
        f"magnet:?xs=urn:btpk:{V2[1:]}",
        f"magnet:?xt=urn:btpk:{V2}",
        f"magnet:?xs=urn:btpk:{V2}&s=6",
        f"magnet:?xs=urn:btpk:{V2}&s={'6e' * 65}",
        f"magnet:?xs=urn:btpk:{V2}&s=6e&s=6f",
    ],
)
def test_no_torrent_or_two_are_refused_with_a_hint(text: str) -> None:
    with pytest.raises(MagnetError) as caught:
        Magnet.parse(text)
    assert caught.value.hint


def test_same_infohash_twice_is_one() -> None:
    magnet = Magnet.parse(f"{XT}&xt=urn:btih:{V1.upper()}&xt=urn:btih:ZXG43TONZXG43TONZXG43TONZXG43TON")
    assert magnet.infohashes == Infohashes(v1=bytes.fromhex(V1))


def test_error_text_cannot_reach_the_terminal_raw() -> None:
    with pytest.raises(MagnetError) as caught:
        Magnet.parse("magnet:?xt=urn:btih:%1b[31m" + "x" * 10_000)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


def test_mutable_torrent_is_named_by_its_key() -> None:
    magnet = Magnet.parse(f"magnet:?xs=urn:btpk:{V2}&s=6E&xs=http://cache.example/x")
    assert (magnet.public_key, magnet.salt) == (bytes.fromhex(V2), b"n")
    assert magnet.infohashes == Infohashes()
    assert magnet.exact_sources == ("http://cache.example/x",)
    assert str(magnet) == f"magnet:?xs=urn:btpk:{V2}&s=6e&xs=http%3A%2F%2Fcache.example%2Fx"


def test_malformed_parameters_are_dropped_and_listed() -> None:
    dropped = ["dn=%20", "tr=gopher://x", "tr=http://", "ws=x", "x.pe=h:65536", "x.pe=[1::2::3]:1", "x.pe=999.1.1.1:1",
               "so=1,a", "xl=-1", "dht=host", "as=a%20b"]  # fmt: skip
    magnet = Magnet.parse(XT + "".join(f"&{parameter}" for parameter in dropped) + "&empty&=&unknown=x&tr=")
    assert magnet == Magnet(infohashes=Infohashes(v1=bytes.fromhex(V1)), ignored=magnet.ignored)
    assert sorted(magnet.ignored) == sorted(dropped)


def test_plus_is_a_space_in_text_and_itself_in_a_url() -> None:
    magnet = Magnet.parse(f"{XT}&dn=a+b%2Bc&tr=http://h/a+b&kt=x+y")
    assert (magnet.name, magnet.trackers, magnet.keywords) == ("a b+c", ("http://h/a+b",), ("x", "y"))


def test_numbered_parameters_and_repetitions() -> None:
    magnet = Magnet.parse(
        f"{XT}&tr.2=udp://b:1&TR=udp://a:1&tr.10=udp://b:1&x.pe=h:080&x.pe=h:80&ws=http://w&ws=http://w"
    )
    assert magnet.trackers == ("udp://b:1", "udp://a:1")
    assert magnet.peers == ("h:80",)
    assert magnet.web_seeds == ("http://w",)


@pytest.mark.parametrize(
    ("so", "expected"),
    [
        ("0", (0,)),
        ("4,2,0-1", (0, 1, 2, 4)),
        ("3-3", (3,)),
        ("5-4", ()),
        ("-", ()),
        (f"{MAX_FILE_INDEX}", (MAX_FILE_INDEX,)),
        (f"{MAX_FILE_INDEX + 1},7", (7,)),
        ("0-4294967295", ()),
        ("9" * 100_000, ()),
        ("1-2-3,8", (8,)),
        ("0-9999," * 20_000 + "3", tuple(range(10_000))),
    ],
)
def test_selected_files(so: str, expected: tuple[int, ...]) -> None:
    assert Magnet.parse(f"{XT}&so={so}").select_only == expected


@pytest.mark.parametrize(
    ("indices", "written"), [((0, 1), "0-1"), ((0, 2, 3, 4), "0,2-4"), ((7,), "7"), ((0, 2, 4, 6, 7, 8), "0,2,4,6-8")]
)
def test_selection_is_written_in_the_fewest_ranges(indices: tuple[int, ...], written: str) -> None:
    magnet = Magnet(infohashes=Infohashes(v1=bytes(20)), select_only=indices)
    assert str(magnet).endswith(f"&so={written}")


def test_what_we_write() -> None:
    magnet = Magnet(
        infohashes=Infohashes(v1=bytes.fromhex(V1), v2=bytes.fromhex(V2)),
        name="a&b=c #1 é\udcff",
        trackers=("http://t/announce?k=1&x",),
        web_seeds=("https://w/a b",),
        peers=("[::1]:6881",),
        length=5,
    )
    assert str(magnet) == (
        f"magnet:?xt=urn:btih:{V1}&xt=urn:btmh:1220{V2}&dn=a%26b%3Dc%20%231%20%C3%A9%FF&xl=5"
        "&tr=http%3A%2F%2Ft%2Fannounce%3Fk%3D1%26x&ws=https%3A%2F%2Fw%2Fa%20b&x.pe=[::1]:6881"
    )
