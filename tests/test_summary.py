"""The facts: what is there is said, with stable keys, and nothing is forgotten."""

from __future__ import annotations

from typing import Any

from torrents import LONG, SHORT, encode, hybrid, v1

from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.parse.document import parse_metainfo
from mktorrent_py.metainfo.summary import file_facts, summarize, summarize_magnet


def summary_of(torrent: dict[str, Any]) -> dict[str, Any]:
    examination = parse_metainfo(encode(torrent))
    return summarize(examination.require(), examination.warnings)


def test_the_keys_are_the_same_for_a_bare_and_a_full_torrent() -> None:
    full = hybrid() | {"announce": "http://t", "signatures": {"org.example": {}}, "encoding": "UTF-8", "zz": 1}
    full["info"] |= {"private": 1, "source": "S", "update-url": "http://u", "similar": [b"s" * 20], "x": 1}
    facts = summary_of(full)
    assert list(facts) == list(summary_of(v1()))
    assert facts["unknown_keys"] == ["zz", "info.x"]
    assert (facts["signatures"], facts["encoding"]) == (["org.example"], "UTF-8")
    assert (facts["private"], facts["source"], facts["update_url"]) == (True, "S", "http://u")
    assert facts["similar"] == [(b"s" * 20).hex()]
    assert facts["trackers"] == [["http://t"]]


def test_lengths_count_content_and_padding_apart() -> None:
    facts = summary_of(hybrid())
    assert (facts["length"], facts["files"], facts["pieces"]) == (SHORT + LONG, 2, 4)
    assert facts["padding"] == 4 * facts["piece_length"] - facts["length"]


def test_files_say_what_else_they_have() -> None:
    torrent = v1()
    torrent["info"]["files"][0] |= {"attr": "hx"}
    torrent["info"]["files"].append({"length": 0, "attr": "l", "path": ["link"], "symlink path": ["d", "a.txt"]})
    assert file_facts(parse_metainfo(encode(torrent)).require().info.layout) == [
        {"path": "d/a.txt", "length": SHORT, "attributes": "hx"},
        {"path": "e.bin", "length": LONG},
        {"path": "link", "length": 0, "attributes": "l", "symlink": "d/a.txt"},
    ]


def test_a_magnet_has_its_facts_too() -> None:
    magnet = Magnet.parse("magnet:?xt=urn:btih:" + "ab" * 20 + "&tr=http://t&xl=5&so=0,2-3&x.pe=[::1]:5&tr=junk")
    facts = summarize_magnet(magnet)
    assert (facts["infohash"], facts["length"]) == ({"v1": "ab" * 20, "v2": None}, 5)
    assert (facts["trackers"], facts["peers"], facts["select_only"]) == ([["http://t"]], ["[::1]:5"], [0, 2, 3])
    assert facts["ignored"] == ["tr=junk"]
