"""The bencode parser in C against the one in Python: the same values, ends, errors; and it lets nothing go or leak."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from test_bencode import IRREGULAR, SHAPES, VECTORS, bencode_soup, nested, values, vectors

from mktorrent_py.errors import BencodeError
from mktorrent_py.metainfo.bencode import DEFAULT_LIMITS, Dictionary, Limits, decode_leniently, decoding, encode

native = pytest.importorskip("mktorrent_py.metainfo._bencode", reason="installed without a compiler")

TORRENTS = sorted((VECTORS.parent.parent / "torrents").glob("*.torrent"))
SAMPLE = encode({"a": [1, -22, [], {}, "é"], "b": {"c": {"d": "x" * 30, "e": 10**17}}, "length": "length"})


def reading(data: bytes, limits: Limits) -> Any:
    """All that decoding tells: values with their types, the ends, or the error with its place."""
    try:
        document = decode_leniently(data, limits=limits)
    except BencodeError as error:
        return type(error), str(error), error.hint, error.offset
    flat = list(flattened(document.value))
    return flat, [type(part) for part in flat], document.irregularities, document.end, list(document.ends)


def flattened(value: Any) -> Iterator[Any]:
    """Each value, containers as their length, without recursion: there are cases 100,000 deep."""
    stack = [value]
    while stack:
        value = stack.pop()
        if isinstance(value, Dictionary):
            yield "dictionary"
            value = tuple(part for pair in value.items() for part in pair)
        if isinstance(value, tuple):
            yield f"{len(value)} values"
            stack += reversed(value)
        else:
            yield value


def assert_agreement(data: bytes, limits: Limits = DEFAULT_LIMITS) -> None:
    with pytest.MonkeyPatch.context() as patch:
        both = reading(data, limits)
        patch.setattr(decoding, "_bencode", None)
        assert both == reading(data, limits)


def parse(data: bytes, *, depth: int = 128, tokens: int = 1_000_000) -> Any:
    return native.parse(data, depth, tokens, Dictionary())


@pytest.mark.parametrize(("data", "valid"), vectors())
def test_published_cases(data: bytes, valid: bool) -> None:
    assert_agreement(data)
    assert_agreement(data, Limits(depth=100_000, tokens=len(data)))


@pytest.mark.parametrize("data", [*IRREGULAR, *SHAPES.values()])
def test_irregular_and_hostile_shapes(data: bytes) -> None:
    assert_agreement(data)


@pytest.mark.parametrize("torrent", TORRENTS, ids=lambda path: path.name)
def test_torrents_of_other_tools(torrent: Path) -> None:
    data = torrent.read_bytes()
    assert parse(data) is not None
    assert_agreement(data)
    assert_agreement(data + b"\n")


limits = st.builds(Limits, depth=st.integers(-1, 6) | st.just(2**70), tokens=st.integers(0, 40) | st.just(2**70))


@settings(max_examples=500)
@given(bencode_soup | st.binary(max_size=40) | values.map(encode), limits)
@example(b"d0:0:-5:e", DEFAULT_LIMITS)
@example(b"99999999999999999999:a", DEFAULT_LIMITS)
@example(b"l" * 7, Limits(depth=7))
def test_any_bytes(data: bytes, limits: Limits) -> None:
    assert_agreement(data, limits)


@given(values.map(encode), st.data())
def test_damaged_bencode(data: bytes, draw: st.DataObject) -> None:
    at = draw.draw(st.integers(0, len(data) - 1))
    byte = draw.draw(st.sampled_from(b"dlei-:0123456789\xff"))
    for damaged in (data[:at], data[at:], data[:at] + bytes([byte]) + data[at + 1 :], data[:at] + data[at + 1 :]):
        assert_agreement(damaged)


@given(values)
def test_canonical_input_does_not_need_python(value: Any) -> None:
    data = encode(value)
    long = [number for number in data.replace(b"e", b"i").split(b"i") if len(number) > 18]
    if not long:
        assert parse(data)[:2] == (value, len(data))


@pytest.mark.parametrize("number", [0, 9, -1, 10**17, 10**18 - 1, 1 - 10**18, 10**18, -(10**18), 2**63 - 1, 2**63])
def test_integers_around_what_64_bits_hold(number: int) -> None:
    data = b"i%de" % number
    found = parse(data)
    assert found == (None if abs(number) >= 10**18 else (number, len(data), b""))
    assert_agreement(data)


@pytest.mark.parametrize("length", [0, 1, 2, 23, 24, 25, 26])
def test_strings_are_shared_only_when_equal(length: int) -> None:
    strings = [bytes([byte]) * length for byte in range(256)] * 2
    assert parse(encode(strings))[0] == tuple(strings)


@pytest.mark.parametrize("data", [b"", b"le", b"li1ee", nested(5), b"i1e", b"d1:ai1e1:bi2ee"])
def test_limits_are_met_exactly(data: bytes) -> None:
    tokens, depth = data.count(b"i") + data.count(b":") + data.count(b"l") + data.count(b"d") + data.count(b"e"), 5
    tokens -= data.count(b"i")
    for allowed in range(tokens - 2, tokens + 2):
        assert (parse(data, tokens=allowed) is None) == (not data or allowed < tokens)
    for allowed in range(depth + 1):
        assert_agreement(data, Limits(depth=allowed))


@pytest.mark.parametrize("arguments", [(), ("text", 1, 1, ()), (bytearray(b"le"), 1, 1, ()), (b"le", None, 1, ())])
def test_wrong_arguments_are_refused(arguments: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError):
        native.parse(*arguments)


# Nothing leaks, whatever happens in the middle


def growth(attempt: Any) -> int:
    """How many more objects there are after 50 attempts than after a few."""
    for _ in range(5):
        attempt()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(50):
        attempt()
    gc.collect()
    return sys.getallocatedblocks() - before


@pytest.mark.parametrize("at", range(0, len(SAMPLE) + 1, 3))
def test_giving_up_leaks_nothing(at: int) -> None:
    assert growth(lambda: parse(SAMPLE[:at])) < 25


def test_a_foreign_dictionary_fails_and_leaks_nothing() -> None:
    def attempt() -> None:
        with pytest.raises(AttributeError):
            native.parse(b"l1:ad1:ai1eee", 9, 99, object())

    assert growth(attempt) < 25


def failures() -> Iterator[int]:
    """Fails the first, the second ... allocation of parsing, until parsing needs no more of them."""
    testing = pytest.importorskip("_testcapi", reason="this interpreter cannot fail allocations on demand")
    empty = Dictionary()
    for at in range(1, 1000):
        result = None
        testing.set_nomemory(at, at + 1)
        try:
            result = native.parse(SAMPLE, 128, 1000, empty)
        except MemoryError:
            yield at
        finally:
            testing.remove_mem_hooks()
        if result is not None:
            assert encode(result[0]) == SAMPLE
            return
    pytest.fail("parsing always needs one more allocation")


def test_each_allocation_may_fail() -> None:
    assert growth(lambda: sum(1 for _ in failures())) < 25
    assert sum(1 for _ in failures()) > 10
