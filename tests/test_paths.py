"""What is no name anywhere, and what never reaches a terminal as itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mktorrent_py.formatting import MAX_SHOWN, printable, quoted
from mktorrent_py.metainfo.paths import display_path, unsafe_reason


@pytest.mark.parametrize("component", ["", ".", "..", "a/b", "/", "a\\b", "a\0b", "C:", "z:", "..\\x"])
def test_unsafe(component: str) -> None:
    assert unsafe_reason(component)


@pytest.mark.parametrize("component", ["...", ".a", "a.", "\n", "..\n", ".\n", "C:\n", "12:30", " ", "CON", "\udcff"])
def test_safe(component: str) -> None:
    assert unsafe_reason(component) is None


@given(st.text())
def test_printable_is_printable_and_leaves_plain_text_alone(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert (shown == text) == text.isprintable()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本", "plain é 日本"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("new\nline", "new\\nline"),
        ("rtl\u202eexe", "rtl\\u202eexe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("caf\udce9", "caf\\xe9"),
    ],
)
def test_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert display_path((text, "x")) == f"{shown}/x"


@pytest.mark.parametrize(
    ("text", "shown"), [("a", "'a'"), ("a\\b", r"'a\b'"), ("\udce9", r"'\xe9'"), ("it's", "'it's'")]
)
def test_what_was_said_is_repeated_as_it_was(text: str, shown: str) -> None:
    assert quoted(text) == shown


def test_what_was_said_at_length_is_repeated_in_brief() -> None:
    assert len(quoted("x" * 100_000)) <= MAX_SHOWN + 2
