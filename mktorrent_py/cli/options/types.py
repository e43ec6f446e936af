"""Parsers of the values that options take: text, URLs, dates, rates, lengths, durations and ratios."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from mktorrent_py.cli.output import streams
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted

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
    """Text that a torrent may hold. Raises UsageError for bytes that are not UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(
            f"{what} is not UTF-8: {quoted(text)}", hint="Type it in UTF-8, as every client reads it."
        ) from None
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
        raise UsageError(f"{quoted(text)} does not name a tracker", hint="Example: https://tracker.example/announce")
    for url in urls:
        check_url(url, "a tracker", ("http", "https", "udp", "ws", "wss"))
    return urls


def check_url(url: str, what: str, schemes: tuple[str, ...]) -> str:
    """Raises UsageError for what cannot be a URL of one of these schemes."""
    scheme, mark, rest = check_text(url, f"the URL of {what}").partition("://")
    if not mark or not rest.strip("/") or scheme.lower() not in schemes or re.search(r"[\s\x00-\x1f\x7f]", url):
        raise UsageError(
            f"{quoted(url)} is not the URL of {what}",
            hint=f"One starts with {', '.join(schemes)} and ://; a comma in it is written %2C.",
        )
    return url


def parse_node(text: str) -> tuple[str, int]:
    """A DHT node from `HOST:PORT` or `[IPV6]:PORT`."""
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^\s:\[\]]+)):([0-9]{1,5})", text)
    if not found or not 0 < int(found[3]) < 65536:
        raise UsageError(
            f"{quoted(text)} is not a host and a port", hint="Write router.example.org:6881 or [2001:db8::1]:6881."
        )
    return found[1] or found[2], int(found[3])


def parse_infohash(text: str) -> bytes:
    """20 bytes from 40 hex digits."""
    if not re.fullmatch(r"[0-9A-Fa-f]{40}", text):
        raise UsageError(f"{quoted(text)} is not an infohash", hint="Write 40 hexadecimal digits.")
    return bytes.fromhex(text)


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
    if seconds < 0:
        raise UsageError(f"{quoted(text)}: creation date must not be before 1970")
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
