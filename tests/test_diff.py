"""Differences between torrents: made one at a time, found one at a time."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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


# Against content: whatever a comparison of v1 torrents concludes must hold for the bytes they are made of


def torrent_of(contents: list[bytes], pads: list[int], piece_length: int) -> Metainfo:
    """A v1 torrent of these files, with a pad of so many zeros after each."""
    files: list[dict[str, Any]] = []
    for number, (content, pad) in enumerate(zip(contents, pads, strict=True)):
        files.append({"length": len(content), "path": [f"f{number}"]})
        if pad:
            files.append({"attr": "p", "length": pad, "path": [".pad", f"{pad}"]})
    space = b"".join([content + bytes(pad) for content, pad in zip(contents, pads, strict=True)])
    cut = [space[at : at + piece_length] for at in range(0, len(space), piece_length)]
    pieces = b"".join([hashlib.sha1(piece).digest() for piece in cut])
    info = {"name": "n", "piece length": piece_length, "files": files, "pieces": pieces}
    return Metainfo.from_bytes(encode({"info": info}))


def own_pieces(contents: list[bytes], pads: list[int], piece_length: int, number: int) -> tuple[int, dict[int, bytes]]:
    """Where a file starts in its first piece, and its pieces without a byte of another file, padding included."""
    stretches = [(at, content + bytes(pad)) for at, (content, pad) in enumerate(zip(contents, pads, strict=True))]
    space = b"".join([stretch for _, stretch in stretches])
    owners = [at if offset < len(contents[at]) else number for at, part in stretches for offset in range(len(part))]
    start = sum([len(part) for _, part in stretches[:number]])
    first = start // piece_length
    found = {}
    for piece in range(first, -(-(start + len(contents[number])) // piece_length)):
        span = slice(piece * piece_length, (piece + 1) * piece_length)
        if set(owners[span]) <= {number}:
            found[piece - first] = space[span]
    return start % piece_length, found


small = st.binary(max_size=9)


@settings(deadline=None)
@given(st.data(), st.integers(1, 5))
def test_a_comparison_of_v1_torrents_holds_for_their_content(data: st.DataObject, piece_length: int) -> None:
    old = data.draw(st.lists(small, min_size=1, max_size=4).filter(any))
    new = [data.draw(st.just(content) | st.binary(min_size=len(content), max_size=len(content))) for content in old]
    pads = [[data.draw(st.integers(0, 4)) for _ in old] for _ in range(2)]
    differences = diff(torrent_of(old, pads[0], piece_length), torrent_of(new, pads[1], piece_length))
    changed, unknown = paths(differences.changed), paths(differences.unknown)
    for number in range(len(old)):
        name = f"f{number}"
        if old[number] == new[number]:
            assert name not in changed
            continue
        assert name in [*changed, *unknown]
        (start, ours), (other_start, theirs) = [
            own_pieces(contents, gaps, piece_length, number) for contents, gaps in zip((old, new), pads, strict=True)
        ]
        provable = start == other_start and any(
            len(ours[piece]) == len(theirs[piece]) and ours[piece] != theirs[piece]
            for piece in ours.keys() & theirs.keys()
        )
        assert (name in changed) is provable
