"""Reading torrents: what others wrote, what is odd and read all the same, what is refused and how it is said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import judges
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import bdecode
from torrents import LONG, LONG_ROOT, PIECE, SHORT, encode, hybrid, leaf, pad, single, v1, v2

from mktorrent_py.errors import MetainfoError, TorrentError
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.parse.document import parse_metainfo

FIXTURES = Path(__file__).parent.parent / "fixtures" / "torrents"
Torrent = dict[str, Any]


def put(torrent: Torrent, value: Any, *keys: Any) -> Torrent:
    """The torrent with the value at a path of keys and indices; `...` removes what is there."""
    place: Any = torrent
    for key in keys[:-1]:
        place = place[key]
    if value is ...:
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    return torrent


@pytest.mark.parametrize("path", sorted(FIXTURES.glob("*.torrent")), ids=lambda path: path.stem)
def test_torrents_of_others_read_as_libtorrent_reads_them(path: Path) -> None:
    judges.require(judges.Libtorrent())
    import libtorrent

    data = path.read_bytes()
    metainfo = Metainfo.from_bytes(data)
    theirs = libtorrent.torrent_info(str(path))
    assert metainfo.to_bytes() == data
    assert metainfo.info.name == theirs.name()
    assert metainfo.infohashes.v1 == (theirs.info_hashes().v1.to_bytes() if theirs.info_hashes().has_v1() else None)
    assert metainfo.infohashes.v2 == (theirs.info_hashes().v2.to_bytes() if theirs.info_hashes().has_v2() else None)
    assert metainfo.info.layout.content_length == 307323 + (0 if metainfo.info.single else 95024)
    assert metainfo.comment == f"made by {path.stem.split('-')[0]}"
    assert metainfo.info.private == theirs.priv()
    outer = bdecode(data)
    tiers = outer.get(b"announce-list") or [[outer[b"announce"]]]
    assert [[url.encode() for url in tier] for tier in metainfo.trackers] == tiers
    assert parse_metainfo(data).warnings == ()


@pytest.mark.parametrize("make", [v1, v2, hybrid, single])
def test_the_sound_ones_are_sound(make: Callable[[], Torrent]) -> None:
    examination = parse_metainfo(encode(make()))
    assert (examination.errors, examination.warnings) == ((), ())
    assert Metainfo.from_bytes(encode(make())).to_bytes() == encode(make())


def raw_info(info: bytes, *, before: bytes = b"", after: bytes = b"") -> bytes:
    return b"d" + before + b"4:info" + info + after + b"e"


UNSORTED = b"d4:name1:n6:lengthi5e6:pieces20:" + b"p" * 20 + b"12:piece lengthi16384ee"
ODD: dict[str, tuple[bytes, set[str], Callable[[Metainfo], object], object]] = {
    # what: the bytes, the rules of all oddities, a look at the model, what is seen
    "unsorted v1 info": (
        raw_info(UNSORTED),
        {"unsorted-info"},
        lambda found: found.infohashes.v1,
        hashlib.sha1(UNSORTED).digest(),
    ),
    "first of duplicate keys": (
        raw_info(UNSORTED.replace(b"4:name1:n", b"4:name1:n4:name1:m")),
        {"unsorted-info", "info-duplicate-key"},
        lambda found: found.info.name,
        "n",
    ),
    "leading zero in info": (
        raw_info(encode(single()["info"]).replace(b"i5e", b"i05e")),
        {"info-leading-zero"},
        lambda found: found.info.layout.length,
        5,
    ),
    "trailing newline": (encode(v1()) + b"\n", {"trailing-data"}, lambda found: found.info.name, "n"),
    "unknown keys": (
        encode(put(put(v1(), {"y": []}, "zz"), 1, "info", "x")),
        set(),
        lambda found: dict(found.items)[b"zz"],
        b"d1:ylee",
    ),
    "name.utf-8": (
        encode(put(put(v1(), "ü", "info", "name.utf-8"), b"\xfc", "info", "name")),
        set(),
        lambda found: found.info.name,
        "ü",
    ),
    "name.utf-8 that is not": (
        encode(put(v1(), b"\xfc", "info", "name.utf-8")),
        set(),
        lambda found: found.info.name,
        "n",
    ),
    "path.utf-8": (
        encode(put(v1(), ["é"], "info", "files", 1, "path.utf-8")),
        set(),
        lambda found: found.info.files[1].path,
        ("é",),
    ),
    "name not UTF-8": (
        encode(put(v1(), b"\xff", "info", "name")),
        {"text-not-utf-8"},
        lambda found: found.info.name,
        "\udcff",
    ),
    "BitComet padding": (
        encode(
            put(
                put(v1(), b"p" * 80, "info", "pieces"),
                [
                    {"length": SHORT, "path": ["a"]},
                    {"length": PIECE - SHORT, "path": ["_____padding_file_0_if you see this file"]},
                    {"length": LONG, "path": ["b"]},
                ],
                "info",
                "files",
            )
        ),
        set(),
        lambda found: ([file.path for file in found.info.files], found.info.layout.offsets),
        ([("a",), ("b",)], (0, PIECE)),
    ),
    "announce-list empty": (
        encode(put(put(v1(), [], "announce-list"), "http://a", "announce")),
        {"announce-list-empty"},
        lambda found: found.trackers,
        (("http://a",),),
    ),
    "announce-list flat": (
        encode(put(put(v1(), ["http://b"], "announce-list"), "http://a", "announce")),
        {"announce-list-empty", "field-wrong-type"},
        lambda found: found.trackers,
        (("http://a",),),
    ),
    "announce-list junk": (
        encode(put(v1(), [["http://a", 3, ""], 7, [[]], ["http://b", "http://a"]], "announce-list")),
        {"field-wrong-type"},
        lambda found: found.trackers,
        (("http://a",), ("http://b",)),
    ),
    "url-list string": (
        encode(put(v1(), "http://w/", "url-list")),
        set(),
        lambda found: found.web_seeds,
        ("http://w/",),
    ),
    "url-list empty": (encode(put(v1(), "", "url-list")), set(), lambda found: found.web_seeds, ()),
    "url-list junk": (
        encode(put(v1(), ["http://w/", 1, {}, "", "http://w/"], "url-list")),
        {"field-wrong-type"},
        lambda found: found.web_seeds,
        ("http://w/",),
    ),
    "nodes junk": (
        encode(put(v1(), [["h", 1], ["h", 0], ["h"], [1, "h"], "x", ["::1", 65535], ["h", 65536]], "nodes")),
        {"node-malformed"},
        lambda found: found.nodes,
        (("h", 1), ("::1", 65535)),
    ),
    "nodes a dictionary": (encode(put(v1(), {}, "nodes")), {"field-wrong-type"}, lambda found: found.nodes, ()),
    "date a string": (
        encode(put(v1(), "2020", "creation date")),
        {"field-wrong-type"},
        lambda found: found.creation_date,
        None,
    ),
    "date negative": (
        encode(put(v1(), -1, "creation date")),
        {"date-out-of-range"},
        lambda found: found.creation_date,
        None,
    ),
    "date far off": (
        encode(put(v1(), 10**17, "creation date")),
        set(),
        lambda found: found.creation_date,
        10**17,
    ),
    "comment not UTF-8": (
        encode(put(v1(), b"\xe9t\xe9", "comment")),
        {"text-not-utf-8"},
        lambda found: found.comment,
        "\udce9t\udce9",
    ),
    "sha1 in hex": (
        encode(put(v1(), "ab" * 20, "info", "files", 0, "sha1")),
        {"sha1-malformed"},
        lambda found: len(found.info.files),
        2,
    ),
    "private a string": (
        encode(put(v1(), "1", "info", "private")),
        {"field-wrong-type"},
        lambda found: found.info.private,
        False,
    ),
    "private 2": (
        encode(put(v1(), 2, "info", "private")),
        {"private-not-0-or-1"},
        lambda found: found.info.private,
        False,
    ),
    "duplicate paths": (
        encode(put(v1(), ["d", "a.txt"], "info", "files", 1, "path")),
        {"duplicate-path"},
        lambda found: len(found.info.files),
        2,
    ),
    "file and directory": (
        encode(put(v1(), ["d"], "info", "files", 1, "path")),
        {"path-clash"},
        lambda found: len(found.info.files),
        2,
    ),
    "symlink without length": (
        encode(put(v1(), {"attr": "lz", "path": ["l"], "symlink path": ["e.bin"]}, "info", "files", 0)),
        set(),
        lambda found: (found.info.files[0].length, found.info.files[0].symlink, found.info.files[0].attributes),
        (0, ("e.bin",), "l"),
    ),
    "empty v2 file with a root": (
        encode(put(v2(), leaf(0, bytes(32)), "info", "file tree", "z")),
        {"empty-file-with-root"},
        lambda found: found.info.files[-1].pieces_root,
        None,
    ),
    "empty v2 file": (
        encode(put(v2(), leaf(0), "info", "file tree", "z")),
        set(),
        lambda found: found.info.files[-1].path,
        ("z",),
    ),
    "empty directory": (
        encode(put(v2(), {}, "info", "file tree", "z")),
        {"empty-directory"},
        lambda found: len(found.info.files),
        2,
    ),
    "no piece layers": (
        encode(put(v2(), ..., "piece layers")),
        {"piece-layers-missing"},
        lambda found: found.piece_layers,
        None,
    ),
    "a layer missing": (
        encode(put(v2(), {}, "piece layers")),
        {"piece-layers-missing"},
        lambda found: found.piece_layers,
        {},
    ),
    "pieces in v2": (
        encode(put(v2(), b"", "info", "pieces")),
        {"v1-half-incomplete"},
        lambda found: found.version.value,
        "v2",
    ),
    "hybrid without tail pad": (
        encode(put(hybrid(), ..., "info", "files", 3)),
        set(),
        lambda found: (found.info.layout.length, found.version.value),
        (PIECE + LONG, "hybrid"),
    ),
    "meta version 1": (encode(put(v1(), 1, "info", "meta version")), set(), lambda found: found.version.value, "v1"),
}


@pytest.mark.parametrize("case", ODD)
def test_odd_torrents_are_read_and_told_of(case: str) -> None:
    data, rules, look, seen = ODD[case]
    examination = parse_metainfo(data)
    assert {remark.rule for remark in examination.warnings} == rules
    assert look(examination.require()) == seen


HASHES_DIFFER = "the v1 and v2 parts describe different files: "
BAD: dict[str, tuple[Torrent | bytes, str, str]] = {
    # what: the torrent, the key path, the message (both of the first error)
    "no info": ({}, "info", "is missing"),
    "only a magnet": ({"magnet-uri": "m"}, "info", "is missing: this file contains only a magnet URI"),
    "a list": (b"le", "", "a torrent file is a dictionary; this is a list"),
    "info a list": ({"info": []}, "info", "is a list, not a dictionary"),
    "name missing": (put(v1(), ..., "info", "name"), "info.name", "is missing"),
    "name a number": (put(v1(), 1, "info", "name"), "info.name", "is an integer, not a string"),
    "name empty": (put(v1(), "", "info", "name"), "info.name", "'' is empty"),
    "name up": (put(v1(), "..", "info", "name"), "info.name", "'..' would leave the directory"),
    "name slash": (put(v1(), "/etc", "info", "name"), "info.name", "'/etc' contains a slash"),
    "name drive": (put(v1(), "c:", "info", "name"), "info.name", "'c:' is a drive letter"),
    "path up": (
        put(v1(), "..", "info", "files", 0, "path", 0),
        "info.files[0].path[0]",
        "'..' would leave the directory",
    ),
    "path dot": (
        put(v1(), ".", "info", "files", 1, "path", 0),
        "info.files[1].path[0]",
        "'.' is the directory itself",
    ),
    "path NUL": (put(v1(), "a\0", "info", "files", 1, "path", 0), "info.files[1].path[0]", "'a\\x00' contains a NUL"),
    "path empty part": (put(v1(), "", "info", "files", 0, "path", 0), "info.files[0].path[0]", "'' is empty"),
    "path backslash": (
        put(v1(), "a\\b", "info", "files", 0, "path", 0),
        "info.files[0].path[0]",
        "'a\\b' contains a backslash, which separates directories on Windows",
    ),
    "path none": (put(v1(), [], "info", "files", 0, "path"), "info.files[0].path", "is empty: the file has no name"),
    "path a string": (
        put(v1(), "a", "info", "files", 0, "path"),
        "info.files[0].path",
        "is a string, not a list of strings",
    ),
    "path of numbers": (
        put(v1(), [1], "info", "files", 0, "path"),
        "info.files[0].path[0]",
        "is an integer, not a string",
    ),
    "path missing": (put(v1(), ..., "info", "files", 0, "path"), "info.files[0].path", "is missing"),
    "symlink up": (
        put(v1(), ["..", "x"], "info", "files", 0, "symlink path"),
        "info.files[0].symlink path[0]",
        "'..' would leave the directory",
    ),
    "length missing": (put(v1(), ..., "info", "files", 1, "length"), "info.files[1].length", "is missing"),
    "length negative": (
        put(v1(), -1, "info", "files", 1, "length"),
        "info.files[1].length",
        "is -1, outside 0 to 9,223,372,036,854,775,807",
    ),
    "length 2^63": (
        put(v1(), 2**63, "info", "files", 1, "length"),
        "info.files[1].length",
        "is 9,223,372,036,854,775,808, outside 0 to 9,223,372,036,854,775,807",
    ),
    "lengths add up": (
        put(v1(), 2**63 - 1, "info", "files", 1, "length"),
        "info.files",
        "lengths add up to 9,223,372,036,854,775,812 bytes, more than 2^63 - 1",
    ),
    "files a dictionary": (put(v1(), {}, "info", "files"), "info.files", "is a dictionary, not a list"),
    "files of strings": (put(v1(), ["x"], "info", "files"), "info.files[0]", "is a string, not a dictionary"),
    "files and length": (put(v1(), 5, "info", "length"), "info", "has both `files` and `length`"),
    "neither files nor length": (put(v1(), ..., "info", "files"), "info", "has neither `files` nor `length`"),
    "no content": (
        put(put(v1(), [], "info", "files"), b"", "info", "pieces"),
        "info",
        "has no bytes of content: no client takes such a torrent",
    ),
    "piece length missing": (put(v1(), ..., "info", "piece length"), "info.piece length", "is missing"),
    "piece length 0": (
        put(v1(), 0, "info", "piece length"),
        "info.piece length",
        "is 0, outside 1 to 9,223,372,036,854,775,807",
    ),
    "pieces missing": (put(v1(), ..., "info", "pieces"), "info.pieces", "is missing"),
    "pieces a list": (put(v1(), [], "info", "pieces"), "info.pieces", "is a list, not a string"),
    "pieces ragged": (put(v1(), b"p" * 59, "info", "pieces"), "info.pieces", "59 bytes are not a multiple of 20"),
    "pieces too few": (put(v1(), b"p" * 40, "info", "pieces"), "info.pieces", "contains 2 pieces; the files need 3"),
    "pieces too many": (put(v1(), b"p" * 80, "info", "pieces"), "info.pieces", "contains 4 pieces; the files need 3"),
    "BEP 30": (
        {"info": {"name": "n", "piece length": PIECE, "length": 5, "root hash": b"r" * 20}},
        "info.root hash",
        "is there instead of `pieces`: a BEP 30 torrent, which no client reads",
    ),
    "meta version 3": (put(v2(), 3, "info", "meta version"), "info.meta version", "is 3: a newer kind of torrent"),
    "meta version 0": (put(v2(), 0, "info", "meta version"), "info.meta version", "is 0, neither 1 nor 2"),
    "meta version text": (put(v2(), "2", "info", "meta version"), "info.meta version", "is a string, not an integer"),
    "meta version missing": (
        put(v2(), ..., "info", "meta version"),
        "info.meta version",
        "is missing beside a `file tree`",
    ),
    "v2 with length": (
        put(v2(), 5, "info", "length"),
        "info",
        "has `files` or `length` but no `pieces`: neither v2 nor hybrid",
    ),
    "v2 piece length small": (
        put(v2(), 8192, "info", "piece length"),
        "info.piece length",
        "is 8,192; v2 needs a power of two of at least 16,384 (BEP 52)",
    ),
    "v2 piece length odd": (
        put(v2(), 3 * PIECE, "info", "piece length"),
        "info.piece length",
        "is 49,152; v2 needs a power of two of at least 16,384 (BEP 52)",
    ),
    "tree missing": (put(v2(), ..., "info", "file tree"), "info.file tree", "is missing"),
    "tree a list": (put(v2(), [], "info", "file tree"), "info.file tree", "is a list, not a dictionary"),
    "root is a file": (
        put(v2(), {"length": 5}, "info", "file tree", ""),
        "info.file tree",
        "the root of the tree is a file",
    ),
    "file and directory": (
        put(v2(), leaf(0), "info", "file tree", "d", "a.txt", "x"),
        "info.file tree[d/a.txt]",
        "is a file and a directory at once",
    ),
    "node a number": (put(v2(), 1, "info", "file tree", "d"), "info.file tree[d]", "is an integer, not a dictionary"),
    "leaf a number": (
        put(v2(), {"": 1}, "info", "file tree", "d"),
        "info.file tree[d]",
        "is an integer, not a dictionary",
    ),
    "tree up": (put(v2(), leaf(0), "info", "file tree", ".."), "info.file tree[]", "'..' would leave the directory"),
    "pad in tree": (
        put(v2(), "xp", "info", "file tree", "e.bin", "", "attr"),
        "info.file tree[e.bin].attr",
        "a pad file has no place in the file tree",
    ),
    "root missing": (
        put(v2(), ..., "info", "file tree", "e.bin", "", "pieces root"),
        "info.file tree[e.bin].pieces root",
        "is missing for a file that is not empty",
    ),
    "root short": (
        put(v2(), b"r" * 31, "info", "file tree", "e.bin", "", "pieces root"),
        "info.file tree[e.bin].pieces root",
        "is not a SHA-256 root of 32 bytes",
    ),
    "root of zeros": (
        put(v2(), bytes(32), "info", "file tree", "e.bin", "", "pieces root"),
        "info.file tree[e.bin].pieces root",
        "is not a SHA-256 root of 32 bytes",
    ),
    "root shared": (
        put(v2(), leaf(LONG + 1, LONG_ROOT), "info", "file tree", "f"),
        "info.file tree[f].pieces root",
        "is that of a file of 32,769 bytes; this one has 32,770",
    ),
    "layers a list": (put(v2(), [], "piece layers"), "piece layers", "is a list, not a dictionary"),
    "layer unknown": (
        put(v2(), b"", "piece layers", b"\x01" * 32),
        f"piece layers[{'01' * 32}]",
        "belongs to no file that is longer than a piece",
    ),
    "layer of exactly a piece": (
        put(put(v2(), leaf(PIECE, b"\x01" * 32), "info", "file tree", "f"), b"\x01" * 32, "piece layers", b"\x01" * 32),
        f"piece layers[{'01' * 32}]",
        "belongs to no file that is longer than a piece",
    ),
    "layer short": (
        put(v2(), b"h" * 64, "piece layers", LONG_ROOT),
        f"piece layers[{LONG_ROOT.hex()}]",
        "is 64 bytes long; 32,769 bytes of content need 96",
    ),
    "layer wrong": (
        put(v2(), b"h" * 96, "piece layers", LONG_ROOT),
        f"piece layers[{LONG_ROOT.hex()}]",
        "does not hash to its root",
    ),
    "layer a list": (
        put(v2(), [], "piece layers", LONG_ROOT),
        f"piece layers[{LONG_ROOT.hex()}]",
        "is a list, not a string",
    ),
    "hybrid name": (
        put(hybrid(), ["d", "b.txt"], "info", "files", 0, "path"),
        "info",
        HASHES_DIFFER + "d/b.txt in v1 where v2 has d/a.txt",
    ),
    "hybrid length": (
        put(hybrid(), LONG - 1, "info", "files", 2, "length"),
        "info",
        HASHES_DIFFER + "e.bin has 32,768 bytes in v1, 32,769 in v2",
    ),
    "hybrid count": (put(hybrid(), ..., "info", "files", 2), "info", HASHES_DIFFER + "1 in v1, 2 in v2"),
    "hybrid pad missing": (
        put(hybrid(), ..., "info", "files", 1),
        "info",
        HASHES_DIFFER + "e.bin starts at byte 5 in v1, 16,384 in v2 (missing or wrong pad files)",
    ),
    "hybrid pad too long": (
        put(hybrid(), pad(2 * PIECE - SHORT), "info", "files", 1),
        "info",
        HASHES_DIFFER + "e.bin starts at byte 32,768 in v1, 16,384 in v2 (missing or wrong pad files)",
    ),
    "hybrid tail pad too long": (
        put(hybrid(), pad(2 * PIECE - 1), "info", "files", 3),
        "info",
        HASHES_DIFFER + "81,920 bytes in v1, 65,536 in v2 with padding",
    ),
    "hybrid pad split": (
        put(
            hybrid(),
            [*hybrid()["info"]["files"][:1], pad(PIECE - SHORT - 1), pad(1), *hybrid()["info"]["files"][2:]],
            "info",
            "files",
        ),
        "info",
        HASHES_DIFFER + "pad files are split or empty",
    ),
    "hybrid order": (
        put(hybrid(), list(reversed(hybrid()["info"]["files"])), "info", "files"),
        "info",
        HASHES_DIFFER + "e.bin in v1 where v2 has d/a.txt",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_torrents_are_refused_with_the_place(case: str) -> None:
    torrent, path, message = BAD[case]
    data = torrent if isinstance(torrent, bytes) else encode(torrent)
    with pytest.raises(MetainfoError) as caught:
        Metainfo.from_bytes(data)
    assert (caught.value.path, caught.value.message) == (path, message)


def test_the_byte_is_said_where_the_value_stands() -> None:
    data = encode(put(v1(), -1, "info", "files", 1, "length"))
    with pytest.raises(MetainfoError) as caught:
        Metainfo.from_bytes(data)
    assert caught.value.offset == data.index(b"i-1e")


def test_v2_info_must_be_canonical_however_much_else_is_not() -> None:
    info = encode(v2()["info"])
    unsorted_info = b"d4:name1:n" + info[1:].replace(b"4:name1:n", b"")
    with pytest.raises(MetainfoError, match="comes after"):
        Metainfo.from_bytes(raw_info(unsorted_info))
    noise = b"".join(b"1:ai0%de" % number for number in range(300))
    with pytest.raises(MetainfoError, match="comes after"):
        Metainfo.from_bytes(raw_info(unsorted_info, before=noise))


def test_all_that_is_wrong_is_found_not_the_first_thing() -> None:
    torrent = put(put(put(v1(), "..", "info", "name"), ..., "info", "piece length"), b"x", "info", "pieces")
    torrent["info"]["files"][0]["path"] = ["a/b"]
    torrent["nodes"] = 3
    examination = parse_metainfo(encode(torrent))
    assert [remark.path for remark in examination.errors] == [
        "info.name",
        "info.piece length",
        "info.pieces",
        "info.files[0].path[0]",
    ]
    assert [remark.path for remark in examination.warnings] == ["nodes"]


LEAVES = st.one_of(st.integers(), st.binary(max_size=40), st.sampled_from([b"..", b"", b"a", b"\xff", b"p", bytes(32)]))
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.binary(max_size=4), inner, max_size=4),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *(
            "announce",
            "announce-list",
            "comment",
            "creation date",
            "info",
            "nodes",
            "piece layers",
            "similar",
            "url-list",
        ),
        *("attr", "file tree", "files", "length", "meta version", "name", "piece length", "pieces", "private"),
    ]
)


@given(make=st.sampled_from([v1, v2, hybrid, single]), inside=st.booleans(), key=KEYS, value=VALUES)
def test_any_value_anywhere_gives_a_model_or_an_error(
    make: Callable[[], Torrent], inside: bool, key: str, value: Any
) -> None:
    torrent = make()
    (torrent["info"] if inside else torrent)[key] = value
    check(encode(torrent))


@given(make=st.sampled_from([v1, v2, hybrid, single]), data=st.data())
def test_any_damage_gives_a_model_or_an_error(make: Callable[[], Torrent], data: st.DataObject) -> None:
    torrent = encode(make())
    start = data.draw(st.integers(0, len(torrent)))
    stop = data.draw(st.integers(start, min(start + 8, len(torrent))))
    check(torrent[:start] + data.draw(st.binary(max_size=8)) + torrent[stop:])


def check(data: bytes) -> None:
    try:
        metainfo = Metainfo.from_bytes(data)
    except TorrentError as error:
        assert str(error)
        return
    again = Metainfo.from_bytes(metainfo.to_bytes())
    assert again.info == metainfo.info


def test_a_long_name_is_not_told_for_every_file() -> None:
    entries = b"".join(b"8:%08di0e" % number for number in range(2000))
    tree = b"d1000000:" + b"a" * 1_000_000 + b"d" + entries + b"ee"
    info = b"d9:file tree" + tree + b"12:meta versioni2e4:name1:n12:piece lengthi16384ee"
    examination = parse_metainfo(raw_info(info))
    assert len(examination.errors) == 1000
    assert all(len(remark.path) < 400 for remark in examination.errors)
    assert sum(len(remark.message) for remark in examination.errors) < 100_000


# Pad files

BITCOMET = "_____padding_file_"


@given(
    st.lists(
        st.tuples(
            st.lists(
                st.sampled_from(["a", "b", "_____padding_file_0_x", "x_____padding_file_0"]), min_size=1, max_size=3
            ),
            st.sampled_from(["", "p", "x", "hp"]),
            st.integers(0, 5),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_an_entry_is_padding_by_its_attribute_or_by_its_own_name(entries: list[tuple[list[str], str, int]]) -> None:
    """BitComet's prefix counts in the name of the file, not in that of a directory above it."""
    files = [{"attr": attr, "length": length, "path": path} for path, attr, length in entries]
    files.append({"length": 1, "path": ["end"]})
    total = sum([length for _, _, length in entries]) + 1
    info = {"name": "n", "piece length": PIECE, "files": files, "pieces": b"p" * 20 * -(-total // PIECE)}
    kept = [tuple(path) for path, attr, _ in entries if "p" not in attr and not path[-1].startswith(BITCOMET)]
    found = Metainfo.from_bytes(encode({"info": info})).info.layout
    assert [file.path for file in found.files] == [*kept, ("end",)]
    assert found.offsets[-1] == total - 1
