"""The bounds of creation options, at the value where each one changes its answer."""

import io
from pathlib import Path

import pytest

from mktorrent_py.create import CreateOptions, create_from_stream, draft_torrent, warnings_of
from mktorrent_py.create.options import check_options
from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo.piece_length import MAX_USUAL_PIECE_LENGTH

KIB = 1024


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content.bin"
    path.write_bytes(bytes(64 * KIB))
    return path


def test_a_piece_length_may_equal_its_maximum() -> None:
    check_options(CreateOptions(piece_length=32 * KIB, max_piece_length=32 * KIB))
    with pytest.raises(UsageError) as caught:
        check_options(CreateOptions(piece_length=64 * KIB, max_piece_length=32 * KIB))
    assert caught.value.code == "piece-length-above-maximum"
    assert caught.value.data == {"length": 64 * KIB, "maximum": 32 * KIB}


def test_a_maximum_bounds_the_piece_length_of_a_stream() -> None:
    options = CreateOptions(name="stream.bin", max_piece_length=32 * KIB)
    created = create_from_stream(io.BytesIO(bytes(64 * KIB)), options)
    assert created.metainfo.info.piece_length == 32 * KIB


def test_a_target_that_is_met_exactly_is_no_warning(content: Path) -> None:
    exact = draft_torrent(content, CreateOptions(target_pieces=1))
    assert exact.choice.pieces == 1
    assert "target-pieces-unreachable" not in {warning.code for warning in warnings_of(exact)}


@pytest.mark.parametrize(("factor", "warned"), [(1, False), (2, True)])
def test_only_piece_lengths_above_the_usual_maximum_are_a_warning(content: Path, factor: int, warned: bool) -> None:
    draft = draft_torrent(content, CreateOptions(piece_length=MAX_USUAL_PIECE_LENGTH * factor))
    assert ("piece-length-unusual" in {warning.code for warning in warnings_of(draft)}) is warned
