"""Where content is found: by itself, by what holds it, under other names; and what else lies there."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import reference
from trees import write_tree

from mktorrent_py.content import tree_match
from mktorrent_py.content.directory import Record, list_directory
from mktorrent_py.content.locate import ContentLocation, MatchKind, locate_content
from mktorrent_py.errors import ContentError
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.metainfo import Metainfo

TREE = {"a": 10, "sub/b": 20, "sub/deep/c": 0}
VERSIONS: list[reference.Version] = ["v1", "v2", "hybrid"]


def info_of(root: Path, version: reference.Version = "hybrid") -> Info:
    return Metainfo.from_bytes(reference.create(root, version=version, piece_length=1 << 14)).info


def locate(info: Info, *places: Path, not_extra: Path | None = None) -> ContentLocation:
    spared = [] if not_extra is None else [not_extra]
    return locate_content(info, places, range(len(info.files)), not_extra=spared)


def missing(located: ContentLocation) -> int:
    return sum([found.disk is None for found in located.found.values()])


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "release", TREE)


def test_the_content_itself_however_it_is_spelt(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = info_of(release)
    monkeypatch.chdir(release)
    for place in (release, Path(f"{release}/"), Path(), Path("../release"), Path("sub/..")):
        located = locate(info, place)
        assert (located.kind, located.content, missing(located)) == (MatchKind.EXACT, place, 0)


def test_the_directory_that_holds_it(release: Path) -> None:
    located = locate(info_of(release), release.parent)
    assert (located.kind, located.content, located.root) == (MatchKind.IN_PARENT, release, release)
    assert located.extras == ()


def test_under_another_name(release: Path) -> None:
    info = info_of(release)
    other = release.rename(release.with_name("other"))
    located = locate(info, other)
    assert (located.kind, located.content, missing(located)) == (MatchKind.RENAMED, other, 0)


def test_a_directory_of_the_same_name_inside_does_not_mislead(tmp_path: Path) -> None:
    release = write_tree(tmp_path / "release", TREE | {"release/x": 5})
    info = info_of(release)
    assert locate(info, release).kind is MatchKind.EXACT
    assert locate(info, tmp_path).content == release


def test_content_unpacked_one_level_too_deep(release: Path) -> None:
    info = info_of(release)
    release.rename(release.with_name("moving"))
    (release / "moving").parent.mkdir()
    inner = release.with_name("moving").rename(release / "release")
    located = locate(info, release)
    assert (located.kind, located.content, missing(located)) == (MatchKind.IN_PARENT, inner, 0)


def test_the_candidate_with_more_files_in_their_size_wins(release: Path) -> None:
    info = info_of(release)
    write_tree(release / "release", {"a": 11, "sub/b": 20})
    (release / "a").unlink()
    assert locate(info, release).content == release
    (release / "sub" / "b").unlink()
    assert locate(info, release).content == release / "release"


def test_of_two_that_fit_the_one_that_has_the_name_is_taken(release: Path, tmp_path: Path) -> None:
    info = info_of(release)
    both = write_tree(tmp_path / "both", TREE | {f"release/{path}": length for path, length in TREE.items()})
    assert locate(info, both).content == both / "release"


def test_of_several_places_the_best(release: Path, tmp_path: Path) -> None:
    info = info_of(release)
    half = write_tree(tmp_path / "half", {"release/a": 10})
    located = locate(info, half, tmp_path)
    assert (located.content, located.kind) == (release, MatchKind.IN_PARENT)
    assert locate(info, half).content == half / "release"


def test_nothing_of_it_lists_no_extras(release: Path, tmp_path: Path) -> None:
    located = locate(info_of(release), write_tree(tmp_path / "else", {"x": 1, "y/z": 2}))
    assert (located.kind, missing(located), located.extras) == (MatchKind.MISSING, 3, ())


def test_a_file_is_not_a_directory_of_files(release: Path) -> None:
    located = locate(info_of(release), release / "a")
    assert (located.kind, missing(located)) == (MatchKind.MISSING, 3)


def test_what_is_not_there_cannot_be_verified(release: Path) -> None:
    with pytest.raises(ContentError, match=r"cannot read .*nowhere: no such file"):
        locate(info_of(release), release / "nowhere")


@pytest.mark.parametrize("version", VERSIONS)
def test_a_single_file_by_itself_by_name_or_renamed(version: reference.Version, tmp_path: Path) -> None:
    file = write_tree(tmp_path / "in", {"disc.iso": 100, "disc.txt": 5}) / "disc.iso"
    info = info_of(file, version)
    for place, kind, content in (
        (file, MatchKind.EXACT, file),
        (file.parent, MatchKind.IN_PARENT, file),
        (file.parent / "disc.txt", MatchKind.RENAMED, file.parent / "disc.txt"),
    ):
        located = locate(info, place)
        assert (located.kind, located.content, located.extras) == (kind, content, ())
    folder = tmp_path / "other" / "disc.iso"
    folder.mkdir(parents=True)
    file.rename(folder / "disc.iso")
    assert locate(info, tmp_path / "other").content == folder / "disc.iso"
    assert locate(info, folder).kind is MatchKind.IN_PARENT


def test_a_single_file_that_is_not_there(tmp_path: Path) -> None:
    info = info_of(write_tree(tmp_path / "in", {"disc.iso": 100}) / "disc.iso")
    located = locate(info, write_tree(tmp_path / "else", {"x": 1}))
    assert (located.kind, missing(located)) == (MatchKind.MISSING, 1)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_directory_of_one_file(version: reference.Version, tmp_path: Path) -> None:
    # In v2 such a torrent looks like one of a single file, called by another name than its file (BEP 52).
    release = write_tree(tmp_path / "release", {"only": 10})
    info = info_of(release, version)
    for place, kind in (
        (release, MatchKind.EXACT),
        (tmp_path, MatchKind.IN_PARENT),
        (release / "only", MatchKind.EXACT),
    ):
        located = locate(info, place)
        assert (located.kind, missing(located)) == (kind, 0)


def test_the_name_of_the_content_in_the_other_unicode_form(tmp_path: Path) -> None:
    nfc, nfd = unicodedata.normalize("NFC", "Übung"), unicodedata.normalize("NFD", "Übung")
    info = info_of(write_tree(tmp_path / "was" / nfc, TREE))
    content = write_tree(tmp_path / "now" / nfd, TREE)
    assert locate(info, tmp_path / "now").content == content
    assert locate(info, content).kind is MatchKind.EXACT


@pytest.mark.parametrize("version", VERSIONS)
def test_extras_are_files_each_by_its_path(version: reference.Version, release: Path) -> None:
    info = info_of(release, version)
    write_tree(release, {"Thumbs.db": 1, "sub/x": 0, "new/deep/y": 2, "sub/deep/b": 20})
    (release / "empty").mkdir()
    (release / "link").symlink_to("sub")
    torrent = release / "release.torrent"
    torrent.write_bytes(b"")
    extras = [("Thumbs.db",), ("link",), ("new", "deep", "y"), ("sub", "deep", "b"), ("sub", "x")]
    assert locate(info, release, not_extra=torrent).extras == tuple(extras)
    assert ("release.torrent",) in locate(info, release).extras


def test_pad_files_on_the_disk_are_no_extras(release: Path) -> None:
    info = info_of(release, "hybrid")
    pads = sorted({length for _, length in info.layout.pads()})
    write_tree(release, {f".pad/{length}": length for length in pads} | {"_____padding_file_0_x____": 3, ".pad/7": 7})
    assert locate(info, release).extras == ((".pad", "7"),)


def test_what_stands_in_the_way_is_an_extra(release: Path) -> None:
    info = info_of(release)
    (release / "a").unlink()
    write_tree(release, {"a/inside": 1})
    assert locate(info, release).extras == (("a", "inside"),)


def test_every_file_is_looked_at_once(release: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(release, {f"many/{number}": 3 for number in range(50)})
    info = info_of(release)
    listed: list[bytes] = []
    looked: list[bytes] = []
    stat = os.stat

    def counting_listing(path: bytes) -> list[Record]:
        listed.append(path)
        return list_directory(path)

    def counting_stat(path: str | bytes | Path, **options: Any) -> os.stat_result:
        looked.extend([path] if isinstance(path, bytes) else [])
        return stat(path, **options)

    monkeypatch.setattr(tree_match, "list_directory", counting_listing)
    monkeypatch.setattr(os, "stat", counting_stat)
    assert missing(locate(info, release)) == 0
    monkeypatch.undo()
    assert len(listed) == len(set(listed)) == len({file.path[:-1] for file in info.files})
    assert not looked


def test_a_path_deeper_than_any_system_allows_is_only_missing(release: Path) -> None:
    deep = {"name": "release", "piece length": 1 << 14, "pieces": bytes(20)}
    deep["files"] = [{"length": 5, "path": ["d" * 200] * 100 + ["f"]}, {"length": 5, "path": ["x" * 300]}]
    info = Metainfo.from_bytes(reference.bencode({"info": deep})).info
    located = locate(info, release)
    assert [found.is_unreadable for found in located.found.values()] == [False, False]
