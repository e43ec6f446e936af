"""Values of the model as a library user meets them: hashable, printable, and never at odds with their bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pickle import dumps, loads
from typing import Any

import pytest
from torrents import encode, hybrid, single, v1, v2

from mktorrent_py.errors import MagnetError
from mktorrent_py.metainfo.edit import Edit, ListChange, TierChange
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import Infohashes, TorrentVersion
from mktorrent_py.metainfo.magnet import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo

URL = "https://t.example/announce"
EVERY_FORM = pytest.mark.parametrize("make", [v1, v2, hybrid, single])


def read(make: Callable[[], dict[str, Any]], **fields: Any) -> Metainfo:
    return Metainfo.from_bytes(encode(make() | fields))


@EVERY_FORM
def test_equal_torrents_have_one_hash(make: Callable[[], dict[str, Any]]) -> None:
    assert hash(read(make)) == hash(read(make))
    assert len({read(make), read(make), read(make, comment="x")}) == 2
    assert loads(dumps(read(make))) == read(make)


@EVERY_FORM
def test_a_view_cannot_be_replaced_field_by_field(make: Callable[[], dict[str, Any]]) -> None:
    metainfo = read(make)
    with pytest.raises(TypeError, match="view of raw bytes"):
        replace(metainfo, trackers=((URL,),))
    with pytest.raises(TypeError, match="view of raw bytes"):
        replace(metainfo.info, name="other")
    with pytest.raises(TypeError, match="view of raw bytes"):
        Info()  # a call of the class


def test_infohashes_print_as_hexadecimal() -> None:
    one, two = bytes.fromhex("ab" * 20), bytes.fromhex("cd" * 32)
    assert str(Infohashes(v1=one)) == "ab" * 20
    assert str(Infohashes(v2=two)) == "cd" * 32
    assert str(Infohashes(v1=one, v2=two)) == f"{'ab' * 20}, {'cd' * 32}"


def test_a_version_is_its_name() -> None:
    assert str(TorrentVersion.HYBRID) == "hybrid"
    assert TorrentVersion("v1") is TorrentVersion.V1


def test_a_file_has_a_path_with_slashes() -> None:
    assert [file.posix_path for file in read(v1).info.files] == ["d/a.txt", "e.bin"]


@EVERY_FORM
def test_a_torrent_has_its_magnet(make: Callable[[], dict[str, Any]]) -> None:
    metainfo = read(make, announce=URL)
    assert metainfo.magnet() == Magnet.from_metainfo(metainfo)
    assert metainfo.magnet(trackers=False, peers=["seed.example:6881"]).peers == ("seed.example:6881",)


def test_a_magnet_that_names_nothing_cannot_be_written() -> None:
    with pytest.raises(MagnetError) as caught:
        str(Magnet())
    assert caught.value.code == "magnet-names-nothing"


WRONG: dict[str, Callable[[], object]] = {
    "a string for a list": lambda: ListChange(add="http://x/"),  # type: ignore[arg-type]
    "a string for tiers": lambda: TierChange(replace=URL),  # type: ignore[arg-type]
    "a string for tier numbers": lambda: TierChange(remove_tiers="12"),  # type: ignore[arg-type]
    "a tier number as text": lambda: TierChange(add_to_tier=(("1", URL),)),  # type: ignore[arg-type]
    "an int for a comment": lambda: Edit(comment=5),  # type: ignore[arg-type]
    "a text for a bool": lambda: Edit(private="yes"),  # type: ignore[arg-type]
    "a text for a date": lambda: Edit(creation_date="now"),  # type: ignore[arg-type]
    "ints for URLs": lambda: Edit(web_seeds=ListChange(add=(5,))),  # type: ignore[arg-type]
    "texts for infohashes": lambda: Edit(similar=ListChange(add=("ab",))),  # type: ignore[arg-type]
    "a list for a change": lambda: Edit(web_seeds=["http://x/"]),  # type: ignore[arg-type]
    "tiers for a list": lambda: Edit(web_seeds=TierChange()),  # type: ignore[arg-type]
    "a text for if_present": lambda: Edit(if_present="no"),  # type: ignore[arg-type]
    "a string for trackers": lambda: Magnet(trackers=URL),  # type: ignore[arg-type]
    "bytes for infohashes": lambda: Magnet(infohashes=bytes(20)),  # type: ignore[arg-type]
    "a string for peers": lambda: read(v1).magnet(peers="host:1"),
    "a string for built trackers": lambda: Metainfo.build(info=read(v1).info, trackers=URL),
    "a string for built seeds": lambda: Metainfo.build(info=read(v1).info, web_seeds=URL),
    "an int for a built comment": lambda: Metainfo.build(info=read(v1).info, comment=5),  # type: ignore[arg-type]
    "an unknown key": lambda: Metainfo.build(info=read(v1).info, signatures=("a",)),  # type: ignore[call-arg]
    "a text for private": lambda: Info.build(
        name="n",
        single=True,
        layout=read(single).info.layout,
        private="yes",  # type: ignore[arg-type]
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_value_of_the_wrong_type_is_a_type_error_where_it_is_passed(case: str) -> None:
    with pytest.raises(TypeError):
        WRONG[case]()


def test_a_flat_list_of_trackers_is_one_tier() -> None:
    flat = [URL, "udp://t.example:80"]
    assert Metainfo.build(info=read(v1).info, trackers=flat).trackers == (tuple(flat),)
    assert TierChange(replace=flat).replace == (tuple(flat),)  # type: ignore[arg-type]


def test_lists_are_kept_as_tuples() -> None:
    assert Edit(web_seeds=ListChange(add=["http://x/"])).web_seeds.add == ("http://x/",)  # type: ignore[arg-type]
    assert hash(ListChange(add=["http://x/"])) == hash(ListChange(add=("http://x/",)))  # type: ignore[arg-type]
