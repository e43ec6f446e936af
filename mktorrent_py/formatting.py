"""Text, sizes, rates, counts and times as people read them: on terminals, on pages and in messages."""

from __future__ import annotations

from datetime import UTC, datetime

IDEOGRAPHIC_SPACE = "\u3000"
"""Not printable to Python, and as common in Japanese names as a space is in others."""

MAX_SHOWN = 160
"""Characters of a torrent's own text that a message repeats."""

MAX_DIGITS = 30

LAST_DATE = 253_402_300_799
"""The last second of the year 9999, which is the last that Python's calendar knows."""


# Text from outside: nothing in it may be obeyed by a terminal


def printable(text: str) -> str:
    """The text with everything that is not printable, and undecodable bytes, as backslash escapes.

    Control, bidi and zero-width characters from a torrent never reach a terminal or a message as themselves.
    """
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() or char == IDEOGRAPHIC_SPACE else _escape(char) for char in text])


def printable_bytes(raw: bytes) -> str:
    """A key or text as it was read, made printable."""
    return printable(raw.decode("utf-8", "surrogateescape"))


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def brief(text: str) -> str:
    """The text made printable; one too long for a message is cut in the middle."""
    return printable(text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN // 2]}…{text[1 - MAX_SHOWN // 2 :]}")


def quoted(text: str) -> str:
    """A value as a message repeats it: in quotes, printable, brief, and with its backslashes as they are."""
    return f"'{brief(text)}'"


def brief_integer(value: int) -> str:
    """An integer for a message: one from a torrent may have thousands of digits."""
    text = str(value)
    return f"{value:,}" if len(text) <= MAX_DIGITS else f"{text[:MAX_DIGITS]}… ({len(text):,} digits)"


# Numbers with a unit


def human_size(length: float) -> str:
    """Bytes, decimal, three digits: `4.29 GB`."""
    if length < 1000:
        return plural(round(length), "byte")
    number, unit = float(length), 0
    while number >= 999.5 and unit < 6:
        number /= 1000
        unit += 1
    digits = 2 if number < 9.995 else 1 if number < 99.95 else 0
    return f"{number:,.{digits}f} {'_kMGTPE'[unit]}B"


def exact_size(length: int) -> str:
    """`4.29 GB (4,294,967,296 bytes)`."""
    return human_size(length) if length < 1000 else f"{human_size(length)} ({length:,} bytes)"


def binary_size(length: int) -> str:
    """A piece length in the largest binary unit that divides it: `1 MiB`, `24 KiB`, `20,000 bytes`."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if length and length % unit == 0:
            return f"{length // unit:,} {name}"
    return plural(length, "byte")


def human_rate(length: float, seconds: float) -> str:
    """Bytes over seconds, as bytes a second: `3.11 GB/s`; `-` where no time has passed."""
    return f"{human_size(round(length / seconds))}/s" if seconds > 0 else "-"


def percent(share: float) -> str:
    """`0.2 %`, `14 %`."""
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:,.0f} %"


def plural(number: int, noun: str) -> str:
    """A number and its noun: `1 file`, `1,025 pieces`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# Times


def duration(seconds: float) -> str:
    """`1.38 s`, `12 s`, `2 min 5 s`, `2 h 11 min`, `3 d 4 h`."""
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    whole = round(seconds)
    for unit, length, lower, step, bound in _SPANS:
        if whole < bound:
            rest = whole % length // step
            return f"{whole // length} {unit}" + (f" {rest} {lower}" if rest else "")
    return f"{whole // DAY:,} d"


MINUTE, HOUR, DAY = 60, 3600, 86400
_SPANS = (
    ("s", 1, "", 1, MINUTE),
    ("min", MINUTE, "s", 1, HOUR),
    ("h", HOUR, "min", MINUTE, DAY),
    ("d", DAY, "h", HOUR, 100 * DAY),
)
"""Unit, its length in seconds, the unit below with its own, and where the next larger unit begins."""


def date(seconds: int) -> str:
    """A creation date, in Unix seconds: `2026-11-22 21:50:00 UTC`."""
    if not 0 <= seconds <= LAST_DATE:
        return f"{brief_integer(seconds)} (not a valid date)"
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
