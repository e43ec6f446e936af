"""Readers for the parameters of a magnet URI: each returns None for a malformed value."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from urllib.parse import quote, unquote_to_bytes

from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.node import Node

MAX_FILE_INDEX = 10_000
"""The maximum file index read from `so`. BEP 53 has no bound; this is libtorrent's, and `so=0-4294967295` needs one."""

_URL = re.compile(r"[^\s\x00-\x1f\x7f]+")
_LENGTH = re.compile(r"[0-9]{1,19}")
_SELECTION = re.compile(r"[0-9,-]+")
_SELECTED = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")


def decoded(value: str) -> str:
    return unquote_to_bytes(value.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def percent_encoded(text: str) -> str:
    return quote(text, safe="", errors="surrogateescape")


def read_words(value: str) -> str | None:
    """Read text, in which `+` is a space; in a URL, which cannot contain a space, it is a plus."""
    return decoded(value.replace("+", " ")).strip() or None


def read_keywords(value: str) -> tuple[str, ...] | None:
    return tuple((read_words(value) or "").split()) or None


def read_url(value: str) -> str | None:
    url = decoded(value)
    return url if _URL.fullmatch(url) else None


def read_tracker(value: str) -> str | None:
    url = decoded(value)
    return url if rules.tracker_url(url) is None else None


def read_web_seed(value: str) -> str | None:
    url = decoded(value)
    return url if rules.web_seed_url(url) is None else None


def read_length(value: str) -> int | None:
    digits = decoded(value)
    return int(digits) if _LENGTH.fullmatch(digits) else None


def read_node(value: str) -> Node | None:
    node = rules.parse_node(decoded(value))
    return None if isinstance(node, rules.Problem) else node


# Selected files: inclusive ranges of indices, expanded only after they are merged


_Range = tuple[int, int]


def read_selection(value: str) -> tuple[_Range, ...] | None:
    """Read the ranges of one `so`; inverted, open and too high ones are skipped."""
    selection = decoded(value)
    if not _SELECTION.fullmatch(selection):
        return None
    ranges = [(int(one[1]), int(one[2] or one[1])) for one in map(_SELECTED.fullmatch, selection.split(",")) if one]
    return tuple((first, last) for first, last in ranges if first <= last <= MAX_FILE_INDEX) or None


def _runs(ranges: Iterable[_Range]) -> list[_Range]:
    """Merge ranges into as few as possible, ascending."""
    runs: list[_Range] = []
    for first, last in sorted(ranges):
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(last, runs[-1][1]))
        else:
            runs.append((first, last))
    return runs


def expand_ranges(ranges: Iterable[_Range]) -> tuple[int, ...]:
    return tuple(chain.from_iterable(range(first, last + 1) for first, last in _runs(ranges)))


def selection_text(indices: Iterable[int]) -> str:
    """Format the value of `so` that selects these files."""
    runs = _runs((index, index) for index in indices)
    return ",".join([str(first) if first == last else f"{first}-{last}" for first, last in runs])
