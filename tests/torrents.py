"""Torrents to read, written with the tests' own encoder: sound ones, to be spoiled one fault at a time."""

from __future__ import annotations

import hashlib
from typing import Any

from reference import bencode

PIECE = 16384
LONG_ROOT_LAYER = [hashlib.sha256(b"piece %d" % number).digest() for number in range(3)]


def _merkle(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(left + right).digest()


LONG_ROOT = _merkle(_merkle(*LONG_ROOT_LAYER[:2]), _merkle(LONG_ROOT_LAYER[2], bytes(32)))
SHORT_ROOT = hashlib.sha256(b"short").digest()
LONG, SHORT = 2 * PIECE + 1, 5


def v1() -> dict[str, Any]:
    """`d/a.txt` of 5 bytes and `b.bin` of two pieces and one byte."""
    files = [{"length": SHORT, "path": ["d", "a.txt"]}, {"length": LONG, "path": ["e.bin"]}]
    return {"info": {"name": "n", "piece length": PIECE, "files": files, "pieces": b"p" * 20 * 3}}


def v2() -> dict[str, Any]:
    """The same files, and the layer of the long one."""
    tree = {"d": {"a.txt": leaf(SHORT, SHORT_ROOT)}, "e.bin": leaf(LONG, LONG_ROOT)}
    info = {"name": "n", "piece length": PIECE, "meta version": 2, "file tree": tree}
    return {"info": info, "piece layers": {LONG_ROOT: b"".join(LONG_ROOT_LAYER)}}


def hybrid() -> dict[str, Any]:
    """Both halves, with a pad after each file."""
    torrent = v2()
    files = [
        {"length": SHORT, "path": ["d", "a.txt"]},
        pad(PIECE - SHORT),
        {"length": LONG, "path": ["e.bin"]},
        pad(PIECE - 1),
    ]
    torrent["info"] |= {"files": files, "pieces": b"p" * 20 * 4}
    return torrent


def single() -> dict[str, Any]:
    return {"info": {"name": "n", "piece length": PIECE, "length": SHORT, "pieces": b"p" * 20}}


def leaf(length: int, root: bytes | None = None) -> dict[str, Any]:
    return {"": {"length": length} | ({"pieces root": root} if root is not None else {})}


def pad(length: int) -> dict[str, Any]:
    return {"attr": "p", "length": length, "path": [".pad", str(length)]}


def encode(value: Any) -> bytes:
    return bencode(value)
