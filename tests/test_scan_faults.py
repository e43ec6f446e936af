"""What a scan refuses: names no torrent should hold, and what cannot be read."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from planting import PLAIN, Shuffled, as_nobody, paths, plant

from mktorrent_py.cli.hints import hint_for
from mktorrent_py.content import walker
from mktorrent_py.content.directory import scan_directory
from mktorrent_py.content.scan import ScanOptions, Selection, scan_content
from mktorrent_py.errors import ContentError, UsageError


def test_bytes_that_are_not_utf_8(tmp_path: Path) -> None:
    plant(tmp_path, "d/b")
    Path(os.fsdecode(os.fsencode(tmp_path / "d") + b"/caf\xe9")).write_bytes(b"x")
    with pytest.raises(UsageError) as caught:
        scan_content(tmp_path, PLAIN)
    assert "d/caf\\xe9" in caught.value.message
    assert "UTF-8" in caught.value.message
    raw = scan_content(tmp_path, ScanOptions(allow_raw_names=True))
    assert [file.path for file in raw.files] == [("d", "b"), ("d", "caf\udce9")]
    assert raw.disk[1].path == b"d/caf\xe9"
    assert paths(scan_content(tmp_path, ScanOptions(selection=Selection(exclude=("caf*",))))) == ["d/b"]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such names")
@pytest.mark.parametrize("name", ["a\\b", "C:", "\\"])
@pytest.mark.parametrize("path", ["{}", "{}/inside", "d/{}"])
def test_names_that_are_unsafe_elsewhere(tmp_path: Path, name: str, path: str) -> None:
    plant(tmp_path, path.format(name), "good")
    with pytest.raises(UsageError) as caught:
        scan_content(tmp_path, PLAIN)
    assert isinstance(caught.value, UsageError)
    assert caught.value.code == "name-unsafe"
    assert paths(scan_content(tmp_path, ScanOptions(selection=Selection(include=("good",))))) == ["good"]


def test_the_error_about_a_name_has_the_pattern_that_excludes_it(tmp_path: Path) -> None:
    plant(tmp_path, "a\\*[b", "good")
    with pytest.raises(UsageError) as caught:
        scan_content(tmp_path, PLAIN)
    assert isinstance(caught.value, UsageError)
    pattern = caught.value.data["pattern"]
    assert f"--exclude {shlex.quote(pattern)}" in (hint_for(caught.value) or "")
    assert paths(scan_content(tmp_path, ScanOptions(selection=Selection(exclude=(pattern,))))) == ["good"]


@pytest.mark.parametrize(
    ("one", "other"),
    [("\u00e9", "e\u0301"), ("\u00e9/a", "e\u0301/b"), ("d/K", "d/\u212a")],
)
def test_twins_under_normalisation(tmp_path: Path, one: str, other: str) -> None:
    plant(tmp_path, one, other)
    if len([path for path in tmp_path.rglob("*") if path.is_file()]) < 2:
        pytest.skip("the file system normalises names")
    with pytest.raises(UsageError, match="Unicode normalization"):
        scan_content(tmp_path, PLAIN)
    excluded = ScanOptions(selection=Selection(exclude=(f"/{other}",)))
    assert paths(scan_content(tmp_path, excluded)) == [one]


def test_twins_in_different_directories_and_of_different_case_may_stay(tmp_path: Path) -> None:
    plant(tmp_path, "a/\u00e9", "b/e\u0301", "README", "readme")
    assert len(paths(scan_content(tmp_path, PLAIN))) == len([path for path in tmp_path.rglob("*") if path.is_file()])


def test_missing_content(tmp_path: Path) -> None:
    (tmp_path / "broken").symlink_to("nowhere")
    for name in ("missing", "broken"):
        with pytest.raises(ContentError, match=f"cannot read .*{name}: no such file") as caught:
            scan_content(tmp_path / name, PLAIN)
        assert isinstance(caught.value, ContentError)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs users")
@pytest.mark.parametrize("secret", ["top/d/key.pem", "top/d"])
def test_what_may_not_be_read_is_named(tmp_path: Path, secret: str) -> None:
    plant(tmp_path, "top/d/key.pem", "top/a")
    (tmp_path / secret).chmod(0)
    try:
        with as_nobody(tmp_path), pytest.raises(ContentError) as caught:
            scan_content(tmp_path / "top", PLAIN)
        error = caught.value
        assert isinstance(error, ContentError)
        assert error.message == f"cannot read {tmp_path / secret}: permission denied"
        assert (error.code, error.hint) == ("entry-permission-denied", "Run as a user who can read it.")
        assert f"--exclude {Path(secret).name}" in (hint_for(error) or "")
        with as_nobody(tmp_path):
            excluded = ScanOptions(selection=Selection(exclude=(Path(secret).name,)))
            assert paths(scan_content(tmp_path / "top", excluded)) == ["a"]
            if secret.endswith(".pem"):
                with pytest.raises(ContentError, match="permission denied") as caught:
                    scan_content(tmp_path / secret, PLAIN)
                assert isinstance(caught.value, ContentError)
                assert caught.value.code == "content-permission-denied"
    finally:
        (tmp_path / secret).chmod(0o755)


@pytest.mark.skipif(os.name == "nt", reason="needs mode bits")
def test_a_private_file_of_ones_own_can_be_read(tmp_path: Path) -> None:
    plant(tmp_path, "a")
    (tmp_path / "a").chmod(0o400)
    assert paths(scan_content(tmp_path, PLAIN)) == ["a"]


def test_a_file_that_vanishes_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "a", "b")
    real = os.scandir

    def scandir(path: bytes) -> Shuffled:
        with real(path) as found:
            entries = Shuffled(found)
        (tmp_path / "b").unlink()
        return entries

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(walker, "list_directory", scan_directory)
    with pytest.raises(ContentError, match="b: no such file"):
        scan_content(tmp_path, PLAIN)


def test_a_thousand_levels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = tmp_path / "top"
    top.mkdir()
    monkeypatch.chdir(top)
    for _ in range(1000):
        Path("d").mkdir()
        os.chdir("d")
    Path("file").write_text("x")
    try:
        monkeypatch.chdir(top)
        content = scan_content(Path(), PLAIN)
        assert content.files[0].path == (*("d",) * 1000, "file")
    finally:
        subprocess.run(["rm", "-rf", str(top)], check=True)


def test_a_path_longer_than_the_system_allows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = tmp_path / "top"
    top.mkdir()
    monkeypatch.chdir(top)
    name = "n" * 200
    for _ in range(25):
        Path(name).mkdir()
        os.chdir(name)
    try:
        monkeypatch.chdir(tmp_path)
        with pytest.raises(ContentError, match="name too long") as caught:
            scan_content(top, PLAIN)
        assert len(caught.value.message) < 8000
    finally:
        subprocess.run(["rm", "-rf", str(top)], check=True)
