"""The reference creator against independent programs: what judges the package must itself be judged."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import judges
import pytest
import reference
from hypothesis import given, settings
from hypothesis import strategies as st
from trees import (
    BLOCK,
    CORPUS,
    CORPUS_PIECE_LENGTH,
    FILES,
    TREES,
    TWINS,
    Tree,
    boundary_lengths,
    seeded_bytes,
    trees,
    write_content,
    write_tree,
)

EXAMPLE = Path(__file__).parent.parent / "fixtures" / "example" / "aurora-1.2"
VERSIONS: tuple[reference.Version, ...] = ("v1", "v2", "hybrid")
PIECE_LENGTHS = (BLOCK, CORPUS_PIECE_LENGTH, 4 * BLOCK)

HIDDEN = {"hidden", "a real .pad"}
LONE_FILE = {"one file", "one file, aligned"}
MANY_FILES = {"5,000 tiny files"}
RENAMED_BY_LIBTORRENT = {"a real .pad", "names of 255 bytes"}


CorpusRoot = Callable[[str], Path]


@pytest.fixture(scope="module")
def corpus_root(tmp_path_factory: pytest.TempPathFactory) -> CorpusRoot:
    """Where the content of that name in the corpus lies, written when it is first asked for."""
    return cache(lambda name: write_content(tmp_path_factory.mktemp("corpus") / "content", CORPUS[name]))


def corpus_without(*names: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", [name for name in CORPUS if name not in names])


def joined_order_is_component_order(tree: Tree) -> bool:
    by_component = sorted(tree, key=lambda path: [part.encode() for part in path.split("/")])
    return by_component == sorted(tree, key=str.encode)


# --- libtorrent reads what the reference writes ---


@pytest.mark.interop
@pytest.mark.parametrize("version", VERSIONS)
@corpus_without()
def test_libtorrent_reads_the_same_infohashes(corpus_root: CorpusRoot, name: str, version: reference.Version) -> None:
    judges.require(judges.LIBTORRENT)
    torrent = reference.create(corpus_root(name), version=version, piece_length=CORPUS_PIECE_LENGTH)
    assert judges.LIBTORRENT.infohashes(torrent) == reference.infohashes(torrent)


@pytest.mark.interop
@pytest.mark.parametrize("version", VERSIONS)
@corpus_without(*RENAMED_BY_LIBTORRENT, *LONE_FILE, *MANY_FILES, *FILES)
def test_libtorrent_lists_the_content(corpus_root: CorpusRoot, name: str, version: reference.Version) -> None:
    judges.require(judges.LIBTORRENT)
    root = corpus_root(name)
    torrent = reference.create(root, version=version, piece_length=CORPUS_PIECE_LENGTH)
    listed = {file.path: file.length for file in judges.LIBTORRENT.files(torrent) if not file.is_pad}
    assert listed == {f"content/{path}": (root / path).stat().st_size for path in TREES[name]}


@pytest.mark.interop
@pytest.mark.parametrize(("version", "path"), [("v1", "content/only"), ("v2", "only"), ("hybrid", "content/only")])
def test_only_v2_loses_the_directory_of_a_lone_file(
    corpus_root: CorpusRoot, version: reference.Version, path: str
) -> None:
    """BEP 52: a tree of one file at its root is a single-file torrent."""
    judges.require(judges.LIBTORRENT)
    torrent = reference.create(corpus_root("one file"), version=version, piece_length=BLOCK)
    assert [file.path for file in judges.LIBTORRENT.files(torrent) if not file.is_pad] == [path]


@pytest.mark.interop
@pytest.mark.parametrize("version", VERSIONS)
def test_names_that_differ_only_in_case_or_composition_stay_apart(tmp_path: Path, version: reference.Version) -> None:
    judges.require(judges.LIBTORRENT)
    try:
        root = write_tree(tmp_path / "content", TWINS)
    except FileExistsError:
        pytest.skip("this file system takes such names for one another")
    torrent = reference.create(root, version=version, piece_length=BLOCK)
    assert judges.LIBTORRENT.infohashes(torrent) == reference.infohashes(torrent)
    assert_libtorrent_creates_the_same(root, version, BLOCK)


# --- libtorrent writes what the reference writes ---


def assert_libtorrent_creates_the_same(root: Path, version: reference.Version, piece_length: int) -> None:
    theirs = judges.LIBTORRENT.create(root, version, piece_length)
    ours = reference.create(root, version=version, piece_length=piece_length)
    assert reference.bdecode(reference.raw_info(ours)) == reference.bdecode(reference.raw_info(theirs))
    assert reference.raw_info(ours) == reference.raw_info(theirs)
    assert reference.bdecode(ours).get(b"piece layers", {}) == reference.bdecode(theirs).get(b"piece layers", {})


@pytest.mark.interop
@pytest.mark.parametrize("version", VERSIONS)
@corpus_without("order traps", *MANY_FILES)
def test_libtorrent_creates_the_same(corpus_root: CorpusRoot, name: str, version: reference.Version) -> None:
    judges.require(judges.LIBTORRENT)
    for piece_length in PIECE_LENGTHS:
        assert_libtorrent_creates_the_same(corpus_root(name), version, piece_length)


@pytest.mark.interop
@settings(max_examples=40, deadline=None)
@given(tree=trees(), version=st.sampled_from(VERSIONS), piece_length=st.sampled_from(PIECE_LENGTHS))
def test_libtorrent_agrees_on_any_tree(tree: Tree, version: reference.Version, piece_length: int) -> None:
    judges.require(judges.LIBTORRENT)
    with tempfile.TemporaryDirectory() as scratch:
        root = write_tree(Path(scratch) / "content", tree)
        torrent = reference.create(root, version=version, piece_length=piece_length)
        assert judges.LIBTORRENT.infohashes(torrent) == reference.infohashes(torrent)
        # It orders a hybrid's files by the joined path and the tree by component: where these differ, it is wrong.
        if version != "hybrid" or joined_order_is_component_order(tree):
            assert_libtorrent_creates_the_same(root, version, piece_length)


# --- the creators of v1 ---


def v1_view(torrent: bytes) -> tuple[object, bytes]:
    """The file list (or the lone length) and the pieces: all that a v1 creator can get wrong."""
    info = reference.bdecode(torrent)[b"info"]
    files = info.get(b"files")
    listed = info[b"length"] if files is None else [(file[b"path"], file[b"length"]) for file in files]
    return listed, info[b"pieces"]


def assert_same_v1(judge: judges.V1Creator, root: Path) -> None:
    ours = reference.create(root, version="v1", piece_length=CORPUS_PIECE_LENGTH)
    assert v1_view(judge.create(root, CORPUS_PIECE_LENGTH)) == v1_view(ours)


@pytest.mark.interop
@corpus_without("order traps")
def test_mktorrent_creates_the_same(corpus_root: CorpusRoot, name: str) -> None:
    judges.require(judges.MKTORRENT)
    assert_same_v1(judges.MKTORRENT, corpus_root(name))


@pytest.mark.interop
@pytest.mark.parametrize("name", ["every boundary", "identical files", "60 levels", "one file below a directory"])
def test_transmission_creates_the_same(corpus_root: CorpusRoot, name: str) -> None:
    """A few trees only: transmission-create takes half a second for any."""
    judges.require(judges.TRANSMISSION_CREATE)
    assert_same_v1(judges.TRANSMISSION_CREATE, corpus_root(name))


@pytest.mark.interop
@corpus_without(*HIDDEN, *MANY_FILES)
def test_torf_creates_the_same(corpus_root: CorpusRoot, name: str) -> None:
    judges.require(judges.TORF)
    assert_same_v1(judges.TORF, corpus_root(name))


@pytest.mark.interop
@pytest.mark.parametrize("judge", [judges.ARIA2, judges.TRANSMISSION_SHOW], ids=lambda judge: judge.name)
def test_other_readers_find_the_same_infohash(judge: judges.V1Reader) -> None:
    judges.require(judge)
    torrent = reference.create(
        EXAMPLE,
        version="v1",
        piece_length=CORPUS_PIECE_LENGTH,
        trackers=[["http://127.0.0.1/a"], ["udp://127.0.0.1:6969"]],
        private=True,
        source="EXAMPLE",
    )
    assert judge.infohash(torrent) == reference.infohashes(torrent)[0]


# --- what no judge needs to say ---


def sha256(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def test_root_of_one_block_is_its_digest() -> None:
    for length in (1, BLOCK - 1, BLOCK):
        data = seeded_bytes("block", length)
        assert reference.root_and_layer(data, BLOCK) == (sha256(data), None)


def test_root_of_three_blocks_by_hand() -> None:
    data = seeded_bytes("blocks", 2 * BLOCK + 1)
    one, two, three = sha256(data[:BLOCK]), sha256(data[BLOCK : 2 * BLOCK]), sha256(data[2 * BLOCK :])
    left, right = sha256(one + two), sha256(three + bytes(32))
    assert reference.root_and_layer(data, BLOCK) == (sha256(left + right), one + two + three)
    assert reference.root_and_layer(data, 2 * BLOCK) == (sha256(left + right), left + right)
    assert reference.root_and_layer(data, 4 * BLOCK) == (sha256(left + right), None)


def test_root_of_five_blocks_pads_the_layer_with_the_root_of_zero_hashes() -> None:
    data = seeded_bytes("blocks", 5 * BLOCK)
    leaves = [sha256(data[at : at + BLOCK]) for at in range(0, len(data), BLOCK)]
    layer = [sha256(leaves[0] + leaves[1]), sha256(leaves[2] + leaves[3]), sha256(leaves[4] + bytes(32))]
    pad = sha256(bytes(64))
    expected = sha256(sha256(layer[0] + layer[1]) + sha256(layer[2] + pad))
    assert reference.root_and_layer(data, 2 * BLOCK) == (expected, b"".join(layer))


@pytest.mark.parametrize("length", boundary_lengths(4 * BLOCK))
def test_root_does_not_depend_on_the_piece_length(length: int) -> None:
    data = seeded_bytes("any", length)
    assert len({reference.root_and_layer(data, BLOCK << shift)[0] for shift in range(6)}) == 1


def test_hybrid_pads_after_every_file_that_ends_inside_a_piece(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": 5, "b": 0, "c": 2 * BLOCK, "d": BLOCK + 1, "e": 0})
    files = reference.info_dict(root, version="hybrid", piece_length=BLOCK)["files"]
    listed = [(b"/".join(map(os_bytes, file["path"])), file["length"]) for file in files]
    assert listed == [
        (b"a", 5),
        (b".pad/16379", 16379),
        (b"b", 0),
        (b"c", 2 * BLOCK),
        (b"d", BLOCK + 1),
        (b".pad/16383", 16383),
        (b"e", 0),
    ]
    assert [file["path"] for file in files if "attr" in file] == [[".pad", "16379"], [".pad", "16383"]]


def os_bytes(component: str | bytes) -> bytes:
    return component if isinstance(component, bytes) else component.encode()


def test_order_is_by_component(corpus_root: CorpusRoot) -> None:
    paths = [b"/".join(file.path).decode() for file in reference.content_files(corpus_root("order traps"))]
    assert paths == ["B", "a/b", "a b", "a!", "a-b/c", "a-b.c", "a.b", "a0", "aa"]


def test_outer_keys_follow_the_number_of_trackers_and_web_seeds(tmp_path: Path) -> None:
    root = write_content(tmp_path / "content", 5)

    def outer(**options: Any) -> dict[bytes, object]:
        torrent = reference.bdecode(reference.create(root, version="v1", piece_length=BLOCK, **options))
        return {key: value for key, value in torrent.items() if key != b"info"}

    assert outer() == {}
    assert outer(trackers=[["a"]], web_seeds=["w"]) == {b"announce": b"a", b"url-list": b"w"}
    several = outer(trackers=[["a", "b"], ["c"]], web_seeds=["w", "x"])
    tiers = [[b"a", b"b"], [b"c"]]
    assert several == {b"announce": b"a", b"announce-list": tiers, b"url-list": [b"w", b"x"]}
    noted = outer(comment="é", created_by="me", creation_date=0)
    assert noted == {b"comment": "é".encode(), b"created by": b"me", b"creation date": 0}


def test_nothing_to_hash_is_refused(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": 0, "b/c": 0})
    with pytest.raises(ValueError, match="nothing to hash"):
        reference.create(root, version="v1", piece_length=BLOCK)


def test_infohash_is_of_the_bytes_as_they_stand() -> None:
    unsorted = b"d6:pieces0:4:name1:ae"
    assert reference.infohashes(b"d4:info" + unsorted + b"e") == (hashlib.sha1(unsorted).digest(), None)


@given(
    st.recursive(
        st.integers() | st.binary(max_size=12),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=6), inner, max_size=4),
        max_leaves=12,
    )
)
def test_bencode_round_trips(value: object) -> None:
    assert reference.bdecode(reference.bencode(value)) == value


@pytest.mark.parametrize(
    ("version", "v1", "v2"),
    [
        ("v1", "a206fa662f50616071705e34d8873a7c02e79de4", None),
        ("v2", None, "be98ebf3998968af895e5b8eb05be90476b8071a14a666c9744f662b78d9c395"),
        (
            "hybrid",
            "a0d01305f8d92ea54158353871e9bc01c00f6d23",
            "1585eb4a44641286a477611d950570973a37006594fa04d859b2f0679d5a7956",
        ),
    ],
)
def test_the_example_keeps_its_infohashes(version: reference.Version, v1: str | None, v2: str | None) -> None:
    """As libtorrent 2.1.1 finds them; a checkout that changes line endings fails here."""
    torrent = reference.create(EXAMPLE, version=version, piece_length=CORPUS_PIECE_LENGTH)
    found = tuple(infohash and infohash.hex() for infohash in reference.infohashes(torrent))
    assert found == (v1, v2)


class Absent:
    name = "a-program-nobody-has"

    def available(self) -> bool:
        return False


def test_a_missing_judge_skips_unless_all_are_demanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MKT_REQUIRE_JUDGES", raising=False)
    with pytest.raises(pytest.skip.Exception, match="a-program-nobody-has"):
        judges.require(Absent())
    monkeypatch.setenv("MKT_REQUIRE_JUDGES", "1")
    with pytest.raises(pytest.fail.Exception, match="a-program-nobody-has"):
        judges.require(Absent())
