"""Edits: what was named changes, everything else keeps its bytes, and the infohash its permission."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import judges
import pytest
import reference
import trees
from hypothesis import given
from hypothesis import strategies as st

from mktorrent_py.errors import MetainfoError, RefusedError, UsageError
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.diff.fields import Change, changes_between, consequences
from mktorrent_py.metainfo.edit import (
    Edit,
    ListChange,
    TierChange,
    changes_infohash,
    edit_metainfo,
)
from mktorrent_py.metainfo.edit.apply import CONTENT_KEYS
from mktorrent_py.metainfo.metainfo import Metainfo

A, B, C, D = (f"https://{letter}.example/announce" for letter in "abcd")
INFO = {"length": 5, "name": "five", "piece length": 16384, "pieces": b"p" * 20}
UNSORTED_INFO = b"d4:name4:five6:lengthi5e3:zoo3:elk12:piece lengthi016384e6:pieces20:" + b"p" * 20 + b"e"


def raw(info: bytes | None = None, **outer: Any) -> bytes:
    """A torrent file of five bytes; `outer` are more keys, with `_` for a space."""
    items = {key.replace("_", " ").encode(): reference.bencode(value) for key, value in outer.items()}
    items[b"info"] = info if info is not None else reference.bencode(INFO)
    return b"d%be" % b"".join([reference.bencode(key) + value for key, value in sorted(items.items())])


def torrent(info: bytes | None = None, **outer: Any) -> Metainfo:
    return Metainfo.from_bytes(raw(info, **outer))


def edited(before: Metainfo, **changes: Any) -> dict[str, Any]:
    """The outer keys after an edit, decoded by the reference, `info` left out."""
    after = reference.bdecode(edit_metainfo(before, Edit(**changes)).to_bytes())
    return {key.decode(): value for key, value in after.items() if key != b"info"}


# --- what is not named stays ---

EDITED = (b"info", b"announce", b"announce-list", b"comment", b"created by", b"creation date")
KEYS = st.binary(min_size=1, max_size=12).filter(lambda key: key not in EDITED)
VALUES = st.recursive(
    st.integers() | st.binary(max_size=20), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner)
)


@given(
    outer=st.lists(st.tuples(KEYS, VALUES), max_size=6, unique_by=lambda item: item[0]),
    info=st.sampled_from([reference.bencode(INFO), UNSORTED_INFO]),
    place=st.integers(0, 6),
)
def test_an_outer_edit_keeps_every_other_byte_and_every_place(
    outer: list[tuple[bytes, Any]], info: bytes, place: int
) -> None:
    items = [(key, reference.bencode(value)) for key, value in outer]
    items.insert(place, (b"info", info))
    before = Metainfo.from_bytes(b"d%be" % b"".join([reference.bencode(key) + value for key, value in items]))
    edit = Edit(comment="new", trackers=TierChange(replace=((A,),)))
    after = edit_metainfo(before, edit)
    assert [item for item in after.items if item[0] not in (b"announce", b"comment")] == list(before.items)
    assert reference.raw_info(after.to_bytes()) == info
    assert after.infohashes.v1 == hashlib.sha1(info).digest()
    assert (after.comment, after.trackers) == ("new", ((A,),))


@given(keys=st.lists(KEYS, max_size=6, unique=True))
def test_a_new_key_goes_where_it_sorts(keys: list[bytes]) -> None:
    items = sorted([*[(key, b"1:x") for key in keys], (b"info", reference.bencode(INFO))])
    before = Metainfo.from_bytes(b"d%be" % b"".join([reference.bencode(key) + value for key, value in items]))
    after = edit_metainfo(before, Edit(comment="new", created_by="me", creation_date=0))
    assert [key for key, _ in after.items] == sorted([*keys, b"info", b"comment", b"created by", b"creation date"])
    bencode.decode(after.to_bytes())


def test_nothing_is_added_that_was_not_asked_for() -> None:
    assert edited(torrent(), comment="x") == {"comment": b"x"}


@pytest.mark.parametrize(
    "edit",
    [
        Edit(comment="c"),
        Edit(trackers=TierChange(add=((A,),))),
        Edit(web_seeds=ListChange(add=("http://w/",))),
        Edit(private=False),
        Edit(source=None),
        Edit(name="five"),
    ],
)
def test_an_edit_that_says_what_is_there_already_changes_nothing(edit: Edit) -> None:
    before = torrent(UNSORTED_INFO, comment="c", announce=A, url_list=[])
    before = edit_metainfo(before, Edit(web_seeds=ListChange(replace=("http://w/",))))
    assert edit_metainfo(before, edit) is before


def test_an_equal_value_keeps_its_form() -> None:
    before = Metainfo.from_bytes(b"d7:comment01:c4:info" + reference.bencode(INFO) + b"e")
    assert edit_metainfo(before, Edit(comment="c")) is before


def test_readers_that_prefer_utf8_keys_see_the_new_text_too() -> None:
    before = torrent(**{"comment": b"\xc4", "comment.utf-8": "Ä"})
    assert edited(before, comment="new") == {"comment": b"new", "comment.utf-8": b"new"}
    assert edited(before, comment=None) == {}


# --- trackers ---


@pytest.mark.parametrize(
    ("tiers", "change", "wanted"),
    [
        ([], {"add": ((A,),)}, [[A]]),
        ([], {"add": ((A, B), (C,))}, [[A, B], [C]]),
        ([[A]], {"add": ((B,),)}, [[A], [B]]),
        ([[A]], {"add": ((A, B),)}, [[A], [B]]),
        ([[A, B], [C]], {"remove": (A,)}, [[B], [C]]),
        ([[A], [B]], {"remove": (A,)}, [[B]]),
        ([[A]], {"remove": (A,)}, []),
        ([[A, B], [C]], {"remove_tiers": (1,)}, [[C]]),
        ([[A, B], [C]], {"remove_tiers": (2, 1)}, []),
        ([[A], [B]], {"add_to_tier": ((1, C), (2, D))}, [[A, C], [B, D]]),
        ([[A], [B]], {"remove": (A,), "add_to_tier": ((1, C), (2, A))}, [[C], [B, A]]),
        ([[A], [B]], {"remove_tiers": (1,), "add_to_tier": ((2, C),)}, [[B, C]]),
        ([[A], [B]], {"replace": ((C, D),)}, [[C, D]]),
        ([[A], [B]], {"replace": ((C,),), "add": ((D,),)}, [[C], [D]]),
        ([[A], [B]], {"replace": ()}, []),
        ([[A]], {"replace": ((B, B), (B,))}, [[B]]),
    ],
)
def test_tiers(tiers: list[list[str]], change: dict[str, Any], wanted: list[list[str]]) -> None:
    before = edit_metainfo(torrent(), Edit(trackers=TierChange(replace=tuple(map(tuple, tiers)))))
    fields = edited(before, trackers=TierChange(**change))
    urls = [url.encode() for tier in wanted for url in tier]
    assert fields.get("announce") == (urls[0] if urls else None)
    assert fields.get("announce-list") == (
        [[url.encode() for url in tier] for tier in wanted] if len(urls) > 1 else None
    )


def test_setting_the_trackers_mends_an_announce_that_says_something_else() -> None:
    before = torrent(**{"announce": A, "announce-list": [[B]]})
    assert edited(before, trackers=TierChange(replace=((B,),))) == {"announce": B.encode()}


def test_taking_all_trackers_away_takes_away_what_cannot_be_read() -> None:
    before = torrent(**{"announce": 5, "announce-list": ["flat"]})
    assert edited(before, trackers=TierChange(replace=())) == {}


@pytest.mark.parametrize(
    ("edit", "noun"),
    [
        (Edit(trackers=TierChange(remove=(B,))), f"tracker {B}"),
        (Edit(trackers=TierChange(remove_tiers=(2,))), "tier 2"),
        (Edit(trackers=TierChange(remove_tiers=(0,))), "tier 0"),
        (Edit(trackers=TierChange(remove_tiers=(1, 1))), "tier 1"),
        (Edit(web_seeds=ListChange(remove=("http://w/",))), "web seed http://w/"),
        (Edit(http_seeds=ListChange(remove=("http://w/",))), "HTTP seed http://w/"),
        (Edit(nodes=ListChange(remove=(("::1", 5),))), "node [::1]:5"),
        (Edit(similar=ListChange(remove=(b"s" * 20,))), f"similar torrent {'73' * 20}"),
        (Edit(collections=ListChange(remove=("c",))), "collection c"),
        (Edit(keys=(("x", None),)), "key x"),
        (Edit(keys=(("info.x", None),)), "key info.x"),
    ],
)
def test_what_is_not_there_cannot_be_taken_away(edit: Edit, noun: str) -> None:
    before = torrent(announce=A)
    with pytest.raises(UsageError) as caught:
        edit_metainfo(before, edit, label="some.torrent")
    assert str(caught.value) == f"some.torrent has no {noun}"
    if noun != "tier 1":
        assert edit_metainfo(before, replace(edit, if_present=True)) is before


def test_a_tier_that_is_not_there_takes_no_tracker() -> None:
    for number in (0, 2):
        with pytest.raises(UsageError, match=f"no tier {number}"):
            edit_metainfo(torrent(announce=A), Edit(trackers=TierChange(add_to_tier=((number, B),)), if_present=True))


# --- lists and texts ---


def test_lists() -> None:
    before = torrent()
    seeds = ListChange(replace=("http://a/", "http://b/"), remove=("http://a/",), add=("http://b/", "http://c/"))
    assert edited(before, web_seeds=seeds) == {"url-list": [b"http://b/", b"http://c/"]}
    assert edited(before, web_seeds=ListChange(add=("http://a/",))) == {"url-list": b"http://a/"}
    assert edited(before, http_seeds=ListChange(add=("http://a/",))) == {"httpseeds": [b"http://a/"]}
    assert edited(before, nodes=ListChange(add=(("::1", 80),))) == {"nodes": [[b"::1", 80]]}
    assert edited(before, similar=ListChange(add=(b"s" * 20,))) == {"similar": [b"s" * 20]}
    assert edited(before, collections=ListChange(add=("c", "c"))) == {"collections": [b"c"]}
    assert edited(torrent(httpseeds=["http://a/"], url_list=""), http_seeds=ListChange(replace=())) == {"url list": b""}


def test_what_stands_inside_info_is_not_an_outer_item() -> None:
    info = reference.bencode({**INFO, "collections": ["inner"], "similar": [b"i" * 20]})
    before = torrent(info, collections=["outer"])
    with pytest.raises(UsageError, match="no collection inner"):
        edit_metainfo(before, Edit(collections=ListChange(remove=("inner",))))
    assert edited(before, collections=ListChange(add=("more",))) == {"collections": [b"outer", b"more"]}
    assert edited(before, similar=ListChange(add=(b"o" * 20,)))["similar"] == [b"o" * 20]


@pytest.mark.parametrize(
    "edit",
    [
        Edit(comment="\udcff"),
        Edit(source="\udcff", new_infohash=True),
        Edit(creation_date=-1),
        *[Edit(name=name, new_infohash=True) for name in ("", ".", "..", "a/b", "a\\b", "a\0", "C:", "\udcff")],
        *[Edit(keys=((key, value),), new_infohash=True) for key in sorted(CONTENT_KEYS) for value in (b"", None)],
    ],
)
def test_what_no_torrent_can_take(edit: Edit) -> None:
    with pytest.raises(UsageError):
        edit_metainfo(torrent(), edit)


def test_a_key_that_makes_the_torrent_unsafe_is_refused() -> None:
    with pytest.raises(MetainfoError, match="would make five invalid"):
        edit_metainfo(torrent(), Edit(keys=(("info.name.utf-8", "../up"),), new_infohash=True))


def test_private_and_nodes_do_not_go_together() -> None:
    node = ListChange(add=(("h", 1),))
    with pytest.raises(UsageError, match="BEP 27"):
        edit_metainfo(torrent(), Edit(nodes=node, private=True, new_infohash=True))
    already = torrent(reference.bencode({**INFO, "private": 1}), nodes=[["h", 1]])
    assert edit_metainfo(already, Edit(comment="x")).comment == "x"


# --- inside info ---

INSIDE = [
    Edit(name="six"),
    Edit(private=True),
    Edit(source="S"),
    Edit(update_url="http://u/"),
    Edit(keys=(("info.x", 1),)),
]


@pytest.mark.parametrize("edit", INSIDE)
def test_a_new_infohash_wants_permission(edit: Edit) -> None:
    before = torrent()
    assert changes_infohash(edit)
    with pytest.raises(RefusedError) as caught:
        edit_metainfo(before, edit, label="some.torrent")
    assert "some.torrent" in str(caught.value) and before.infohashes.v1.hex() in str(caught.value)
    after = edit_metainfo(before, replace(edit, new_infohash=True))
    assert after.infohashes != before.infohashes
    bencode.decode(after.info.raw)


def test_outer_edits_say_so() -> None:
    outer = Edit(comment=None, trackers=TierChange(add=((A,),)), keys=(("infos", 1),), new_infohash=True)
    assert not changes_infohash(outer)


def test_info_edits_keep_every_other_key() -> None:
    before = torrent(reference.bencode({**INFO, "x": {"y": [b"\xff", -1]}, "private": 0}))
    after = edit_metainfo(before, Edit(source="S", private=True, keys=(("info.z", "\udcff"),), new_infohash=True))
    info = reference.bdecode(after.info.raw)
    expected = {**INFO, "name": b"five", "x": {b"y": [b"\xff", -1]}, "private": 1, "source": b"S", "z": b"\xff"}
    assert info == {key.encode(): value for key, value in expected.items()}


def test_info_that_was_not_canonical_becomes_so_and_that_is_said() -> None:
    before = torrent(UNSORTED_INFO, signatures={"org.example": {"signature": "s"}})
    after = edit_metainfo(before, Edit(source="S", new_infohash=True))
    expected = {**INFO, "name": b"five", "zoo": b"elk", "source": b"S"}
    assert after.info.raw == reference.bencode(expected)
    assert [
        words for words in ("signatures", "canonical") for said in consequences(before, after) if words in said
    ] == [
        "signatures",
        "canonical",
    ]
    assert consequences(before, edit_metainfo(before, Edit(comment="x"))) == ()
    assert changes_between(before, after) == (Change(field="source", old=None, new="S"),)


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid"])
@pytest.mark.parametrize("content", [40_000, {"a": 40_000, "b/c": 3}], ids=["file", "directory"])
def test_renaming_makes_what_creating_under_that_name_makes(
    tmp_path: Path, version: str, content: trees.Content
) -> None:
    root = trees.write_content(tmp_path / "content", content)
    before = Metainfo.from_bytes(reference.create(root, version=version, piece_length=16384))
    after = edit_metainfo(before, Edit(name="new näme", new_infohash=True)).to_bytes()
    renamed = root.rename(tmp_path / "new näme")
    assert after == reference.create(renamed, version=version, piece_length=16384)
    judge = judges.Libtorrent()
    judges.require(judge)
    assert judge.infohashes(after) == reference.infohashes(after)


def test_a_lone_file_of_another_name_than_the_torrent_keeps_it() -> None:
    leaf = {"": {"length": 5, "pieces root": b"r" * 32}}
    info = {"file tree": {"file": leaf}, "meta version": 2, "name": "directory", "piece length": 16384}
    before = torrent(reference.bencode(info), piece_layers={})
    after = edit_metainfo(before, Edit(name="new", new_infohash=True))
    assert (after.info.name, after.info.files[0].path) == ("new", ("file",))


# --- what is told ---


def test_changes_are_told_by_field() -> None:
    before = torrent(announce=A, comment="old", x_tag=b"\xff")
    edit = Edit(
        trackers=TierChange(add=((B,),)),
        comment=None,
        similar=ListChange(add=(b"s" * 20,)),
        private=True,
        name="six",
        keys=(("x tag", None), ("y", [1, {"z": "w"}])),
        new_infohash=True,
    )
    changes = {
        change.field: (change.old, change.new) for change in changes_between(before, edit_metainfo(before, edit))
    }
    assert changes == {
        "trackers": ([[A]], [[A], [B]]),
        "comment": ("old", None),
        "similar": ([], ["73" * 20]),
        "private": (False, True),
        "name": ("five", "six"),
        "x tag": ("ff", None),
        "y": (None, [1, {"z": "w"}]),
    }


def test_a_key_that_its_field_does_not_show_is_told_by_its_name() -> None:
    before = torrent(**{"announce": A, "announce-list": [[A]]})
    after = edit_metainfo(before, Edit(keys=(("announce-list", None),)))
    assert changes_between(before, after) == (Change(field="announce-list", old=[[A]], new=None),)
    assert changes_between(before, before) == ()
