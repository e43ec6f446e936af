"""Reads typed values from decoded bencode; a value of the wrong type is noted, never raised."""

from __future__ import annotations

from collections.abc import Mapping

from mktorrent_py.formatting import brief_integer
from mktorrent_py.metainfo.bencode import Dictionary, Value
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics, Step

Fields = Mapping[bytes, Value]

KINDS: dict[type, str] = {int: "an integer", bytes: "a string", tuple: "a list", Dictionary: "a dictionary"}


def kind_of(value: Value | None) -> str:
    """Name the type of a value."""
    return "nothing" if value is None else KINDS[type(value)]


def is_text(value: Value | None) -> bool:
    """Whether the value is a non-empty UTF-8 string."""
    try:
        return isinstance(value, bytes) and bool(value.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def decode_text(raw: bytes, diagnostics: Diagnostics, *steps: Step) -> str:
    """Decode text; bytes that are not UTF-8 become surrogates, and are noted."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        diagnostics.warning("text-not-utf-8", f"is not UTF-8 at its byte {error.start:,}", *steps)
        return raw.decode("utf-8", "surrogateescape")


def optional_text(fields: Fields, key: str, diagnostics: Diagnostics) -> str | None:
    """Read a string or None. `KEY.utf-8` is preferred where older tools wrote both and it is UTF-8."""
    preferred = f"{key}.utf-8"
    if is_text(fields.get(preferred.encode())):
        key = preferred
    value = fields.get(key.encode())
    if isinstance(value, bytes):
        return decode_text(value, diagnostics, key)
    if value is not None:
        diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a string", key)
    return None


def optional_integer(fields: Fields, key: str, diagnostics: Diagnostics) -> int | None:
    value = fields.get(key.encode())
    if value is None or isinstance(value, int):
        return value
    diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not an integer", key)
    return None


def required_integer(fields: Fields, key: str, diagnostics: Diagnostics, *, minimum: int, maximum: int) -> int | None:
    """Read an integer within bounds; None, and an error, for anything else."""
    value = fields.get(key.encode())
    if not isinstance(value, int):
        note_absence(value, "an integer", diagnostics, key)
        return None
    if not minimum <= value <= maximum:
        diagnostics.error("value-out-of-range", f"is {brief_integer(value)}, outside {minimum:,} to {maximum:,}", key)
        return None
    return value


def note_absence(value: Value | None, wanted: str, diagnostics: Diagnostics, *steps: Step) -> None:
    """Note the error for a required field that is missing or not of the type `wanted`."""
    if value is None:
        diagnostics.error("field-missing", "is missing", *steps)
    else:
        diagnostics.error("field-wrong-type", f"is {kind_of(value)}, not {wanted}", *steps)


def texts(value: Value | None, diagnostics: Diagnostics, *steps: Step) -> tuple[str, ...]:
    """Read the non-empty strings of a list, each once; anything else in it is noted."""
    if value is None:
        return ()
    if not isinstance(value, tuple):
        diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a list of strings", *steps)
        return ()
    found: dict[str, None] = {}
    for at, item in enumerate(value):
        if not isinstance(item, bytes):
            diagnostics.warning("field-wrong-type", f"is {kind_of(item)}, not a string", *steps, at)
        elif item:
            found[decode_text(item, diagnostics, *steps, at)] = None
    return tuple(found)
