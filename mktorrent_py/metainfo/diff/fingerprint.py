"""Fingerprints of files, from the torrent alone, so that files of two torrents can be compared.

A root (BEP 52) identifies all bytes of a file. In a v1 torrent the pieces do, if they contain no byte of another file:
those are the file's own. They compare only with a torrent that cuts the file at the same places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.merkle import ceil_div

SHA1_LENGTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class V1Print:
    """The pieces of one file. `cut` is where they cut it: the piece length, and the offset in the first piece.

    `own` are those without a byte of another file, `tail` is how much padding the last of them contains.
    """

    cut: tuple[int, int]
    digests: bytes
    own: range
    tail: int

    def matches(self, other: V1Print) -> bool | None:
        """Whether both identify the same bytes, for files of equal length; None where that is unknown."""
        if self.cut != other.cut:
            return None
        if self.digests == other.digests:
            return True
        both = range(max(self.own.start, other.own.start), min(self._last_of(other), other._last_of(self)))
        return False if self.own_digests(both) != other.own_digests(both) else None

    def own_digests(self, pieces: range) -> bytes:
        return self.digests[pieces.start * SHA1_LENGTH : max(pieces.stop, pieces.start) * SHA1_LENGTH]

    def _last_of(self, other: V1Print) -> int:
        """Where the own pieces end that can be compared: the last one only if both are padded alike."""
        is_last_padded_otherwise = self.tail != other.tail and self.own.stop * SHA1_LENGTH == len(self.digests)
        return self.own.stop - is_last_padded_otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """What is known of one file's bytes; `length` in bytes, `root` and `v1` where its torrent has them."""

    length: int
    root: bytes | None
    v1: V1Print | None

    def matches(self, other: Fingerprint) -> bool | None:
        """Whether both identify the same bytes; None where that is unknown."""
        if self.length != other.length:
            return False
        if self.length == 0:
            return True
        if self.root is not None and other.root is not None:
            return self.root == other.root
        return None if self.v1 is None or other.v1 is None else self.v1.matches(other.v1)

    @property
    def identities(self) -> list[object]:
        """What a renamed file keeps: its root; its length and all its pieces, or its own pieces at least."""
        found: list[object] = [(self.length, self.root)] if self.root is not None else []
        if self.v1 is not None:
            found.append((self.length, self.v1.cut, self.v1.digests))
            if self.v1.own:
                found.append((self.length, self.v1.cut, self.v1.own, self.v1.tail, self.v1.own_digests(self.v1.own)))
        return found


def fingerprints(info: Info) -> list[Fingerprint]:
    """One for each file of the torrent, in its order."""
    layout = info.layout
    pieces = _v1_prints(info) if layout.version.has_v1 else iter([None] * len(layout.files))
    return [
        Fingerprint(length=file.length, root=file.pieces_root, v1=v1)
        for file, v1 in zip(layout.files, pieces, strict=True)
    ]


def _v1_prints(info: Info) -> Iterator[V1Print | None]:
    layout, piece_length = info.layout, info.piece_length
    starts = _starts_of_following(info)
    end_before = 0
    for number, (file, start) in enumerate(zip(layout.files, layout.offsets, strict=True)):
        if not file.length:
            yield None
            continue
        end = start + file.length
        first, last = start // piece_length, ceil_div(end, piece_length)
        own_first = end_before > first * piece_length
        own_last = last - first - (starts[number] < last * piece_length)
        yield V1Print(
            cut=(piece_length, start % piece_length),
            digests=info.pieces[first * SHA1_LENGTH : last * SHA1_LENGTH],
            own=range(own_first, own_last),
            tail=min(last * piece_length, layout.length) - end,
        )
        end_before = end


def _starts_of_following(info: Info) -> list[int]:
    """For each file where the next file with bytes starts; for the last one where the last whole piece would end."""
    layout = info.layout
    following = ceil_div(layout.length, info.piece_length) * info.piece_length
    starts = []
    for file, start in zip(reversed(layout.files), reversed(layout.offsets), strict=True):
        starts.append(following)
        following = start if file.length else following
    return starts[::-1]
