"""How much bencode is read."""

from __future__ import annotations

from dataclasses import dataclass

from mktorrent_py.errors import LimitError

MAX_DIGITS = 4300
"""Digits of an integer that are read: what Python converts by default, because converting takes quadratic time.

BEP 3 sets no bound, so longer integers are a LimitError and not an invalid form."""

MAX_LENGTH_DIGITS = 20
"""Digits of the length of a string: more than any that could be true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much bencode is read before it counts as an attack.

    `size` in bytes; `depth` in nested lists and dictionaries; `tokens` counts every integer, string, start and end.
    """

    size: int = 128 * 1024 * 1024
    depth: int = 128
    tokens: int = 16_000_000


DEFAULT_LIMITS = Limits()


def check_size(data: bytes, limits: Limits) -> None:
    if len(data) > limits.size:
        raise LimitError(
            f"{len(data):,} bytes of bencode, more than the limit of {limits.size:,}", limit="size", maximum=limits.size
        )
