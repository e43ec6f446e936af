"""Takes typed values out of decoded bencode; a value of the wrong type is noted, never raised."""

from __future__ import annotations

from collections.abc import Mapping

from mktorrent_py.metainfo.bencode import Dictionary, Value
from mktorrent_py.metainfo.paths import printable
from mktorrent_py.metainfo.remarks import Notes

Fields = Mapping[bytes, Value]

KINDS: dict[type, str] = {int: "an integer", bytes: "a string", tuple: "a list", Dictionary: "a dictionary"}


def kind_of(value: Value | None) -> str:
    """What a person calls the type of a value."""
    return "nothing" if value is None else KINDS[type(value)]


def key_name(key: bytes) -> str:
    """A dictionary key as a segment of a key path."""
    return printable(key.decode("utf-8", "surrogateescape"))


def decode_text(raw: bytes, notes: Notes, segment: str = "") -> str:
    """Text as it stands; bytes that are not UTF-8 become surrogates, and are noted."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        notes.oddity("text-not-utf-8", f"is not UTF-8 at its byte {error.start}", segment)
        return raw.decode("utf-8", "surrogateescape")


def optional_text(fields: Fields, key: bytes, notes: Notes) -> str | None:
    """A string, or None: BitTorrent's `KEY.utf-8` is preferred where older tools wrote both."""
    for name in (key + b".utf-8", key):
        value = fields.get(name)
        if isinstance(value, bytes):
            return decode_text(value, notes, key_name(name))
        if value is not None:
            notes.oddity("field-wrong-type", f"is {kind_of(value)}, not a string", key_name(name))
    return None


def optional_integer(fields: Fields, key: bytes, notes: Notes) -> int | None:
    value = fields.get(key)
    if value is None or isinstance(value, int):
        return value
    notes.oddity("field-wrong-type", f"is {kind_of(value)}, not an integer", key_name(key))
    return None


def required_integer(fields: Fields, key: bytes, notes: Notes, *, least: int, most: int) -> int | None:
    """An integer within bounds, or None and an error."""
    value = fields.get(key)
    if not isinstance(value, int):
        problem = "is missing" if value is None else f"is {kind_of(value)}, not an integer"
        notes.error("field-missing" if value is None else "field-wrong-type", problem, key_name(key))
        return None
    if not least <= value <= most:
        notes.error("value-out-of-range", f"is {value}, outside {least:,} to {most:,}", key_name(key))
        return None
    return value


def texts(value: Value | None, notes: Notes, segment: str) -> tuple[str, ...]:
    """The non-empty strings of a list, each once; anything else in it is noted."""
    if value is None:
        return ()
    if not isinstance(value, tuple):
        notes.oddity("field-wrong-type", f"is {kind_of(value)}, not a list of strings", segment)
        return ()
    with notes.at(segment):
        return tuple(dict.fromkeys([text for at, item in enumerate(value) if (text := _text_item(item, at, notes))]))


def _text_item(item: Value, at: int, notes: Notes) -> str | None:
    if isinstance(item, bytes):
        return decode_text(item, notes, f"[{at}]")
    notes.oddity("field-wrong-type", f"is {kind_of(item)}, not a string", f"[{at}]")
    return None
