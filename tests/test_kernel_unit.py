"""Whole units: files opened, checked, read and hashed in one call, against a judge that reads the rules literally."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
from array import array
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mktorrent_py.hashing import kernel
from mktorrent_py.hashing.kernel import ReadFault, _fallback

LEAF = 16384
ENGINES = ("hashlib", "native", *kernel.description().available)
HashUnit = Callable[..., tuple[bytes, bytes]]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths relative to a directory descriptor")


@pytest.fixture(params=ENGINES, scope="module")
def hash_unit(request: pytest.FixtureRequest) -> HashUnit:
    engine = kernel.choose_engine(request.param)
    return getattr(engine, "hash_unit", None) or partial(_fallback.hash_unit, engine)


class Row(NamedTuple):
    file: int
    offset: int
    length: int
    pad: int = 0
    width: int = 0


class Tree:
    """Files in a directory, and units over them."""

    def __init__(self, path: Path, contents: list[bytes]) -> None:
        self.path = path
        self.contents = contents
        self.paths = [f"{index}".encode() for index in range(len(contents))]
        for name, content in zip(self.paths, contents, strict=True):
            (path / name.decode()).write_bytes(content)
        self.descriptor = os.open(path, os.O_RDONLY)
        self.stats = array("q", (n for name in self.paths for n in self.seen(name)))

    def seen(self, name: bytes) -> tuple[int, int, int]:
        now = (self.path / name.decode()).stat()
        return now.st_size, now.st_mtime_ns, now.st_ino

    def hash(self, hash_unit: HashUnit, rows: list[Row], piece_length: int, **options: Any) -> tuple[bytes, bytes]:
        numbers = array("q", (n for row in rows for n in row))
        options = {"v1": True, "v2": True, **options}
        return hash_unit(self.descriptor, self.paths, self.stats, numbers, piece_length, **options)


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Callable[[list[bytes]], Tree]]:
    made: list[Tree] = []

    def make(contents: list[bytes]) -> Tree:
        made.append(Tree(tmp_path, contents))
        return made[-1]

    yield make
    for each in made:
        os.close(each.descriptor)


# ---- the judge ----


def root(leaves: list[bytes], width: int) -> bytes:
    """BEP 52, as it is written: fill up with zero hashes, then hash pairs until one is left."""
    level = leaves + [bytes(32)] * (width - len(leaves))
    while len(level) > 1:
        level = [hashlib.sha256(level[i] + level[i + 1]).digest() for i in range(0, len(level), 2)]
    return level[0]


def cut(data: bytes, length: int) -> list[bytes]:
    return [data[at : at + length] for at in range(0, len(data), length)]


def judge(contents: list[bytes], rows: list[Row], piece_length: int, v1: bool, v2: bool) -> tuple[bytes, bytes]:
    pieces, nodes, stream = b"", b"", b""

    def flush() -> bytes:
        return b"".join(hashlib.sha1(piece).digest() for piece in cut(stream, piece_length))

    for row in rows:
        content = bytes(row.length) if row.file < 0 else contents[row.file][row.offset : row.offset + row.length]
        padded = content + bytes(row.pad)
        if row.width == 0 or not padded:
            stream += padded
            continue
        pieces, stream = pieces + flush(), b""
        pieces += b"".join(hashlib.sha1(piece).digest() for piece in cut(padded, piece_length))
        for piece in cut(content, piece_length):
            nodes += root([hashlib.sha256(leaf).digest() for leaf in cut(piece, LEAF)], row.width)
    return (pieces + flush() if v1 else b""), (nodes if v2 else b"")


def power_of_two_from(n: int) -> int:
    return 1 << max(n - 1, 0).bit_length()


def content(length: int, seed: int = 0) -> bytes:
    return hashlib.shake_128(seed.to_bytes(8, "little")).digest(length)


# ---- any rows ----


@st.composite
def units(draw: st.DrawFn) -> tuple[list[bytes], list[Row], int]:
    piece_length = draw(st.sampled_from([1, 4, 64, 100, 1000, LEAF, 2 * LEAF, 4 * LEAF, 64 * LEAF, 300 * LEAF]))
    edges = [0, 1, 63, 64, 65, LEAF - 1, LEAF, LEAF + 1, 2 * LEAF + 5, 5 * LEAF, 40 * LEAF - 3]
    most = min(45 * LEAF, 300 * piece_length)
    lengths = st.one_of(st.sampled_from([n for n in edges if n <= most]), st.integers(0, min(most, 3 * LEAF)))
    contents = [content(draw(lengths), seed) for seed in range(draw(st.integers(1, 6)))]
    rows = []
    for _ in range(draw(st.integers(0, 25))):
        file = draw(st.integers(-1, len(contents) - 1))
        available = len(contents[file]) if file >= 0 else draw(lengths)
        offset = draw(st.integers(0, available)) if file >= 0 else 0
        length = draw(st.integers(0, available - offset)) if draw(st.booleans()) else available - offset
        if draw(st.booleans()):
            rows.append(Row(file, offset, length, draw(st.integers(0, min(2 * piece_length, 5000)))))
            continue
        leaves = -(-min(length, piece_length) // LEAF)
        pad = -length % piece_length if draw(st.booleans()) else 0
        rows.append(Row(file, offset, length, pad, power_of_two_from(leaves) << draw(st.integers(0, 3))))
    return contents, rows, piece_length


@given(unit=units(), sequential=st.booleans(), checked=st.booleans())
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
def test_any_unit(
    hash_unit: HashUnit,
    tmp_path_factory: pytest.TempPathFactory,
    unit: tuple[list[bytes], list[Row], int],
    sequential: bool,
    checked: bool,
) -> None:
    contents, rows, piece_length = unit
    content_tree = Tree(tmp_path_factory.mktemp("unit"), contents)
    if not checked:
        content_tree.stats = array("q", [-1, 0, 0] * len(contents))
    progress = array("q", [5, 0])
    try:
        for v1, v2 in ((True, True), (True, False)):
            got = content_tree.hash(
                hash_unit, rows, piece_length, v1=v1, v2=v2, sequential=sequential, progress=progress
            )
            assert got == judge(contents, rows, piece_length, v1, v2)
        assert progress[0] == 5 + 2 * sum(row.length for row in rows if row.file >= 0)
        v2_rows = [row for row in rows if row.width]
        got = content_tree.hash(hash_unit, v2_rows, piece_length, v1=False, sequential=sequential)
        assert got == judge(contents, v2_rows, piece_length, False, True)
    finally:
        os.close(content_tree.descriptor)


# ---- shapes that matter ----


@pytest.mark.parametrize("pieces", [1, 2, 3, 15, 16, 17, 48, 50])
@pytest.mark.parametrize("extra", [-1, 0, 1])
def test_one_file_of_many_pieces(
    hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree], pieces: int, extra: int
) -> None:
    length = 4 * LEAF * pieces + extra
    one = tree([content(length)])
    for width in (0, 4):
        rows = [Row(0, 0, length, 0, width)]
        assert one.hash(hash_unit, rows, 4 * LEAF) == judge(one.contents, rows, 4 * LEAF, True, True)


def test_a_piece_larger_than_every_buffer(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    one = tree([content(9 * 1024 * 1024 + 12345)])
    for piece_length in (1 << 23, 1 << 24):
        width = piece_length // LEAF
        rows = [Row(0, 0, len(one.contents[0]), -len(one.contents[0]) % piece_length, width)]
        assert one.hash(hash_unit, rows, piece_length) == judge(one.contents, rows, piece_length, True, True)


def test_many_small_files_in_every_version(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    many = tree([content(3000 + 7 * i, i) for i in range(400)])
    stream = [Row(i, 0, len(data)) for i, data in enumerate(many.contents)]
    own = [Row(i, 0, len(data), -len(data) % (4 * LEAF), 1) for i, data in enumerate(many.contents)]
    assert many.hash(hash_unit, stream, 4 * LEAF) == judge(many.contents, stream, 4 * LEAF, True, True)
    assert many.hash(hash_unit, own, 4 * LEAF) == judge(many.contents, own, 4 * LEAF, True, True)
    assert many.hash(hash_unit, own, 4 * LEAF, v1=False) == judge(many.contents, own, 4 * LEAF, False, True)


def test_nothing_gives_nothing(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    nothing = tree([b""])
    assert nothing.hash(hash_unit, [], 64) == (b"", b"")
    assert nothing.hash(hash_unit, [Row(0, 0, 0), Row(0, 0, 0, 0, 1)], 64) == (b"", b"")


def test_few_descriptors_are_open_at_once(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    import resource

    many = tree([content(100, i) for i in range(200)])
    rows = [Row(i, 0, 100, 0, 1) for i in range(200)]
    # Others in this process may hold descriptors too.
    highest = max(int(entry.name) for entry in Path("/dev/fd").iterdir())
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 18, hard))
    try:
        got = many.hash(hash_unit, rows, 100)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert got == judge(many.contents, rows, 100, True, True)


def test_every_descriptor_is_closed(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    many = tree([content(100, i) for i in range(30)])
    before = os.dup(many.descriptor)
    os.close(before)
    many.hash(hash_unit, [Row(i, 0, 100) for i in range(30)], 64)
    with pytest.raises(ReadFault):
        many.hash(hash_unit, [*(Row(i, 0, 100) for i in range(30)), Row(3, 90, 20)], 64)
    after = os.dup(many.descriptor)
    os.close(after)
    assert after == before


# ---- faults ----


def fault(hash_unit: HashUnit, unit: Tree, rows: list[Row], **options: Any) -> tuple[int, str]:
    with pytest.raises(ReadFault) as caught:
        unit.hash(hash_unit, rows, LEAF, **options)
    return caught.value.file, caught.value.reason


SIZES = [100, 70_000]


@pytest.mark.parametrize("length", SIZES)
def test_a_missing_file(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree], length: int) -> None:
    two = tree([content(10), content(length)])
    (two.path / "1").unlink()
    assert fault(hash_unit, two, [Row(0, 0, 10), Row(1, 0, length)]) == (1, "missing")


def test_a_file_where_a_directory_was(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    one = tree([content(10)])
    one.paths = [b"0/below"]
    assert fault(hash_unit, one, [Row(0, 0, 10)]) == (0, "missing")


@pytest.mark.parametrize("checked", [True, False])
def test_what_is_not_a_file(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree], checked: bool) -> None:
    two = tree([content(10), content(10)])
    for path in (two.path / "0", two.path / "1"):
        path.unlink()
    (two.path / "0").mkdir()
    os.mkfifo(two.path / "1")
    if not checked:
        two.stats = array("q", [-1, 0, 0] * 2)
    assert fault(hash_unit, two, [Row(0, 0, 10)]) == (0, "unreadable")
    assert fault(hash_unit, two, [Row(1, 0, 10)]) == (1, "unreadable")


@pytest.mark.parametrize("length", SIZES)
@pytest.mark.parametrize("field", [0, 1, 2], ids=["size", "mtime", "inode"])
def test_a_file_that_is_not_as_scanned(
    hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree], length: int, field: int
) -> None:
    one = tree([content(length)])
    one.stats[field] += 1
    assert fault(hash_unit, one, [Row(0, 0, length)]) == (0, "changed")
    assert fault(hash_unit, one, [Row(0, 0, length, 0, 8)], v1=False) == (0, "changed")


def test_a_file_that_changes_while_it_is_read(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    """Touched after it was opened: the second check, at the end, sees it."""
    one = tree([content(8 * 1024 * 1024)])
    progress = array("q", [0, 0])
    rows = [Row(0, 0, len(one.contents[0]))] * 40
    result: list[str] = []

    def work() -> None:
        result.append(fault(hash_unit, one, rows, v2=False, progress=progress)[1])

    thread = threading.Thread(target=work)
    thread.start()
    while not progress[0] and thread.is_alive():
        pass
    os.utime(one.path / "0", ns=(1, 1))
    thread.join()
    assert result == ["changed"]


def test_a_file_shorter_than_it_was(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    one = tree([content(100)])
    rows = [Row(0, 50, 51)]
    assert fault(hash_unit, one, rows) == (0, "changed")
    one.stats = array("q", [-1, 0, 0])
    assert fault(hash_unit, one, rows) == (0, "short")
    assert fault(hash_unit, one, [Row(0, 2**40, 1)]) == (0, "short")


def test_a_link_to_itself(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    one = tree([content(100)])
    (one.path / "0").unlink()
    (one.path / "0").symlink_to("0")
    assert fault(hash_unit, one, [Row(0, 0, 100)]) == (0, "unreadable")


def test_a_name_no_system_takes(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    one = tree([content(100)])
    one.paths = [b"x" * 5000]
    assert fault(hash_unit, one, [Row(0, 0, 100)]) == (0, "unreadable")
    one.paths = [b"a\0b"]
    with pytest.raises(ValueError, match="null"):
        one.hash(hash_unit, [Row(0, 0, 100)], LEAF)


def test_work_stops_when_told(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    one = tree([content(100)])
    progress = array("q", [0, 1])
    assert fault(hash_unit, one, [Row(0, 0, 100)], progress=progress) == (-1, "cancelled")
    assert progress[0] == 0


@pytest.mark.parametrize(
    "row",
    [
        Row(1, 0, 1),
        Row(-2, 0, 1),
        Row(0, -1, 1),
        Row(0, 0, -1),
        Row(0, 0, 1, -1),
        Row(0, 0, 1, 0, -1),
        Row(0, 0, 1, 0, 3),
        Row(0, 0, LEAF + 1, 0, 1),
        Row(0, 0, 1, 4 * LEAF, 1),
        Row(0, 0, 0, 1, 1),
    ],
)
def test_rows_that_no_layout_makes(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree], row: Row) -> None:
    one = tree([content(3 * LEAF)])
    with pytest.raises(ValueError, match="row"):
        one.hash(hash_unit, [row], 4 * LEAF)


def test_a_stream_has_no_v2_hash(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    one = tree([content(100)])
    with pytest.raises(ValueError, match="width"):
        one.hash(hash_unit, [Row(0, 0, 100)], LEAF, v1=False)


def test_arguments_of_the_wrong_shape(hash_unit: HashUnit, tree: Callable[[list[bytes]], Tree]) -> None:
    one = tree([content(100)])
    rows = array("q", Row(0, 0, 100))
    good = {"v1": True, "v2": False}
    for stats, rows_given, piece_length in (
        (one.stats[:2], rows, 64),
        (array("q"), rows, 64),
        (one.stats, rows[:4], 64),
        (one.stats, rows, 0),
        (one.stats, rows, -1),
    ):
        with pytest.raises((ValueError, TypeError)):
            hash_unit(one.descriptor, one.paths, stats, rows_given, piece_length, **good)
    with pytest.raises((TypeError, ValueError, BufferError)):
        one.hash(hash_unit, [Row(0, 0, 100)], 64, progress=bytes(16))
    with pytest.raises(TypeError, match="v1"):
        hash_unit(one.descriptor, one.paths, one.stats, rows, 64)
