"""Where every byte of content lies in the piece space, padding included.

The piece space is one line of bytes cut every `piece_length`. In a v1 torrent the files simply follow each other
(BEP 3), perhaps with pad files between them (BEP 47). In a v2 or hybrid torrent every file that is not empty starts
at a piece boundary (BEP 52). Files keep their order and their offsets here; a gap between the end of one file and the
start of the next is padding: zeros that are hashed in v1, never read and never written.

Any positive piece length is allowed: which lengths a torrent may have is a rule of the metainfo, not of arithmetic.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.merkle import ceil_div

PathComponents = tuple[str, ...]


class File(NamedTuple):
    """One file of the content.

    `path` holds the components below the torrent's root; the only file of a single-file torrent has `(name,)`. Bytes
    that are not UTF-8 become surrogates (`surrogateescape`). `attributes` are BEP 47 letters: x executable, h hidden,
    l symlink. `symlink` is the target of a link, from the torrent's root. `pieces_root` is BEP 52's, for files that
    are not empty.
    """

    path: PathComponents
    length: int
    attributes: str = ""
    symlink: PathComponents | None = None
    pieces_root: bytes | None = None

    @property
    def posix_path(self) -> str:
        """The path with slashes."""
        return "/".join(self.path)


class Segment(NamedTuple):
    """`length` bytes of file number `file` from `offset` on; `file` is None for padding."""

    file: int | None
    offset: int
    length: int


def encode_component(component: str) -> bytes:
    """A path component as it is written: UTF-8, with undecodable bytes as they were."""
    return component.encode("utf-8", "surrogateescape")


def canonical_key(path: PathComponents) -> tuple[bytes, ...]:
    """Sorts paths as BEP 52's file tree does: component by component, as bytes, never the joined path."""
    return tuple([encode_component(component) for component in path])


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Files in torrent order and where they start. `length` is the whole piece space, a tail pad included."""

    version: TorrentVersion
    piece_length: int
    files: tuple[File, ...]
    offsets: tuple[int, ...]
    length: int

    @classmethod
    def of(cls, files: Iterable[File], piece_length: int, version: TorrentVersion) -> Layout:
        """Lay files out as this package writes them: v1 back to back, v2 and hybrid aligned.

        A hybrid of more than one file ends in a tail pad, as the BEP 52 reference creator and libtorrent write it.
        """
        files = tuple(files)
        if not version.has_v2:
            ends = list(accumulate([file.length for file in files], initial=0))
            return cls(
                version=version, piece_length=piece_length, files=files, offsets=tuple(ends[:-1]), length=ends[-1]
            )
        aligned = [ceil_div(file.length, piece_length) * piece_length for file in files]
        ends = list(accumulate(aligned, initial=0))
        length = ends[-1] if version.has_v1 and len(files) > 1 else _end_of_data(files, ends)
        return cls(version=version, piece_length=piece_length, files=files, offsets=tuple(ends[:-1]), length=length)

    @property
    def content_length(self) -> int:
        """Bytes of content, padding left out."""
        return sum([file.length for file in self.files])

    @property
    def padding(self) -> int:
        """Bytes of padding that v1 pieces cover; 0 in a v2 torrent, which has no pad files."""
        return self.length - self.content_length if self.version.has_v1 else 0

    @property
    def piece_count(self) -> int:
        """How many pieces there are."""
        if self.version.has_v1:
            return ceil_div(self.length, self.piece_length)
        return sum([ceil_div(file.length, self.piece_length) for file in self.files])

    def pads(self) -> Iterator[tuple[int, int]]:
        """Every gap as (number of the file it follows, length); -1 for a gap before the first file."""
        end = 0
        for number, (file, offset) in enumerate(zip(self.files, self.offsets, strict=True)):
            if offset > end:
                yield number - 1, offset - end
            end = offset + file.length
        if self.length > end:
            yield len(self.files) - 1, self.length - end

    def segments(self, start: int, stop: int) -> Iterator[Segment]:
        """What lies from `start` up to `stop` in the piece space, in order; empty files have no segment."""
        for number in range(max(bisect_right(self.offsets, start) - 1, 0), len(self.files)):
            offset = self.offsets[number]
            if offset >= stop:
                break
            if start < offset:
                yield Segment(None, 0, offset - start)
                start = offset
            end = min(offset + self.files[number].length, stop)
            if start < end:
                yield Segment(number, start - offset, end - start)
                start = end
        if start < stop:
            yield Segment(None, 0, stop - start)

    def pieces_of(self, number: int) -> range:
        """The pieces with bytes of this file; none for an empty one."""
        offset, length = self.offsets[number], self.files[number].length
        if not length:
            return range(0)
        return range(offset // self.piece_length, ceil_div(offset + length, self.piece_length))

    def files_in(self, start: int, stop: int) -> list[int]:
        """Numbers of the files with bytes from `start` up to `stop` in the piece space."""
        return [segment.file for segment in self.segments(start, min(stop, self.length)) if segment.file is not None]


def _end_of_data(files: tuple[File, ...], starts: list[int]) -> int:
    ends = [start + file.length for start, file in zip(starts, files, strict=False) if file.length]
    return ends[-1] if ends else 0
