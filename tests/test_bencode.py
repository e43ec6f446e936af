"""Bencode: the published cases, the laws, and bytes nobody should send."""

from __future__ import annotations

import json
import pickle
import tracemalloc
from collections import OrderedDict
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path
from types import MappingProxyType
from typing import Any

import bencodepy
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mktorrent_py.errors import BencodeError, LimitError, TorrentError
from mktorrent_py.metainfo.bencode import (
    MAX_DIGITS,
    MAX_IRREGULARITIES,
    Dictionary,
    Limits,
    Raw,
    decode,
    decode_leniently,
    decoding,
    dictionary_spans,
    encode,
    locate,
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


# What is read although it should not be

IRREGULAR = {
    b"d1:bi1e1:ai2ee": [("unsorted-keys", 7)],
    b"d1:ai1e1:ai2ee": [("duplicate-key", 7)],
    b"d1:bi1e1:ai2e1:bi3e1:ai4e1:ci5ee": [("unsorted-keys", 7), ("duplicate-key", 13), ("duplicate-key", 19)],
    b"d1:b0:1:adee": [("unsorted-keys", 6)],
    b"d1:bd1:bi1e1:ai1ee1:ai1ee": [("unsorted-keys", 11), ("unsorted-keys", 18)],
    b"i03e": [("leading-zero", 0)],
    b"i-03e": [("leading-zero", 0)],
    b"i-0e": [("negative-zero", 0)],
    b"li00ee": [("leading-zero", 1)],
    b"l03:abce": [("leading-zero", 1)],
    b"d00:0:e": [("leading-zero", 1)],
    b"00:": [("leading-zero", 0)],
    b"de\n": [("trailing-data", 2)],
    b"i01ei2e": [("leading-zero", 0), ("trailing-data", 4)],
}


@pytest.mark.parametrize(("data", "expected"), IRREGULAR.items())
def test_irregularity_is_reported_where_it_is(data: bytes, expected: list[tuple[str, int]]) -> None:
    document = decode_leniently(data)
    assert [(one.rule, one.offset) for one in document.irregularities] == expected
    with pytest.raises(BencodeError) as caught:
        decode(data)
    assert caught.value.offset == expected[0][1]


def test_first_of_duplicate_keys_wins_everywhere() -> None:
    data = b"d1:bi1e1:ai2e1:bi3e1:ai4ee"
    assert decode_leniently(data).value == {b"a": 2, b"b": 1}
    spans = dictionary_spans(data)
    assert {key: data[start:end] for key, (start, end) in spans.items()} == {b"b": b"i1e", b"a": b"i2e"}
    assert locate(data, [b"b"]) == spans[b"b"][0]


def test_end_is_where_the_value_ends() -> None:
    assert decode_leniently(b"l1:aei5e").end == 5


def test_messages_name_keys_without_repeating_megabytes() -> None:
    key = b"\x1b[31m" + b"k" * 100_000
    data = b"d1:z0:%d:%b0:e" % (len(key), key)
    (irregularity,) = decode_leniently(data).irregularities
    assert "\\x1b[31mkkk" in irregularity.message
    assert len(irregularity.message) < 200


@pytest.mark.parametrize(
    ("data", "offset"),
    [
        (b"", 0),
        (b"d", 1),
        (b"5:abc", 5),
        (b"i12", 3),
        (b"l1:a", 4),
        (b"i1xe", 2),
        (b"i1:e", 2),
        (b"1e", 1),
        (b"li1ee5", 5),
        (b"di1ei2ee", 1),
        (b"d1:ae", 4),
    ],
)
def test_fault_is_named_where_it_is(data: bytes, offset: int) -> None:
    with pytest.raises(BencodeError) as caught:
        decode(data)
    assert caught.value.offset == offset


# Limits


def nested(depth: int) -> bytes:
    return b"l" * depth + b"e" * depth


@pytest.mark.parametrize(
    "read", [decode, decode_leniently, lambda data, limits: dictionary_spans(b"d0:" + data + b"e", limits=limits)]
)
def test_depth_is_bounded(read: Any) -> None:
    read(nested(7), limits=Limits(depth=7))
    with pytest.raises(LimitError):
        read(nested(8), limits=Limits(depth=7))


def test_tokens_are_bounded() -> None:
    assert decode(b"li1e1:ae", limits=Limits(tokens=4)) == (1, b"a")
    assert dictionary_spans(b"d0:li1e1:aee", limits=Limits(tokens=4)) == {b"": (3, 11)}
    with pytest.raises(LimitError):
        decode(b"li1e1:ae", limits=Limits(tokens=3))
    with pytest.raises(LimitError):
        dictionary_spans(b"d0:li1e1:aee", limits=Limits(tokens=3))


def test_size_is_bounded() -> None:
    assert decode(b"2:ab", limits=Limits(size=4)) == b"ab"
    for read in (decode, decode_leniently, dictionary_spans):
        with pytest.raises(LimitError):
            read(b"2:abc", limits=Limits(size=4))


@pytest.mark.parametrize("sign", [b"", b"-"])
def test_digits_are_bounded(sign: bytes) -> None:
    longest = b"i" + sign + b"9" * MAX_DIGITS + b"e"
    assert encode(decode(longest)) == longest
    assert dictionary_spans(b"d0:" + longest + b"e") == {b"": (3, 3 + len(longest))}
    longer = b"i" + sign + b"9" * (MAX_DIGITS + 1) + b"e"
    for read in (decode, lambda data: dictionary_spans(b"d0:" + data + b"e")):
        with pytest.raises(LimitError):
            read(longer)
    with pytest.raises(LimitError):
        encode(10**MAX_DIGITS)


def test_irregularities_are_bounded() -> None:
    assert len(decode_leniently(b"l" + b"i00e" * 1000 + b"e").irregularities) == MAX_IRREGULARITIES


SHAPES = {
    "one-pair dictionaries": b"l" + b"d0:0:e" * 20_000 + b"e",
    "chains of dictionaries": b"l" + (b"d0:" * 120 + b"de" + b"e" * 120) * 200 + b"e",
    "chains of lists": b"l" + nested(120) * 400 + b"e",
    "lists of one": b"l" + b"l0:e" * 20_000 + b"e",
    "strings of two": b"l" + b"".join(b"2:%c%c" % (n % 251, n // 251) for n in range(20_000)) + b"e",
    "distinct keys": b"d" + b"".join(b"4:%04x0:" % n for n in range(40_000)) + b"e",
    "empty containers": b"l" + b"lede" * 20_000 + b"e",
    "short strings": b"l" + b"2:ab" * 20_000 + b"e",
    "integers": b"l" + b"i300e" * 20_000 + b"e",
    "unsorted keys": b"d" + b"".join(b"5:%05d0:" % n for n in reversed(range(20_000))) + b"e",
    "duplicate keys": b"d" + b"0:0:" * 20_000 + b"e",
    "unsorted dictionaries": b"l" + b"d1:b0:1:a0:e" * 10_000 + b"e",
    "one long string": b"100000:" + bytes(100_000),
}


@pytest.mark.parametrize("native", [True, False])
@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in SHAPES.items()])
def test_memory_is_at_most_thirty_times_the_input(data: bytes, native: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not native:
        monkeypatch.setattr(decoding, "_bencode", None)
    tracemalloc.start()
    try:
        value = decode_leniently(data).value
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert value
    assert peak < 30 * len(data) + 100_000


# Dictionary


@given(st.dictionaries(st.binary(max_size=3), st.integers()))
def test_dictionary_behaves_like_a_sorted_dict(pairs: dict[bytes, int]) -> None:
    dictionary = Dictionary(pairs)
    assert dictionary == pairs
    assert list(dictionary.items()) == sorted(pairs.items())
    assert list(dictionary) == sorted(pairs)
    assert list(dictionary.values()) == [pairs[key] for key in sorted(pairs)]
    assert len(dictionary) == len(pairs)
    assert all(dictionary[key] == value and key in dictionary for key, value in pairs.items())
    assert hash(dictionary) == hash(Dictionary(reversed(pairs.items())))
    assert pickle.loads(pickle.dumps(dictionary)) == dictionary
    for absent in [b"zzzz", b"\xff\xff\xff\xff"]:
        assert dictionary.get(absent) is None
        with pytest.raises(KeyError):
            dictionary[absent]


def test_dictionaries_differ() -> None:
    assert Dictionary({b"a": 1}) != Dictionary({b"a": 2})
    assert Dictionary() != ()
    assert decode(b"ldee") != decode(b"llee")


def test_dictionary_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        Dictionary({b"a": 1})[b"a"] = 2  # type: ignore[index]


# Spans and places


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.binary(max_size=5), values, max_size=5))
def test_spans_cut_out_each_raw_value(pairs: dict[bytes, Any]) -> None:
    data = b"xx" + encode(pairs) + b"trailing"
    spans = dictionary_spans(data, 2)
    assert {key: decode(data[start:end]) for key, (start, end) in spans.items()} == pairs


@given(bencode_soup | st.binary(max_size=40))
def test_spans_of_any_bytes(data: bytes) -> None:
    try:
        decoded: Any = decode_leniently(data).value
    except TorrentError:
        decoded = None
    try:
        spans = dictionary_spans(data)
    except TorrentError:
        assert not isinstance(decoded, Dictionary)
        return
    if isinstance(decoded, Dictionary):
        assert {key: decode_leniently(data[start:end]).value for key, (start, end) in spans.items()} == decoded


@pytest.mark.parametrize(
    "data", [b"", b"le", b"i1e", b"d", b"d1:a", b"d1:ae", b"di1e0:e", b"d1:a5:x", b"d1:alelee", b"d0:" + b"le" * 2]
)
def test_spans_of_what_is_no_dictionary(data: bytes) -> None:
    with pytest.raises(BencodeError):
        dictionary_spans(data)


def test_locate_finds_the_value_at_a_path() -> None:
    data = encode({"info": {"files": [{"length": 1}, {"length": 22}], "name": "x"}})
    start = locate(data, [b"info", b"files", 1, b"length"])
    assert start is not None
    assert data[start:].startswith(b"i22e")
    assert locate(data, []) == 0


@pytest.mark.parametrize(
    "path", [[b"a"], [0], [b"info", 0], [b"info", b"files", 2], [b"info", b"files", -1], [b"info", b"files", b"x"]]
)
def test_locate_of_what_is_not_there(path: list[bytes | int]) -> None:
    assert locate(encode({"info": {"files": [1, 2]}}), path) is None


@pytest.mark.parametrize("data", [b"", b"l", b"li1e", b"d1:a"])
def test_locate_in_broken_bytes(data: bytes) -> None:
    assert locate(data, [1]) is None
    assert locate(data, [b"a"]) is None


# Encoding


class Number(IntEnum):
    SEVEN = 7


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (-3, b"i-3e"),
        (Number.SEVEN, b"i7e"),
        ("naïve", b"6:na\xc3\xafve"),
        ("\udcff", b"1:\xff"),
        ([1, "a", (b"b",)], b"li1e1:al1:bee"),
        ({"b": 1, "a": 2, "": 3}, b"d0:i3e1:ai2e1:bi1ee"),
        ({"é": 1, "z": 2}, b"d1:zi2e2:\xc3\xa9i1ee"),
        (OrderedDict(b=1, a=2), b"d1:ai2e1:bi1ee"),
        (MappingProxyType({"a": Dictionary({b"b": ()})}), b"d1:ad1:bleee"),
        ({"info": Raw(b"d1:b0:1:a0:e")}, b"d4:infod1:b0:1:a0:ee"),
        (Raw(b"i5e"), b"i5e"),
    ],
)
def test_encoding_is_canonical(value: Any, expected: bytes) -> None:
    assert encode(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        True,
        None,
        1.5,
        {1},
        bytearray(b"x"),
        object(),
        [False],
        {"a": None},
        {1: 2},
        {True: 1},
        {(): 1},
        {Raw(b"0:"): 1},
    ],
)
def test_what_bencode_cannot_hold_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="bencode"):
        encode(value)


def test_keys_that_become_equal_are_refused() -> None:
    with pytest.raises(ValueError, match="equal"):
        encode({"a": 1, b"a": 2})  # type: ignore[dict-item]


def test_encoding_takes_the_depth_that_decoding_takes() -> None:
    assert encode(decode(nested(128))) == nested(128)
    with pytest.raises(LimitError):
        encode(decode(nested(129), limits=Limits(depth=129)))
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(LimitError):
        encode(endless)
