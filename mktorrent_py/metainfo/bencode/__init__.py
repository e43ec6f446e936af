"""Bencode (BEP 3): a decoder that survives any bytes and reports where they are invalid, and a canonical encoder.

Decoding never recurses, takes time linear in the input and memory of at most some thirty times its size. To keep that
bound a decoded dictionary is not a `dict` but a `Dictionary`: one flat tuple, keys in order.

Two doors to one parser: `decode` wants canonical bencode and nothing after it; `decode_leniently` reads what real
torrents hold, as long as the structure is sound, and lists every departure from the canonical form.

bencode.py writes. It does not read: its 4.1.0 takes unsorted keys, and loops for ever on `d0:0:-5:e`.
"""

from __future__ import annotations

from mktorrent_py.metainfo.bencode.decoding import (
    MAX_IRREGULARITIES,
    Document,
    Irregularity,
    decode,
    decode_leniently,
)
from mktorrent_py.metainfo.bencode.encoding import encode
from mktorrent_py.metainfo.bencode.limits import DEFAULT_LIMITS, MAX_DIGITS, Limits
from mktorrent_py.metainfo.bencode.spans import dictionary_spans, locate
from mktorrent_py.metainfo.bencode.values import Dictionary, Encodable, Raw, Value

__all__ = [
    "DEFAULT_LIMITS",
    "MAX_DIGITS",
    "MAX_IRREGULARITIES",
    "Dictionary",
    "Document",
    "Encodable",
    "Irregularity",
    "Limits",
    "Raw",
    "Value",
    "decode",
    "decode_leniently",
    "dictionary_spans",
    "encode",
    "locate",
]
