"""The layout's laws: every byte of content has one place, and padding is what lies between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from trees import layout_of

from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.layout import canonical_key

VERSIONS = st.sampled_from(TorrentVersion)
LENGTHS = st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(any)
PIECE_LENGTHS = st.sampled_from([1, 2, 4, 8, 16])


@given(LENGTHS, PIECE_LENGTHS, VERSIONS)
def test_segments_tile_the_content_exactly_once(lengths: list[int], piece_length: int, version: TorrentVersion) -> None:
    layout = layout_of(lengths, piece_length, version)
    seen = [0] * len(lengths)
    position = 0
    for segment in layout.segments(0, layout.length):
        assert segment.length > 0
        if segment.file is not None:
            assert segment.offset == seen[segment.file]
            assert position == layout.offsets[segment.file] + segment.offset
            seen[segment.file] += segment.length
        position += segment.length
    assert position == layout.length
    assert seen == lengths


@given(LENGTHS, PIECE_LENGTHS, VERSIONS, st.data())
def test_a_cut_changes_no_segment_but_the_one_it_cuts(
    lengths: list[int], piece_length: int, version: TorrentVersion, data: st.DataObject
) -> None:
    layout = layout_of(lengths, piece_length, version)
    cut = data.draw(st.integers(0, layout.length))
    parts = [*layout.segments(0, cut), *layout.segments(cut, layout.length)]
    whole = list(layout.segments(0, layout.length))
    by_byte = [
        [(s.file, s.offset + i if s.file is not None else 0) for s in some for i in range(s.length)]
        for some in (parts, whole)
    ]
    assert by_byte[0] == by_byte[1]


@given(LENGTHS, PIECE_LENGTHS, VERSIONS)
def test_lengths_add_up(lengths: list[int], piece_length: int, version: TorrentVersion) -> None:
    layout = layout_of(lengths, piece_length, version)
    assert layout.content_length == sum(lengths)
    if version.has_v1:
        assert layout.padding == sum(length for _, length in layout.pads()) == layout.length - sum(lengths)
        assert layout.piece_count == -(-layout.length // piece_length)
    else:
        assert layout.padding == 0
        assert layout.piece_count == sum(-(-length // piece_length) for length in lengths)


@given(LENGTHS, PIECE_LENGTHS)
def test_v1_has_no_padding_and_one_short_piece_at_most(lengths: list[int], piece_length: int) -> None:
    layout = layout_of(lengths, piece_length, TorrentVersion.V1)
    assert layout.length == sum(lengths)
    assert list(layout.pads()) == []


@given(LENGTHS, PIECE_LENGTHS)
def test_a_hybrid_aligns_every_file_and_pads_the_last_when_it_has_company(
    lengths: list[int], piece_length: int
) -> None:
    layout = layout_of(lengths, piece_length, TorrentVersion.HYBRID)
    assert all(offset % piece_length == 0 for offset in layout.offsets)
    assert all(0 < pad < piece_length for _, pad in layout.pads())
    if len(lengths) > 1:
        assert layout.length % piece_length == 0
    else:
        assert layout.length == lengths[0]


def test_a_pad_follows_its_file_before_any_empty_ones() -> None:
    layout = layout_of([5, 0, 0, 8, 0], 8, TorrentVersion.HYBRID)
    assert list(layout.pads()) == [(0, 3)]
    assert layout.offsets == (0, 8, 8, 8, 16)


def test_files_in_names_those_with_bytes_there() -> None:
    layout = layout_of([5, 0, 5, 5], 4, TorrentVersion.V1)
    assert layout.files_in(4, 8) == [0, 2]
    assert layout.files_in(8, 100) == [2, 3]


def test_order_is_by_component_and_by_bytes() -> None:
    paths = [
        ("a", "b"),
        ("a b",),
        ("a.b",),
        ("a-b", "c"),
        ("a",),
        ("\N{GRINNING FACE}",),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}",),
        ("\udcff",),
    ]
    joined = sorted(paths, key="/".join)
    ordered = sorted(paths, key=canonical_key)
    assert ordered == [
        ("a",),
        ("a", "b"),
        ("a b",),
        ("a-b", "c"),
        ("a.b",),
        ("\N{FULLWIDTH LATIN SMALL LETTER A}",),
        ("\N{GRINNING FACE}",),
        ("\udcff",),
    ]
    assert joined != ordered
