"""Applies an edit to a torrent.

Changes are made key by key on the raw values: a key that the edit does not name keeps its bytes and its place, known or
unknown, canonical or not. The info dictionary is changed only by an edit that names something inside it and allows
`new_infohash`: its bytes are the torrent's identity.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mktorrent_py.errors import MetainfoError, RefusedError, UsageError
from mktorrent_py.formatting import printable, quoted
from mktorrent_py.metainfo import bencode, rules
from mktorrent_py.metainfo.edit.changes import UNCHANGED, Edit, Item, ListChange, TierChange
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import Infohashes
from mktorrent_py.metainfo.keys import INFO_PREFIX, Key
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.trackers import Tier, distinct_tiers, tracker_fields
from mktorrent_py.metainfo.write.top_level import encode_items

Changes = dict[str, "bencode.Encodable | None"]
"""New values by key; None removes the key."""


CONTENT_KEYS = frozenset(
    {
        "info",
        "piece layers",
        "info.file tree",
        "info.files",
        "info.length",
        "info.meta version",
        "info.piece length",
        "info.pieces",
        "info.root hash",
    }
)
"""Keys that describe the content: with another value they would describe another torrent."""


@dataclass(slots=True)
class _Missing:
    """What an edit wants to remove from the torrent called `label` and does not find."""

    label: str
    nouns: list[str] = field(default_factory=list)

    def add(self, noun: str, item: object) -> None:
        self.nouns.append(f"{noun} {printable(str(item))}")


def changes_infohash(edit: Edit) -> bool:
    """Whether an edit names anything inside the info dictionary."""
    named = edit.name is not UNCHANGED or any(row.in_info for row, _ in edit.changes())
    return named or any(key.startswith(INFO_PREFIX) for key, _ in edit.keys)


def edit_metainfo(metainfo: Metainfo, edit: Edit, *, label: str | None = None) -> Metainfo:
    """Return the torrent with the changes made; the same object when nothing differs.

    `label` is what errors call the torrent; its name by default. Raises UsageError for what cannot be changed or is
    not there to be removed, RefusedError when the infohash would change without `new_infohash`, and MetainfoError when
    the result is not a valid torrent.
    """
    label = label or printable(metainfo.info.name)
    check_edit(edit)
    missing = _Missing(label)
    changed = _apply(dict(metainfo.items), _top_level_changes(metainfo, edit, missing))
    raw_info = _edit_info(metainfo.info, edit, missing)
    if missing.nouns and not edit.if_present:
        raise UsageError(f"{label} has no {', no '.join(missing.nouns)}", code="removal-not-found", items=missing.nouns)
    if raw_info != metainfo.info.raw:
        if not edit.new_infohash:
            raise _refusal(label, metainfo.infohashes)
        changed[b"info"] = raw_info
    if not changed:
        return metainfo
    edited = _read_again(_splice(metainfo.items, changed), label)
    _check_private_nodes(metainfo, edited, label)
    return edited


def _read_again(data: bytes, label: str) -> Metainfo:
    try:
        return Metainfo.from_bytes(data)
    except MetainfoError as error:
        raise MetainfoError(f"this edit would make {label} invalid: {error}", code="edit-result-invalid") from error


def check_edit(edit: Edit) -> None:
    """Raises UsageError for changes that no torrent can take."""
    for key, _ in edit.keys:
        if key in CONTENT_KEYS:
            message = f"{quoted(key)} describes the content and cannot be set: that would be another torrent"
            raise UsageError(message, code="content-key-not-editable", key=key)
    for problem in _problems(edit):
        rules.require(problem)


def _problems(edit: Edit) -> Iterator[rules.Problem | None]:
    """Apply the rules to every value that an edit adds; what it removes may be anything."""
    for row, change in edit.changes():
        value = change.added if isinstance(change, ListChange | TierChange) else change
        if value:
            yield from row.problems(value)
    if isinstance(edit.name, str):
        yield rules.text(edit.name, "name")
        yield rules.torrent_name(edit.name)


def _check_private_nodes(before: Metainfo, after: Metainfo, label: str) -> None:
    problem = rules.private_nodes(after.info.private, after.nodes)
    if problem is not None and rules.private_nodes(before.info.private, before.nodes) is None:
        message = f"{label} would be private and have DHT nodes, which a private torrent must not (BEP 27)"
        raise UsageError(message, code=problem.code, **problem.data)


def _refusal(label: str, infohashes: Infohashes) -> RefusedError:
    message = f"this edit changes the infohash of {label}, so peers of the current torrent are lost"
    return RefusedError(
        f"{message}\ncurrent infohash  {infohashes}", code="infohash-change-refused", infohash=str(infohashes)
    )


def _top_level_changes(metainfo: Metainfo, edit: Edit, missing: _Missing) -> Changes:
    """New values of the keys beside `info`."""
    present = {key.decode("utf-8", "surrogateescape") for key, _ in metainfo.items}
    changes: Changes = {}
    for row, change in edit.changes():
        if isinstance(change, TierChange):
            changes |= _tracker_changes(metainfo.trackers, change, missing)
        elif isinstance(change, ListChange):
            changes |= _list_changes(row, metainfo, change, missing)
        elif not row.in_info:
            changes |= _value_changes(row, change, present)
    return changes | _key_changes([pair for pair in edit.keys if not pair[0].startswith(INFO_PREFIX)], present, missing)


def _value_changes(row: Key, value: Any, present: set[str]) -> Changes:
    """A value under its key; a text also under `KEY.utf-8` where that is present, which readers prefer."""
    twin = f"{row.key}.utf-8"
    names = (row.key, twin) if row.kind.has_twin and twin in present else (row.key,)
    assert row.kind.write is not None
    return {name: row.kind.write(name, value).get(name) for name in names}


def _key_changes(
    pairs: Iterable[tuple[str, bencode.Encodable | None]], present: set[str], missing: _Missing, prefix: str = ""
) -> Changes:
    changes: Changes = {}
    for key, value in pairs:
        name = key.removeprefix(prefix)
        if value is None and name not in present:
            missing.add("key", key)
        changes[name] = value
    return changes


def _tracker_changes(tiers: tuple[Tier, ...], change: TierChange, missing: _Missing) -> Changes:
    """`announce` and `announce-list`; nothing where no tracker is added, removed or moved."""
    if change == TierChange():
        return {}
    changed = _change_tiers(tiers, change, missing)
    if changed == tiers and change.replace is None:
        return {}
    return {"announce": None, "announce-list": None} | tracker_fields(changed)


def _change_tiers(tiers: tuple[Tier, ...], change: TierChange, missing: _Missing) -> tuple[Tier, ...]:
    """The tiers with the changes made, in the order that TierChange documents."""
    kept = {number: list(tier) for number, tier in enumerate(tiers if change.replace is None else change.replace, 1)}
    there = {tracker for tier in kept.values() for tracker in tier}
    for tracker in change.remove:
        if tracker not in there:
            missing.add("tracker", tracker)
    for number in change.remove_tiers:
        if kept.pop(number, None) is None:
            missing.add("tier", number)
    kept = {number: [url for url in tier if url not in change.remove] for number, tier in kept.items()}
    there = {tracker for tier in kept.values() for tracker in tier}
    for number, tracker in change.add_to_tier:
        if number not in kept:
            message = f"{missing.label} has no tier {number} to add {printable(tracker)} to"
            raise UsageError(message, code="tier-not-found", tier=number)
        if tracker not in there:
            kept[number].append(tracker)
    return distinct_tiers([*kept.values(), *change.add])


def _list_changes(row: Key, metainfo: Metainfo, change: ListChange[Any], missing: _Missing) -> Changes:
    """A list that changed, under its key; without the items in the info dictionary (BEP 38)."""
    inside = getattr(metainfo.info, row.name, ())
    current = tuple([item for item in getattr(metainfo, row.name) if item not in inside])
    changed = _change_list(current, change, row, missing)
    if changed is None:
        return {}
    assert row.kind.write is not None
    return {row.key: None, **row.kind.write(row.key, changed)}


def _change_list(
    current: tuple[Item, ...], change: ListChange[Item], row: Key, missing: _Missing
) -> tuple[Item, ...] | None:
    """The items with the changes made; None where that changes nothing."""
    start = current if change.replace is None else change.replace
    for item in change.remove:
        if item not in start:
            missing.add(row.noun, row.kind.show_item(item))
    changed = tuple(dict.fromkeys([*[item for item in start if item not in change.remove], *change.add]))
    return None if changed == current and change.replace is None else changed


def _edit_info(info: Info, edit: Edit, missing: _Missing) -> bytes:
    """The raw info dictionary with the changes made: the same bytes where they change nothing, canonical otherwise."""
    if not changes_infohash(edit):
        return info.raw
    spans = bencode.dictionary_spans(info.raw)
    raw = {key: info.raw[start:stop] for key, (start, stop) in spans.items()}
    changes = _apply(raw, _info_changes(info, edit, raw, missing))
    if not changes:
        return info.raw
    document = bencode.decode_leniently(info.raw)
    assert isinstance(document.value, bencode.Dictionary)
    fields: dict[bytes, bencode.Encodable] = {key: bencode.Raw(value) for key, value in raw.items()}
    if document.irregularities:
        fields = dict(document.value.items())
    for key, value in changes.items():
        fields.pop(key, None)
        if value is not None:
            fields[key] = bencode.Raw(value)
    return bencode.encode(fields)


def _info_changes(info: Info, edit: Edit, raw: Mapping[bytes, bytes], missing: _Missing) -> Changes:
    present = {key.decode("utf-8", "surrogateescape") for key in raw}
    changes: Changes = {}
    if isinstance(edit.name, str):
        twin = {"name.utf-8": edit.name} if "name.utf-8" in present else {}
        changes |= {"name": edit.name, **twin, **_renamed_tree(info, edit.name, raw)}
    for row, value in edit.changes():
        # A `private` of 2 counts as public, and stays as it is where the torrent is to be public.
        if row.in_info and (row.kind.has_twin or value != getattr(info, row.name)):
            changes |= _value_changes(row, value, present)
    pairs = [pair for pair in edit.keys if pair[0].startswith(INFO_PREFIX)]
    return changes | _key_changes(pairs, present, missing, INFO_PREFIX)


def _renamed_tree(info: Info, name: str, raw: Mapping[bytes, bytes]) -> Changes:
    """A single file's tree has the file's name as its only key, which is renamed with it (BEP 52)."""
    if not (info.version.has_v2 and info.single) or info.files[0].path != (info.name,):
        return {}
    tree = bencode.decode(raw[b"file tree"])
    assert isinstance(tree, bencode.Dictionary)
    (leaf,) = tree.values()
    return {"file tree": {name: leaf}}


def _apply(raw: Mapping[bytes, bytes], changes: Changes) -> dict[bytes, bytes | None]:
    """The changes that make a difference, encoded; an equal value stays in the form it has."""
    applied: dict[bytes, bytes | None] = {}
    for name, value in changes.items():
        key = name.encode("utf-8", "surrogateescape")
        new = None if value is None else bencode.encode(value)
        if _decoded(raw.get(key)) != _decoded(new):
            applied[key] = new
    return applied


def _decoded(raw: bytes | None) -> bencode.Value | None:
    return None if raw is None else bencode.decode_leniently(raw).value


def _splice(items: tuple[tuple[bytes, bytes], ...], changes: Mapping[bytes, bytes | None]) -> bytes:
    """The top-level dictionary with these values: old keys keep their places, new ones go where they sort."""
    spliced = [(key, value) for key, old in items if (value := changes.get(key, old)) is not None]
    old_keys = {key for key, _ in items}
    for key, value in sorted(changes.items()):
        if value is not None and key not in old_keys:
            place = next((at for at, (other, _) in enumerate(spliced) if other > key), len(spliced))
            spliced.insert(place, (key, value))
    return encode_items(spliced)
