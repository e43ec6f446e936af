"""The choice of a piece length.

For short pieces: a peer can upload nothing smaller than a verified piece, a corrupt byte costs a piece, and a hybrid
pads every file to a whole piece. For long pieces: each costs 20 bytes (v1) or 32 bytes (v2) of torrent file, whose size
trackers, clients and sites limit: libtorrent reads 10 MB and 2,097,152 pieces.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.merkle import ceil_div, power_of_two_at_least
from mktorrent_py.metainfo.rules.fields import MAX_PIECE_LENGTH, MIN_PIECE_LENGTH

KIB, MIB = 1 << 10, 1 << 20
MAX_USUAL_PIECE_LENGTH = 16 * MIB
"""The maximum that is chosen while the torrent file stays small: many clients were only tested up to here."""

USUAL_PIECES = 2048
MAX_HASH_BYTES = 8_000_000
"""Room for hashes in a torrent file that libtorrent still reads (10 MB), with file names beside them."""

SMALL_HASH_BYTES = 4_000_000
TOLERABLE_PADDING = 0.05
HASH_BYTES = {TorrentVersion.V1: 20, TorrentVersion.V2: 32, TorrentVersion.HYBRID: 52}
STREAM_PIECE_LENGTH = MIB
"""For content whose size is not known before it has been read: 100 GiB of it make a torrent of 5 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PieceLengthChoice:
    """A piece length and its consequences. `padding` is what a hybrid's pad files add, in bytes; 0 otherwise."""

    piece_length: int
    pieces: int
    padding: int

    def padding_share(self, content: int) -> float:
        """Padding as a fraction of the content."""
        return self.padding / content if content else 0.0


def choose_piece_length(
    lengths: Sequence[int],
    version: TorrentVersion,
    *,
    longest: int | None = None,
    target_pieces: int | None = None,
) -> PieceLengthChoice:
    """Choose a piece length for files of these lengths, in bytes.

    1. Start with the shortest power of two from 16 KiB on that makes at most 2,048 pieces: up to 16 MiB, which is for
       32 GiB. Larger content gets more pieces rather than longer ones. With `target_pieces`, start with the shortest
       that makes at most so many, counted file by file in v2 and hybrids, or as few as possible.
    2. Exceed 16 MiB, up to 128 MiB, only where the hashes would exceed 8 MB: the torrent file has to stay below the
       10 MB that libtorrent reads.
    3. A hybrid of several files pads each to a whole piece, and clients that do not know pad files download the zeros.
       Where padding exceeds 5 % of the content, choose the longest length with at most 5 %, or, where no length has,
       the longest whose padding is within 10 % of the minimum; while the hashes stay below 4 MB.
    4. `longest` is never exceeded.
    """
    bound = MAX_PIECE_LENGTH if longest is None else longest
    if target_pieces:
        first = _shortest_at_most(lengths, version, target_pieces, bound)
    else:
        first = _shortest_for(lengths, version, USUAL_PIECES, min(bound, MAX_USUAL_PIECE_LENGTH))
    while first.piece_length * 2 <= bound and _hash_bytes(first, version) > MAX_HASH_BYTES:
        first = evaluate(lengths, version, first.piece_length * 2)
    if target_pieces:
        return first
    return _less_padding(first, lengths, version)


def evaluate(lengths: Sequence[int], version: TorrentVersion, piece_length: int) -> PieceLengthChoice:
    """Compute the consequences of a piece length for files of these lengths."""
    total = sum(lengths)
    if not version.has_v2:
        return PieceLengthChoice(piece_length=piece_length, pieces=ceil_div(total, piece_length), padding=0)
    pieces = sum([ceil_div(length, piece_length) for length in lengths])
    padded = version.has_v1 and len(lengths) > 1
    return PieceLengthChoice(
        piece_length=piece_length, pieces=pieces, padding=pieces * piece_length - total if padded else 0
    )


def with_less_padding(
    lengths: Sequence[int], version: TorrentVersion, chosen: PieceLengthChoice
) -> PieceLengthChoice | None:
    """Return the longest shorter piece length with at most 5 % padding, where `chosen` has more; else None."""
    total = sum(lengths)
    if chosen.padding_share(total) <= TOLERABLE_PADDING:
        return None
    better = chosen
    while better.piece_length > MIN_PIECE_LENGTH:
        better = evaluate(lengths, version, better.piece_length // 2)
        if better.padding_share(total) <= TOLERABLE_PADDING:
            return better
    return None


_SIZE = re.compile(r"([0-9]{1,30}(?:\.[0-9]{1,30})?)\s*(?:(|k|m|g|t)(i?)(b?))", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Parse a size in bytes: `1048576`, `512KiB`, `4M`, `1.5 GB`. K, M, G, T alone are binary, KB to TB decimal."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise UsageError(f"{quoted(text)} is not a size", code="size-invalid", hint="Write 1048576, 512KiB or 4MiB.")
    number, unit, binary, byte = found.groups()
    power = " kmgt".index(unit.lower() or " ")
    factor: int = (1000 if byte and not binary else 1024) ** power
    whole, _, decimals = number.partition(".")
    parts: int = 10 ** len(decimals)
    size, rest = divmod(int(whole + decimals) * factor, parts)
    if rest:
        raise UsageError(f"{quoted(text)} is not a whole number of bytes", code="size-invalid")
    return size


def _shortest_for(lengths: Sequence[int], version: TorrentVersion, max_pieces: int, longest: int) -> PieceLengthChoice:
    wanted = power_of_two_at_least(ceil_div(sum(lengths), max_pieces))
    longest_power = 1 << (longest.bit_length() - 1)
    return evaluate(lengths, version, min(max(wanted, MIN_PIECE_LENGTH), longest_power))


def _shortest_at_most(
    lengths: Sequence[int], version: TorrentVersion, max_pieces: int, longest: int
) -> PieceLengthChoice:
    powers = range(MIN_PIECE_LENGTH.bit_length() - 1, longest.bit_length())
    choices = [evaluate(lengths, version, 1 << power) for power in powers]
    reachable = max(max_pieces, min([choice.pieces for choice in choices]))
    return next(choice for choice in choices if choice.pieces <= reachable)


def _less_padding(first: PieceLengthChoice, lengths: Sequence[int], version: TorrentVersion) -> PieceLengthChoice:
    bound = TOLERABLE_PADDING * sum(lengths)
    if first.padding <= bound:
        return first
    shorter = [first]
    while shorter[-1].piece_length > MIN_PIECE_LENGTH:
        halved = evaluate(lengths, version, shorter[-1].piece_length // 2)
        if _hash_bytes(halved, version) > SMALL_HASH_BYTES:
            break
        shorter.append(halved)
    least = min([choice.padding for choice in shorter])
    return next(choice for choice in shorter if choice.padding <= (bound if least <= bound else 1.1 * least))


def _hash_bytes(choice: PieceLengthChoice, version: TorrentVersion) -> int:
    return choice.pieces * HASH_BYTES[version]
