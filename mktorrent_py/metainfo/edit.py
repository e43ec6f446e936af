"""Changes to a torrent that leave everything else as it is, byte for byte.

Changes are made key by key on the raw values: a key that nobody named keeps its bytes and its place, known or unknown,
canonical or not. The info dictionary is touched only by an edit that names something inside it, and only when the edit
says `new_infohash`: its bytes are the torrent's identity.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

from mktorrent_py.errors import MetainfoError, RefusedError, UsageError
from mktorrent_py.formatting import printable, quoted
from mktorrent_py.metainfo import bencode, rules
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import Infohashes
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.node import Node, host_port
from mktorrent_py.metainfo.trackers import Tier, distinct_tiers, tracker_fields
from mktorrent_py.metainfo.write.top_level import encode_items, web_seed_fields

Item = TypeVar("Item")
Changes = dict[str, "bencode.Encodable | None"]
"""New values by key; None takes the key away."""


class Unchanged(Enum):
    """The value of a field of `Edit` that stays as it is; None is for a field that goes."""

    UNCHANGED = "keep"


UNCHANGED = Unchanged.UNCHANGED

INFO_PREFIX = "info."
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
"""Keys that describe the content: with another value they would belong to another torrent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange(Generic[Item]):
    """What happens to a list, in this order: all of it becomes `replace`, `remove` goes, `add` comes at the end.

    An item to add that is there already stays where it is.
    """

    replace: tuple[Item, ...] | None = None
    remove: tuple[Item, ...] = ()
    add: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """What happens to the trackers, in this order.

    All tiers become `replace`; the tiers numbered `remove_tiers` and the trackers `remove` go; each (tier, tracker) of
    `add_to_tier` joins its tier; the tiers of `add` come at the end. Tiers count from 1, and keep their numbers until
    all is done. A tracker to add that is there already stays where it is.
    """

    replace: tuple[Tier, ...] | None = None
    remove: tuple[str, ...] = ()
    remove_tiers: tuple[int, ...] = ()
    add_to_tier: tuple[tuple[int, str], ...] = ()
    add: tuple[Tier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What to change in a torrent. `UNCHANGED` leaves a field alone, None takes it away.

    `name`, `private`, `source`, `update_url` and `info.KEY` in `keys` change the infohash, which `new_infohash` has to
    allow. `keys` holds values for any other key, `info.KEY` for one inside the info dictionary; None takes it away.
    `creation_date` is in Unix seconds. With `if_present`, taking away what is not there is no error.
    """

    trackers: TierChange = TierChange()
    web_seeds: ListChange[str] = ListChange()
    http_seeds: ListChange[str] = ListChange()
    nodes: ListChange[Node] = ListChange()
    similar: ListChange[bytes] = ListChange()
    collections: ListChange[str] = ListChange()
    comment: str | Unchanged | None = UNCHANGED
    created_by: str | Unchanged | None = UNCHANGED
    creation_date: int | Unchanged | None = UNCHANGED
    name: str | Unchanged = UNCHANGED
    private: bool | Unchanged = UNCHANGED
    source: str | Unchanged | None = UNCHANGED
    update_url: str | Unchanged | None = UNCHANGED
    keys: tuple[tuple[str, bencode.Encodable | None], ...] = ()
    new_infohash: bool = False
    if_present: bool = False


@dataclass(slots=True)
class _Missing:
    """What an edit wants to take away from the torrent called `label`, and does not find."""

    label: str
    nouns: list[str] = field(default_factory=list)

    def add(self, noun: str, item: object) -> None:
        self.nouns.append(f"{noun} {printable(str(item))}")


def changes_infohash(edit: Edit) -> bool:
    """Whether an edit names anything inside the info dictionary."""
    fields = (edit.name, edit.private, edit.source, edit.update_url)
    return any(value is not UNCHANGED for value in fields) or any(key.startswith(INFO_PREFIX) for key, _ in edit.keys)


def edit_metainfo(metainfo: Metainfo, edit: Edit, *, label: str | None = None) -> Metainfo:
    """The torrent with the changes made; the same object when nothing differs.

    `label` is what errors call the torrent; its name by default. Raises UsageError for what cannot be changed or is
    not there to be taken away, RefusedError when the infohash would change without `new_infohash`, and MetainfoError
    when what comes out is no torrent.
    """
    label = label or printable(metainfo.info.name)
    check_edit(edit)
    missing = _Missing(label)
    outer = _apply(dict(metainfo.items), _outer_changes(metainfo, edit, missing))
    raw_info = _edit_info(metainfo.info, edit, missing)
    if missing.nouns and not edit.if_present:
        raise UsageError(f"{label} has no {', no '.join(missing.nouns)}", hint="--if-present lets that pass.")
    if raw_info != metainfo.info.raw:
        if not edit.new_infohash:
            raise _refusal(label, metainfo.infohashes)
        outer[b"info"] = raw_info
    if not outer:
        return metainfo
    edited = _read_again(_splice(metainfo.items, outer), label)
    _check_private_nodes(metainfo, edited, label)
    return edited


def _read_again(data: bytes, label: str) -> Metainfo:
    try:
        return Metainfo.from_bytes(data)
    except MetainfoError as error:
        raise MetainfoError(f"{label} would be no torrent any more: {error}") from error


def check_edit(edit: Edit) -> None:
    """Raises UsageError for changes that no torrent can take."""
    for key, _ in edit.keys:
        if key in CONTENT_KEYS:
            raise UsageError(
                f"{quoted(key)} describes the content and cannot be set: that would be another torrent",
                hint="mkt create makes one.",
            )
    for problem in _problems(edit):
        rules.require(problem)


def _problems(edit: Edit) -> Iterator[rules.Problem | None]:
    """What the rules say of every value that an edit puts in; what it removes may be anything."""
    trackers = edit.trackers
    for tier in (*(trackers.replace or ()), *trackers.add, [url for _, url in trackers.add_to_tier]):
        yield from map(rules.tracker_url, tier)
    yield from map(rules.web_seed_url, _added(edit.web_seeds))
    yield from map(rules.http_seed_url, _added(edit.http_seeds))
    yield from [rules.node(host, port) for host, port in _added(edit.nodes)]
    yield from map(rules.similar_torrent, _added(edit.similar))
    yield from map(rules.collection, _added(edit.collections))
    texts = {"comment": edit.comment, "creator": edit.created_by, "name": edit.name, "source": edit.source}
    for what, value in texts.items():
        if isinstance(value, str):
            yield rules.text(value, what)
    if isinstance(edit.name, str):
        yield rules.torrent_name(edit.name)
    if isinstance(edit.creation_date, int):
        yield rules.creation_date(edit.creation_date)
    if isinstance(edit.update_url, str) and edit.update_url:
        yield rules.update_url(edit.update_url)


def _added(change: ListChange[Item]) -> tuple[Item, ...]:
    return (change.replace or ()) + change.add


def _check_private_nodes(before: Metainfo, after: Metainfo, label: str) -> None:
    problem = rules.private_nodes(after.info.private, after.nodes)
    if problem is not None and rules.private_nodes(before.info.private, before.nodes) is None:
        message = f"{label} would be private and have DHT nodes, which a private torrent must not (BEP 27)"
        raise UsageError(message, code=problem.code)


def _refusal(label: str, infohashes: Infohashes) -> RefusedError:
    was = ", ".join([digest.hex() for digest in (infohashes.v1, infohashes.v2) if digest is not None])
    return RefusedError(
        f"this would change the infohash of {label}, and its swarm with it\nwas  {was}",
        hint="Say --new-infohash to do it.",
    )


def _outer_changes(metainfo: Metainfo, edit: Edit, missing: _Missing) -> Changes:
    """New values of the keys beside `info`."""
    changes: Changes = {
        **_tracker_changes(metainfo.trackers, edit.trackers, missing),
        **_list_changes(metainfo, edit, missing),
    }
    present = {key.decode("utf-8", "surrogateescape") for key, _ in metainfo.items}
    texts = {"comment": edit.comment, "created by": edit.created_by}
    for key, text in texts.items():
        changes |= _text_changes(key, text, present)
    if not isinstance(edit.creation_date, Unchanged):
        changes["creation date"] = edit.creation_date
    return changes | _key_changes([row for row in edit.keys if not row[0].startswith(INFO_PREFIX)], present, missing)


def _text_changes(key: str, text: str | Unchanged | None, present: set[str]) -> Changes:
    """A text under its key, and under `KEY.utf-8` where that is there: readers prefer it."""
    if isinstance(text, Unchanged):
        return {}
    twin = f"{key}.utf-8"
    return {name: text or None for name in (key, twin) if name == key or name in present}


def _key_changes(
    rows: Iterable[tuple[str, bencode.Encodable | None]], present: set[str], missing: _Missing, prefix: str = ""
) -> Changes:
    changes: Changes = {}
    for key, value in rows:
        name = key.removeprefix(prefix)
        if value is None and name not in present:
            missing.add("key", key)
        changes[name] = value
    return changes


def _tracker_changes(tiers: tuple[Tier, ...], change: TierChange, missing: _Missing) -> Changes:
    """`announce` and `announce-list` anew; nothing where no tracker comes, goes or moves."""
    if change == TierChange():
        return {}
    changed = _change_tiers(tiers, change, missing)
    if changed == tiers and change.replace is None:
        return {}
    return {"announce": None, "announce-list": None} | tracker_fields(changed)


def _change_tiers(tiers: tuple[Tier, ...], change: TierChange, missing: _Missing) -> tuple[Tier, ...]:
    """The tiers with the changes made, in the order that TierChange tells."""
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
            raise UsageError(
                f"{missing.label} has no tier {number} to add {printable(tracker)} to",
                hint="--add-tracker makes a new tier.",
            )
        if tracker not in there:
            kept[number].append(tracker)
    return distinct_tiers([*kept.values(), *change.add])


def _list_changes(metainfo: Metainfo, edit: Edit, missing: _Missing) -> Changes:
    info = metainfo.info
    similar = tuple([infohash for infohash in metainfo.similar if infohash not in info.similar])
    collections = tuple([name for name in metainfo.collections if name not in info.collections])
    web_seeds = _change_list(metainfo.web_seeds, edit.web_seeds, "web seed", missing)
    changes: Changes = {} if web_seeds is None else {"url-list": None, **web_seed_fields(web_seeds)}
    lists: dict[str, tuple[Any, ...] | None] = {
        "httpseeds": _change_list(metainfo.http_seeds, edit.http_seeds, "HTTP seed", missing),
        "nodes": _change_list(metainfo.nodes, edit.nodes, "node", missing, shown=host_port),
        "similar": _change_list(similar, edit.similar, "similar torrent", missing, shown=bytes.hex),
        "collections": _change_list(collections, edit.collections, "collection", missing),
    }
    return changes | {key: items or None for key, items in lists.items() if items is not None}


def _change_list(
    current: tuple[Item, ...],
    change: ListChange[Item],
    noun: str,
    missing: _Missing,
    shown: Callable[[Item], str] = str,
) -> tuple[Item, ...] | None:
    """The items with the changes made; None where that changes nothing."""
    start = current if change.replace is None else change.replace
    for item in change.remove:
        if item not in start:
            missing.add(noun, shown(item))
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
        changes |= _text_changes("name", edit.name, present)
        changes |= _renamed_tree(info, edit.name, raw)
    if isinstance(edit.private, bool) and edit.private != info.private:
        changes["private"] = 1 if edit.private else None
    for key, text in {"source": edit.source, "update-url": edit.update_url}.items():
        changes |= _text_changes(key, text, present)
    rows = [row for row in edit.keys if row[0].startswith(INFO_PREFIX)]
    return changes | _key_changes(rows, present, missing, INFO_PREFIX)


def _renamed_tree(info: Info, name: str, raw: Mapping[bytes, bytes]) -> Changes:
    """A single file's tree has the file's name as its only key, which is renamed with it (BEP 52)."""
    if not (info.version.has_v2 and info.single) or info.files[0].path != (info.name,):
        return {}
    tree = bencode.decode(raw[b"file tree"])
    assert isinstance(tree, bencode.Dictionary)
    (leaf,) = tree.values()
    return {"file tree": {name: leaf}}


def _apply(raw: Mapping[bytes, bytes], changes: Changes) -> dict[bytes, bytes | None]:
    """The changes that make a difference, encoded; a value that says the same stays in the form it has."""
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
    """The top-level dictionary with these values put in: old keys keep their places, new ones go where they sort."""
    spliced = [(key, value) for key, old in items if (value := changes.get(key, old)) is not None]
    old_keys = {key for key, _ in items}
    for key, value in sorted(changes.items()):
        if value is not None and key not in old_keys:
            place = next((at for at, (other, _) in enumerate(spliced) if other > key), len(spliced))
            spliced.insert(place, (key, value))
    return encode_items(spliced)
