"""What counts as a change of seeded content, and that the sandbox holds."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mktorrent_py.client.seeding.change_monitor import ChangeMonitor, FileState, describe_change, stat_files
from mktorrent_py.errors import ContentError
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.layout import File, Layout


def flip(path: Path) -> None:
    with path.open("r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))


def flip_and_hide(path: Path) -> None:
    before = path.stat()
    flip(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_with_copy(path: Path) -> None:
    twin = path.with_name("twin")
    twin.write_bytes(path.read_bytes())
    os.utime(twin, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    twin.replace(path)


def lengthen(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


def replace_with_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("nowhere")


FAULTS: dict[str, Callable[[Path], object]] = {
    "flip": flip,
    "flip, time set back": flip_and_hide,
    "one byte less": lambda path: os.truncate(path, 999),
    "one byte more": lengthen,
    "empty": lambda path: os.truncate(path, 0),
    "delete": Path.unlink,
    "replace by a copy": replace_with_copy,
    "replace by a broken link": replace_with_link,
    "closed to all": lambda path: path.chmod(0),
}
HARMLESS: dict[str, Callable[[Path], object]] = {
    "nothing": lambda path: None,
    "read": Path.read_bytes,
    "chmod": lambda path: path.chmod(0o640),
    "hard link": lambda path: os.link(path, path.with_name("twin")),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(1000))
    os.utime(path, ns=(10**18, 10**18))
    return path


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_reported_as_a_change(file: Path, fault: str) -> None:
    state = FileState.of(os.fsencode(file))
    FAULTS[fault](file)
    change = describe_change(os.fsencode(file), state)
    assert change is not None
    assert change.startswith(str(file))


@pytest.mark.parametrize("change", HARMLESS)
def test_what_leaves_the_bytes_unchanged_is_no_change(file: Path, change: str) -> None:
    state = FileState.of(os.fsencode(file))
    HARMLESS[change](file)
    assert describe_change(os.fsencode(file), state) is None


def lay_out(*lengths: int) -> Layout:
    files = [File(path=(f"f{number}",), length=length) for number, length in enumerate(lengths)]
    return Layout.of(files, 16384, TorrentVersion.V1)


def test_files_that_differ_from_the_torrent_are_refused(tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"12")
    (tmp_path / "directory").mkdir()
    layout = lay_out(3)
    for name, words in (("short", "has 2 bytes, not 3"), ("directory", "is not a file"), ("none", "is missing")):
        with pytest.raises(ContentError, match=words):
            stat_files(layout, [os.fsencode(tmp_path / name)])


def test_stored_links_have_no_path() -> None:
    link = File(path=("link",), length=0, attributes="l", symlink=("f0",))
    placement = stat_files(Layout.of([link], 16384, TorrentVersion.V1), [b"/nowhere"])
    assert placement.paths == (b"",)
    assert placement.states == (None,)


def test_every_file_is_polled_whatever_the_number_per_poll(tmp_path: Path) -> None:
    for step in (1, 2, 3, 7, 100):
        monitor = ChangeMonitor()
        for key in "abc":
            paths = []
            for number in range(2):
                path = tmp_path / f"{key}{number}"
                path.write_bytes(b"1")
                paths.append(os.fsencode(path))
            monitor.watch(key, stat_files(lay_out(1, 1), paths))
        polls = -(-6 // step) + 2
        assert not any(monitor.poll(step) for _ in range(polls))
        (tmp_path / "b1").unlink()
        (tmp_path / "c0").unlink()
        monitor.forget("c")
        found = [change for _ in range(2 * polls) for change in monitor.poll(step)]
        assert set(found) == {"b"}, step


LOCKED = """
import os, sys
from pathlib import Path
from mktorrent_py.client.sandbox import forbid_writing
free, shut = Path(sys.argv[1]), Path(sys.argv[2])
print(forbid_writing((free, Path("/dev"))))
(free / "new").write_text("x")
assert (shut / "old").read_text() == "old"
deeds = {
    "write": lambda: (shut / "old").open("r+b").close(),
    "append": lambda: (shut / "old").open("ab").close(),
    "truncate": lambda: os.truncate(shut / "old", 0),
    "create": lambda: (shut / "new").touch(),
    "remove": lambda: (shut / "old").unlink(),
    "rename": lambda: (shut / "old").rename(shut / "older"),
    "directory": lambda: (shut / "dir").mkdir(),
    "link": lambda: (shut / "link").symlink_to("old"),
    "move in": lambda: (free / "new").rename(shut / "in"),
}
for name, deed in deeds.items():
    try:
        deed()
        print("could", name)
    except OSError:
        pass
"""


def test_the_sandbox_forbids_every_kind_of_write(tmp_path: Path) -> None:
    free, shut = tmp_path / "free", tmp_path / "shut"
    free.mkdir()
    shut.mkdir()
    (shut / "old").write_text("old")
    done = subprocess.run([sys.executable, "-c", LOCKED, free, shut], capture_output=True, text=True, check=True)
    locked, *could = done.stdout.splitlines()
    if locked == "False":
        pytest.skip("this kernel has no Landlock")
    assert not could
    assert [path.name for path in shut.iterdir()] == ["old"]
