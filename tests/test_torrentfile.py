"""Torrent files on disk: written whole or not at all, read within bounds."""

from __future__ import annotations

import errno
import os
import stat
import sys
import threading
from pathlib import Path

import pytest
from torrents import encode, v1

from mktorrent_py import Metainfo, torrentfile
from mktorrent_py.errors import ContentError, LimitError, MetainfoError, RefusedError
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.torrentfile import (
    read_bytes,
    read_metainfo,
    reason_of,
    refuse_to_overwrite,
    write_atomically,
    write_metainfo,
    write_together,
)

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="modes, links and pipes that Windows has not")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_is_written_is_there_whole_and_alone(tmp_path: Path) -> None:
    write_atomically(tmp_path / "a.torrent", b"data")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.torrent": b"data"}


@POSIX
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_a_new_file_has_the_mode_the_umask_leaves(umask: int, mode: int, tmp_path: Path) -> None:
    before = os.umask(umask)
    try:
        write_atomically(tmp_path / "a.torrent", b"data")
    finally:
        os.umask(before)
    assert mode_of(tmp_path / "a.torrent") == mode


def test_nothing_is_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "a.torrent"
    path.write_bytes(b"old")
    with pytest.raises(RefusedError, match="already exists"):
        write_atomically(path, b"new")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.torrent": b"old"}


@POSIX
def test_a_dangling_link_is_something_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "a.torrent"
    path.symlink_to("nowhere")
    with pytest.raises(RefusedError):
        refuse_to_overwrite(path)
    with pytest.raises(RefusedError):
        write_atomically(path, b"new")
    assert path.is_symlink()


@POSIX
def test_what_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "a.torrent"
    path.write_bytes(b"old")
    path.chmod(0o640)
    write_atomically(path, b"new", overwrite=True)
    assert (path.read_bytes(), mode_of(path)) == (b"new", 0o640)


@POSIX
@pytest.mark.parametrize("there", [True, False])
def test_replacing_a_link_replaces_what_it_points_to(there: bool, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    target = tmp_path / "real" / "a.torrent"
    if there:
        target.write_bytes(b"old")
    link = tmp_path / "link.torrent"
    link.symlink_to("real/a.torrent")
    write_atomically(link, b"new", overwrite=True)
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert [path.name for path in target.parent.iterdir()] == ["a.torrent"]


@POSIX
def test_a_loop_of_links_is_replaced_itself(tmp_path: Path) -> None:
    loop = tmp_path / "loop.torrent"
    loop.symlink_to("loop.torrent")
    write_atomically(loop, b"new", overwrite=True)
    assert loop.read_bytes() == b"new"


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("step", ["fsync", "link"])
def test_a_full_disk_leaves_nothing(step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torrentfile.os, step, full)
    if step == "link":
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(ContentError, match="no space left on device"):
        write_atomically(tmp_path / "a.torrent", b"data")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(torrentfile.os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(tmp_path / "a.torrent", b"data")
    assert list(tmp_path.iterdir()) == []


def test_several_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "b").write_bytes(b"old")
    with pytest.raises(RefusedError):
        write_together({tmp_path / "a": b"1", tmp_path / "b": b"2", tmp_path / "c": b"3"})
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"b": b"old"}
    write_together({tmp_path / "a": b"1", tmp_path / "b": b"2"}, overwrite=True)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"1", "b": b"2"}


def test_a_file_system_without_hard_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(torrentfile.os, "link", no_links)
    write_atomically(tmp_path / "a.torrent", b"data")
    with pytest.raises(RefusedError):
        write_atomically(tmp_path / "a.torrent", b"other")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a.torrent": b"data"}


@pytest.mark.parametrize("where", ["missing/a.torrent", "file/a.torrent", "d"])
def test_a_place_that_cannot_be_written(where: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "d").mkdir()
    with pytest.raises(ContentError, match="cannot write"):
        write_atomically(tmp_path / where, b"data", overwrite=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d", "file"]


@POSIX
def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    heard: list[bytes] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_bytes()))
    reader.start()
    write_atomically(pipe, b"data")
    reader.join()
    assert heard == [b"data"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_the_null_device_stays_what_it_is() -> None:
    write_atomically(Path(os.devnull), b"data", overwrite=True)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


@pytest.mark.parametrize(("size", "refused"), [(9, False), (10, False), (11, True)])
def test_reading_is_bounded(size: int, refused: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.torrent"
    path.write_bytes(bytes(size))
    if not refused:
        assert read_bytes(path, limits=Limits(size=10)) == bytes(size)
        return
    with pytest.raises(LimitError, match="larger than 10 bytes"):
        read_bytes(path, limits=Limits(size=10))


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"cannot read .*missing: no such file"):
        read_bytes(tmp_path / "missing")
    with pytest.raises(ContentError, match="is a directory"):
        read_bytes(tmp_path)


def test_torrents_are_read_and_written_by_path_or_text(tmp_path: Path) -> None:
    path = tmp_path / "a.torrent"
    metainfo = Metainfo.from_bytes(encode(v1()))
    write_metainfo(metainfo, str(path))
    assert read_metainfo(str(path)) == read_metainfo(path) == metainfo


def test_a_refused_torrent_is_named_once(tmp_path: Path) -> None:
    path = tmp_path / "a.torrent"
    path.write_bytes(b"de")
    with pytest.raises(MetainfoError) as caught:
        read_metainfo(path)
    assert str(caught.value) == f"{path}: info: is missing"
    assert (caught.value.source, caught.value.path) == (str(path), "info")


def test_paths_that_no_system_takes_are_content_errors() -> None:
    with pytest.raises(ContentError, match="cannot read"):
        read_metainfo("a\0b")
    with pytest.raises(ContentError, match="cannot write"):
        write_metainfo(Metainfo.from_bytes(encode(v1())), "a\0b")


def test_the_reason_of_an_error_is_the_systems_own_phrase() -> None:
    """asyncio replaces `strerror` with a sentence that names the address; name servers have numbers below 0."""
    of_asyncio = OSError(errno.EADDRINUSE, "error while attempting to bind on address ('127.0.0.1', 80): in use")
    assert reason_of(of_asyncio) == os.strerror(errno.EADDRINUSE).lower()
    assert reason_of(OSError(-2, "Name or service not known")) == "name or service not known"
    assert reason_of(ValueError("embedded null byte")) == "embedded null byte"
