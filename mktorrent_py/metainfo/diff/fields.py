"""What differs between a torrent before and after an edit, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mktorrent_py.formatting import printable_bytes
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.edit import INFO_PREFIX
from mktorrent_py.metainfo.metainfo import Metainfo

Plain = int | str | list["Plain"] | dict[str, "Plain"] | None
"""What JSON can hold."""

_FIELDS = {
    "announce": "trackers",
    "announce-list": "trackers",
    "url-list": "web_seeds",
    "httpseeds": "http_seeds",
    "nodes": "nodes",
    "comment": "comment",
    "comment.utf-8": "comment",
    "created by": "created_by",
    "created by.utf-8": "created_by",
    "creation date": "creation_date",
    "similar": "similar",
    "collections": "collections",
    "info.name": "name",
    "info.name.utf-8": "name",
    "info.file tree": "name",
    "info.private": "private",
    "info.source": "source",
    "info.update-url": "update_url",
}
"""The field that a key is read into."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field before and after: its value as JSON has it, None where there is none.

    `field` is called as in a summary (`trackers`, `created_by`), or is the key itself (`info.x-tag`) when it has no
    field or when the field says the same as before.
    """

    field: str
    old: Plain
    new: Plain


def changes_between(before: Metainfo, after: Metainfo) -> tuple[Change, ...]:
    """The fields and keys that say something else in `after`, in file order, each once."""
    if before is after:
        return ()
    changes: dict[str, Change] = {}
    for key, old_raw, new_raw in _differing_keys(before, after):
        name = _FIELDS.get(key, "")
        old, new = _field(before, name), _field(after, name)
        if not name or old == new:
            name, old, new = key, _shown(_decoded(old_raw)), _shown(_decoded(new_raw))
        changes[name] = Change(field=name, old=old, new=new)
    return tuple(changes.values())


def consequences(before: Metainfo, after: Metainfo) -> tuple[str, ...]:
    """What else came of a change inside the info dictionary, as sentences."""
    if before.info.raw == after.info.raw:
        return ()
    sentences = []
    if any(key == b"signatures" for key, _ in before.items):
        sentences.append("its signatures (BEP 35) are of the old info dictionary and no longer hold")
    if bencode.decode_leniently(before.info.raw).irregularities:
        sentences.append("its info dictionary was not canonical bencode, and now is")
    return tuple(sentences)


def _differing_keys(before: Metainfo, after: Metainfo) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    """Keys with another value, `info.KEY` for those inside the info dictionary, with both values raw."""
    yield from _differing(dict(before.items), dict(after.items), "")
    if before.info.raw != after.info.raw:
        yield from _differing(_raw_items(before.info.raw), _raw_items(after.info.raw), INFO_PREFIX)


def _differing(
    old: dict[bytes, bytes], new: dict[bytes, bytes], prefix: str
) -> Iterator[tuple[str, bytes | None, bytes | None]]:
    for key in dict.fromkeys([*old, *new]):
        if key == b"info" and not prefix:
            continue
        if old.get(key) != new.get(key) and _decoded(old.get(key)) != _decoded(new.get(key)):
            yield prefix + printable_bytes(key), old.get(key), new.get(key)


def _raw_items(raw: bytes) -> dict[bytes, bytes]:
    return {key: raw[start:stop] for key, (start, stop) in bencode.dictionary_spans(raw).items()}


def _decoded(raw: bytes | None) -> bencode.Value | None:
    return None if raw is None else bencode.decode_leniently(raw).value


def _field(metainfo: Metainfo, name: str) -> Plain:
    if name in ("name", "private", "source", "update_url"):
        return _shown(getattr(metainfo.info, name))
    if name == "similar":
        return [infohash.hex() for infohash in metainfo.similar]
    return _shown(getattr(metainfo, name)) if name else None


def _shown(value: object) -> Plain:
    """A value as JSON has it; bytes that are not text as hexadecimal digits."""
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return value.hex()
    if isinstance(value, bencode.Dictionary):
        return {printable_bytes(key): _shown(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [_shown(item) for item in value]
    return value if isinstance(value, int | str) else None
