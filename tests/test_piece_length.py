"""The automatic piece length, and the sizes people write."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import binary_size
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.piece_length import (
    HASH_BYTES,
    TOLERABLE_PADDING,
    choose_piece_length,
    evaluate,
    parse_size,
    with_less_padding,
)
from mktorrent_py.metainfo.rules.fields import MAX_PIECE_LENGTH, MIN_PIECE_LENGTH

V1, V2, HYBRID = TorrentVersion.V1, TorrentVersion.V2, TorrentVersion.HYBRID
KIB, MIB, GIB, TIB = 1 << 10, 1 << 20, 1 << 30, 1 << 40


@pytest.mark.parametrize(
    ("total", "piece_length"),
    [
        (1, 16 * KIB),
        (32 * MIB, 16 * KIB),
        (32 * MIB + 1, 32 * KIB),
        (GIB, 512 * KIB),
        (4 * GIB, 2 * MIB),
        (32 * GIB, 16 * MIB),
        (TIB, 16 * MIB),
        (6 * TIB, 16 * MIB),
        (16 * TIB, 64 * MIB),
    ],
)
def test_one_file_in_v1(total: int, piece_length: int) -> None:
    assert choose_piece_length([total], V1).piece_length == piece_length


def test_a_single_file_is_never_padded() -> None:
    choice = choose_piece_length([GIB + 1], HYBRID)
    assert choice.padding == 0
    assert choice.piece_length == choose_piece_length([GIB + 1], V2).piece_length


def test_many_small_files_shorten_the_pieces_of_a_hybrid_only() -> None:
    lengths = [300 * KIB] * 4000
    v1, hybrid = choose_piece_length(lengths, V1), choose_piece_length(lengths, HYBRID)
    assert hybrid.piece_length < v1.piece_length
    assert hybrid.padding_share(sum(lengths)) <= TOLERABLE_PADDING


def test_files_below_a_block_cannot_be_helped() -> None:
    lengths = [100] * 20_000
    choice = choose_piece_length(lengths, HYBRID)
    assert choice.padding_share(sum(lengths)) > 100
    assert with_less_padding(lengths, HYBRID, choice) is None


def test_the_hashes_bound_how_far_pieces_are_shortened() -> None:
    lengths = [3 * MIB + 5] * 100_000
    choice = choose_piece_length(lengths, HYBRID)
    assert choice.pieces * HASH_BYTES[HYBRID] <= 8_000_000 or choice.piece_length == MAX_PIECE_LENGTH


def test_a_cure_is_named_where_the_chosen_length_pads_too_much() -> None:
    lengths = [300 * KIB] * 100
    chosen = evaluate(lengths, HYBRID, 4 * MIB)
    alternative = with_less_padding(lengths, HYBRID, chosen)
    assert alternative is not None
    assert alternative.padding_share(sum(lengths)) <= TOLERABLE_PADDING < chosen.padding_share(sum(lengths))
    assert evaluate(lengths, HYBRID, alternative.piece_length * 2).padding_share(sum(lengths)) > TOLERABLE_PADDING


@given(st.lists(st.integers(0, 50 * GIB), min_size=1, max_size=50).filter(any), st.sampled_from(TorrentVersion))
def test_every_choice_may_be_written_and_respects_its_bound(lengths: list[int], version: TorrentVersion) -> None:
    choice = choose_piece_length(lengths, version)
    assert rules.piece_length(choice.piece_length, version) is None
    assert choice == evaluate(lengths, version, choice.piece_length)
    bounded = choose_piece_length(lengths, version, longest=MIB)
    assert MIN_PIECE_LENGTH <= bounded.piece_length <= MIB


@given(st.integers(1, TIB), st.integers(1, 100_000))
def test_a_target_of_pieces_is_a_ceiling_where_lengths_allow(total: int, target: int) -> None:
    choice = choose_piece_length([total], V2, target_pieces=target)
    assert choice.pieces <= target or choice.piece_length == MAX_PIECE_LENGTH
    shorter = evaluate([total], V2, max(choice.piece_length // 2, MIN_PIECE_LENGTH))
    assert choice.piece_length == MIN_PIECE_LENGTH or shorter.pieces > target


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=20).filter(any),
    st.integers(1, 2000),
    st.sampled_from(TorrentVersion),
    st.sampled_from([MIB, MAX_PIECE_LENGTH]),
)
def test_a_target_counts_the_pieces_of_every_file(
    lengths: list[int], target: int, version: TorrentVersion, longest: int
) -> None:
    choice = choose_piece_length(lengths, version, target_pieces=target, longest=longest)
    allowed = [evaluate(lengths, version, 1 << power) for power in range(14, 28) if 1 << power <= longest]
    fitting = [each for each in allowed if each.pieces <= target]
    fewest = min(each.pieces for each in allowed)
    assert choice == (fitting or [each for each in allowed if each.pieces == fewest])[0]


@pytest.mark.parametrize("piece_length", [0, 1, MIN_PIECE_LENGTH - 1, MAX_PIECE_LENGTH + 1, 2 * MAX_PIECE_LENGTH])
@pytest.mark.parametrize("version", TorrentVersion)
def test_lengths_outside_the_range_are_refused(piece_length: int, version: TorrentVersion) -> None:
    with pytest.raises(UsageError, match=r"(below the minimum of 16 KiB|above the maximum of 128 MiB)"):
        rules.require(rules.piece_length(piece_length, version))


def test_only_v1_allows_piece_lengths_other_than_powers_of_two() -> None:
    assert rules.piece_length(1_000_000, V1) is None
    for version in (V2, HYBRID):
        with pytest.raises(UsageError, match="power of two"):
            rules.require(rules.piece_length(1_000_000, version))


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1048576", MIB),
        ("4MiB", 4 * MIB),
        ("4 MiB", 4 * MIB),
        ("4m", 4 * MIB),
        ("512KiB", 512 * KIB),
        ("512k", 512 * KIB),
        ("16KB", 16_000),
        ("1.5MiB", 3 * MIB // 2),
        ("1GiB", GIB),
        ("0", 0),
        ("99999999999999999999999", 99_999_999_999_999_999_999_999),
        ("9007199254740993", 2**53 + 1),
        ("0.5KiB", 512),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MiB", "-1", "4 XiB", "1e6", "0x10", "4MiBs", "1.5", "0.1KiB", "٣", "1,000", "9" * 400, "9" * 5000]
)
def test_what_is_not_a_size(text: str) -> None:
    with pytest.raises(UsageError):
        parse_size(text)


@pytest.mark.parametrize(("size", "text"), [(4 * MIB, "4 MiB"), (16 * KIB, "16 KiB"), (1_000_000, "1,000,000 bytes")])
def test_piece_lengths_for_people(size: int, text: str) -> None:
    assert binary_size(size) == text


# A naive model of the choice, for any files, bounds and targets


def model_of_choice(lengths: list[int], version: TorrentVersion, longest: int | None, target: int | None) -> int:
    """The choice as its docstring describes it, by looking at every power of two there is."""
    total = sum(lengths)
    powers = [1 << power for power in range(14, 28) if longest is None or 1 << power <= longest]
    cut = {
        power: -(-total // power) if version is V1 else sum([-(-length // power) for length in lengths])
        for power in powers
    }
    padding = {power: cut[power] * power - total if version is HYBRID and len(lengths) > 1 else 0 for power in powers}
    hash_bytes = {power: cut[power] * {V1: 20, V2: 32, HYBRID: 52}[version] for power in powers}
    if target:
        reachable = max(target, min(cut.values()))
        start = min([power for power in powers if cut[power] <= reachable])
    else:
        usual = [power for power in powers if power <= 16 * MIB]
        start = min([power for power in usual if total <= 2048 * power], default=max(usual))
    grown = next((power for power in powers if power >= start and hash_bytes[power] <= 8_000_000), max(powers))
    if target or padding[grown] * 20 <= total:
        return grown
    allowed = [grown]
    for power in reversed([power for power in powers if power < grown]):
        if hash_bytes[power] > 4_000_000:
            break
        allowed.append(power)
    tolerable = [power for power in allowed if padding[power] * 20 <= total]
    least = min([padding[power] for power in allowed])
    return max(tolerable or [power for power in allowed if padding[power] * 10 <= least * 11])


runs_of_files = st.lists(
    st.tuples(st.integers(1, 1 << 20) | st.integers(1, 1 << 46), st.sampled_from([1, 2, 50, 3000])),
    min_size=1,
    max_size=4,
)
bounds = st.none() | st.integers(MIN_PIECE_LENGTH, MAX_PIECE_LENGTH) | st.integers(14, 27).map(lambda power: 1 << power)


@settings(deadline=None)
@given(runs_of_files, st.sampled_from(TorrentVersion), bounds, st.none() | st.integers(1, 1 << 20))
@example([(TIB, 1)], HYBRID, MIB, None)  # the hashes exceed 8 MB, and the bound is reached
@example([(TIB, 1)], V1, 3 * MIB // 2, None)  # a bound that is not a power of two
@example([(17_000, 2000), (15_000, 292)], HYBRID, None, None)  # padding between 1.1 and 1.2 of the minimum
@example([(300 * KIB, 4000)], HYBRID, None, None)
@example([(100, 20_000)], HYBRID, None, None)
def test_the_choice_is_that_of_a_naive_model(
    runs: list[tuple[int, int]], version: TorrentVersion, longest: int | None, target: int | None
) -> None:
    lengths = [length for length, times in runs for _ in range(times)]
    choice = choose_piece_length(lengths, version, longest=longest, target_pieces=target)
    assert choice.piece_length == model_of_choice(lengths, version, longest, target)
    assert longest is None or choice.piece_length <= longest
    assert choice == evaluate(lengths, version, choice.piece_length)


@settings(deadline=None)
@given(runs_of_files, st.sampled_from(TorrentVersion), st.integers(14, 27).map(lambda power: 1 << power))
def test_an_alternative_is_the_longest_shorter_length_of_tolerable_padding(
    runs: list[tuple[int, int]], version: TorrentVersion, piece_length: int
) -> None:
    lengths = [length for length, times in runs for _ in range(times)]
    chosen = evaluate(lengths, version, piece_length)
    shorter = [evaluate(lengths, version, 1 << power) for power in range(14, piece_length.bit_length() - 1)]
    tolerable = [each for each in shorter if each.padding * 20 <= sum(lengths)]
    expected = (
        max(tolerable, key=lambda each: each.piece_length, default=None) if chosen.padding * 20 > sum(lengths) else None
    )
    assert with_less_padding(lengths, version, chosen) == expected
