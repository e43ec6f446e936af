"""Names from torrents never lead out of the directory, and no two are the same file."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mktorrent_py.client.fetching.filenames import (
    Fold,
    directories_of,
    fold_case,
    fold_nothing,
    safe_name,
    safe_paths,
    temporary_name,
)
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
def test_a_safe_name_is_one_component_within_its_directory(component: str, windows: bool) -> None:
    name = safe_name(component, windows=windows)
    raw = os.fsencode(name) if name.isascii() else name.encode("utf-8", "surrogateescape")
    assert 0 < len(raw) <= 255
    assert Path("/base", name).parent == Path("/base")
    assert os.path.normpath(f"/base/{name}") == f"/base/{name}"
    assert not re.search(r"[/\\\x00-\x1f\x7f]", name)


@given(components)
def test_safe_names_are_unchanged(component: str) -> None:
    once = safe_name(component)
    assert safe_name(once) == once


def as_windows_compares(path: tuple[str, ...]) -> tuple[str, ...]:
    """Character by character, by the simple upper case that NTFS stores in its table."""
    return tuple(["".join([char.upper() if len(char.upper()) == 1 else char for char in part]) for part in path])


def as_macos_compares(path: tuple[str, ...]) -> tuple[str, ...]:
    """Decomposed and case folded, as APFS does by default."""
    return tuple([unicodedata.normalize("NFD", unicodedata.normalize("NFD", part).casefold()) for part in path])


SYSTEMS: dict[str, tuple[bool, Fold, Fold]] = {
    "linux": (False, fold_nothing, lambda path: path),
    "macos": (False, fold_case, as_macos_compares),
    "windows": (True, fold_case, as_windows_compares),
}
"""Whether names are cleaned for Windows, how ours are folded, and what the system takes for the same file."""


@st.composite
def alike(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """Paths of which some differ in nothing but case, composition of accents, or our own suffixes."""
    paths = draw(st.lists(st.lists(components, min_size=1, max_size=3).map(tuple), min_size=1, max_size=5))
    for path in list(paths):
        part = draw(st.integers(0, len(path) - 1))
        changes = [str.upper, str.lower, str.swapcase, str.title, lambda text: unicodedata.normalize("NFD", text)]
        changes += [lambda text: f"{text}.part", lambda text: f"{text}.PART", lambda text: f"{text} (2)"]
        change = draw(st.sampled_from(changes))
        paths.append((*path[:part], change(path[part]), *path[part + 1 :]))
    return draw(st.permutations(paths))


@pytest.mark.parametrize("system", SYSTEMS)
@given(paths=alike(), name=components)
@example(paths=[("A",), ("a",)], name="top")
@example(paths=[("a",), ("A.PART",)], name="top")
@example(paths=[("é",), ("e\u0301",)], name="top")
@example(paths=[("Docs", "x"), ("docs",)], name="top")
@settings(deadline=None)
def test_no_two_files_are_the_same_file(system: str, paths: list[tuple[str, ...]], name: str) -> None:
    """Nor is one of them a directory of another, nor the temporary name of one the name of another."""
    windows, fold, same = SYSTEMS[system]
    safe = safe_paths(info_of(paths, name), windows=windows, fold=fold)
    folders = directories_of(safe)
    taken = {fold(path) for path in (*safe, *folders)}
    parts = [temporary_name(path, taken, fold=fold) for path in safe]
    assert len(safe) == len(paths)
    distinct = [same(path) for path in (*safe, *parts)]
    assert len(set(distinct)) == 2 * len(paths)
    assert not {same(path) for path in folders} & set(distinct)


@pytest.mark.parametrize("name", ["CON", "con.txt", "NUL.tar.gz", "com1", "LPT9.x", "COM²"])
def test_windows_devices_are_renamed_on_windows_only(name: str) -> None:
    assert safe_name(name) == name
    stem = re.split(r"[.]", safe_name(name, windows=True))[0]
    assert stem.endswith("_")


def test_long_names_keep_their_extension_and_stay_different() -> None:
    one, other = safe_name("x" * 300 + "1.iso"), safe_name("x" * 300 + "2.iso")
    assert one != other
    assert one.endswith(".iso")


def test_a_temporary_name_is_not_that_of_another_file() -> None:
    taken = {("a",), ("a.part",), ("a.part~",)}
    assert temporary_name(("a",), taken) == ("a.part~~",)
    assert temporary_name(("b",), taken) == ("b.part",)
