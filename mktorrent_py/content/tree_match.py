"""Walks a torrent's tree and the disk's side by side, to match every file and find the entries that match none.

Every directory is listed once and every file is checked once. A name that is not found is searched for in its other
Unicode form (NFC, NFD): file systems and archives change one into the other.
"""

# Paths are bytes here, which pathlib does not know.
# ruff: noqa: PTH112, PTH114, PTH116, PTH118

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from unicodedata import normalize

from mktorrent_py.content.directory import Record, list_directory
from mktorrent_py.content.file_stat import DiskFile, decode_name, is_plain_file, is_readable
from mktorrent_py.metainfo.layout import File, PathComponents, encode_component

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
_UNKNOWN: Record = (b"", 0, 0, 0, 0, 0)
"""The record of an entry whose directory cannot be listed."""

_Entries = dict[str, Record]


class ExtraEntry(NamedTuple):
    """An entry that the torrent does not have: its path from the root, that on the disk, and its mode."""

    path: PathComponents
    full: bytes
    mode: int

    def entry(self, record: Record) -> ExtraEntry:
        """Return an entry of this directory."""
        name, mode, *_ = record
        return ExtraEntry((*self.path, decode_name(name)), os.path.join(self.full, name), mode)


class FileMatch(NamedTuple):
    """One file of the torrent on disk.

    `path` is relative to the root, as the disk spells it. `disk` is None where no file can be read; then `reason` says
    why, and `is_unreadable` whether there is a file.
    """

    path: bytes
    disk: DiskFile | None = None
    reason: str = ""
    is_unreadable: bool = False


class MatchScore(NamedTuple):
    """The number of wanted files with the expected size, and of those that exist."""

    same_size: int
    present: int


@dataclass(slots=True)
class _Directory:
    """A directory of the torrent: the wanted files in it by name, and the directories below it."""

    files: dict[str, list[int]] = field(default_factory=dict)
    directories: dict[str, _Directory] = field(default_factory=dict)


def _tree_of(files: Sequence[File], wanted: Iterable[int]) -> _Directory:
    top = _Directory()
    parent: PathComponents = ()
    directory = top
    for number in wanted:
        path = files[number].path
        if path[:-1] != parent:
            parent, directory = path[:-1], top
            for component in parent:
                directory = directory.directories.setdefault(component, _Directory())
        directory.files.setdefault(path[-1], []).append(number)
    return top


class TreeMatcher:
    """Walks a torrent's tree and the disk's side by side, below one root.

    Collects the wanted files in `found`, and the entries that the torrent does not have in `extras`.
    """

    def __init__(self, root: bytes, files: Sequence[File]) -> None:
        self.found: dict[int, FileMatch] = {}
        self.extras: list[ExtraEntry] = []
        self._root = os.path.join(root, b"")
        self._files = files

    def match_single_file(self, leaf: bytes) -> None:
        """Match `leaf` with the only file of a torrent."""
        self._match(leaf, [0], _UNKNOWN)

    def walk(self, wanted: Iterable[int]) -> None:
        """Match these files, by their numbers, and list the directories they are in."""
        stack: list[tuple[_Directory, bytes]] = [(_tree_of(self._files, wanted), b"")]
        while stack:
            directory, prefix = stack.pop()
            stack += self._compare(directory, prefix)

    def score(self) -> MatchScore:
        """Count the files that match."""
        there = [(number, found.disk) for number, found in self.found.items() if found.disk or found.is_unreadable]
        right = [number for number, disk in there if disk is not None and disk.size == self._files[number].length]
        return MatchScore(len(right), len(there))

    def _compare(self, directory: _Directory, prefix: bytes) -> list[tuple[_Directory, bytes]]:
        """Match the files of one directory; return the directories below it with their paths on disk."""
        entries = self._list(prefix)
        names = _Names(entries)
        taken = set()
        for name, numbers in directory.files.items():
            on_disk = names.spelling(name, directory.files)
            path = prefix + encode_component(on_disk)
            self._match(path, numbers, _UNKNOWN if entries is None else entries.get(on_disk))
            if self.found[numbers[0]].disk is not None or not _is_directory(entries, on_disk):
                taken.add(on_disk)
        below = []
        for name, inner in directory.directories.items():
            on_disk = names.spelling(name, directory.directories)
            path = prefix + encode_component(on_disk)
            below.append((inner, path + b"/"))
            if (
                entries is not None
                and on_disk in entries
                and _leads_to_directory(entries[on_disk][1], self._root + path)
            ):
                taken.add(on_disk)
        here = ExtraEntry(_components(prefix), self._root + prefix, stat.S_IFDIR)
        self.extras += [here.entry(record) for name, record in (entries or {}).items() if name not in taken]
        return below

    def _list(self, prefix: bytes) -> _Entries | None:
        """List a directory by name; None when it exists but cannot be listed."""
        try:
            return {decode_name(record[0]): record for record in list_directory(self._root + prefix)}
        except OSError as error:
            return {} if error.errno in _NOT_THERE else None

    def _match(self, path: bytes, numbers: list[int], record: Record | None) -> None:
        """Match these files with the entry at `path`; `record` is None when there is no entry."""
        for number in numbers:
            if record is None:
                self.found[number] = FileMatch(path, reason="not found")
            elif is_link(self._files[number]):
                self.found[number] = _match_link(path, self._root + path)
            elif is_plain_file(record[1]):
                self.found[number] = FileMatch(path, DiskFile.listed(path, record))
            else:
                self.found[number] = _match_file(path, self._root + path)


class _Names:
    """The spelling of names in a directory: the same, or their other Unicode form."""

    def __init__(self, entries: _Entries | None) -> None:
        self._entries = entries or {}
        self._composed: dict[str, list[str]] | None = None

    def spelling(self, name: str, siblings: Collection[str]) -> str:
        """Return the entry for `name`; never one that is exactly another of its `siblings`."""
        if name in self._entries or name.isascii() or not self._entries:
            return name
        if self._composed is None:
            self._composed = {}
            for entry in self._entries:
                self._composed.setdefault(normalize("NFC", entry), []).append(entry)
        twins = self._composed.get(normalize("NFC", name), [])
        return next((twin for twin in twins if twin not in siblings), name)


def is_link(file: File) -> bool:
    """Whether the torrent stores this file as a link (BEP 47): it has a target and no bytes."""
    return file.symlink is not None and not file.length


def _match_file(path: bytes, full: bytes) -> FileMatch:
    try:
        status = os.stat(full)
    except OSError as error:
        return _unreadable_match(path, full, error)
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a special file"
        return FileMatch(path, reason=f"{kind} is in its place")
    if not is_readable(full, status):
        return FileMatch(path, reason="permission denied", is_unreadable=True)
    return FileMatch(path, DiskFile.of(path, status))


def _match_link(path: bytes, full: bytes) -> FileMatch:
    """Only check that the link exists; the caller checks its target."""
    try:
        return FileMatch(path, DiskFile.of(path, os.lstat(full))._replace(size=0))
    except OSError as error:
        return _unreadable_match(path, full, error)


def _unreadable_match(path: bytes, full: bytes, error: OSError) -> FileMatch:
    if error.errno in _NOT_THERE:
        return FileMatch(path, reason="a broken link is in its place" if os.path.islink(full) else "not found")
    return FileMatch(path, reason=(error.strerror or str(error)).lower(), is_unreadable=True)


def _is_directory(entries: _Entries | None, name: str) -> bool:
    return entries is not None and name in entries and stat.S_ISDIR(entries[name][1])


def _leads_to_directory(mode: int, full: bytes) -> bool:
    return stat.S_ISDIR(mode) or (stat.S_ISLNK(mode) and os.path.isdir(full))


def _components(prefix: bytes) -> PathComponents:
    return tuple([decode_name(part) for part in prefix.split(b"/") if part])


def files_below(extras: Iterable[ExtraEntry]) -> Iterator[ExtraEntry]:
    """Yield extra entries, directories replaced by the files in them; one that cannot be listed stands for itself."""
    stack = list(extras)
    while stack:
        extra = stack.pop()
        if not stat.S_ISDIR(extra.mode):
            yield extra
            continue
        try:
            stack += [extra.entry(record) for record in list_directory(extra.full)]
        except OSError:
            yield extra


def link_points_to(root: bytes, path: bytes, target: PathComponents) -> bool | None:
    """Whether the link at `path` points to `target`, both from `root`; None when the entry is no link."""
    full = os.path.join(root, path)
    if not os.path.islink(full):
        return None
    wanted = os.path.join(root, *[encode_component(component) for component in target])
    return same_name(decode_name(os.path.realpath(full)), decode_name(os.path.realpath(wanted)))


def same_name(name: str, other: str) -> bool:
    """Whether two names are equal in NFC."""
    return name == other or normalize("NFC", name) == normalize("NFC", other)
