"""BEP 52 trees against the plainest way to grow them."""

from __future__ import annotations

import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st

from mktorrent_py.metainfo import merkle


def naive_root(level: list[bytes]) -> bytes:
    return reference.merkle_root(level, len(level))


def nodes(count: int) -> list[bytes]:
    return [bytes([number % 251]) * 32 for number in range(1, count + 1)]


@given(st.integers(1, 70))
def test_a_level_is_padded_to_the_next_power_of_two(count: int) -> None:
    level = nodes(count)
    padded = level + [bytes(32)] * (merkle.power_of_two_at_least(count) - count)
    assert merkle.merkle_root(b"".join(level)) == naive_root(padded)


@given(st.integers(0, 6), st.data())
def test_a_subtree_is_padded_to_its_width(exponent: int, data: st.DataObject) -> None:
    width = 1 << exponent
    level = nodes(data.draw(st.integers(1, width)))
    assert merkle.subtree_root(b"".join(level), width) == naive_root(level + [bytes(32)] * (width - len(level)))


@given(st.integers(2, 40), st.sampled_from([1, 2, 8]))
def test_the_root_of_a_layer_is_the_root_of_its_leaves(pieces: int, width: int) -> None:
    leaves = nodes(pieces * width - width // 2)
    layer = [leaves[at : at + width] for at in range(0, len(leaves), width)]
    hashed = b"".join(merkle.subtree_root(b"".join(part), width) for part in layer)
    total = merkle.power_of_two_at_least(len(layer)) * width
    assert merkle.root_of_layer(hashed, width * merkle.BLOCK_LENGTH) == naive_root(
        leaves + [bytes(32)] * (total - len(leaves))
    )


@pytest.mark.parametrize(
    ("length", "width"), [(1, 1), (16384, 1), (16385, 2), (32768, 2), (32769, 4), (65536, 4), (65537, 4), (10**9, 4)]
)
def test_the_width_under_a_node(length: int, width: int) -> None:
    assert merkle.tree_width(length, 65536) == width


@pytest.mark.parametrize(("number", "power"), [(0, 1), (1, 1), (2, 2), (3, 4), (4, 4), (5, 8), (2**40 + 1, 2**41)])
def test_power_of_two_at_least(number: int, power: int) -> None:
    assert merkle.power_of_two_at_least(number) == power
