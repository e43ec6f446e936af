"""Parsers of the values that options take: text, URLs, dates, rates, lengths, durations and ratios."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from mktorrent_py.cli.output import streams
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import rules

T = TypeVar("T")
Text = str | None
Texts = list[str]

STANDARD_STREAM = Path("-")

_AMOUNT = r"(?i)([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([kMGT]?)(i?)B?(?:/s)?"
_DURATION = r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(s|min|m|h|d)?"
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, None: 1}
_MAX_AMOUNT = (1 << 31) - 1
"""The largest limit that libtorrent counts to."""


def read_stdin_bytes(limit: int) -> bytes:
    """Read all of standard input, up to `limit` bytes and one more. Raises ContentError if it is closed."""
    return streams.binary_stdin().read(limit + 1)


def check_text(text: str, what: str) -> str:
    """Return the text, which a torrent can hold. Raises UsageError for bytes that are not UTF-8."""
    rules.require(rules.text(text, what))
    return text


def check_not_empty(text: str, what: str) -> str:
    """Return the text. Raises UsageError if it is empty, as from an unset shell variable."""
    if not text:
        raise UsageError(f"{what} is empty", hint=f"Omit {what} or give it a value.")
    return check_text(text, what)


def split_tier(text: str) -> tuple[str, ...]:
    """Split the trackers of one `--tracker` at the commas; a comma inside a URL is written %2C."""
    urls = tuple([url.strip() for url in text.split(",") if url.strip()])
    if not urls:
        raise UsageError(f"{quoted(text)} contains no tracker URL", code="tier-empty")
    return tuple([check_url(url, rules.tracker_url) for url in urls])


def check_url(url: str, rule: Callable[[str], rules.Problem | None]) -> str:
    """Return the URL if `rule` accepts it. Raises UsageError."""
    rules.require(rule(url))
    return url


def parse_node(text: str) -> tuple[str, int]:
    """Parse a host and a port from `HOST:PORT` or `[IPV6]:PORT`."""
    return _valid(rules.parse_node(text))


def parse_infohash(text: str) -> bytes:
    """Parse 20 bytes from 40 hexadecimal digits."""
    return _valid(rules.parse_infohash(text))


def _valid(parsed: T | rules.Problem) -> T:
    if isinstance(parsed, rules.Problem):
        raise parsed.as_error()
    return parsed


def parse_date(text: str, now: float) -> int:
    """Parse `now`, Unix seconds, or an ISO date and time (UTC unless it names a zone) into Unix seconds."""
    word = text.strip()
    if word == "now":
        return int(now)
    moment = _iso_moment(word)
    if re.fullmatch(r"@?[0-9]{1,12}", word):
        if moment is not None:
            raise UsageError(
                f"{quoted(text)} could be a date or Unix seconds",
                hint=f"Write {moment.date().isoformat()} or @{word}.",
            )
        return int(word.removeprefix("@"))
    if moment is None:
        raise UsageError(
            f"{quoted(text)} is not a date", hint="Examples: 2026-11-22, 2026-11-22T21:50:00Z, 1795305600, now."
        )
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    problem = rules.creation_date(seconds)
    if problem is not None:
        raise UsageError(f"{quoted(text)} {problem.reason}", code=problem.code)
    return seconds


def _iso_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def source_date_epoch(environment: Mapping[str, str] = os.environ) -> int | None:
    """Return SOURCE_DATE_EPOCH in Unix seconds, or None if it is not set: reproducible builds use no clock."""
    text = environment.get("SOURCE_DATE_EPOCH")
    if text is None or text == "":
        return None
    if not re.fullmatch(r"[0-9]{1,12}", text.strip()):
        raise UsageError(f"SOURCE_DATE_EPOCH is {quoted(text)}, not a number of seconds", hint="Unset or correct it.")
    return int(text)


def parse_rate(text: str) -> int:
    """Parse bytes per second from `500k`, `2.5 MB/s` or `1MiB`; 0 means no limit."""
    rate = _parse_amount(text, "a rate", "Examples: 500k, 2.5M, 1MiB (bytes per second).")
    if rate > _MAX_AMOUNT:
        raise UsageError(f"{quoted(text)} is too large for a limit", hint="Use 0 for no limit.")
    if 0 < rate < 1:
        raise UsageError(f"{quoted(text)} is less than one byte per second", hint="Use 0 for no limit.")
    return int(rate)


def parse_length(text: str) -> int:
    """Parse a positive number of bytes from `300k`, `30M` or `1MiB`."""
    length = _parse_amount(text, "a length", "Examples: 300k, 30M, 1MiB.") if "/" not in text else 0
    if not 1 <= length <= _MAX_AMOUNT:
        raise UsageError(f"{quoted(text)} is not a length from 1 byte to 2 GB", hint="Examples: 300k, 30M, 1MiB.")
    return int(length)


def _parse_amount(text: str, what: str, hint: str) -> float:
    found = re.fullmatch(_AMOUNT, text.strip())
    if found is None:
        raise UsageError(f"{quoted(text)} is not {what}", hint=hint)
    step = 1024 if found[3] else 1000
    return float(found[1]) * float(step ** " kmgt".index(found[2].lower() or " "))


def check_ratio(ratio: float) -> float:
    """Return the ratio. Raises UsageError for infinity and NaN, which no upload reaches."""
    if not math.isfinite(ratio):
        raise UsageError(f"{ratio} is not a ratio", hint="1.5 means one and a half times the content.")
    return ratio


def parse_duration(text: str) -> float:
    """Parse seconds from `90`, `90s`, `15min`, `2h` or `1.5d`."""
    found = re.fullmatch(_DURATION, text.strip())
    if found is None:
        raise UsageError(f"{quoted(text)} is not a duration", hint="Examples: 90s, 15min, 2h, 1d.")
    return float(found[1]) * _SECONDS[found[2]]


def parse_ranges(texts: list[str]) -> list[range]:
    """Parse file numbers and ranges such as `0,2-4`."""
    ranges = []
    for token in ",".join(texts).split(",") if texts else ():
        found = re.fullmatch(r"\s*([0-9]{1,9})(?:-([0-9]{1,9}))?\s*", token)
        if not found or int(found[2] or found[1]) < int(found[1]):
            raise UsageError(
                f"{quoted(token)} is not a file number or a range", hint="Numbers start at 0. Example: 0,2-4"
            )
        ranges.append(range(int(found[1]), int(found[2] or found[1]) + 1))
    return ranges
