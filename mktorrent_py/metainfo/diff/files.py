"""Files that were added, removed, renamed or changed between two torrents."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count

from mktorrent_py.metainfo.diff.fingerprint import Fingerprint, fingerprints
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.layout import PathComponents

FileKey = tuple[PathComponents, int]
"""A path, and which of the files of that path: some torrents have two."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file in both torrents; None where it is absent. Lengths in bytes."""

    old_path: PathComponents | None
    new_path: PathComponents | None
    old_length: int | None
    new_length: int | None


def changed_files(old: Info, new: Info) -> dict[str, tuple[FileChange, ...]]:
    """Return the files that differ by kind: added, removed, renamed, changed, unknown."""
    ours, theirs = _files(old), _files(new)
    gone = {key: ours[key] for key in ours if key not in theirs}
    come = {key: theirs[key] for key in theirs if key not in ours}
    pairs = _pair_renamed(gone, come)
    met = set(pairs.values())
    both = [(key, ours[key].matches(theirs[key])) for key in ours if key in theirs]
    rows: dict[str, Iterable[tuple[FileKey | None, FileKey | None]]] = {
        "added": [(None, key) for key in come if key not in met],
        "removed": [(key, None) for key in gone if key not in pairs],
        "renamed": pairs.items(),
        "changed": [(key, key) for key, same in both if same is False],
        "unknown": [(key, key) for key, same in both if same is None],
    }
    return {kind: _file_changes(keys, ours, theirs) for kind, keys in rows.items()}


def _files(info: Info) -> dict[FileKey, Fingerprint]:
    seen: dict[PathComponents, count[int]] = defaultdict(count)
    return {
        (file.path, next(seen[file.path])): fingerprint
        for file, fingerprint in zip(info.files, fingerprints(info), strict=True)
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
