"""The comparison of digests judged by a naive model: every piece is right or wrong by v1 and by v2, as drawn."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from mktorrent_py.hashing.compare import Comparison, PieceState
from mktorrent_py.hashing.plan import plan_hashes
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.merkle import root_of_layer

PIECE_LENGTH = 16384


class DrawnFile(NamedTuple):
    """A file of whole pieces: whether each is right by v1 and by v2, and whether the torrent has its piece layer."""

    pieces: tuple[tuple[bool, bool], ...]
    has_layer: bool


@st.composite
def drawn_files(draw: st.DrawFn) -> DrawnFile:
    """Parts that are right all through are as frequent as damaged ones."""
    count = draw(st.integers(1, 4))
    part = st.just([True] * count) | st.lists(st.booleans(), min_size=count, max_size=count)
    return DrawnFile(tuple(zip(draw(part), draw(part), strict=True)), draw(st.booleans()))


def hash_pairs(nodes: bytes) -> bytes:
    return b"".join([hashlib.sha256(nodes[at : at + 64]).digest() for at in range(0, len(nodes), 64)])


def expected_state(file: DrawnFile, piece: int, version: TorrentVersion) -> PieceState:
    v1, v2 = file.pieces[piece]
    if len(file.pieces) > 1 and not file.has_layer:
        # Only the root is known: it matches if all pieces do, and does not locate a bad one, which v1 does.
        all_right = all(right for _, right in file.pieces)
        v1_tells = version.has_v1 and not all(right for right, _ in file.pieces)
        v2 = v1 if v1_tells and not all_right else all_right
    if not version.has_v1 or not version.has_v2:
        return PieceState.GOOD if (v1 if version.has_v1 else v2) else PieceState.BAD
    return {
        (True, True): PieceState.GOOD,
        (False, False): PieceState.BAD,
        (True, False): PieceState.V1_ONLY,
        (False, True): PieceState.V2_ONLY,
    }[v1, v2]


@given(st.lists(drawn_files(), min_size=1, max_size=6), st.sampled_from(TorrentVersion), st.integers(1, 4))
@settings(max_examples=200)
def test_every_piece_has_the_state_of_the_model(drawn: list[DrawnFile], version: TorrentVersion, workers: int) -> None:
    files, layers, v1, v2 = [], {}, [], []
    for number, file in enumerate(drawn):
        nodes = [hashlib.sha256(b"%d %d" % (number, piece)).digest() for piece in range(len(file.pieces))]
        root = root_of_layer(b"".join(nodes), PIECE_LENGTH, hash_pairs=hash_pairs) if len(nodes) > 1 else nodes[0]
        files.append(File((f"{number}",), len(nodes) * PIECE_LENGTH, pieces_root=root))
        if file.has_layer:
            layers[root] = b"".join(nodes)
        v1 += [node[:20] for node in nodes]
        v2 += nodes
    layout = Layout.of(files, PIECE_LENGTH, version)
    rights = [right for file in drawn for right in file.pieces]
    comparison = Comparison(layout, b"".join(v1) if version.has_v1 else b"", layers, hash_pairs=hash_pairs)
    for unit in plan_hashes(layout, workers=workers):
        pieces = range(unit.first_piece, unit.first_piece + unit.pieces)
        sha1 = b"".join([v1[piece] if rights[piece][0] else b"x" * 20 for piece in pieces])
        nodes = b"".join([v2[piece] if rights[piece][1] else b"x" * 32 for piece in pieces])
        comparison.take(unit, sha1 if version.has_v1 else b"", nodes if version.has_v2 else b"")
    expected = [expected_state(file, piece, version) for file in drawn for piece in range(len(file.pieces))]
    assert [PieceState(state) for state in comparison.states()] == expected
