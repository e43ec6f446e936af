"""Listing a directory in one call: the compiled way against `os.scandir`, and what either does when it cannot."""

from __future__ import annotations

import os
import socket
import stat
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from planting import as_nobody, plant

from mktorrent_py.content import directory
from mktorrent_py.content.directory import Record, scan_directory

Lister = Callable[[bytes], list[Record]]

WAYS = [scan_directory] if directory._listing is None else [scan_directory, directory._listing.list_directory]
both_ways = pytest.mark.parametrize("lister", WAYS, ids=["scandir", "compiled"][: len(WAYS)])
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such entries")

NAMES = st.binary(min_size=1, max_size=8).filter(lambda name: name not in (b".", b"..") and not set(name) & set(b"/\0"))


def named(records: list[Record]) -> dict[bytes, Record]:
    return {record[0]: record for record in records}


@posix
@both_ways
@given(names=st.sets(NAMES, max_size=70))
@settings(max_examples=60)
def test_names_of_any_bytes_come_sorted(lister: Lister, names: set[bytes]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        top = os.fsencode(directory)
        for name in names:
            try:
                os.close(os.open(top + b"/" + name, os.O_CREAT | os.O_WRONLY))
            except OSError:
                return  # a file system with a taste of its own
        assert [record[0] for record in lister(top)] == sorted(names)


@posix
@both_ways
def test_every_kind_of_entry_looks_as_it_is(lister: Lister, tmp_path: Path) -> None:
    plant(tmp_path, "file", "directory/inside")
    (tmp_path / "link").symlink_to("file")
    (tmp_path / "broken").symlink_to("nowhere")
    os.mkfifo(tmp_path / "fifo")
    os.truncate(tmp_path / "file", 5 << 32)
    os.utime(tmp_path / "file", ns=(0, -1_234_567_891))
    os.utime(tmp_path / "directory", ns=(0, 4_000_000_000_123_456_789))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(tmp_path / "socket"))
        records = named(lister(os.fsencode(tmp_path)))
    assert sorted(records) == [b"broken", b"directory", b"fifo", b"file", b"link", b"socket"]
    for name, mode, size, mtime_ns, inode, device in records.values():
        status = (tmp_path / os.fsdecode(name)).lstat()
        expected = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino, status.st_dev)
        assert (mode, size, mtime_ns, inode, device) == expected
    assert records[b"file"][2:4] == (5 << 32, -1_234_567_891)


@both_ways
def test_an_empty_directory(lister: Lister, tmp_path: Path) -> None:
    assert lister(os.fsencode(tmp_path)) == []


@both_ways
def test_what_is_no_directory_is_an_error_that_names_it(lister: Lister, tmp_path: Path) -> None:
    plant(tmp_path, "file")
    for name, expected in (("file", NotADirectoryError), ("missing", FileNotFoundError)):
        path = os.fsencode(tmp_path / name)
        with pytest.raises(expected) as caught:
            lister(path)
        assert caught.value.filename == path
        assert caught.value.errno
    with pytest.raises(ValueError, match="null"):
        lister(b"a\0b")


@posix
@both_ways
def test_what_may_be_listed_but_not_looked_at_has_its_kind(lister: Lister, tmp_path: Path) -> None:
    plant(tmp_path, "d/file", "d/directory/inside")
    (tmp_path / "d/link").symlink_to("file")
    (tmp_path / "d").chmod(0o444)
    try:
        with as_nobody(tmp_path):
            records = named(lister(os.fsencode(tmp_path / "d")))
    finally:
        (tmp_path / "d").chmod(0o755)
    kinds = {b"file": stat.S_IFREG, b"directory": stat.S_IFDIR, b"link": stat.S_IFLNK}
    assert records == {name: (name, kind, 0, 0, 0, 0) for name, kind in kinds.items()}


@both_ways
def test_many_threads_and_no_descriptor_left_open(lister: Lister, tmp_path: Path) -> None:
    plant(tmp_path, *[f"{directory}/{number}" for directory in range(4) for number in range(100)])
    directories = [os.fsencode(tmp_path / f"{number % 4}") for number in range(40)]
    before = open_descriptors()
    with ThreadPoolExecutor(4) as pool:
        listed = list(pool.map(lister, directories))
        failed = list(pool.map(partial(is_missing, lister), directories))
    assert open_descriptors() == before
    assert all(len(records) == 100 for records in listed)
    assert all(failed)


def is_missing(lister: Lister, path: bytes) -> bool:
    with pytest.raises(FileNotFoundError):
        lister(path + b"x")
    return True


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0  # noqa: PTH208 - only how many


def test_without_a_compiler_the_fallback_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant(tmp_path, "b", "a")
    path = os.fsencode(tmp_path)
    compiled = directory.list_directory(path)
    monkeypatch.setattr(directory, "_listing", None)
    assert directory.list_directory(path) == compiled
