"""Compares digests with those of a torrent, piece by piece. Pure; `verify` decides what the states mean for files.

A hybrid torrent has two digests of every piece, over the same bytes. When one matches and the other does not, no
content can match both: the torrent contradicts itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum

from mktorrent_py.hashing.plan import Unit
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.merkle import NODE_LENGTH, HashPairs, ceil_div, root_of_layer

SHA1_LENGTH = 20


class PieceState(IntEnum):
    """The state of a piece.

    `V1_ONLY` and `V2_ONLY`: it matches one part of a hybrid only. `MISSING` and `UNREADABLE`: some of its bytes could
    not be read.
    """

    UNCHECKED = 0
    GOOD = 1
    BAD = 2
    V1_ONLY = 3
    V2_ONLY = 4
    MISSING = 5
    UNREADABLE = 6


CONTRADICTIONS = (PieceState.V1_ONLY, PieceState.V2_ONLY)

_GOOD, _BAD = PieceState.GOOD, PieceState.BAD


class Comparison:
    """Takes digests as they come and keeps the state of every piece.

    A v2 file longer than a piece, whose piece layer the torrent lacks, is checked by its root once all of its nodes
    are known: all of its pieces are good, or none is known to be.
    """

    def __init__(self, layout: Layout, pieces: bytes, layers: Mapping[bytes, bytes], *, hash_pairs: HashPairs) -> None:
        self._layout = layout
        self._hash_pairs = hash_pairs
        self._sha1 = pieces
        self._layers = layers
        self._nodes = b"".join(self._expected_nodes()) if layout.version.has_v2 else b""
        self._v1 = bytearray(layout.piece_count)
        self._v2 = bytearray(layout.piece_count)
        self._lost = bytearray(layout.piece_count)
        self._collected: dict[int, bytearray] = {}

    def mark_lost(self, pieces: Iterable[int], state: PieceState) -> None:
        """Mark pieces as not hashable; an earlier mark is kept."""
        for piece in pieces:
            self._lost[piece] = self._lost[piece] or state

    def take(self, unit: Unit, sha1: bytes, nodes: bytes) -> None:
        """Compare the digests of one unit."""
        if sha1:
            _compare(self._v1, unit.first_piece, sha1, self._sha1, SHA1_LENGTH)
        if nodes and not _compare(self._v2, unit.first_piece, nodes, self._nodes, NODE_LENGTH):
            # Roots come last: the states of the file's v1 pieces are known by then.
            for number in dict.fromkeys(unit.files()):
                if not self.has_layer(number):
                    self._collect(number, unit, nodes)

    def has_bad(self, unit: Unit) -> bool:
        """Whether a digest of this unit does not match."""
        span = slice(unit.first_piece, unit.first_piece + unit.pieces)
        return _BAD in self._v1[span] or _BAD in self._v2[span]

    def states(self) -> bytes:
        """Return the `PieceState` of every piece, a byte each."""
        version = self._layout.version
        if version.has_v1 and version.has_v2 and self._v1 != self._v2:
            checked = bytes(map(_joined, self._v1, self._v2))
        else:
            checked = bytes(self._v1 if version.has_v1 else self._v2)
        if not any(self._lost):
            return checked
        return bytes([lost or state for lost, state in zip(self._lost, checked, strict=True)])

    def has_layer(self, number: int) -> bool:
        """Whether v2 has a digest for each piece of this file: its layer, or the root of an only piece."""
        file = self._layout.files[number]
        return file.length <= self._layout.piece_length or file.pieces_root in self._layers

    def _expected_nodes(self) -> Iterable[bytes]:
        for file in self._layout.files:
            root = file.pieces_root or b""
            if file.length > self._layout.piece_length:
                count = ceil_div(file.length, self._layout.piece_length)
                yield self._layers.get(root, bytes(count * NODE_LENGTH))
            else:
                yield root

    def _collect(self, number: int, unit: Unit, nodes: bytes) -> None:
        """Keep a file's nodes until all are known, then compare its root."""
        own = self._layout.pieces_of(number)
        start, stop = max(own.start, unit.first_piece), min(own.stop, unit.first_piece + unit.pieces)
        self._v2[start:stop] = bytes(stop - start)
        collected = self._collected.setdefault(number, bytearray())
        collected += nodes[(start - unit.first_piece) * NODE_LENGTH : (stop - unit.first_piece) * NODE_LENGTH]
        if len(collected) < len(own) * NODE_LENGTH:
            return
        root = root_of_layer(bytes(self._collected.pop(number)), self._layout.piece_length, hash_pairs=self._hash_pairs)
        self._set_by_root(own, is_right=root == self._layout.files[number].pieces_root)

    def _set_by_root(self, own: range, *, is_right: bool) -> None:
        span = slice(own.start, own.stop)
        if is_right:
            self._v2[span] = bytes([_GOOD]) * len(own)
        elif _BAD in self._v1[span]:
            # The v1 pieces locate the damage, and the root confirms that there is some.
            self._v2[span] = self._v1[span]
        else:
            self._v2[span] = bytes([_BAD]) * len(own)


def _compare(states: bytearray, first: int, digests: bytes, expected: bytes, width: int) -> bool:
    """Set the states of the pieces from `first` on; return False when one is bad."""
    count = len(digests) // width
    wanted = expected[first * width : (first + count) * width]
    if digests == wanted:
        states[first : first + count] = bytes([_GOOD]) * count
        return True
    for at in range(count):
        own = slice(at * width, (at + 1) * width)
        states[first + at] = _GOOD if digests[own] == wanted[own] else _BAD
    return False


def _joined(v1: int, v2: int) -> int:
    """Combine the states by v1 and v2; an unchecked one leaves it to the other."""
    if not v1 or not v2 or v1 == v2:
        return v1 or v2
    return PieceState.V1_ONLY if v1 == _GOOD else PieceState.V2_ONLY
