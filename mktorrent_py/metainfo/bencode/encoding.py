"""The encoder: bencode.py writes, and here every value is put into the types that it knows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import bencodepy  # type: ignore[import-untyped]

from mktorrent_py.errors import LimitError
from mktorrent_py.metainfo.bencode.limits import DEFAULT_LIMITS, MAX_DIGITS
from mktorrent_py.metainfo.bencode.values import Encodable, Raw


def encode(value: Encodable) -> bytes:
    """Bencode a value in canonical form: dictionaries sorted by their raw keys, text as UTF-8.

    Bytes that were not text once (surrogate escapes in a str) come out as they were. Raises TypeError for what bencode
    cannot hold (bool and None included), ValueError for keys that are equal once encoded, and LimitError for nesting
    deeper or integers longer than decoding takes.
    """
    plain = _plain(value, DEFAULT_LIMITS.depth)
    try:
        encoded: bytes = bencodepy.encode(plain)
    except ValueError:
        raise LimitError(f"an integer has more than {MAX_DIGITS:,} digits") from None
    return encoded


def _plain(value: object, depth: int) -> object:
    """The same value in the types that bencode.py writes; `depth` is how many levels it may still have."""
    kind = type(value)
    if kind is bytes or kind is int:
        return value
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    if isinstance(value, Raw):
        return bencodepy.Bencached(value.data)
    if isinstance(value, Mapping | list | tuple):
        return _plain_container(value, depth)
    if isinstance(value, int | bytes) and kind is not bool:
        return int(value) if isinstance(value, int) else bytes(value)
    raise TypeError(f"bencode has no {kind.__name__}: {value!r:.60}")


def _plain_container(value: Mapping[Any, object] | Sequence[object], depth: int) -> object:
    if depth == 0:
        raise LimitError(f"nested more than {DEFAULT_LIMITS.depth:,} deep")
    if not isinstance(value, Mapping):
        return [_plain(item, depth - 1) for item in value]
    plain = {_plain_key(key): _plain(item, depth - 1) for key, item in value.items()}
    if len(plain) != len(value):
        raise ValueError("two keys of a dictionary are equal once encoded")
    return plain


def _plain_key(key: object) -> bytes:
    if isinstance(key, str):
        return key.encode("utf-8", "surrogateescape")
    if isinstance(key, bytes):
        return key
    raise TypeError(f"a bencoded dictionary has no {type(key).__name__} keys: {key!r:.60}")
