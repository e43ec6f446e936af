"""Reports bencode that is not canonical, and whether that affects the infohash."""

from __future__ import annotations

from dataclasses import replace

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.bencode import Irregularity, Limits
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics

_INSIDE_INFO = {
    "unsorted-keys": "unsorted-info",
    "duplicate-key": "info-duplicate-key",
    "leading-zero": "info-leading-zero",
    "negative-zero": "info-negative-zero",
}
"""Rule ids inside the info dictionary, where an irregularity affects the infohash."""


def note_form(
    irregularities: tuple[Irregularity, ...], info: bytes, start: int, diagnostics: Diagnostics, *, has_v2: bool
) -> None:
    """Note irregularities: an error inside a v2 info dictionary (BEP 52), a warning elsewhere.

    `info` is the info dictionary as it was read, at the byte `start`.
    """
    if has_v2 and len(irregularities) == bencode.MAX_IRREGULARITIES:
        irregularities += _first_irregularity(info, start)
    for irregularity in irregularities:
        inside = start <= irregularity.offset < start + len(info)
        rule = _INSIDE_INFO.get(irregularity.rule, irregularity.rule) if inside else irregularity.rule
        note = diagnostics.error if inside and has_v2 else diagnostics.warning
        steps = ("info",) if inside else ()
        note(rule, irregularity.message, *steps, offset=irregularity.offset)


def _first_irregularity(info: bytes, start: int) -> tuple[Irregularity, ...]:
    """The first irregularity inside `info`, read again where the list was full before it."""
    whole = Limits(size=len(info), depth=len(info), tokens=len(info))
    inner = bencode.decode_leniently(info, limits=whole).irregularities
    return tuple([replace(irregularity, offset=start + irregularity.offset) for irregularity in inner[:1]])
