"""Whatever the bytes, decoding gives a value or a TorrentError, and agrees with stepping over and with encoding.

Run it as `python tests/fuzz/fuzz_bencode.py -max_total_time=120`; it needs the extra `fuzz`.
"""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports():
    from mktorrent_py.errors import TorrentError
    from mktorrent_py.metainfo.bencode import Dictionary, Document, decode_leniently, dictionary_spans, encode


def check(data: bytes) -> None:
    try:
        document = decode_leniently(data)
    except TorrentError:
        _check_that_stepping_over_ends(data)
        return
    _check_encoding(data, document)
    if isinstance(document.value, Dictionary):
        spans = dictionary_spans(data)
        values = {key: decode_leniently(data[start:end]).value for key, (start, end) in spans.items()}
        assert values == document.value


def _check_that_stepping_over_ends(data: bytes) -> None:
    try:
        dictionary_spans(data)
    except TorrentError:
        return


def _check_encoding(data: bytes, document: Document) -> None:
    encoded = encode(document.value)
    assert decode_leniently(encoded).value == document.value
    assert bool(document.irregularities) == (encoded != data)


if __name__ == "__main__":
    atheris.Setup(sys.argv, check)
    atheris.Fuzz()
