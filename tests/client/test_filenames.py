"""Names from strangers never lead out of the directory, and never meet."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorrent_py.client.fetching.filenames import safe_name, safe_paths, temporary_name
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.layout import File, Layout

NASTY = [
    *("", ".", "..", "...", "/", "//", "/etc", "../x", "a/b", "a\\b", "\0", "C:", "c:", "C:x", "\n", "\x7f", "\udcff"),
    *(
        "CON",
        "con.txt",
        "nul",
        "aux.c",
        "COM1",
        "lpt9.tar.gz",
        "COM¹",
        "a.",
        "a ",
        "what?",
        "a:b",
        "x" * 300,
        "é" * 200,
    ),
]
components = st.one_of(st.sampled_from(NASTY), st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=8))


def info_of(paths: list[tuple[str, ...]], name: str = "top") -> Info:
    files = [File(path=path, length=1) for path in paths]
    layout = Layout.of(files, 16384, TorrentVersion.V1)
    return Info.build(name=name, single=False, layout=layout, pieces=bytes(20))


@given(components, st.booleans())
def test_a_name_is_one_component_that_stays_where_it_is(component: str, windows: bool) -> None:
    name = safe_name(component, windows=windows)
    raw = os.fsencode(name) if name.isascii() else name.encode("utf-8", "surrogateescape")
    assert 0 < len(raw) <= 255
    assert Path("/base", name).parent == Path("/base")
    assert os.path.normpath(f"/base/{name}") == f"/base/{name}"
    assert not re.search(r"[/\\\x00-\x1f\x7f]", name)


@given(components)
def test_names_that_are_safe_stay_as_they_are(component: str) -> None:
    once = safe_name(component)
    assert safe_name(once) == once


@given(st.lists(st.lists(components, min_size=1, max_size=4).map(tuple), min_size=1, max_size=8), components)
def test_no_two_files_meet(paths: list[tuple[str, ...]], name: str) -> None:
    for windows in (False, True):
        safe = safe_paths(info_of(paths, name), windows=windows)
        assert len(safe) == len(paths)
        assert len({tuple(map(str.casefold, path)) if windows else path for path in safe}) == len(paths)
        directories = {path[:depth] for path in safe for depth in range(1, len(path))}
        assert not directories & set(safe), "a file stands where a directory has to be"


@pytest.mark.parametrize("name", ["CON", "con.txt", "NUL.tar.gz", "com1", "LPT9.x", "COM²"])
def test_devices_of_windows_are_files_elsewhere(name: str) -> None:
    assert safe_name(name) == name
    stem = re.split(r"[.]", safe_name(name, windows=True))[0]
    assert stem.endswith("_")


def test_a_long_name_keeps_its_extension_and_its_difference() -> None:
    one, other = safe_name("x" * 300 + "1.iso"), safe_name("x" * 300 + "2.iso")
    assert one != other
    assert one.endswith(".iso")


def test_the_temporary_name_is_nobody_elses() -> None:
    taken = {("a",), ("a.part",), ("a.part~",)}
    assert temporary_name(("a",), taken) == ("a.part~~",)
    assert temporary_name(("b",), taken) == ("b.part",)
