"""What differs between two torrents: what they say of themselves, their trackers, their files.

Whether two files hold the same bytes is read off the torrents alone; where that cannot be told, it is said so.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.diff.fingerprint import Fingerprint, fingerprints
from mktorrent_py.metainfo.keys import SHOWN_INFO, SHOWN_TOP_LEVEL, Json
from mktorrent_py.metainfo.layout import PathComponents
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.summary import Summary, summarize
from mktorrent_py.metainfo.trackers import Tier

COMPARED_ELSEWHERE = frozenset({"trackers", "magnet", "unknown_keys", "oddities"})

FileKey = tuple[PathComponents, int]
"""A path, and which of the files of that path: some torrents have two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A fact of the summary, or a key that no fact tells of (its values as bencode), and its two values."""

    field: str
    old: Json
    new: Json


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerChange:
    """A tracker and its tier, from 1, in both torrents; None where it is not."""

    url: str
    old_tier: int | None
    new_tier: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file in both torrents; None where it is not. Lengths in bytes."""

    old_path: PathComponents | None
    new_path: PathComponents | None
    old_length: int | None
    new_length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """All that differs. `unknown` are files of the same path and length whose bytes cannot be compared."""

    fields: tuple[Change, ...]
    trackers: tuple[TrackerChange, ...]
    added: tuple[FileChange, ...]
    removed: tuple[FileChange, ...]
    renamed: tuple[FileChange, ...]
    changed: tuple[FileChange, ...]
    unknown: tuple[FileChange, ...]

    def __bool__(self) -> bool:
        return any([self.fields, self.trackers, self.added, self.removed, self.renamed, self.changed])


def compare_metainfos(old: Metainfo, new: Metainfo) -> Differences:
    """What differs between two torrents. The order of trackers inside a tier means nothing (BEP 12)."""
    ours, theirs = _files(old), _files(new)
    gone = {key: ours[key] for key in ours if key not in theirs}
    come = {key: theirs[key] for key in theirs if key not in ours}
    pairs = _pair_renamed(gone, come)
    met = set(pairs.values())
    both = [(key, ours[key].matches(theirs[key])) for key in ours if key in theirs]
    return Differences(
        fields=(*_changed_facts(old, new), *_changed_layers(old, new), *_changed_keys(old, new)),
        trackers=_changed_trackers(old.trackers, new.trackers),
        added=_file_changes([(None, key) for key in come if key not in met], ours, theirs),
        removed=_file_changes([(key, None) for key in gone if key not in pairs], ours, theirs),
        renamed=_file_changes(pairs.items(), ours, theirs),
        changed=_file_changes([(key, key) for key, same in both if same is False], ours, theirs),
        unknown=_file_changes([(key, key) for key, same in both if same is None], ours, theirs),
    )


def differences_facts(differences: Differences) -> Summary:
    """The differences as JSON values: fields, trackers, added, removed, renamed, changed, unknown, each a list."""
    return {
        "same": not differences,
        "fields": [{"field": change.field, "old": change.old, "new": change.new} for change in differences.fields],
        "trackers": [
            {"url": change.url, "old_tier": change.old_tier, "new_tier": change.new_tier}
            for change in differences.trackers
        ],
        **{
            name: [_file_facts(change) for change in getattr(differences, name)]
            for name in ("added", "removed", "renamed", "changed", "unknown")
        },
    }


def _file_facts(change: FileChange) -> Json:
    """Path and length; both of each where they differ."""
    paths = [None if path is None else "/".join(path) for path in (change.old_path, change.new_path)]
    return _one_or_both("path", *paths) | _one_or_both("length", change.old_length, change.new_length)


def _one_or_both(name: str, old: str | int | None, new: str | int | None) -> dict[str, Json]:
    if old is None or new is None or old == new:
        return {name: new if old is None else old}
    return {f"old_{name}": old, f"new_{name}": new}


def _files(metainfo: Metainfo) -> dict[FileKey, Fingerprint]:
    seen: dict[PathComponents, count[int]] = defaultdict(count)
    return {
        (file.path, next(seen[file.path])): fingerprint
        for file, fingerprint in zip(metainfo.info.files, fingerprints(metainfo.info), strict=True)
    }


def _pair_renamed(gone: dict[FileKey, Fingerprint], come: dict[FileKey, Fingerprint]) -> dict[FileKey, FileKey]:
    """Files that went under one path and came under another: same root, or same length and pieces."""
    waiting: dict[object, list[FileKey]] = defaultdict(list)
    for key, fingerprint in reversed(come.items()):
        for identity in fingerprint.identities:
            waiting[identity].append(key)
    pairs: dict[FileKey, FileKey] = {}
    taken: set[FileKey] = set()
    for key, fingerprint in gone.items():
        for identity in fingerprint.identities:
            found = _take(waiting[identity], taken)
            if found is not None:
                pairs[key] = found
                break
    return pairs


def _take(candidates: list[FileKey], taken: set[FileKey]) -> FileKey | None:
    while candidates:
        key = candidates.pop()
        if key not in taken:
            taken.add(key)
            return key
    return None


def _file_changes(
    pairs: Iterable[tuple[FileKey | None, FileKey | None]],
    ours: dict[FileKey, Fingerprint],
    theirs: dict[FileKey, Fingerprint],
) -> tuple[FileChange, ...]:
    return tuple(
        [
            FileChange(
                old_path=old[0] if old else None,
                new_path=new[0] if new else None,
                old_length=ours[old].length if old else None,
                new_length=theirs[new].length if new else None,
            )
            for old, new in pairs
        ]
    )


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
    """How many files have a piece layer: layers are proved by the roots, so they can only be there or not."""
    ours, theirs = [None if one.piece_layers is None else len(one.piece_layers) for one in (old, new)]
    return [] if ours == theirs else [Change(field="piece_layers", old=ours, new=theirs)]


def _changed_keys(old: Metainfo, new: Metainfo) -> list[Change]:
    """Keys whose raw values differ and that no fact tells of."""
    changes = []
    for prefix, ours, theirs in (("", _outer(old), _outer(new)), ("info.", _inner(old), _inner(new))):
        for key in sorted(ours.keys() | theirs.keys()):
            if ours.get(key) != theirs.get(key):
                name = prefix + _shown(key)
                values = [None if side.get(key) is None else _shown(side[key]) for side in (ours, theirs)]
                changes.append(Change(field=name, old=values[0], new=values[1]))
    return changes


def _outer(metainfo: Metainfo) -> dict[bytes, bytes]:
    return {key: raw for key, raw in metainfo.items if key not in SHOWN_TOP_LEVEL}


def _inner(metainfo: Metainfo) -> dict[bytes, bytes]:
    raw = metainfo.info.raw
    limits = bencode.Limits(size=len(raw), depth=len(raw), tokens=len(raw))
    spans = bencode.dictionary_spans(raw, limits=limits)
    return {key: raw[start:stop] for key, (start, stop) in spans.items() if key not in SHOWN_INFO}


def _shown(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _changed_trackers(old: tuple[Tier, ...], new: tuple[Tier, ...]) -> tuple[TrackerChange, ...]:
    ours, theirs = _tiers_by_url(old), _tiers_by_url(new)
    return tuple(
        [
            TrackerChange(url=url, old_tier=ours.get(url), new_tier=theirs.get(url))
            for url in ours | theirs
            if ours.get(url) != theirs.get(url)
        ]
    )


def _tiers_by_url(tiers: tuple[Tier, ...]) -> dict[str, int]:
    return {url: number for number, tier in enumerate(tiers, 1) for url in tier}
