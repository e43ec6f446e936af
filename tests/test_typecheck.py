"""Options and values are checked when they are made: what has the wrong type is a TypeError there."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo import typecheck
from mktorrent_py.metainfo.infohash import TorrentVersion

URL = "https://t.example/announce"


@pytest.mark.parametrize(
    ("check", "value", "returned"),
    [
        (typecheck.check_text, "a", "a"),
        (typecheck.check_optional_text, None, None),
        (typecheck.check_bytes, b"a", b"a"),
        (typecheck.check_optional_bytes, None, None),
        (typecheck.check_bool, True, True),
        (typecheck.check_int, 3, 3),
        (typecheck.check_optional_int, None, None),
        (typecheck.check_texts, ["a", "b"], ("a", "b")),
        (typecheck.check_texts, (), ()),
        (typecheck.check_byte_strings, [b"a"], (b"a",)),
        (typecheck.check_tiers, [[URL], (URL, "b")], ((URL,), (URL, "b"))),
        (typecheck.check_tiers, [URL, "b"], ((URL, "b"),)),
        (typecheck.check_tiers, [], ()),
        (typecheck.check_nodes, [("host", 1)], (("host", 1),)),
    ],
)
def test_a_value_of_the_right_type_comes_back(
    check: Callable[[object, str], object], value: object, returned: object
) -> None:
    assert check(value, "x") == returned


@pytest.mark.parametrize(
    ("check", "value"),
    [
        (typecheck.check_text, 5),
        (typecheck.check_text, b"a"),
        (typecheck.check_optional_text, 5),
        (typecheck.check_bytes, "a"),
        (typecheck.check_bool, "yes"),
        (typecheck.check_bool, 1),
        (typecheck.check_int, True),
        (typecheck.check_int, "1"),
        (typecheck.check_optional_int, 1.0),
        (typecheck.check_texts, URL),
        (typecheck.check_texts, b"abc"),
        (typecheck.check_texts, [1]),
        (typecheck.check_texts, {"a"}),
        (typecheck.check_texts, None),
        (typecheck.check_byte_strings, b"abc"),
        (typecheck.check_tiers, URL),
        (typecheck.check_tiers, [URL, [URL]]),
        (typecheck.check_tiers, [[5]]),
        (typecheck.check_nodes, [("host", "1")]),
        (typecheck.check_nodes, ["host:1"]),
        (typecheck.check_nodes, [("host", 1, 2)]),
    ],
)
def test_a_value_of_the_wrong_type_is_a_type_error_that_names_it(
    check: Callable[[object, str], object], value: object
) -> None:
    with pytest.raises(TypeError, match="trackers"):
        check(value, "trackers")


def test_a_choice_is_a_member_or_the_value_of_one() -> None:
    assert typecheck.check_choice("v1", TorrentVersion, "version") is TorrentVersion.V1
    assert typecheck.check_choice(TorrentVersion.V2, TorrentVersion, "version") is TorrentVersion.V2
    with pytest.raises(UsageError, match="version must be one of v1, v2, hybrid, not 'v3'"):
        typecheck.check_choice("v3", TorrentVersion, "version")
    with pytest.raises(TypeError, match="version must be one of v1, v2, hybrid, not int"):
        typecheck.check_choice(1, TorrentVersion, "version")
