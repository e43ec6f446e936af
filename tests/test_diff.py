"""Differences between torrents: made one at a time, found one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from torrents import PIECE, encode, hybrid, leaf, v1, v2

from mktorrent_py.metainfo.diff import Differences, FileChange, TrackerChange, diff
from mktorrent_py.metainfo.metainfo import Metainfo

INFOHASHES = {"infohash.v1", "infohash.v2"}


def compare(old: dict[str, Any], new: dict[str, Any]) -> Differences:
    return diff(Metainfo.from_bytes(encode(old)), Metainfo.from_bytes(encode(new)))


def paths(changes: tuple[FileChange, ...]) -> list[str | None]:
    return ["/".join(change.new_path or change.old_path or ()) for change in changes]


@pytest.mark.parametrize("make", [v1, v2, hybrid])
def test_a_torrent_does_not_differ_from_itself(make: Callable[[], dict[str, Any]]) -> None:
    differences = compare(make(), make())
    assert not differences
    assert differences.unknown == ()


@pytest.mark.parametrize(
    ("key", "value", "field"),
    [
        ("comment", "x", "comment"),
        ("creation date", 5, "creation_date"),
        ("url-list", "http://w", "web_seeds"),
        ("publisher", "x", "publisher"),
        ("signatures", {"org.example": {"signature": "s"}}, "signatures"),
    ],
)
def test_what_stands_beside_info(key: str, value: Any, field: str) -> None:
    assert field in {change.field for change in compare(v1(), v1() | {key: value}).fields}


def test_a_private_0_is_told_by_the_infohash() -> None:
    new = v1()
    new["info"]["private"] = 0
    assert {change.field for change in compare(v1(), new).fields} == {"infohash.v1"}


def test_trackers_by_tier_and_not_by_order_in_a_tier() -> None:
    old = v1() | {"announce-list": [["http://a", "http://b"], ["http://c"]]}
    shuffled = v1() | {"announce-list": [["http://b", "http://a"], ["http://c"]]}
    assert not compare(old, shuffled)
    new = v1() | {"announce-list": [["http://a"], ["http://b", "http://d"]]}
    assert compare(old, new).trackers == (
        TrackerChange(url="http://b", old_tier=1, new_tier=2),
        TrackerChange(url="http://c", old_tier=2, new_tier=None),
        TrackerChange(url="http://d", old_tier=None, new_tier=2),
    )


def test_added_removed_renamed_and_changed_by_root() -> None:
    old, new = v2(), v2()
    tree = new["info"]["file tree"]
    tree["moved.bin"] = tree.pop("e.bin")
    tree["d"]["a.txt"] = leaf(5, b"x" * 32)
    tree["new"] = leaf(3, b"n" * 32)
    old["info"]["file tree"]["old"] = leaf(4, b"o" * 32)
    found = compare(old, new)
    assert (paths(found.added), paths(found.removed), paths(found.changed)) == (["new"], ["old"], ["d/a.txt"])
    assert [(change.old_path, change.new_path) for change in found.renamed] == [(("e.bin",), ("moved.bin",))]


def test_each_root_is_renamed_once() -> None:
    root = hashlib.sha256(b"twin").digest()
    old, new = v2(), v2()
    old["info"]["file tree"] |= {"x": leaf(4, root), "y": leaf(4, root)}
    new["info"]["file tree"] |= {"z": leaf(4, root)}
    found = compare(old, new)
    assert (len(found.renamed), len(found.removed), found.added) == (1, 1, ())


def v1_of(*files: tuple[str, int], pieces: str) -> dict[str, Any]:
    """A v1 torrent; a letter of `pieces` stands for the content of a piece."""
    entries = [{"path": [name], "length": length} for name, length in files]
    digests = b"".join(hashlib.sha1(letter.encode()).digest() for letter in pieces)
    return {"info": {"name": "n", "piece length": PIECE, "files": entries, "pieces": digests}}


def test_v1_pieces_prove_what_they_can() -> None:
    # aaaabbbb|bbbbcccc  the middle piece of b is its own, the outer ones are shared
    half = PIECE // 2
    files = (("a", half), ("b", 2 * PIECE), ("c", half))
    old = v1_of(*files, pieces="xyz")
    inner = compare(old, v1_of(*files, pieces="xYz"))
    assert (paths(inner.changed), inner.unknown) == (["b"], ())
    outer = compare(old, v1_of(*files, pieces="Xyz"))
    assert (outer.changed, paths(outer.unknown)) == ((), ["a", "b"])
    assert outer, "the infohash differs"


def test_v1_files_are_renamed_by_size_and_pieces() -> None:
    old = v1_of(("a", PIECE), ("b", 2 * PIECE), pieces="xyz")
    found = compare(old, v1_of(("c", PIECE), ("d", 2 * PIECE), pieces="xyz"))
    assert [(change.old_path, change.new_path) for change in found.renamed] == [(("a",), ("c",)), (("b",), ("d",))]
    assert (found.added, found.removed) == ((), ())


def test_other_cuts_compare_by_nothing_but_length() -> None:
    old = v1_of(("a", PIECE), ("b", PIECE), pieces="xy")
    new = v1_of(("a", PIECE), ("b", PIECE), pieces="z")
    new["info"]["piece length"] = 2 * PIECE
    found = compare(old, new)
    assert (found.changed, paths(found.unknown)) == ((), ["a", "b"])
    assert "piece_length" in {change.field for change in found.fields}
