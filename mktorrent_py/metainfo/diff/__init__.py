"""Differences between two torrents: their fields, their trackers, their files.

Whether two files hold the same bytes is read from the torrents alone; where that is not possible, a file is `unknown`.
"""

from __future__ import annotations

from dataclasses import dataclass

from mktorrent_py.metainfo.diff.fields import Change, changed_fields
from mktorrent_py.metainfo.diff.files import FileChange, changed_files
from mktorrent_py.metainfo.keys import Json
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.summary import Summary
from mktorrent_py.metainfo.trackers import Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerChange:
    """A tracker and its tier, from 1, in both torrents; None where it is absent."""

    url: str
    old_tier: int | None
    new_tier: int | None


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


def diff(old: Metainfo, new: Metainfo) -> Differences:
    """Compare two torrents. The order of trackers inside a tier does not count (BEP 12)."""
    return Differences(
        fields=changed_fields(old, new),
        trackers=_changed_trackers(old.trackers, new.trackers),
        **changed_files(old.info, new.info),
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
