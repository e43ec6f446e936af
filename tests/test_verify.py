"""Verification judged by a naive model: whole files in memory, compared with what they were."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
import unicodedata
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judges import LIBTORRENT, require
from trees import BLOCK, layout_of, seeded_bytes, trees, write_tree

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.output.verify_report import exit_code_of_report
from mktorrent_py.content.locate import MatchKind
from mktorrent_py.content.scan import ScanOptions, Symlinks
from mktorrent_py.create import CreateOptions, create_torrent
from mktorrent_py.errors import CancelledError, UsageError
from mktorrent_py.hashing import hasher
from mktorrent_py.hashing.hasher import UNCHECKED, HashOptions, Progress, Source, hash_content
from mktorrent_py.hashing.kernel import ReadFault
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.verify import api as verify_room
from mktorrent_py.verify.api import FileStatus, PieceState, VerifyOptions, VerifyReport, verify_content
from mktorrent_py.verify.report import consecutive_runs

VERSIONS: list[reference.Version] = ["v1", "v2", "hybrid"]
PIECE_LENGTH = 2 * BLOCK

Bytes = dict[str, bytes]


# --- content, and what is done to it ---


@contextmanager
def scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as directory:
        yield Path(directory)


def materialised(tree: dict[str, int | bytes]) -> Bytes:
    return {path: seeded_bytes(path, data) if isinstance(data, int) else data for path, data in tree.items()}


def flipped(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 0x40]) + data[at + 1 :]


def torrent_of(root: Path, version: reference.Version, **changes: Any) -> Metainfo:
    return Metainfo.from_bytes(reference.create(root, version=version, piece_length=PIECE_LENGTH, **changes))


def statuses(report: VerifyReport) -> dict[str, FileStatus]:
    return {"/".join(file.path): file.status for file in report.files}


def bad_bytes(report: VerifyReport) -> dict[str, list[tuple[int, int]]]:
    return {"/".join(file.path): [(run.start, run.stop) for run in file.bad] for file in report.files if file.bad}


# --- the naive model ---


class Expected(NamedTuple):
    status: FileStatus
    bad: list[tuple[int, int]]


def joined(runs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Runs of bytes, those that touch made one."""
    result: list[tuple[int, int]] = []
    for start, stop in runs:
        if result and result[-1][1] == start:
            result[-1] = (result[-1][0], stop)
        else:
            result.append((start, stop))
    return result


def file_pieces(order: list[str], was: Bytes, version: str) -> list[list[tuple[str, int, int]]]:
    """Every piece as the (file, start, stop) it covers."""
    if version != "v1":
        return [
            [(path, at, min(at + PIECE_LENGTH, len(was[path])))]
            for path in order
            for at in range(0, len(was[path]), PIECE_LENGTH)
        ]
    stream = [(path, at) for path in order for at in range(len(was[path]))]
    pieces = []
    for first in range(0, len(stream), PIECE_LENGTH):
        covered: dict[str, tuple[int, int]] = {}
        for path, at in stream[first : first + PIECE_LENGTH]:
            covered[path] = (covered.get(path, (at, at))[0], at + 1)
        pieces.append([(path, start, stop) for path, (start, stop) in covered.items()])
    return pieces


def expect(was: Bytes, now: Bytes, version: str) -> dict[str, Expected]:
    order = sorted(was, key=lambda path: [part.encode() for part in path.split("/")])
    bad: dict[str, list[tuple[int, int]]] = {path: [] for path in order}
    convicted, blurred = set(), set()
    for piece in file_pieces(order, was, version):
        if any(len(now.get(path, b"")) < stop for path, _, stop in piece):
            blurred |= {path for path, _, _ in piece}
        elif any(now[path][start:stop] != was[path][start:stop] for path, start, stop in piece):
            for path, start, stop in piece:
                bad[path].append((start, stop))
            convicted |= {piece[0][0]} if len(piece) == 1 else set()
    status = {path: _status(was[path], now.get(path), bad[path], path in convicted, path in blurred) for path in order}
    return {path: Expected(status[path], joined(bad[path])) for path in order}


def _status(was: bytes, now: bytes | None, bad: list[tuple[int, int]], convicted: bool, blurred: bool) -> FileStatus:
    if now is None:
        return FileStatus.MISSING
    if len(now) != len(was):
        return FileStatus.SHORT if len(now) < len(was) else FileStatus.LONG
    if bad:
        return FileStatus.CORRUPT if convicted else FileStatus.SUSPECT
    return FileStatus.UNKNOWN if blurred else FileStatus.OK


def apply(root: Path, was: Bytes, now: Bytes) -> None:
    for path in was:
        if path not in now:
            (root / path).unlink()
        elif now[path] != was[path]:
            (root / path).write_bytes(now[path])


@st.composite
def damages(draw: st.DrawFn) -> tuple[Bytes, Bytes]:
    """A tree, and the same tree with a few things done to it."""
    was = materialised(draw(trees(piece_length=PIECE_LENGTH, max_files=8)))
    now = dict(was)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(sorted(now)))
        now |= {path: _changed(draw, now[path])}
        match draw(st.sampled_from(["change", "delete", "swap"])):
            case "delete" if len(now) > 1:
                del now[path]
            case "swap":
                other = draw(st.sampled_from(sorted(now)))
                now[path], now[other] = now[other], now[path]
    return was, now


def _changed(draw: st.DrawFn, data: bytes) -> bytes:
    marks = [mark + step for mark in range(0, len(data) + BLOCK, BLOCK) for step in (-1, 0, 1)]
    where = draw(st.sampled_from(sorted({mark for mark in [*marks, len(data) - 1] if 0 <= mark < len(data)} | {0})))
    match draw(st.sampled_from(["flip", "truncate", "lengthen", "leave"])):
        case "flip" if data:
            return flipped(data, where)
        case "truncate":
            return data[:where]
        case "lengthen":
            return data + seeded_bytes("more", draw(st.integers(1, BLOCK)))
    return data


@settings(max_examples=120, suppress_health_check=[HealthCheck.data_too_large])
@given(damaged=damages(), version=st.sampled_from(VERSIONS))
def test_the_report_names_exactly_what_is_damaged(damaged: tuple[Bytes, Bytes], version: reference.Version) -> None:
    was, now = damaged
    with scratch() as top:
        root = write_tree(top / "content", was)
        metainfo = torrent_of(root, version)
        assert verify_content(metainfo, root).ok
        apply(root, was, now)
        report = verify_content(metainfo, root)
    expected = expect(was, now, version)
    assert statuses(report) == {path: verdict.status for path, verdict in expected.items()}
    assert bad_bytes(report) == {path: verdict.bad for path, verdict in expected.items() if verdict.bad}
    assert report.ok == (was == now)
    assert exit_code_of_report(report) == (ExitCode.DONE if was == now else ExitCode.NO)
    assert not report.contradicts_itself


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("length", [1, BLOCK, PIECE_LENGTH - 1, PIECE_LENGTH, PIECE_LENGTH + 1, 3 * PIECE_LENGTH])
def test_a_flipped_bit_is_found_wherever_it_is(version: reference.Version, length: int, tmp_path: Path) -> None:
    data = seeded_bytes("flip", length)
    root = write_tree(tmp_path / "content", {"a": data})
    metainfo = torrent_of(root, version)
    marks = {0, BLOCK - 1, BLOCK, PIECE_LENGTH - 1, PIECE_LENGTH, 2 * PIECE_LENGTH, length - 1}
    for at in sorted(mark for mark in marks if mark < length):
        (root / "a").write_bytes(flipped(data, at))
        report = verify_content(metainfo, root)
        start = at // PIECE_LENGTH * PIECE_LENGTH
        assert statuses(report) == {"a": FileStatus.CORRUPT}
        assert bad_bytes(report) == {"a": [(start, min(start + PIECE_LENGTH, length))]}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_missing_file_shifts_nothing(version: reference.Version, tmp_path: Path) -> None:
    tree = {name: seeded_bytes(name, 5 * PIECE_LENGTH // 2) for name in "abcde"}
    root = write_tree(tmp_path / "content", tree)
    metainfo = torrent_of(root, version)
    (root / "c").unlink()
    report = verify_content(metainfo, root)
    beside = FileStatus.UNKNOWN if version == "v1" else FileStatus.OK
    # a and b end together on a piece boundary, so only d shares a piece with c.
    assert statuses(report) == dict.fromkeys("abe", FileStatus.OK) | {"c": FileStatus.MISSING, "d": beside}
    assert PieceState.BAD not in report.pieces
    assert report.bytes_read == sum([len(data) for data in tree.values()]) - (5 if version != "v1" else 6) * BLOCK


@pytest.mark.parametrize("version", VERSIONS)
def test_what_stands_in_place_of_a_file_is_not_read(version: reference.Version, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": b"a" * 10, "b": b"b" * PIECE_LENGTH, "pipe": b"p", "z": b"z"})
    metainfo = torrent_of(root, version)
    for name in ("b", "pipe", "z"):
        (root / name).unlink()
    (root / "b").mkdir()
    os.mkfifo(root / "pipe")
    (root / "z").symlink_to("nowhere")
    report = verify_content(metainfo, root)
    assert {file.path[0]: file.detail for file in report.files if file.status is FileStatus.MISSING} == {
        "b": "a directory is in its place",
        "pipe": "a special file is in its place",
        "z": "a broken link is in its place",
    }
    assert exit_code_of_report(report) == ExitCode.NO


def test_a_bad_piece_makes_suspects_and_an_own_one_a_culprit(tmp_path: Path) -> None:
    tree = {"a": bytes(PIECE_LENGTH + 10), "b": bytes(20), "c": bytes(PIECE_LENGTH)}
    root = write_tree(tmp_path / "content", tree)
    metainfo = torrent_of(root, "v1")
    (root / "b").write_bytes(b"x" * 20)
    assert set(statuses(verify_content(metainfo, root)).values()) == {FileStatus.SUSPECT}
    (root / "a").write_bytes(flipped(tree["a"], 0))
    assert statuses(verify_content(metainfo, root)) == {
        "a": FileStatus.CORRUPT,
        "b": FileStatus.SUSPECT,
        "c": FileStatus.SUSPECT,
    }


# --- exit codes ---


@pytest.mark.parametrize("corrupt", [False, True])
@pytest.mark.parametrize("unreadable", [False, True])
@pytest.mark.parametrize("contradicting", [False, True])
def test_the_gravest_of_all_failures_decides_the_exit_code(
    corrupt: bool, unreadable: bool, contradicting: bool, tmp_path: Path
) -> None:
    """A torrent that contradicts itself comes before content that cannot be read, and that before a mismatch."""
    root = write_tree(tmp_path / "content", {"a": b"a", "b": b"b", "c": b"c"})
    report = verify_content(torrent_of(root, "hybrid"), root)
    found = {FileStatus.CORRUPT: corrupt, FileStatus.UNREADABLE: unreadable}
    statuses = [status for status, is_found in found.items() if is_found]
    files = [file._replace(status=status) for file, status in zip(report.files, statuses, strict=False)]
    pieces = report.pieces[:-1] + bytes([PieceState.V1_ONLY]) if contradicting else report.pieces
    report = replace(report, files=(*files, *report.files[len(files) :]), pieces=pieces)
    expected = [(contradicting, ExitCode.METAINFO), (unreadable, ExitCode.CONTENT), (corrupt, ExitCode.NO)]
    assert exit_code_of_report(report) == next((code for is_met, code in expected if is_met), ExitCode.DONE)


# --- v1 part, v2 part and layers ---


def mixed(top: Path, v1: Bytes, v2: Bytes, *, with_layers: bool = True) -> tuple[Metainfo, Path, Path]:
    """A hybrid whose v1 part is of one content and whose v2 part is of another, of the same names and sizes."""
    one, other = write_tree(top / "one" / "x", v1), write_tree(top / "other" / "x", v2)
    info, _ = reference.info_and_layers(one, version="hybrid", piece_length=PIECE_LENGTH)
    strange, layers = reference.info_and_layers(other, version="hybrid", piece_length=PIECE_LENGTH)
    info["file tree"] = strange["file tree"]
    kept = {"piece layers": layers} if with_layers else {}
    return Metainfo.from_bytes(reference.bencode({"info": info, **kept})), one, other


@pytest.mark.parametrize("length", [5, PIECE_LENGTH, 3 * PIECE_LENGTH + 7])
def test_a_torrent_that_contradicts_itself_is_told_from_bad_content(length: int, tmp_path: Path) -> None:
    tree = {"a": seeded_bytes("a", length), "b": seeded_bytes("b", 9)}
    metainfo, one, other = mixed(tmp_path, tree, tree | {"a": flipped(tree["a"], length - 1)})
    for root, state in ((one, PieceState.V1_ONLY), (other, PieceState.V2_ONLY)):
        report = verify_content(metainfo, root)
        assert statuses(report) == {"a": FileStatus.CONTRADICTED, "b": FileStatus.OK}
        assert report.pieces.count(state) == 1
        assert report.contradicts_itself
        assert exit_code_of_report(report) == ExitCode.METAINFO
    (one / "a").write_bytes(flipped(flipped(tree["a"], length - 1), length - 2))
    report = verify_content(metainfo, one)
    assert statuses(report) == {"a": FileStatus.CORRUPT, "b": FileStatus.OK}
    assert not report.contradicts_itself
    assert exit_code_of_report(report) == ExitCode.NO


def without_layers(root: Path, version: reference.Version, keep: int = 0) -> Metainfo:
    info, layers = reference.info_and_layers(root, version=version, piece_length=PIECE_LENGTH)
    kept = dict(sorted(layers.items())[:keep])
    return Metainfo.from_bytes(reference.bencode({"info": info} | ({"piece layers": kept} if keep else {})))


@pytest.mark.parametrize("keep", [0, 1])
def test_without_layers_a_v2_file_is_proved_by_its_root(keep: int, tmp_path: Path) -> None:
    length = 5 * PIECE_LENGTH + 1
    tree = {"a": seeded_bytes("a", length), "b": seeded_bytes("b", length), "c": b"c", "d": b""}
    root = write_tree(tmp_path / "content", tree)
    metainfo = without_layers(root, "v2", keep)
    assert verify_content(metainfo, root).ok
    for name in "ab":
        (root / name).write_bytes(flipped(tree[name], PIECE_LENGTH))
    report = verify_content(metainfo, root)
    assert [file.status for file in report.files] == [
        FileStatus.CORRUPT,
        FileStatus.CORRUPT,
        FileStatus.OK,
        FileStatus.OK,
    ]
    apart = [report.locates_damage(file) for file in report.files]
    assert apart.count(False) == 2 - keep
    whole, piece = [(0, length)], [(PIECE_LENGTH, 2 * PIECE_LENGTH)]
    assert [[(run.start, run.stop) for run in file.bad] for file in report.files[:2]] == [
        piece if known else whole for known in apart[:2]
    ]
    (root / "a").write_bytes(tree["a"][:-1])
    (root / "b").write_bytes(tree["b"])
    assert statuses(verify_content(metainfo, root)) == {
        "a": FileStatus.SHORT,
        "b": FileStatus.OK,
        "c": FileStatus.OK,
        "d": FileStatus.OK,
    }


def test_without_layers_the_v1_half_of_a_hybrid_still_says_where(tmp_path: Path) -> None:
    tree = {"a": seeded_bytes("a", 4 * PIECE_LENGTH), "b": b"b"}
    root = write_tree(tmp_path / "content", tree)
    metainfo = without_layers(root, "hybrid")
    assert verify_content(metainfo, root).ok
    (root / "a").write_bytes(flipped(tree["a"], PIECE_LENGTH))
    report = verify_content(metainfo, root)
    assert bad_bytes(report) == {"a": [(PIECE_LENGTH, 2 * PIECE_LENGTH)]}
    assert not report.contradicts_itself


def test_without_layers_a_wrong_root_beside_right_v1_pieces_is_a_contradiction(tmp_path: Path) -> None:
    tree = {"a": seeded_bytes("a", 4 * PIECE_LENGTH), "b": b"b"}
    metainfo, one, other = mixed(tmp_path, tree, tree | {"a": flipped(tree["a"], 0)}, with_layers=False)
    assert statuses(verify_content(metainfo, one)) == {"a": FileStatus.CONTRADICTED, "b": FileStatus.OK}
    report = verify_content(metainfo, other)
    assert statuses(report) == {"a": FileStatus.CONTRADICTED, "b": FileStatus.OK}
    assert report.pieces.count(PieceState.V2_ONLY) == 1


def test_damage_in_another_file_hides_no_contradiction(tmp_path: Path) -> None:
    tree = {"a": seeded_bytes("a", 4 * PIECE_LENGTH), "b": seeded_bytes("b", 4 * PIECE_LENGTH)}
    metainfo, root, _ = mixed(tmp_path, tree, tree | {"b": flipped(tree["b"], 0)}, with_layers=False)
    (root / "a").write_bytes(flipped(tree["a"], 5))
    report = verify_content(metainfo, root)
    assert statuses(report) == {"a": FileStatus.CORRUPT, "b": FileStatus.CONTRADICTED}
    assert report.contradicts_itself


@pytest.mark.interop
@pytest.mark.parametrize("version", VERSIONS)
def test_torrents_that_libtorrent_made(version: reference.Version, tmp_path: Path) -> None:
    require(LIBTORRENT)
    tree = {"a": seeded_bytes("a", 100_000), "b/c": seeded_bytes("c", 7), "b/d": seeded_bytes("d", 70_000), "e": b"e"}
    root = write_tree(tmp_path / "content", tree)
    metainfo = Metainfo.from_bytes(LIBTORRENT.create(root, version, PIECE_LENGTH))
    assert verify_content(metainfo, root).ok
    (root / "b/d").write_bytes(flipped(tree["b/d"], 40_000))
    assert statuses(verify_content(metainfo, root))["b/d"] is FileStatus.CORRUPT
    assert sum([not file.is_right for file in verify_content(metainfo, root).files]) == 1


# --- part of it, quickly, or up to the first fault ---


@settings(max_examples=60, suppress_health_check=[HealthCheck.data_too_large])
@given(damaged=damages(), version=st.sampled_from(VERSIONS), data=st.data())
def test_part_of_the_files_gets_the_verdicts_it_gets_among_all(
    damaged: tuple[Bytes, Bytes], version: reference.Version, data: st.DataObject
) -> None:
    was, now = damaged
    chosen = data.draw(st.lists(st.sampled_from(sorted(was)), min_size=1, unique=True))
    with scratch() as top:
        root = write_tree(top / "content", was)
        metainfo = torrent_of(root, version)
        apply(root, was, now)
        report = verify_content(metainfo, root, VerifyOptions(files=tuple([f"/{path}" for path in chosen])))
    expected = expect(was, now, version)
    assert statuses(report) == {path: expected[path].status for path in expected if path in chosen}
    assert report.extras == ()


def test_globs_that_match_nothing_are_said_to(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": b"a"})
    with pytest.raises(UsageError, match=r"matches '\*\.iso'"):
        verify_content(torrent_of(root, "v1"), root, VerifyOptions(files=("*.iso",)))


@pytest.mark.parametrize("version", VERSIONS)
def test_quick_reads_nothing(version: reference.Version, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": b"a" * 10, "b": b"b", "c": b""})
    metainfo = torrent_of(root, version)
    (root / "a").write_bytes(b"X" * 10)
    report = verify_content(metainfo, root, VerifyOptions(quick=True))
    assert report.ok
    assert report.bytes_read == 0
    (root / "c").write_bytes(b"c")
    (root / "b").unlink()
    report = verify_content(metainfo, root, VerifyOptions(quick=True))
    assert statuses(report) == {"a": FileStatus.OK, "b": FileStatus.MISSING, "c": FileStatus.LONG}
    assert exit_code_of_report(report) == ExitCode.NO


@pytest.mark.parametrize("version", VERSIONS)
def test_fail_fast_stops_before_the_end(version: reference.Version, tmp_path: Path) -> None:
    piece, count = 1 << 14, 4000
    root = write_tree(tmp_path / "content", {"a": bytes(piece * count), "z": b"z"})
    metainfo = Metainfo.from_bytes(reference.create(root, version=version, piece_length=piece))
    with (root / "a").open("r+b") as file:
        file.write(b"x")
    report = verify_content(metainfo, root, VerifyOptions(fail_fast=True, threads=1))
    assert statuses(report) == {"a": FileStatus.CORRUPT, "z": FileStatus.UNCHECKED}
    assert not report.ok
    assert report.bytes_read < piece * count
    (root / "z").unlink()
    report = verify_content(metainfo, root, VerifyOptions(fail_fast=True))
    assert statuses(report) == {"a": FileStatus.UNCHECKED, "z": FileStatus.MISSING}
    assert report.bytes_read == 0


# --- what cannot be read ---


@pytest.mark.parametrize("version", VERSIONS)
def test_what_cannot_be_read_is_not_called_corrupt(version: reference.Version, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": bytes(PIECE_LENGTH), "b": b"b" * PIECE_LENGTH, "c": b"c"})
    metainfo = torrent_of(root, version)
    (root / "b").unlink()
    (root / "b").symlink_to("b")
    report = verify_content(metainfo, root)
    assert statuses(report) == {"a": FileStatus.OK, "b": FileStatus.UNREADABLE, "c": FileStatus.OK}
    assert exit_code_of_report(report) == ExitCode.CONTENT


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="modes do not bind this user")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": b"a", "b": b"b"})
    metainfo = torrent_of(root, "hybrid")
    (root / "a").chmod(0)
    report = verify_content(metainfo, root)
    assert [file.detail for file in report.files] == ["permission denied", ""]
    assert exit_code_of_report(report) == ExitCode.CONTENT


@pytest.mark.parametrize("version", VERSIONS)
def test_a_bad_sector_costs_its_piece_only(
    version: reference.Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = {"a": bytes(PIECE_LENGTH), "b": bytes(4 * PIECE_LENGTH), "c": bytes(PIECE_LENGTH)}
    root = write_tree(tmp_path / "content", tree)
    metainfo = torrent_of(root, version)
    sector = 2 * PIECE_LENGTH + 5
    monkeypatch.setattr(hasher, "hash_unit", failing_at(b"b", sector, hasher.hash_unit))
    report = verify_content(metainfo, root)
    assert statuses(report) == {"a": FileStatus.OK, "b": FileStatus.UNREADABLE, "c": FileStatus.OK}
    assert [(run.start, run.stop) for run in report.files[1].unknown] == [(2 * PIECE_LENGTH, 3 * PIECE_LENGTH)]
    assert report.files[1].detail == os.strerror(errno.EIO).lower()
    assert list(report.pieces) == [1, 1, 1, PieceState.UNREADABLE, 1, 1]
    assert exit_code_of_report(report) == ExitCode.CONTENT


def failing_at(path: bytes, offset: int, hash_unit: Callable[..., Any]) -> Callable[..., Any]:
    def fail_there(root: int, paths: Any, stats: Any, rows: array[int], *rest: Any, **options: Any) -> Any:
        for at in range(0, len(rows), 5):
            if paths[rows[at]] == path and rows[at + 1] <= offset < rows[at + 1] + rows[at + 2]:
                raise ReadFault(rows[at], "unreadable", errno.EIO)
        return hash_unit(root, paths, stats, rows, *rest, **options)

    return fail_there


@pytest.mark.parametrize("version", VERSIONS)
def test_a_file_that_changes_meanwhile_is_unreadable(
    version: reference.Version, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "content", {"a": bytes(PIECE_LENGTH), "b": bytes(2 * PIECE_LENGTH), "c": b"c"})
    metainfo = torrent_of(root, version)

    def hash_after_a_change(*arguments: Any) -> Any:
        with (root / "b").open("ab") as file:
            file.write(b"more")
        return hash_content(*arguments)

    monkeypatch.setattr(verify_room, "hash_content", hash_after_a_change)
    report = verify_content(metainfo, root)
    assert statuses(report) == {"a": FileStatus.OK, "b": FileStatus.UNREADABLE, "c": FileStatus.OK}
    assert report.files[1].detail == "changed while it was read"
    assert exit_code_of_report(report) == ExitCode.CONTENT


def test_cancelling_ends_in_an_error_and_leaves_no_thread(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": bytes(10 * PIECE_LENGTH)})
    progress = Progress()
    progress.cancel()
    with pytest.raises(CancelledError, match="cancelled"):
        verify_content(torrent_of(root, "hybrid"), root, progress=progress)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("mkt-hash")]


# --- links (BEP 47) ---


@pytest.mark.parametrize("version", list(TorrentVersion))
def test_a_stored_link_must_lead_where_the_torrent_says(version: TorrentVersion, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "content", {"a": b"a", "b": b"b", "sub/c": b"c"})
    (root / "sub" / "link").symlink_to("../a")
    options = CreateOptions(version=version, piece_length=PIECE_LENGTH, scan=ScanOptions(symlinks=Symlinks.STORE))
    metainfo = create_torrent(root, options).metainfo
    link = root / "sub" / "link"

    def verdict() -> tuple[FileStatus, str]:
        file = next(file for file in verify_content(metainfo, root).files if file.path == ("sub", "link"))
        return file.status, file.detail

    assert verdict() == (FileStatus.OK, "")
    link.unlink()
    assert verdict() == (FileStatus.MISSING, "not found")
    link.symlink_to("../b")
    assert verdict() == (FileStatus.CORRUPT, "the link does not point to a")
    link.unlink()
    link.write_bytes(b"a")
    status, detail = verdict()
    assert status is FileStatus.OK
    assert "not a link" in detail


# --- runs of pieces ---


@settings(max_examples=80)
@given(
    lengths=st.lists(st.sampled_from([0, 1, BLOCK - 1, PIECE_LENGTH, PIECE_LENGTH + 1, 7 * BLOCK]), min_size=1),
    version=st.sampled_from(list(TorrentVersion)),
    data=st.data(),
)
def test_chosen_runs_hash_as_among_all(lengths: list[int], version: TorrentVersion, data: st.DataObject) -> None:
    layout = layout_of(lengths, PIECE_LENGTH, version)
    chosen = sorted(data.draw(st.sets(st.integers(0, max(layout.piece_count - 1, 0)), max_size=layout.piece_count)))
    runs = consecutive_runs(chosen) if layout.piece_count else []
    with scratch() as root:
        for at, length in enumerate(lengths):
            (root / f"{at}").write_bytes(seeded_bytes(f"{at}", length))
        paths = [f"{at}".encode() for at in range(len(lengths))]
        source = Source(root=root, paths=paths, stats=array("q", UNCHECKED) * len(lengths))
        every = digests(hash_content(layout, source, HashOptions()))
        some = digests(hash_content(layout, source, HashOptions(), runs))
    assert some == {piece: every[piece] for piece in chosen if piece in every}


def digests(results: Iterator[hasher.UnitDigests]) -> dict[int, tuple[bytes, bytes]]:
    found = {}
    for hashed in results:
        assert hashed.fault is None
        for at in range(hashed.unit.pieces):
            node = hashed.nodes[at * 32 : (at + 1) * 32]
            found[hashed.unit.first_piece + at] = hashed.sha1[at * 20 : (at + 1) * 20], node
    return found


# --- names ---


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("here, there", [("NFC", "NFD"), ("NFD", "NFC")])
def test_the_other_unicode_form_is_bridged_and_said(
    version: reference.Version, here: Any, there: Any, tmp_path: Path
) -> None:
    path = "Übung/é"
    root = write_tree(tmp_path / "content", {unicodedata.normalize(here, path): b"e", "a": b"a"})
    metainfo = torrent_of(root, version)
    moved = write_tree(tmp_path / "moved", {unicodedata.normalize(there, path): b"e", "a": b"a"})
    report = verify_content(metainfo, moved)
    assert report.ok
    assert report.located.kind is MatchKind.RENAMED
    assert report.extras == ()
    assert [file.is_respelled for file in report.files] == [file.path != ("a",) for file in report.files]
    respelled = next(file for file in report.files if file.is_respelled)
    assert respelled.on_disk == moved / unicodedata.normalize(there, path)


def test_twins_in_both_forms_keep_apart(tmp_path: Path) -> None:
    nfc, nfd = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
    root = write_tree(tmp_path / "content", {nfc: b"composed", nfd: b"decomposed"})
    metainfo = torrent_of(root, "v2")
    assert verify_content(metainfo, root).ok
    (root / nfc).unlink()
    assert statuses(verify_content(metainfo, root)) == {nfc: FileStatus.MISSING, nfd: FileStatus.OK}
