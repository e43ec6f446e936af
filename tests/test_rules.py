"""One rule book: creating, editing, linting, reading, magnets and the command line agree on every value."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from torrents import encode, single

from mktorrent_py.cli.options import types
from mktorrent_py.create import CreateOptions
from mktorrent_py.create.options import check_name, check_options
from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.edit import Edit, ListChange, TierChange, check_edit, edit_metainfo
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.lint import lint
from mktorrent_py.metainfo.magnet import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.rules.urls import HTTP_SEED, TRACKER, UPDATE, WEB_SEED

XT = f"magnet:?xt=urn:btih:{'ab' * 20}"


def accepts(check: Callable[[], object]) -> bool:
    """Whether a call that refuses by UsageError lets the value pass."""
    try:
        check()
    except UsageError:
        return False
    return True


def raw(text: str) -> bytes:
    """Text as a torrent may hold it, whether it is UTF-8 or not."""
    return text.encode("utf-8", "surrogateescape")


def findings(codes: set[str], **keys: object) -> set[str]:
    """Which of these rules lint finds broken in a torrent with these top-level keys; `info_KEY` goes into `info`."""
    inner = {key.removeprefix("info_"): value for key, value in keys.items() if key.startswith("info_")}
    outer = {key: value for key, value in keys.items() if not key.startswith("info_")}
    fields = {"info": {**single()["info"], **inner}, **outer}
    return codes & {finding.rule for finding in lint(encode(fields))}


# URLs

SCHEMES = st.sampled_from(["http", "https", "udp", "ws", "wss", "ftp", "ftps", "HTTP", "gopher", "", "1x"])
HOSTS = st.sampled_from(["t.example", "[2001:db8::1]", "[::1", "[x]", "", "user@", "u:p@h", "é", "a b"])
PORTS = st.sampled_from(["", ":", ":80", ":0", ":65535", ":65536", ":99999", ":x", ":-1", ":٣"])
TAILS = st.sampled_from(
    ["", "/", "/announce", "/announce?key=1", "?a", "#b", "/\x00", "/\n", "/\u2028", "/é", "/\udcff", "/\ud800"]
)
urls = st.builds("{}://{}{}{}".format, SCHEMES, HOSTS, PORTS, TAILS) | st.text(min_size=1, max_size=20)


@given(urls)
@example("udp://t.example/announce")
@example("http://:80/a")
@example("http://t.example:99999/a")
@example("http://t.example:0/a")
def test_a_tracker_url_is_judged_alike_everywhere(url: str) -> None:
    verdict = rules.tracker_url(url) is None
    tiers = ((url,),)
    assert accepts(lambda: check_options(CreateOptions(trackers=tiers))) is verdict
    assert accepts(lambda: check_edit(Edit(trackers=TierChange(replace=tiers)))) is verdict
    assert accepts(lambda: check_edit(Edit(trackers=TierChange(add=tiers)))) is verdict
    assert accepts(lambda: check_edit(Edit(trackers=TierChange(add_to_tier=((1, url),))))) is verdict
    assert accepts(lambda: types.check_url(url, rules.tracker_url)) is verdict
    if "\ud800" <= max(url) <= "\udfff" and not "\udc80" <= max(url) <= "\udcff":
        return  # half a surrogate pair has no bytes that a torrent or a magnet could hold
    magnet = Magnet.parse(f"{XT}&tr={quote(url, safe='', errors='surrogateescape')}")
    assert (magnet.trackers == (url,)) is verdict
    assert (not findings({"tracker-malformed", "text-not-utf-8"}, announce=raw(url))) is verdict


@given(urls)
@example("ftps://mirror.example/pub/")
@example("ftp://mirror.example/pub/")
def test_a_web_seed_url_is_judged_alike_everywhere(url: str) -> None:
    verdict = rules.web_seed_url(url) is None
    assert accepts(lambda: check_options(CreateOptions(web_seeds=(url,)))) is verdict
    assert accepts(lambda: check_edit(Edit(web_seeds=ListChange(replace=(url,))))) is verdict
    assert accepts(lambda: check_edit(Edit(web_seeds=ListChange(add=(url,))))) is verdict
    if verdict or url.isascii():
        magnet = Magnet.parse(f"{XT}&ws={quote(url, safe='')}")
        assert (magnet.web_seeds == (url,)) is verdict
        assert (not findings({"web-seed-malformed", "text-not-utf-8"}, **{"url-list": raw(url)})) is verdict


@given(urls)
def test_http_seed_and_update_urls_are_judged_alike_everywhere(url: str) -> None:
    verdict = rules.http_seed_url(url) is None
    assert verdict is (rules.update_url(url) is None)
    assert accepts(lambda: check_options(CreateOptions(http_seeds=(url,)))) is verdict
    assert accepts(lambda: check_edit(Edit(http_seeds=ListChange(add=(url,))))) is verdict
    assert accepts(lambda: check_options(CreateOptions(update_url=url))) is verdict
    assert accepts(lambda: check_edit(Edit(update_url=url))) is verdict
    if verdict or url.isascii():
        assert (not findings({"web-seed-malformed", "text-not-utf-8"}, httpseeds=[raw(url)])) is verdict
        codes = {"update-url-malformed", "text-not-utf-8"}
        assert (not findings(codes, **{"info_update-url": raw(url)})) is verdict


@pytest.mark.parametrize("kind", [TRACKER, WEB_SEED, HTTP_SEED, UPDATE], ids=lambda kind: kind.noun)
def test_a_url_problem_carries_the_url_and_its_kind(kind: object) -> None:
    rule = {TRACKER: rules.tracker_url, WEB_SEED: rules.web_seed_url, HTTP_SEED: rules.http_seed_url}
    problem = rule.get(kind, rules.update_url)("gopher://x")  # type: ignore[call-overload]
    assert problem.data["url"] == "gopher://x"
    assert problem.data["kind"] == kind.noun  # type: ignore[attr-defined]
    with pytest.raises(UsageError) as caught:
        rules.require(problem)
    assert caught.value.code == kind.code  # type: ignore[attr-defined]


# Host and port

hosts = st.sampled_from(
    ["999.1.1.1", "1.2.3", "a/b", ":::", "-h", "", "::1", "2001:db8::7", "::1%eth0", "a_b.c", "h" * 254]
)
hosts |= st.ip_addresses().map(str) | st.text(max_size=8)
ports = st.integers(-1, 65537)


@given(hosts, ports)
@example("999.1.1.1", 1)
@example("a/b", 1)
@example(":::", 1)
@example("-h", 1)
@example("router.example", 0)
def test_a_host_and_port_are_judged_alike_everywhere(host: str, port: int) -> None:
    verdict = rules.node(host, port) is None
    text = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    assert accepts(lambda: check_options(CreateOptions(nodes=((host, port),)))) is verdict
    assert accepts(lambda: check_edit(Edit(nodes=ListChange(add=((host, port),))))) is verdict
    assert accepts(lambda: types.parse_node(text)) is verdict
    if verdict:
        assert types.parse_node(text) == (host, port)
    if host.isascii():
        assert bool(Magnet.parse(f"{XT}&x.pe={quote(text, safe='')}").peers) is verdict
        assert bool(Magnet.parse(f"{XT}&dht={quote(text, safe='')}").dht) is verdict
        assert bool(findings({"node-malformed"}, nodes=[[host, port]])) is not verdict


def test_a_node_that_is_malformed_can_still_be_removed() -> None:
    metainfo = Metainfo.from_bytes(encode({**single(), "nodes": [["999.1.1.1", 1], ["router.example", 6881]]}))
    edited = edit_metainfo(metainfo, Edit(nodes=ListChange(remove=(("999.1.1.1", 1),))))
    assert edited.nodes == (("router.example", 6881),)


def test_a_tracker_and_a_web_seed_that_are_malformed_can_still_be_removed() -> None:
    fields = {**single(), "announce": "udp://t.example/announce", "url-list": "gopher://x"}
    metainfo = Metainfo.from_bytes(encode(fields))
    removal = Edit(
        trackers=TierChange(remove=("udp://t.example/announce",)), web_seeds=ListChange(remove=("gopher://x",))
    )
    edited = edit_metainfo(metainfo, removal)
    assert (edited.trackers, edited.web_seeds) == ((), ())


@pytest.mark.parametrize("text", ["127.0.0.1:0", "[::1]:65535", "localhost:8080"])
def test_an_address_to_listen_on_may_have_port_zero(text: str) -> None:
    assert rules.parse_host_port(text) is not None


# Text, dates, names, infohashes, privacy, piece lengths

texts = st.text(st.characters(exclude_categories=()), min_size=1, max_size=8)


@given(texts)
def test_text_is_judged_alike_everywhere(text: str) -> None:
    verdict = rules.text(text, "comment") is None
    for field in ("comment", "created_by", "source"):
        assert accepts(lambda field=field: check_options(CreateOptions(**{field: text}))) is verdict
        assert accepts(lambda field=field: check_edit(Edit(**{field: text}))) is verdict
    assert accepts(lambda: check_options(CreateOptions(collections=(text,)))) is verdict
    assert accepts(lambda: check_edit(Edit(collections=ListChange(add=(text,))))) is verdict
    assert accepts(lambda: types.check_text(text, "comment")) is verdict


@given(st.binary(max_size=8))
def test_lint_finds_text_that_is_not_utf8(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    assert bool(findings({"text-not-utf-8"}, comment=data)) is (rules.text(text, "comment") is not None)


@given(st.integers(-(10**40), 10**40))
@example(-1)
@example(0)
def test_a_date_is_judged_alike_everywhere(seconds: int) -> None:
    verdict = rules.creation_date(seconds) is None
    assert accepts(lambda: check_options(CreateOptions(creation_date=seconds))) is verdict
    assert accepts(lambda: check_edit(Edit(creation_date=seconds))) is verdict
    assert bool(findings({"date-out-of-range"}, **{"creation date": seconds})) is not verdict


@given(st.datetimes())
def test_the_command_line_takes_dates_from_1970_on(moment: object) -> None:
    text = f"{moment:%Y-%m-%dT%H:%M:%S}".rjust(19, "0")
    assert accepts(lambda: types.parse_date(text, 0.0)) is (text >= "1970")


@given(st.sampled_from(["", ".", "..", "a/b", "a\\b", "C:", "a\0", "x"]) | texts.filter(str.isascii))
def test_a_name_is_judged_alike_everywhere(name: str) -> None:
    verdict = rules.torrent_name(name) is None
    assert accepts(lambda: check_name(name)) is verdict
    assert accepts(lambda: check_edit(Edit(name=name))) is verdict
    assert bool(findings({"unsafe-path"}, info_name=name)) is not verdict


@pytest.mark.parametrize("length", [0, 19, 20, 21, 32])
def test_a_similar_torrent_is_judged_alike_everywhere(length: int) -> None:
    infohash = bytes(length)
    verdict = length == 20
    assert (rules.similar_torrent(infohash) is None) is verdict
    assert accepts(lambda: check_options(CreateOptions(similar=(infohash,)))) is verdict
    assert accepts(lambda: check_edit(Edit(similar=ListChange(add=(infohash,))))) is verdict
    assert accepts(lambda: types.parse_infohash(infohash.hex())) is verdict


@pytest.mark.parametrize("private", [False, True])
@pytest.mark.parametrize("nodes", [(), (("router.example", 6881),)])
def test_private_torrents_with_nodes_are_judged_alike_everywhere(private: bool, nodes: tuple[tuple[str, int]]) -> None:
    verdict = rules.private_nodes(private, nodes) is None
    assert verdict is not (private and bool(nodes))
    assert accepts(lambda: check_options(CreateOptions(private=private, nodes=nodes))) is verdict
    keys: dict[str, object] = {"nodes": [list(node) for node in nodes]}
    keys |= {"info_private": 1} if private else {}
    assert bool(findings({"dht-nodes-in-private"}, **keys)) is not verdict
    plain = Metainfo.from_bytes(encode({**single()}))
    edit = Edit(private=private, nodes=ListChange(add=nodes), new_infohash=True)
    assert accepts(lambda: edit_metainfo(plain, edit)) is verdict


@given(st.integers(0, 1 << 28) | st.integers(0, 28).map(lambda power: 1 << power), st.sampled_from(TorrentVersion))
def test_a_piece_length_is_judged_alike_everywhere(length: int, version: TorrentVersion) -> None:
    verdict = rules.piece_length(length, version) is None
    assert accepts(lambda: check_options(CreateOptions(piece_length=length, version=version))) is verdict
    is_power = length > 0 and length & (length - 1) == 0
    assert verdict is ((1 << 14) <= length <= (1 << 27) and (is_power or not version.has_v2))
