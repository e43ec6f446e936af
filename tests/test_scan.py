"""The scan: order, names, lists of files, and what is left out."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planting import PLAIN, paths, plant, reasons, shuffled_scandir

from mktorrent_py.content import walker
from mktorrent_py.content.directory import scan_directory
from mktorrent_py.content.scan import (
    LeftOut,
    Reason,
    ScanOptions,
    Selection,
    SortOrder,
    scan_content,
    scan_file_list,
    split_file_list,
)
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.metainfo.layout import canonical_key
from mktorrent_py.metainfo.paths import unsafe_reason


def test_the_order_is_by_component_and_by_byte(tmp_path: Path) -> None:
    plant(tmp_path, "a/x", "a b/x", "a-b/x", "a.b", "a0", "B", "\u00e9", "z", "\ue000", "\U00010000", "a/x y", "a/x-")
    assert paths(scan_content(tmp_path, PLAIN)) == [
        "B", "a/x", "a/x y", "a/x-", "a b/x", "a-b/x", "a.b", "a0", "z", "\u00e9", "\ue000", "\U00010000",
    ]  # fmt: skip


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=3).filter(
    lambda name: unsafe_reason(name) is None
)


@settings(max_examples=40)
@given(tree=st.lists(st.lists(NAMES, min_size=1, max_size=3).map(tuple), max_size=12), seed=st.integers())
def test_no_order_on_disk_changes_the_scan(tree: list[tuple[str, ...]], seed: int) -> None:
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        for parts in tree:
            path = Path(directory, *parts)
            if not any(parent.is_file() for parent in path.parents) and not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"x")
        options = ScanOptions(selection=Selection(keep_junk=True))
        try:
            expected = scan_content(Path(directory), options)
        except UsageError as error:
            assert error.code == "names-differ-in-normalization"
            return
        patch.setattr(os, "scandir", shuffled_scandir(seed))
        patch.setattr(walker, "list_directory", scan_directory)
        assert scan_content(Path(directory), options) == expected
        assert list(expected.files) == sorted(expected.files, key=lambda file: canonical_key(file.path))
        on_disk = {path.relative_to(directory).parts for path in Path(directory).rglob("*") if path.is_file()}
        assert {file.path for file in expected.files} == on_disk
        for file, disk in zip(expected.files, expected.disk, strict=True):
            assert disk.path == b"/".join(canonical_key(file.path))


@pytest.mark.parametrize("keep_junk", [False, True])
def test_files_are_taken_alike_with_and_without_rules(tmp_path: Path, keep_junk: bool) -> None:
    plant(
        tmp_path, "a", "b.txt", "sub/a", "sub/Thumbs.db", "sub/.hidden", "other/\u00e9", "other/x", "z [1].mkv", "._a"
    )
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "private").write_bytes(b"x")
    (tmp_path / "private").chmod(0o600)
    plain = scan_content(tmp_path, ScanOptions(selection=Selection(keep_junk=keep_junk)))
    ruled = scan_content(tmp_path, ScanOptions(selection=Selection(keep_junk=keep_junk, exclude=("nothing-like-it",))))
    assert plain == ruled
    assert len(plain.files) == (11 if keep_junk else 9)


def test_the_file_being_written_is_left_out_though_its_name_is_plain(tmp_path: Path) -> None:
    plant(tmp_path, "a", "x.torrent", "sub/x.torrent")
    content = scan_content(tmp_path, ScanOptions(never=frozenset([tmp_path / "x.torrent"])))
    assert paths(content) == ["a", "sub/x.torrent"]
    assert reasons(content) == {"x.torrent": Reason.OUTPUT}


def test_what_a_file_looked_like(tmp_path: Path) -> None:
    plant(tmp_path, "d/a")
    os.utime(tmp_path / "d/a", ns=(1, 1_234_567_890_123_456_789))
    content = scan_content(tmp_path, PLAIN)
    assert content.total == content.files[0].length == content.disk[0].size == 3
    assert content.disk[0].path == b"d/a"
    assert content.disk[0].mtime_ns == 1_234_567_890_123_456_789
    assert content.disk[0].inode == (tmp_path / "d/a").stat().st_ino & (2**63 - 1)
    assert not content.single


@pytest.mark.parametrize("spelling", ["top", "top/", "./top", "top/.", "top/sub/..", "top/sub/../../top", "{}/top"])
def test_the_name_does_not_depend_on_how_the_content_is_spelt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    plant(tmp_path, "top/sub/a")
    monkeypatch.chdir(tmp_path)
    content = scan_content(Path(spelling.format(tmp_path)), PLAIN)
    assert (content.name, paths(content)) == ("top", ["sub/a"])


def test_the_name_from_within(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "top/sub/a")
    monkeypatch.chdir(tmp_path / "top")
    assert scan_content(Path(), PLAIN).name == "top"
    assert scan_content(Path("sub/.."), PLAIN).name == "top"
    monkeypatch.chdir(tmp_path / "top/sub")
    assert scan_content(Path(".."), PLAIN).name == "top"


def test_the_root_has_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walker, "list_directory", lambda _: [])
    assert scan_content(Path("/"), PLAIN).name == ""
    assert scan_content(Path("/"), PLAIN, name="all").name == "all"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "C:", "a\0", "\udcff"])
def test_a_name_that_cannot_be_given(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name"):
        scan_content(tmp_path, PLAIN, name=name)


def test_another_name(tmp_path: Path) -> None:
    plant(tmp_path, "a")
    assert scan_content(tmp_path, PLAIN, name="other").name == "other"
    single = scan_content(tmp_path / "a", PLAIN, name="other")
    assert (single.name, single.files[0].path, single.disk[0].path) == ("other", ("other",), b"a")


def test_a_single_file(tmp_path: Path) -> None:
    plant(tmp_path, "Thumbs.db")
    content = scan_content(tmp_path / "Thumbs.db", ScanOptions(selection=Selection(exclude=("*",))))
    assert content.single
    assert (content.root, content.name, content.files[0].path) == (tmp_path, "Thumbs.db", ("Thumbs.db",))
    assert content.disk[0].size == content.total == 9


def test_names_do_not_depend_on_the_locale(tmp_path: Path) -> None:
    plant(tmp_path, "caf\u00e9/t\u00e9", "caf\u00e9/z")
    program = (
        "import sys; from pathlib import Path; from mktorrent_py.content.scan import *;"
        "content = scan_content(Path(sys.argv[1]), ScanOptions());"
        "print(ascii((sys.getfilesystemencoding(), content.name, [f.path for f in content.files])))"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    ran = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "caf\u00e9")], env=environment, capture_output=True, check=True
    )
    assert ran.stdout.decode().strip().endswith(ascii(("caf\u00e9", [("t\u00e9",), ("z",)]))[1:])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_what_is_neither_file_nor_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "a")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "null").symlink_to("/dev/null")
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
        content = scan_content(tmp_path, PLAIN)
    assert paths(content) == ["a"]
    assert reasons(content) == {"null": Reason.DEVICE, "pipe": Reason.FIFO, "sock": Reason.SOCKET}
    with pytest.raises(ContentError, match="neither"):
        scan_content(tmp_path / "pipe", PLAIN)


def test_everything_left_out_is_named(tmp_path: Path) -> None:
    plant(tmp_path, "keep", ".DS_Store", "d/Thumbs.db", ".hid/a", "x.log", "obj/1", "obj/2", "y.md")
    (tmp_path / "empty/inner").mkdir(parents=True)
    selection = Selection(exclude=("*.log",), include=("keep", "Thumbs.db"), ignore_lines=("obj/",), hidden=False)
    content = scan_content(tmp_path, ScanOptions(selection=selection))
    assert paths(content) == ["keep"]
    assert content.left_out == (
        LeftOut(".DS_Store", Reason.JUNK),
        LeftOut(".hid", Reason.HIDDEN),
        LeftOut("d/Thumbs.db", Reason.JUNK),
        LeftOut("empty/inner", Reason.EMPTY_DIRECTORY),
        LeftOut("obj", Reason.IGNORED),
        LeftOut("x.log", Reason.EXCLUDED),
        LeftOut("y.md", Reason.NOT_INCLUDED),
    )


def test_nothing_at_all(tmp_path: Path) -> None:
    content = scan_content(tmp_path, PLAIN)
    assert (content.files, content.left_out, content.total) == ((), (), 0)


def test_empty_files_are_files(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    assert paths(scan_content(tmp_path, PLAIN)) == ["a"]


@pytest.mark.parametrize("spelling", ["{}/d/out.torrent", "{}/link/out.torrent", "{}/d/../d/out.torrent"])
def test_the_output_is_never_content(tmp_path: Path, spelling: str) -> None:
    top = plant(tmp_path, "top/d/out.torrent", "top/other/out.torrent", "top/d/a", "top/d/.out.torrent.tmp") / "top"
    (tmp_path / "link").symlink_to(top / "d")
    never = frozenset({Path(spelling.format(tmp_path if "link" in spelling else top)), top / "d/.out.torrent.tmp"})
    content = scan_content(top, ScanOptions(never=never))
    assert paths(content) == ["d/a", "other/out.torrent"]
    assert set(reasons(content).values()) == {Reason.OUTPUT}
    assert scan_content(tmp_path / "link", ScanOptions(never=never)).total == 7


def test_the_content_is_not_the_output(tmp_path: Path) -> None:
    plant(tmp_path, "a")
    with pytest.raises(UsageError, match="both"):
        scan_content(tmp_path / "a", ScanOptions(never=frozenset({tmp_path / "a"})))


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return plant(tmp_path, "a", "b", "d/a", "d/b", "d/e/f", "g/h", ".DS_Store", "line\nbreak")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([b"b", b"a"], ["a", "b"]),
        ([b"a", b"./a", b"a//", b"./a/."], ["a"]),
        ([b"d"], ["d/a", "d/b", "d/e/f"]),
        ([b"d/", b"d/e/f"], ["d/a", "d/b", "d/e/f"]),
        ([b"d/e/f", b"d/e", b"d/b"], ["d/b", "d/e/f"]),
        ([b"d/e/f"], ["d/e/f"]),
        ([b"g/h", b"line\nbreak"], ["g/h", "line\nbreak"]),
        ([b".DS_Store", b"a"], ["a"]),
        ([b".", b"a"], ["a", "b", "d/a", "d/b", "d/e/f", "g/h", "line\nbreak"]),
        ([], []),
    ],
)
def test_a_list_of_files(listed: Path, names: list[bytes], expected: list[str]) -> None:
    content = scan_file_list(listed, names, PLAIN)
    assert paths(content) == expected
    assert content.name == listed.name


@pytest.mark.parametrize("name", [b"nope", b"d/nope", b"nope/a", b"a/x", b"d/a/x"])
def test_a_listed_file_must_be_there(listed: Path, name: bytes) -> None:
    with pytest.raises(ContentError, match="listed path"):
        scan_file_list(listed, [b"b", name], PLAIN)


@pytest.mark.parametrize("name", [b"/etc/passwd", b"..", b"d/../a", b"../x"])
def test_a_listed_file_must_be_in_the_content(listed: Path, name: bytes) -> None:
    with pytest.raises(UsageError, match="is outside the content"):
        scan_file_list(listed, [name], PLAIN)


def test_no_list_for_a_file(listed: Path) -> None:
    with pytest.raises(UsageError, match="not a directory"):
        scan_file_list(listed / "a", [b"a"], PLAIN)


def test_splitting_a_list() -> None:
    assert split_file_list(b"a\nb c\r\n\nd", null=False) == [b"a", b"b c", b"d"]
    assert split_file_list(b"a\nb\0c\r\0\0", null=True) == [b"a\nb", b"c\r"]
    assert split_file_list(b"", null=False) == []


def test_sort_orders(tmp_path: Path) -> None:
    for name, size in {"e10": 1, "e9": 3, "E1": 2, "e09": 3, "x/2": 0, "x/10": 9, "9": 5, "10": 5, "a": 5}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)

    def order(sort: SortOrder) -> list[str]:
        content = scan_content(tmp_path, ScanOptions(sort=sort))
        assert [disk.path for disk in content.disk] == [path.encode() for path in paths(content)]
        return paths(content)

    assert order(SortOrder.PATH) == ["10", "9", "E1", "a", "e09", "e10", "e9", "x/10", "x/2"]
    assert order(SortOrder.NATURAL) == ["9", "10", "a", "E1", "e09", "e9", "e10", "x/2", "x/10"]
    assert order(SortOrder.SIZE) == ["x/2", "e10", "E1", "e09", "e9", "10", "9", "a", "x/10"]
