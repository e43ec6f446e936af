"""Symbolic links: followed, skipped and stored; and BEP 47's attributes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from planting import PLAIN, SKIP, STORE, paths, plant, reasons

from mktorrent_py.content.scan import LeftOut, Reason, ScanOptions, Selection, Symlinks, scan_content


@pytest.fixture
def linked(tmp_path: Path) -> Path:
    """A directory of links of every kind, with something outside to lead to."""
    top = plant(tmp_path, "outside/far", "top/d/file", "top/z") / "top"
    for name, target in {
        "absolute": str(top / "z"),
        "again": "d/file",
        "away": "../outside/far",
        "awaydir": "../outside",
        "broken": "nowhere",
        "chain": "again",
        "d/up": "..",
        "d/self": ".",
        "dir": "d",
        "ouroboros": "ouroboros",
        "through": "z/x",
        "twin": "d/file",
    }.items():
        (top / name).symlink_to(target)
    return top


def test_following_links(linked: Path) -> None:
    content = scan_content(linked, PLAIN)
    assert paths(content) == [
        "absolute", "again", "away", "awaydir/far", "chain", "d/file", "dir/file", "twin", "z",
    ]  # fmt: skip
    assert reasons(content) == {
        "broken": Reason.BROKEN_LINK,
        "d/self": Reason.LINK_LOOP,
        "d/up": Reason.LINK_LOOP,
        "dir/self": Reason.LINK_LOOP,
        "dir/up": Reason.LINK_LOOP,
        "ouroboros": Reason.BROKEN_LINK,
        "through": Reason.BROKEN_LINK,
    }
    assert content.outside == ("away", "awaydir")
    assert LeftOut("broken", Reason.BROKEN_LINK, "to nowhere") in content.left_out
    lengths = {"/".join(file.path): file.length for file in content.files}
    assert lengths["twin"] == lengths["again"] == len("top/d/file")


def test_a_loop_by_way_of_outside(tmp_path: Path) -> None:
    top = plant(tmp_path, "top/a", "outside/b") / "top"
    (top / "out").symlink_to("../outside")
    (tmp_path / "outside/back").symlink_to("../top")
    content = scan_content(top, PLAIN)
    assert paths(content) == ["a", "out/b"]
    assert reasons(content) == {"out/back": Reason.LINK_LOOP}


def test_only_what_was_taken_is_noted_as_outside(tmp_path: Path) -> None:
    (tmp_path / "null").symlink_to(os.devnull)
    assert scan_content(tmp_path, PLAIN).outside == ()


def test_skipping_links(linked: Path) -> None:
    content = scan_content(linked, SKIP)
    assert paths(content) == ["d/file", "z"]
    assert set(reasons(content).values()) == {Reason.SYMLINK}
    assert len(content.left_out) == 12


def test_storing_links(linked: Path) -> None:
    content = scan_content(linked, STORE)
    stored = {"/".join(file.path): "/".join(file.symlink) for file in content.files if file.symlink}
    assert stored == {"again": "d/file", "chain": "again", "d/self": "d", "dir": "d", "twin": "d/file"}
    assert reasons(content) == {
        "absolute": Reason.LINK_LEAVES,
        "away": Reason.LINK_LEAVES,
        "awaydir": Reason.LINK_LEAVES,
        "broken": Reason.BROKEN_LINK,
        "d/up": Reason.LINK_LEAVES,
        "ouroboros": Reason.BROKEN_LINK,
        "through": Reason.BROKEN_LINK,
    }
    for file, disk in zip(content.files, content.disk, strict=True):
        assert (file.attributes == "l") == (file.symlink is not None)
        assert file.length == disk.size == (0 if file.symlink else len("/".join(("top", *file.path)).removesuffix("/")))


def test_a_stored_link_goes_with_its_target(tmp_path: Path) -> None:
    plant(tmp_path, "a.log", "b", "only/c.log")
    for name, target in {"1": "a.log", "2": "1", "3": "only", "4": "b"}.items():
        (tmp_path / name).symlink_to(target)
    content = scan_content(tmp_path, ScanOptions(symlinks=Symlinks.STORE, selection=Selection(exclude=("*.log",))))
    assert paths(content) == ["4", "b"]
    assert {path for path, reason in reasons(content).items() if reason is Reason.DANGLING_LINK} == {"1", "2", "3"}


def test_a_stored_target_is_where_the_link_really_leads(tmp_path: Path) -> None:
    plant(tmp_path, "deep/er/file", "file")
    (tmp_path / "short").symlink_to("deep/er")
    (tmp_path / "link").symlink_to("short/../er/./file")
    content = scan_content(tmp_path, STORE)
    assert {file.path: file.symlink for file in content.files if file.symlink} == {
        ("link",): ("deep", "er", "file"),
        ("short",): ("deep", "er"),
    }


@pytest.mark.parametrize("symlinks", Symlinks)
def test_content_that_is_itself_a_link(tmp_path: Path, symlinks: Symlinks) -> None:
    plant(tmp_path, "real/a", "file")
    (tmp_path / "dir-link").symlink_to("real")
    (tmp_path / "file-link").symlink_to("file")
    options = ScanOptions(symlinks=symlinks)
    directory = scan_content(tmp_path / "dir-link", options)
    assert (directory.name, paths(directory)) == ("dir-link", ["a"])
    single = scan_content(tmp_path / "file-link", options)
    assert (single.name, single.total, single.files[0].symlink) == ("file-link", 4, None)


@pytest.mark.skipif(os.name == "nt", reason="needs mode bits")
def test_attributes(tmp_path: Path) -> None:
    plant(tmp_path, "run", "plain", ".hidden", ".both", "group")
    for name, mode in {"run": 0o755, ".both": 0o700, "plain": 0o644, "group": 0o654}.items():
        (tmp_path / name).chmod(mode)
    (tmp_path / ".link").symlink_to("run")
    with_attributes = ScanOptions(symlinks=Symlinks.STORE, attributes=True)
    content = scan_content(tmp_path, with_attributes)
    assert {file.path[0]: file.attributes for file in content.files} == {
        ".both": "hx", ".hidden": "h", ".link": "hl", "group": "", "plain": "", "run": "x",
    }  # fmt: skip
    assert {file.attributes for file in scan_content(tmp_path, STORE).files} == {"", "l"}
    assert scan_content(tmp_path / "run", with_attributes).files[0].attributes == "x"


def test_a_broken_link_that_is_gone_by_now_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(path: bytes) -> bytes:
        raise FileNotFoundError(2, "No such file or directory", path)

    top = plant(tmp_path, "top/z") / "top"
    (top / "broken").symlink_to("nowhere")
    monkeypatch.setattr(os, "readlink", gone)
    assert scan_content(top, PLAIN).left_out == (LeftOut("broken", Reason.BROKEN_LINK, ""),)
