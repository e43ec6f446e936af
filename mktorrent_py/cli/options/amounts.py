"""Rates, times and ratios as people write them."""

from __future__ import annotations

import math
import re

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted

_AMOUNT = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*([kMGT]?)(i?)B?(?:/s)?", re.IGNORECASE)
_DURATION = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?)\s*(s|min|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, None: 1}
_MAX = (1 << 31) - 1
"""What libtorrent counts to."""


def parse_rate(text: str) -> int:
    """Bytes a second from `500k`, `2.5 MB/s`, `1MiB`; 0 for no limit."""
    rate = _bytes(text, "a rate", "Write 500k, 2.5M or 1MiB: bytes a second.")
    if rate > _MAX:
        raise UsageError(f"{quoted(text)} is more than can be limited", hint="0 stands for no limit.")
    if 0 < rate < 1:
        raise UsageError(f"{quoted(text)} is less than a byte a second", hint="0 stands for no limit.")
    return int(rate)


def parse_length(text: str) -> int:
    """Bytes, one at least, from `300k`, `30M`, `1MiB`."""
    length = _bytes(text, "a length", "Write 300k, 30M or 1MiB.") if "/" not in text else 0
    if not 1 <= length <= _MAX:
        raise UsageError(f"{quoted(text)} is not a length from 1 byte to 2 GB", hint="Write 300k, 30M or 1MiB.")
    return int(length)


def _bytes(text: str, what: str, hint: str) -> float:
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{quoted(text)} is not {what}", hint=hint)
    step = 1024 if found[3] else 1000
    return float(found[1]) * float(step ** " kmgt".index(found[2].lower() or " "))


def check_ratio(ratio: float) -> float:
    """Raises UsageError for what no amount reaches."""
    if not math.isfinite(ratio):
        raise UsageError(f"{ratio} is not a ratio", hint="Write 1.5 for one and a half times the content.")
    return ratio


def parse_duration(text: str) -> float:
    """Seconds from `90`, `90s`, `15min`, `2h`, `1.5d`."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{quoted(text)} is not a time", hint="Write 90s, 15min, 2h or 1d.")
    return float(found[1]) * _SECONDS[found[2]]
