"""Walks a torrent's tree and the disk's side by side: what is there of each file, and what else is there.

Every directory is listed once and every file is looked at once. A name that is not there is looked for under its other
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
from mktorrent_py.content.file_stat import DiskFile, decode_name, is_plain_file, may_read
from mktorrent_py.metainfo.layout import File, PathComponents, encode_component

_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}
_UNKNOWN: Record = (b"", 0, 0, 0, 0, 0)
"""Of an entry whose directory may not be listed."""

_Entries = dict[str, Record]


class ExtraEntry(NamedTuple):
    """An entry that the torrent does not have: its path from the root, that on the disk, and its mode."""

    path: PathComponents
    full: bytes
    mode: int

    def entry(self, record: Record) -> ExtraEntry:
        """An entry of this directory."""
        name, mode, *_ = record
        return ExtraEntry((*self.path, decode_name(name)), os.path.join(self.full, name), mode)


class FileMatch(NamedTuple):
    """One file of the torrent on the disk.

    `path` is relative to the root, as the disk spells it. `disk` is None where there is no file that could be read;
    then `trouble` says why in words, and `is_unreadable` tells what is there but closed to us from what is not there.
    """

    path: bytes
    disk: DiskFile | None = None
    trouble: str = ""
    is_unreadable: bool = False


class MatchScore(NamedTuple):
    """How many wanted files have the right size, and how many are there at all."""

    right: int
    there: int


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

    Collects what was `found`, and the `strangers`: entries that the torrent does not have, with their paths.
    """

    def __init__(self, root: bytes, files: Sequence[File]) -> None:
        self.found: dict[int, FileMatch] = {}
        self.strangers: list[ExtraEntry] = []
        self._root = os.path.join(root, b"")
        self._files = files

    def look_at_only_file(self, leaf: bytes) -> None:
        """Look at `leaf` for the only file of a torrent."""
        self._look(leaf, [0], _UNKNOWN)

    def walk(self, wanted: Iterable[int]) -> None:
        """Look at these files, by their numbers, and at the directories they are in."""
        stack: list[tuple[_Directory, bytes]] = [(_tree_of(self._files, wanted), b"")]
        while stack:
            directory, prefix = stack.pop()
            stack += self._compare(directory, prefix)

    def score(self) -> MatchScore:
        """How well what was found fits."""
        there = [(number, found.disk) for number, found in self.found.items() if found.disk or found.is_unreadable]
        right = [number for number, disk in there if disk is not None and disk.size == self._files[number].length]
        return MatchScore(len(right), len(there))

    def _compare(self, directory: _Directory, prefix: bytes) -> list[tuple[_Directory, bytes]]:
        """Look at the files of one directory; returns the directories below it with their paths on the disk."""
        entries = self._list(prefix)
        names = _Names(entries)
        taken = set()
        for name, numbers in directory.files.items():
            on_disk = names.spelling(name, directory.files)
            path = prefix + encode_component(on_disk)
            self._look(path, numbers, _UNKNOWN if entries is None else entries.get(on_disk))
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
        self.strangers += [here.entry(record) for name, record in (entries or {}).items() if name not in taken]
        return below

    def _list(self, prefix: bytes) -> _Entries | None:
        """The entries of a directory by name; None when it can be entered perhaps, but not listed."""
        try:
            return {decode_name(record[0]): record for record in list_directory(self._root + prefix)}
        except OSError as error:
            return {} if error.errno in _NOT_THERE else None

    def _look(self, path: bytes, numbers: list[int], record: Record | None) -> None:
        """Note what stands at `path` for these files; no `record` when it is known that nothing does."""
        for number in numbers:
            if record is None:
                self.found[number] = FileMatch(path, trouble="not there")
            elif is_link(self._files[number]):
                self.found[number] = _look_at_link(path, self._root + path)
            elif is_plain_file(record[1]):
                self.found[number] = FileMatch(path, DiskFile.listed(path, record))
            else:
                self.found[number] = _look_at_file(path, self._root + path)


class _Names:
    """How a directory spells names: as they are, or in their other Unicode form."""

    def __init__(self, entries: _Entries | None) -> None:
        self._entries = entries or {}
        self._composed: dict[str, list[str]] | None = None

    def spelling(self, name: str, siblings: Collection[str]) -> str:
        """The entry that stands for `name`; never one that is another of its `siblings` to the letter."""
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


def _look_at_file(path: bytes, full: bytes) -> FileMatch:
    try:
        status = os.stat(full)
    except OSError as error:
        return _trouble(path, full, error)
    if not stat.S_ISREG(status.st_mode):
        kind = "a directory" if stat.S_ISDIR(status.st_mode) else "something that is not a file"
        return FileMatch(path, trouble=f"{kind} stands in its place")
    if not may_read(full, status):
        return FileMatch(path, trouble="permission denied", is_unreadable=True)
    return FileMatch(path, DiskFile.of(path, status))


def _look_at_link(path: bytes, full: bytes) -> FileMatch:
    """A link counts by being there: where it leads is for whoever knows the root."""
    try:
        return FileMatch(path, DiskFile.of(path, os.lstat(full))._replace(size=0))
    except OSError as error:
        return _trouble(path, full, error)


def _trouble(path: bytes, full: bytes, error: OSError) -> FileMatch:
    if error.errno in _NOT_THERE:
        return FileMatch(path, trouble="a broken link stands in its place" if os.path.islink(full) else "not there")
    return FileMatch(path, trouble=(error.strerror or str(error)).lower(), is_unreadable=True)


def _is_directory(entries: _Entries | None, name: str) -> bool:
    return entries is not None and name in entries and stat.S_ISDIR(entries[name][1])


def _leads_to_directory(mode: int, full: bytes) -> bool:
    return stat.S_ISDIR(mode) or (stat.S_ISLNK(mode) and os.path.isdir(full))


def _components(prefix: bytes) -> PathComponents:
    return tuple([decode_name(part) for part in prefix.split(b"/") if part])


def files_of(strangers: Iterable[ExtraEntry]) -> Iterator[ExtraEntry]:
    """Strange entries, directories replaced by the files in them; one that cannot be listed stands for itself."""
    stack = list(strangers)
    while stack:
        stranger = stack.pop()
        if not stat.S_ISDIR(stranger.mode):
            yield stranger
            continue
        try:
            stack += [stranger.entry(record) for record in list_directory(stranger.full)]
        except OSError:
            yield stranger


def link_leads_to(root: bytes, path: bytes, target: PathComponents) -> bool | None:
    """Whether the link at `path` leads to `target`, both from `root`; None when there is no link but something else."""
    full = os.path.join(root, path)
    if not os.path.islink(full):
        return None
    wanted = os.path.join(root, *[encode_component(component) for component in target])
    return same_name(decode_name(os.path.realpath(full)), decode_name(os.path.realpath(wanted)))


def same_name(name: str, other: str) -> bool:
    """Whether two names are the same, in whatever Unicode form."""
    return name == other or normalize("NFC", name) == normalize("NFC", other)
