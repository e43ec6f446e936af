"""Rates, times and ratios as people write them."""

from __future__ import annotations

import re

from mktorrent_py.errors import UsageError

_RATE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([kMGT]?)(i?)B?(?:/s)?", re.IGNORECASE)
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|min|m|h|d)?")
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400, None: 1}


def parse_rate(text: str) -> int:
    """Bytes a second from `500k`, `2.5 MB/s`, `1MiB`; 0 for no limit."""
    found = _RATE.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is not a rate", hint="Write 500k, 2.5M or 1MiB: bytes a second.")
    step = 1024 if found[3] else 1000
    rate = int(float(found[1]) * step ** " kmgt".index(found[2].lower() or " "))
    if rate >= 1 << 31:
        raise UsageError(f"{text!r} is more than can be limited", hint="0 stands for no limit.")
    return rate


def parse_duration(text: str) -> float:
    """Seconds from `90`, `90s`, `15min`, `2h`, `1.5d`."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"{text!r} is not a time", hint="Write 90s, 15min, 2h or 1d.")
    return float(found[1]) * _SECONDS[found[2]]
