"""The cache of checks: what need not be read again, and what must be."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from commands import free_port
from seeding_rig import HERE, QUIET_WORDS, Release, make_release, run_mkt, running, snapshot

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.client.seeding.check_cache import SETTLED_AFTER, CheckCache
from mktorrent_py.client.seeding.content_check import CheckedContent, CheckOptions, check, locate
from mktorrent_py.client.seeding.events import Basis
from mktorrent_py.content.scan import ScanOptions, Symlinks
from mktorrent_py.errors import ContentError
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.infohash import TorrentVersion


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """A release whose files count as unchanged for long."""
    monkeypatch.setattr("mktorrent_py.client.seeding.check_cache.SETTLED_AFTER", -(10**12))
    return make_release(tmp_path, TorrentVersion.HYBRID)


def checked(release: Release, record: Path) -> CheckedContent:
    options = CheckOptions(cache=CheckCache(record))
    return check(
        locate(release.metainfo, [release.content], options), options, torrent=release.torrent, progress=Progress()
    )


def test_unchanged_content_is_not_read_again(release: Release, tmp_path: Path) -> None:
    record = tmp_path / "record"
    first, second = checked(release, record), checked(release, record)
    assert (first.basis, second.basis) == (Basis.CHECKED, Basis.REMEMBERED)
    assert first.placement == second.placement
    assert (first.seconds is None, second.seconds is None) == (False, True)


def rewrite(path: Path) -> None:
    """Write other bytes and restore the times."""
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def replace_by_a_copy(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_bytes(path.read_bytes())
    status = path.stat()
    os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
    copy.replace(path)


@pytest.mark.parametrize(
    ("change", "is_right"),
    [
        (rewrite, False),
        (Path.unlink, False),
        (lambda path: os.truncate(path, 7), False),
        (lambda path: path.chmod(0o600), True),
        (os.utime, True),
        (replace_by_a_copy, True),
    ],
)
def test_changed_content_is_read_again(
    release: Release, tmp_path: Path, change: Callable[[Path], Any], is_right: bool
) -> None:
    record = tmp_path / "record"
    checked(release, record)
    change(release.content / "a.bin")
    if is_right:
        assert checked(release, record).basis is Basis.CHECKED
        assert checked(release, record).basis is Basis.REMEMBERED
    else:
        with pytest.raises(ContentError, match=r"a\.bin"):
            checked(release, record)


def test_stored_links_can_be_remembered(release: Release, tmp_path: Path) -> None:
    (release.content / "link").symlink_to("a.bin")
    linked = make_release(tmp_path, scan=ScanOptions(symlinks=Symlinks.STORE))
    assert any(file.symlink for file in linked.metainfo.info.files)
    record = tmp_path / "record"
    assert [checked(linked, record).basis for _ in range(2)] == [Basis.CHECKED, Basis.REMEMBERED]


def test_another_torrent_of_the_same_files_is_checked(release: Release, tmp_path: Path) -> None:
    record = tmp_path / "record"
    checked(release, record)
    other = make_release(tmp_path / "other", TorrentVersion.V1)
    assert checked(replace(other, content=release.content), record).basis is Basis.CHECKED


def test_content_that_was_moved_is_checked(release: Release, tmp_path: Path) -> None:
    record = tmp_path / "record"
    checked(release, record)
    moved = release.content.rename(tmp_path / "moved")
    assert checked(replace(release, content=moved), record).basis is Basis.CHECKED


def test_a_file_written_just_before_is_not_remembered(tmp_path: Path) -> None:
    """It could be written to once more within the same tick of the file system's clock."""
    release, record = make_release(tmp_path), tmp_path / "record"
    assert SETTLED_AFTER > 0
    assert checked(release, record).basis is Basis.CHECKED
    assert checked(release, record).basis is Basis.CHECKED
    assert record.read_bytes() == b""


@pytest.mark.parametrize("damage", [lambda line: line[:-9], lambda line: b"\0\xff" * 30, lambda line: b""])
def test_a_damaged_cache_costs_a_check(release: Release, tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    record = tmp_path / "record"
    checked(release, record)
    record.write_bytes(damage(record.read_bytes()))
    assert checked(release, record).basis is Basis.CHECKED
    assert checked(release, record).basis is Basis.REMEMBERED


def test_a_restarted_seeder_does_not_check_again(tmp_path: Path) -> None:
    """The cache is written although the sandbox forbids writing."""
    release = make_release(tmp_path / "data", tree={"a.bin": 200_000})
    record = tmp_path / "cache" / "record"
    record.parent.mkdir()
    words = ("seed", release.torrent, release.content, "--port", "0", *QUIET_WORDS, "--cache", record, "--json")
    before = snapshot(tmp_path / "data")
    time.sleep(SETTLED_AFTER / 1e9 + 0.1)
    seen = []
    for _ in range(2):
        with running(*words) as process:
            seen.append(process.wait_for("seed-started")["basis"])
            assert process.end(signal.SIGTERM)[0] == 0
    assert seen == ["checked", "remembered"]
    assert snapshot(tmp_path / "data") == before


@pytest.mark.parametrize("place", ["none/record", "."])
def test_a_cache_that_cannot_be_written_is_a_usage_error(tmp_path: Path, place: str) -> None:
    release = make_release(tmp_path, tree={"a": 10})
    words = ("seed", release.torrent, release.content, "--port", str(free_port()), "--bind", HERE)
    code, _, err = run_mkt(*words, "--cache", tmp_path / place)
    assert code == ExitCode.USAGE
    assert "as a check cache" in err
