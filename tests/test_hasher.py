"""The hash loop: digests in order, faults as values, and no thread left behind."""

from __future__ import annotations

import os
import random
import threading
import time
from array import array
from pathlib import Path

import pytest
from trees import write_tree

from mktorrent_py import TorrentVersion
from mktorrent_py.content.scan import ScanOptions, scan_content
from mktorrent_py.create.torrent import source_of
from mktorrent_py.hashing import hasher
from mktorrent_py.hashing.checksums import FileChecksums, checksum_lines
from mktorrent_py.hashing.hasher import UNCHECKED, HashOptions, Progress, Source, hash_content, hash_pieces
from mktorrent_py.metainfo.layout import Layout

PIECE_LENGTH = 32768
VERSIONS = list(TorrentVersion)


def prepared(tmp_path: Path, tree: dict[str, int], version: TorrentVersion) -> tuple[Layout, Source]:
    content = scan_content(write_tree(tmp_path / "content", tree), ScanOptions())
    return Layout.of(content.files, PIECE_LENGTH, version), source_of(content)


def unchecked(source: Source) -> Source:
    return Source(root=source.root, paths=source.paths, stats=array("q", UNCHECKED * len(source.paths)))


@pytest.mark.parametrize("version", VERSIONS)
def test_digests_come_in_order_whoever_is_done_first(
    version: TorrentVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, source = prepared(tmp_path, {f"{at:02}": 600_000 for at in range(60)}, version)
    expected = [(hashed.sha1, hashed.nodes) for hashed in hash_content(layout, source, HashOptions(threads=1))]
    real, dice = hasher.hash_unit, random.Random(5)

    def late(*arguments: object, **keywords: object) -> tuple[bytes, bytes]:
        time.sleep(dice.random() / 100)
        return real(*arguments, **keywords)  # type: ignore[arg-type]

    monkeypatch.setattr(hasher, "hash_unit", late)
    units = list(hash_content(layout, source, HashOptions(threads=4)))
    assert b"".join(hashed.sha1 for hashed in units) == b"".join(sha1 for sha1, _ in expected)
    assert b"".join(hashed.nodes for hashed in units) == b"".join(nodes for _, nodes in expected)
    assert [hashed.unit.first_piece for hashed in units] == sorted(hashed.unit.first_piece for hashed in units)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fault_is_a_value_and_the_rest_goes_on(version: TorrentVersion, tmp_path: Path) -> None:
    layout, source = prepared(tmp_path, {f"{at:02}": 16 * PIECE_LENGTH for at in range(80)}, version)
    (source.root / "40").unlink()
    hashed = list(hash_content(layout, source, HashOptions(threads=2)))
    faults = [unit.fault for unit in hashed if unit.fault is not None]
    assert {(fault.file, fault.reason) for fault in faults} == {(40, "missing")}
    assert len(faults) < len(hashed)
    assert all(unit.fault or unit.sha1 or unit.nodes for unit in hashed)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_fault_narrows_down_to_its_pieces(version: TorrentVersion, tmp_path: Path) -> None:
    layout, source = prepared(tmp_path, {"a": 3 * PIECE_LENGTH, "b": 2 * PIECE_LENGTH, "c": PIECE_LENGTH}, version)
    (source.root / "b").unlink()
    pieces = list(hash_pieces(layout, source, HashOptions(), range(layout.piece_count)))
    assert [unit.unit.first_piece for unit in pieces if unit.fault] == [3, 4]


@pytest.mark.parametrize("version", VERSIONS)
def test_unchecked_files_are_read_as_they_are_found(version: TorrentVersion, tmp_path: Path) -> None:
    layout, source = prepared(tmp_path, {"a": 100_000}, version)
    before = [(unit.sha1, unit.nodes) for unit in hash_content(layout, source, HashOptions())]
    os.utime(source.root / "a", ns=(1, 1))
    checked = list(hash_content(layout, source, HashOptions()))
    assert [unit.fault and unit.fault.reason for unit in checked] == ["changed"] * len(checked)
    assert [(unit.sha1, unit.nodes) for unit in hash_content(layout, unchecked(source), HashOptions())] == before
    os.truncate(source.root / "a", 50_000)
    short = list(hash_content(layout, unchecked(source), HashOptions()))
    assert {unit.fault.reason for unit in short if unit.fault} == {"short"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes there")
def test_a_pipe_in_the_place_of_a_file_does_not_hang(tmp_path: Path) -> None:
    layout, source = prepared(tmp_path, {"a": 100_000}, TorrentVersion.V1)
    (source.root / "a").unlink()
    os.mkfifo(source.root / "a")
    for whichever in (source, unchecked(source)):
        for unit in hash_content(layout, whichever, HashOptions()):
            assert unit.fault is not None
            assert unit.fault.reason in ("changed", "unreadable")


def test_leaving_early_stops_the_workers(tmp_path: Path) -> None:
    layout, source = prepared(tmp_path, {f"{at:03}": 16 * PIECE_LENGTH for at in range(300)}, TorrentVersion.HYBRID)
    before, progress = threading.active_count(), Progress()
    units = hash_content(layout, source, HashOptions(threads=3, progress=progress))
    next(units)
    units.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert progress.bytes_done < layout.content_length


def test_checksums_never_wait_for_bytes_that_will_not_come(tmp_path: Path) -> None:
    layout, source = prepared(tmp_path, {"a": 200 * PIECE_LENGTH, "b": 200 * PIECE_LENGTH}, TorrentVersion.V1)
    checksums = FileChecksums([file.length for file in layout.files], ["sha256"])
    os.truncate(source.root / "a", 5)
    started = time.monotonic()
    hashed = list(hash_content(layout, source, HashOptions(threads=4, checksums=checksums)))
    assert any(unit.fault for unit in hashed)
    assert time.monotonic() - started < 30


def test_checksum_lines_escape_what_would_break_a_line() -> None:
    assert checksum_lines(["aa", "bb"], ["plain name", "new\nline"]) == b"aa  plain name\n\\bb  new\\nline\n"
    assert checksum_lines(["cc"], ["caf\udce9"]) == b"cc  caf\xe9\n"
