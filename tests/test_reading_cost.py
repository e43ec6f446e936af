"""Reading takes memory in proportion to the torrent, and its short ways give what its long ones do."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorrent_py.metainfo.bencode import Raw, decode, encode
from mktorrent_py.metainfo.layout import File
from mktorrent_py.metainfo.parse import files
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics
from mktorrent_py.metainfo.parse.document import parse_metainfo
from mktorrent_py.metainfo.paths import unsafe_reason

MANY = 50_000
URLS = [b"%05x" % number for number in range(MANY)]


def torrent(files: Any = (), **outer: Any) -> bytes:
    listed = files or [{"length": 1, "path": ["a"]}]
    return encode({"info": {"files": listed, "name": "x", "piece length": 16384, "pieces": bytes(20)}} | outer)


LARGE = {
    "keys": torrent(**{f"j{number:06}": b"" for number in range(MANY)}),
    "tiers": torrent(**{"announce-list": [URLS]}),
    "web seeds": torrent(**{"url-list": URLS}),
    "nodes": torrent(nodes=[(url, 6881) for url in URLS]),
    "similar": torrent(similar=[b"%020d" % number for number in range(MANY)]),
    "one long path": torrent([{"length": 1, "path": ["a"] * MANY}]),
    "one long path of short names": torrent([{"length": 1, "path": [url[3:] for url in URLS]}]),
    "files": torrent([{"length": 0, "path": [url]} for url in URLS]),
    "pads": torrent([{"attr": "p", "length": 0, "path": [".pad", "0"]}] * MANY),
    "wide tree": encode({
        "info": {
            "file tree": {url: {"": {"length": 1, "pieces root": url + b"r" * 27}} for url in URLS},
            "meta version": 2,
            "name": "x",
            "piece length": 16384,
        },
        "piece layers": Raw(b"de"),
    }),
}  # fmt: skip


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in LARGE.items()])
def test_memory_is_at_most_thirty_times_the_torrent(data: bytes) -> None:
    tracemalloc.start()
    try:
        examination = parse_metainfo(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert examination.metainfo is not None or examination.errors
    assert peak < 30 * len(data) + 100_000


# The short ways

harmless = st.sampled_from([b"a", b"b.txt", "é".encode(), b" ", b"...", b"a:b", b"p"])
harmful = st.sampled_from(
    [b"", b".", b"..", b"C:", b"a/b", b"a\\b", b"\0", b"\xff", b"a/", b"_____padding_file_0", b"\xc3"]
)
components = st.lists(harmless | harmful | st.binary(max_size=3), max_size=4)
lengths = st.sampled_from([-1, 0, 1, 2**63 - 1, 2**63, b"1"])
junk = st.sampled_from([b"a", 5, [], {}, {"a": "b"}])
entries = st.fixed_dictionaries({}, optional={
    "length": lengths,
    "path": components | st.lists(junk, max_size=2) | junk,
    "attr": st.sampled_from([b"p", b"x", b"px", b"", 1]),
    "path.utf-8": components,
    "symlink path": components,
})  # fmt: skip


@given(entries)
def test_a_plain_entry_is_what_an_entry_is(entry: dict[str, Any]) -> None:
    value, notes = decode(encode(entry)), Diagnostics()
    plain = files._plain_entry(value)
    if plain is not None:
        assert plain == files._read_entry(value, notes)
        assert notes == Diagnostics()
        assert all(unsafe_reason(component) is None for component in plain.path)


@given(st.lists(harmless, min_size=1, max_size=4), st.integers(0, 2**63 - 1))
def test_usual_entries_are_plain(path: list[bytes], length: int) -> None:
    usual = decode(encode({"length": length, "path": path}))
    assert files._plain_entry(usual) == File(tuple([name.decode() for name in path]), length)
    pad = decode(encode({"attr": b"p", "length": length, "path": path}))
    assert files._plain_entry(pad) == File((), length, "p")


@given(st.fixed_dictionaries({}, optional={
    "length": lengths,
    "pieces root": st.sampled_from([b"r" * 32, b"r" * 31, bytes(32), 5]),
    "attr": st.sampled_from([b"p", b"x", b""]),
    "symlink path": components,
}))  # fmt: skip
def test_a_plain_leaf_is_what_a_leaf_is(leaf: dict[str, Any]) -> None:
    value: Any = decode(encode(leaf))
    plain, notes = files._plain_leaf(("a", "b"), value), Diagnostics()
    if plain is not None:
        assert plain == files._read_leaf(("a", "b"), value, notes)
        assert notes == Diagnostics()
    elif leaf.get("length") == 1 and leaf.get("pieces root") == b"r" * 32:
        assert len(leaf) > 2


@pytest.mark.parametrize("around", [-1, 0, 1])
def test_paths_too_long_to_join_are_read_the_same(around: int) -> None:
    path = tuple([b"%d" % number for number in range(files._MAX_JOINED + around)])
    notes = Diagnostics()
    assert files._components(path, "path", notes) == tuple([name.decode() for name in path])
    assert notes == Diagnostics()
