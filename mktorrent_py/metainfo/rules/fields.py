"""Rules for text, dates, names, infohashes, piece lengths, and for private torrents."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mktorrent_py.formatting import binary_size, brief_integer, quoted
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.merkle import BLOCK_LENGTH, is_power_of_two, power_of_two_at_least
from mktorrent_py.metainfo.node import Node
from mktorrent_py.metainfo.paths import unsafe_reason
from mktorrent_py.metainfo.rules.problem import Problem

MIN_PIECE_LENGTH = BLOCK_LENGTH
MAX_PIECE_LENGTH = 128 << 20
"""What libtorrent creates at most, in bytes; it loads up to 256 MiB."""

_SHA1_DIGITS = re.compile(r"[0-9a-f]{40}", re.IGNORECASE | re.ASCII)


def is_utf8(text: str) -> bool:
    """Whether text can be encoded; surrogates, which stand for bytes that were not UTF-8, cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def text(value: str, what: str) -> Problem | None:
    """Check that text can be encoded as UTF-8 (BEP 3)."""
    return None if is_utf8(value) else Problem("text-not-utf-8", f"{what} {quoted(value)}", "is not UTF-8")


def collection(name: str) -> Problem | None:
    """Check the name of a collection (BEP 38): UTF-8, not empty."""
    return text(name, "collection") if name else Problem("collection-empty", "the name of a collection", "is empty")


def creation_date(seconds: int) -> Problem | None:
    """Check a creation date in Unix seconds: not before 1970."""
    if seconds >= 0:
        return None
    return Problem("date-out-of-range", f"creation date {brief_integer(seconds)}", "is before 1970", {"date": seconds})


def torrent_name(name: str) -> Problem | None:
    """Check that a name is safe as a file or directory name on every system."""
    reason = unsafe_reason(name)
    if reason is None:
        return None
    return Problem("name-invalid", f"the torrent name {quoted(name)}", reason, {"name": name})


def parse_infohash(digits: str) -> bytes | Problem:
    """Parse a v1 infohash, 20 bytes, from 40 hexadecimal digits."""
    if _SHA1_DIGITS.fullmatch(digits):
        return bytes.fromhex(digits)
    return Problem("infohash-invalid", quoted(digits), "is not an infohash of 40 hexadecimal digits", {"text": digits})


def similar_torrent(infohash: bytes) -> Problem | None:
    """Check that a similar torrent is named by a v1 infohash, 20 bytes (BEP 38)."""
    if len(infohash) == 20:
        return None
    subject = f"the similar torrent {infohash[:64].hex()}"
    return Problem("similar-not-20-bytes", subject, "is not an infohash of 20 bytes", {"infohash": infohash})


def private_nodes(private: bool, nodes: Sequence[Node]) -> Problem | None:
    """Check that a private torrent has no DHT nodes (BEP 27)."""
    if private and nodes:
        return Problem("dht-nodes-in-private", "a private torrent", "must not have DHT nodes (BEP 27)")
    return None


def is_v2_piece_length(length: int) -> bool:
    """Whether BEP 52 allows the piece length: a power of two of at least 16 KiB."""
    return length >= BLOCK_LENGTH and is_power_of_two(length)


def piece_length(length: int, version: TorrentVersion) -> Problem | None:
    """Check a piece length: 16 KiB to 128 MiB, a power of two where there is a v2 part (BEP 52)."""
    subject, data = f"piece length {brief_integer(length)}", {"piece_length": length}
    if length < MIN_PIECE_LENGTH:
        return Problem("piece-length-too-small", subject, "is below the minimum of 16 KiB", data)
    if length > MAX_PIECE_LENGTH:
        return Problem("piece-length-too-large", subject, "is above the maximum of 128 MiB", data)
    if version.has_v2 and not is_v2_piece_length(length):
        above = power_of_two_at_least(length)
        nearest = {"shorter": binary_size(above // 2), "longer": binary_size(min(above, MAX_PIECE_LENGTH))}
        reason = "is not a power of two, which v2 and hybrid torrents need (BEP 52)"
        return Problem("piece-length-not-power-of-two", subject, reason, data | nearest)
    return None
