"""Fields that differ between two torrents, and between a torrent before and after an edit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mktorrent_py.formatting import printable_bytes
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.keys import INFO_KEYS, INFO_PREFIX, KEYS, SHOWN_INFO, SHOWN_TOP_LEVEL, TOP_LEVEL_KEYS, Json
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.summary import Summary, summarize

COMPARED_ELSEWHERE = frozenset({"trackers", "magnet", "unknown_keys", "oddities"})
FIELD_OF_KEY = {
    **{key: row for row in TOP_LEVEL_KEYS for key in row.bencode if row.kind.write is not None},
    **{INFO_PREFIX + key: row for row in INFO_KEYS for key in row.bencode if row in KEYS},
}
_NAME_KEYS = frozenset({"info.name", "info.name.utf-8", "info.file tree"})
"""Keys that an edit of the name changes; the tree holds the name of a single file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field before and after: its value as JSON has it, None where there is none.

    `field` is named as in a summary (`trackers`, `created_by`), or is the key itself (`info.x-tag`) where no field
    shows the difference.
    """

    field: str
    old: Json
    new: Json


def changed_fields(old: Metainfo, new: Metainfo) -> tuple[Change, ...]:
    """Facts of the summaries that differ, and keys that no fact shows, with their values as bencode."""
    return (*_changed_facts(old, new), *_changed_layers(old, new), *_changed_keys(old, new))


def _changed_facts(old: Metainfo, new: Metainfo) -> list[Change]:
    ours, theirs = _flat(summarize(old)), _flat(summarize(new))
    return [
        Change(field=name, old=ours[name], new=theirs[name])
        for name in ours
        if name not in COMPARED_ELSEWHERE and ours[name] != theirs[name]
    ]


def _flat(facts: Summary) -> Summary:
    flat: Summary = {}
    for name, value in facts.items():
        flat |= {f"{name}.{key}": inner for key, inner in value.items()} if isinstance(value, dict) else {name: value}
    return flat


def _changed_layers(old: Metainfo, new: Metainfo) -> list[Change]:
    """How many files have a piece layer: layers are checked against the roots, so they are either present or not."""
    ours, theirs = [None if one.piece_layers is None else len(one.piece_layers) for one in (old, new)]
    return [] if ours == theirs else [Change(field="piece_layers", old=ours, new=theirs)]


def _changed_keys(old: Metainfo, new: Metainfo) -> Iterator[Change]:
    """Keys whose raw values differ and that no fact shows."""
    sides = dict(old.items), dict(new.items)
    inner = _raw_items(old.info.raw), _raw_items(new.info.raw)
    for prefix, (ours, theirs), shown in (("", sides, SHOWN_TOP_LEVEL), (INFO_PREFIX, inner, SHOWN_INFO)):
        for key in sorted((ours.keys() | theirs.keys()) - shown):
            if ours.get(key) != theirs.get(key):
                before, after = [_optional_text(side.get(key)) for side in (ours, theirs)]
                yield Change(field=prefix + _text(key), old=before, new=after)


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _optional_text(raw: bytes | None) -> str | None:
    return None if raw is None else _text(raw)


def changes_between(before: Metainfo, after: Metainfo) -> tuple[Change, ...]:
    """The fields and keys that an edit changed, in file order, each once."""
    if before is after:
        return ()
    changes: dict[str, Change] = {}
    for key, old_raw, new_raw in _differing_keys(before, after):
        name, old, new = _field_values(key, before, after)
        if not name or old == new:
            name, old, new = key, _shown(_decoded(old_raw)), _shown(_decoded(new_raw))
        changes[name] = Change(field=name, old=old, new=new)
    return tuple(changes.values())


def consequences(before: Metainfo, after: Metainfo) -> tuple[str, ...]:
    """Side effects of an info edit, as sentences."""
    if before.info.raw == after.info.raw:
        return ()
    sentences = []
    if any(key == b"signatures" for key, _ in before.items):
        sentences.append("its signatures (BEP 35) are of the old info dictionary and no longer valid")
    if bencode.decode_leniently(before.info.raw).irregularities:
        sentences.append("its info dictionary was not canonical bencode and now is")
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
    limits = bencode.Limits(size=len(raw), depth=len(raw), tokens=len(raw))
    return {key: raw[start:stop] for key, (start, stop) in bencode.dictionary_spans(raw, limits=limits).items()}


def _decoded(raw: bytes | None) -> bencode.Value | None:
    return None if raw is None else bencode.decode_leniently(raw).value


def _field_values(key: str, before: Metainfo, after: Metainfo) -> tuple[str, Json, Json]:
    """The field that a key is read into, and its two values; an empty name where there is none."""
    if key in _NAME_KEYS:
        return "name", before.info.name, after.info.name
    row = FIELD_OF_KEY.get(key)
    if row is None:
        return "", None, None
    old, new = [getattr(each.info if row.in_info else each, row.name) for each in (before, after)]
    if row.kind.show_item is bytes.hex:
        return row.name, row.kind.show(old), row.kind.show(new)
    return row.name, _shown(old), _shown(new)


def _shown(value: object) -> Json:
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
