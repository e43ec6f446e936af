"""A plan holds every piece once and in order, whatever it is cut into."""

from __future__ import annotations

import pickle
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import layout_of

from mktorrent_py.hashing.plan import LANES, ROW_FIELDS, Unit, pieces_per_unit, plan_hashes, plan_pieces
from mktorrent_py.metainfo.infohash import TorrentVersion

BLOCK = 16384
PIECE_LENGTH = 2 * BLOCK
LENGTHS = st.lists(
    st.sampled_from(
        [0, 1, BLOCK, PIECE_LENGTH - 1, PIECE_LENGTH, PIECE_LENGTH + 1, 5 * PIECE_LENGTH, 70 * PIECE_LENGTH]
    ),
    min_size=1,
    max_size=10,
).filter(any)


def stream(units: Iterable[Unit]) -> list[tuple[int, int, int]]:
    """The plan as runs of bytes (file or -1, offset, length), neighbours joined."""
    runs: list[tuple[int, int, int]] = []
    for unit in units:
        for at in range(0, len(unit.rows), ROW_FIELDS):
            file, offset, length, pad, _ = unit.rows[at : at + ROW_FIELDS]
            for run in ((file, offset, length), (-1, 0, pad)):
                if runs and run[0] == runs[-1][0] and (run[0] < 0 or run[1] == runs[-1][1] + runs[-1][2]):
                    runs[-1] = (runs[-1][0], runs[-1][1], runs[-1][2] + run[2])
                elif run[2]:
                    runs.append(run)
    return runs


@given(LENGTHS, st.sampled_from(TorrentVersion), st.integers(1, 9))
def test_units_follow_each_other_and_cover_all_pieces(
    lengths: list[int], version: TorrentVersion, workers: int
) -> None:
    layout = layout_of(lengths, PIECE_LENGTH, version)
    due = 0
    for unit in plan_hashes(layout, workers=workers):
        assert unit.first_piece == due and unit.pieces > 0
        due += unit.pieces
    assert due == layout.piece_count


@given(LENGTHS, st.sampled_from(TorrentVersion), st.integers(1, 9))
def test_a_plan_holds_the_whole_content_in_order(lengths: list[int], version: TorrentVersion, workers: int) -> None:
    layout = layout_of(lengths, PIECE_LENGTH, version)
    planned = stream(plan_hashes(layout, workers=workers))
    assert [run for run in planned if run[0] >= 0] == [(at, 0, size) for at, size in enumerate(lengths) if size]
    assert sum(unit.length for unit in plan_hashes(layout, workers=workers)) == sum(lengths)
    if version.has_v1:
        assert sum(size for _, _, size in planned) == layout.length


@given(LENGTHS, st.sampled_from(TorrentVersion))
def test_piece_by_piece_is_the_same_stream(lengths: list[int], version: TorrentVersion) -> None:
    layout = layout_of(lengths, PIECE_LENGTH, version)
    assert stream(plan_pieces(layout, range(layout.piece_count))) == stream(plan_hashes(layout))


@given(LENGTHS, st.sampled_from([TorrentVersion.V2, TorrentVersion.HYBRID]))
def test_no_v2_piece_crosses_a_file(lengths: list[int], version: TorrentVersion) -> None:
    layout = layout_of(lengths, PIECE_LENGTH, version)
    for unit in plan_pieces(layout, range(layout.piece_count)):
        assert len(unit.files()) == 1
        assert unit.length <= PIECE_LENGTH


@pytest.mark.parametrize(
    ("count", "piece_length", "workers", "each"),
    [
        (4096, 1 << 20, 2, 16),
        (65536, 1 << 16, 2, 256),
        (32, 128 << 20, 2, 16),
        (24, 128 << 20, 2, 12),
        (3, 128 << 20, 2, 2),
        (1, 1 << 20, 8, 1),
        (40, 1 << 20, 2, 16),
        (36, 1 << 20, 2, 16),
        (512, 1 << 16, 2, 256),
        (510, 1 << 16, 2, 16),
    ],
)
def test_units_suit_the_lanes_and_share_out_the_work(count: int, piece_length: int, workers: int, each: int) -> None:
    assert pieces_per_unit(count, piece_length, workers) == each


@given(st.integers(1, 64), st.integers(0, 3) | st.integers(0, 10**6), st.sampled_from([1 << 14, 1 << 20, 1 << 27]))
def test_units_are_full_where_every_worker_has_one(workers: int, more: int, piece_length: int) -> None:
    full = max((16 << 20) // piece_length, LANES)
    assert pieces_per_unit(workers * full + more, piece_length, workers) == full


@given(st.integers(1, 64), st.integers(1, 63), st.sampled_from([1 << 14, 1 << 20, 1 << 27]))
def test_units_are_even_and_no_wider_than_the_lanes_elsewhere(workers: int, missing: int, piece_length: int) -> None:
    count = max(workers * (max((16 << 20) // piece_length, LANES) - 1) + 1 - missing, 1)
    share = -(-count // workers)
    each = pieces_per_unit(count, piece_length, workers)
    if share < max((16 << 20) // piece_length, LANES):
        assert each <= LANES
        assert -(-share // each) == -(-share // LANES)


@given(st.integers(1, 10**6), st.sampled_from([1 << 14, 1 << 20, 1 << 27]), st.integers(1, 64))
def test_a_unit_is_never_empty_and_never_wider_than_it_must_be(count: int, piece_length: int, workers: int) -> None:
    each = pieces_per_unit(count, piece_length, workers)
    assert 1 <= each <= max((16 << 20) // piece_length, LANES)


def test_units_can_be_sent_elsewhere() -> None:
    unit = next(plan_hashes(layout_of([5, 7], PIECE_LENGTH, TorrentVersion.HYBRID)))
    assert pickle.loads(pickle.dumps(unit)) == unit
