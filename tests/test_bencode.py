"""Bencode: the published cases, the laws, and bytes nobody should send."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import bencodepy
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mktorrent_py.errors import BencodeError, TorrentError
from mktorrent_py.metainfo.bencode import (
    Dictionary,
    Limits,
    decode,
    decode_leniently,
    encode,
)

VECTORS = Path(__file__).parent.parent / "fixtures" / "vectors" / "bencode.jsonl"
DEEP = Limits(depth=100_000)


def vectors() -> list[Any]:
    rows = [json.loads(line) for line in VECTORS.read_text().splitlines()]
    return [
        pytest.param(vector_bytes(row), row["valid"], id=f"{n}-{row.get('note', '')}") for n, row in enumerate(rows)
    ]


def vector_bytes(row: dict[str, Any]) -> bytes:
    if "gen" not in row:
        return bytes.fromhex(row.get("hex", ""))
    return b"".join(byte.encode() * int(count) for byte, count in (part.split("*") for part in row["gen"].split("+")))


@pytest.mark.parametrize(("data", "valid"), vectors())
def test_published_case(data: bytes, valid: bool) -> None:
    if valid:
        assert decode_leniently(data, limits=DEEP).irregularities == ()
        decode(data, limits=DEEP)
    else:
        with pytest.raises(BencodeError) as caught:
            decode(data, limits=DEEP)
        assert caught.value.offset is not None
        assert 0 <= caught.value.offset <= len(data)


# Values

scalars = st.integers() | st.binary(max_size=20)
values = st.recursive(
    scalars, lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.binary(max_size=3), inner).map(Dictionary)
)
bencode_soup = st.lists(
    st.sampled_from(
        [b"d", b"l", b"e", b"i", b"-", b"0", b"1", b"2", b":", b"a", b"i1e", b"1:a", b"0:", b"02:ab", b"de"]
    )
).map(b"".join)


@given(values)
def test_decoding_undoes_encoding(value: Any) -> None:
    assert decode(encode(value)) == value


@given(bencode_soup | st.binary(max_size=40) | values.map(encode))
@example(b"d0:0:-5:e")
@example(b"i-e")
def test_any_bytes_give_a_value_or_an_error(data: bytes) -> None:
    try:
        document = decode_leniently(data)
    except TorrentError:
        with pytest.raises(BencodeError):
            decode(data)
        return
    if document.irregularities:
        with pytest.raises(BencodeError) as caught:
            decode(data)
        assert caught.value.offset == document.irregularities[0].offset
    else:
        assert encode(decode(data)) == data
    assert decode(encode(document.value)) == document.value


@given(values)
def test_bencode_py_reads_what_we_write(value: Any) -> None:
    assert plain(bencodepy.decode(encode(value))) == plain(value)


def plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
