"""Walks a directory in canonical order, whatever order the disk keeps."""

# Paths are bytes here, which pathlib does not know.
# ruff: noqa: PTH112, PTH115, PTH116, PTH117, PTH118, PTH120

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple
from unicodedata import normalize

from mktorrent_py.content.directory import Record, list_directory
from mktorrent_py.content.file_stat import (
    DiskFile,
    attributes_of,
    check_paths,
    decode_name,
    has_hidden_attribute,
    invalid_name_reason,
    is_not_utf8,
    is_one_of,
    is_plain_file,
    is_readable,
    permission_denied,
    unreadable,
)
from mktorrent_py.content.selection import Reason, Selection, escape_pattern, is_plain_name
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.metainfo.layout import File, PathComponents
from mktorrent_py.metainfo.paths import display_path
from mktorrent_py.metainfo.typecheck import check_bool, check_choice, check_instance

_BROKEN_LINK = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}

_SPECIAL_FILES = {
    stat.S_IFSOCK: Reason.SOCKET,
    stat.S_IFIFO: Reason.FIFO,
    stat.S_IFCHR: Reason.DEVICE,
    stat.S_IFBLK: Reason.DEVICE,
}

Listing = dict[bytes, "Listing | None"]
"""The listed names in one directory, each with those listed beneath it; None lists everything."""


class Symlinks(StrEnum):
    """What to do with symbolic links: take their targets, leave them out, or store them as links (BEP 47)."""

    FOLLOW = "follow"
    SKIP = "skip"
    STORE = "store"


class SortOrder(StrEnum):
    """The order of files: BEP 52's canonical one, which v2 requires; numbers by value; smallest first."""

    PATH = "path"
    NATURAL = "natural"
    SIZE = "size"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to scan the content.

    `attributes` reads BEP 47's x and h. `allow_raw_names` takes names that are not UTF-8 as the bytes they are. `never`
    holds absolute paths that are never content: the torrent file being written, and its temporary name. `symlinks` and
    `sort` may be their values (`"skip"`). Raises TypeError for a value of the wrong type.
    """

    selection: Selection = field(default_factory=Selection)
    symlinks: Symlinks = Symlinks.FOLLOW
    attributes: bool = False
    allow_raw_names: bool = False
    never: Collection[Path] = frozenset()
    sort: SortOrder = SortOrder.PATH

    def __post_init__(self) -> None:
        check_instance(self.selection, Selection, "selection", "a Selection")
        for name in ("attributes", "allow_raw_names"):
            check_bool(getattr(self, name), name)
        object.__setattr__(self, "symlinks", check_choice(self.symlinks, Symlinks, "symlinks"))
        object.__setattr__(self, "sort", check_choice(self.sort, SortOrder, "sort"))
        object.__setattr__(self, "never", check_paths(self.never, "never"))


class LeftOut(NamedTuple):
    """An entry that is not in the torrent; `path` is joined with `/`, and a directory stands for all beneath it."""

    path: str
    reason: Reason
    detail: str = ""


class _Entry(NamedTuple):
    """An entry of a directory: its name, its path on the disk, and its mode when the directory was listed."""

    name: bytes
    path: bytes
    mode: int

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


@dataclass(slots=True)
class _Directory:
    """A directory on the way down: `prefix` is its path in bytes, with a `/` at the end.

    `plain` when no rule applies to its files one by one. `name_checked` once its own name is known to be allowed in a
    torrent; `composed` maps the NFC form of names in it to the names themselves, and is None where all are ASCII.
    """

    path: PathComponents
    prefix: bytes
    identity: tuple[int, int]
    parent: _Directory | None
    listing: Listing | None
    plain: bool = False
    name_checked: bool = False
    composed: dict[str, str] | None = None

    def lineage(self) -> Iterator[_Directory]:
        """Yield this directory and those above it, up to the content itself."""
        directory: _Directory | None = self
        while directory is not None:
            yield directory
            directory = directory.parent


class Walk:
    """Collects what lies below `root`: `files` and `disk` side by side, `left_out`, and `outside`.

    `outside` names the links that were followed out of the content.
    """

    def __init__(self, root: Path, options: ScanOptions) -> None:
        self.files: list[File] = []
        self.disk: list[DiskFile] = []
        self.left_out: list[LeftOut] = []
        self.outside: list[str] = []
        self._shown_root = printable(str(root))
        self._root = os.path.join(os.fsencode(root), b"")
        self._real_root = os.path.realpath(self._root)
        self._options = options
        self._verdict = options.selection.verdict
        self._takes_plain_names = options.selection.takes_plain_names and not options.attributes
        self._never_names = {os.fsencode(path.name) for path in options.never}

    def run(self, status: os.stat_result, listing: Listing | None) -> None:
        """Walk from the root, whose `status` is known. Depth is limited by memory, not by the stack."""
        top = _Directory((), b"", (status.st_dev, status.st_ino), None, listing, name_checked=True)
        pending = [(top, self._read(top))]
        while pending:
            below = self._take_up_to_directory(*pending[-1])
            if below is None:
                pending.pop()
            else:
                pending.append((below, self._read(below)))

    def _read(self, directory: _Directory) -> Iterator[Record]:
        """List a directory in canonical order."""
        try:
            records = list_directory(self._root + directory.prefix)
        except OSError as error:
            raise self._unreadable(directory.path, error) from error
        if not records and directory.path:
            self._leave_out(directory.path, Reason.EMPTY_DIRECTORY)
        if directory.listing is not None:
            records = self._listed(directory, directory.listing, records)
        if not all(name.isascii() for name, *_ in records):
            directory.composed = {}
        directory.plain = self._takes_plain_names and directory.listing is None and directory.composed is None
        return iter(records)

    def _listed(self, directory: _Directory, listing: Listing, records: list[Record]) -> list[Record]:
        missing = listing.keys() - {name for name, *_ in records}
        if missing:
            shown = self._shown((*directory.path, decode_name(min(missing))))
            raise ContentError(f"listed path {shown} does not exist", code="listed-path-missing", file=shown)
        return [record for record in records if record[0] in listing]

    def _take_up_to_directory(self, parent: _Directory, records: Iterator[Record]) -> _Directory | None:
        """Take or leave out entries up to the next directory to walk, and return it; None when there is none."""
        for record in records:
            name, mode, *_ = record
            if parent.plain and is_plain_file(mode) and self._is_plain(name):
                self._take_plain(parent, record)
                continue
            below = self._visit(parent, _Entry(name, self._root + parent.prefix + name, mode))
            if below is not None:
                return below
        return None

    def _is_plain(self, name: bytes) -> bool:
        return is_plain_name(name) and name not in self._never_names

    def _take_plain(self, parent: _Directory, record: Record) -> None:
        """Take a file that needs no further check, as most do not."""
        name, _, size, *_ = record
        self._check_directory_names(parent)
        self.files.append(File((*parent.path, name.decode("ascii")), size))
        self.disk.append(DiskFile.listed(parent.prefix + name, record))

    def _visit(self, parent: _Directory, entry: _Entry) -> _Directory | None:
        """Take an entry or leave it out; return it if it is a directory to walk."""
        path = (*parent.path, decode_name(entry.name))
        reason = self._verdict(path, self._is_directory(entry))
        if reason is None and entry.name in self._never_names and is_one_of(entry.path, self._options.never):
            reason = Reason.OUTPUT
        if reason is not None:
            self._leave_out(path, reason)
        elif entry.is_link:
            return self._visit_link(parent, entry, path)
        else:
            return self._visit_target(parent, entry, path, self._stat(entry, path))
        return None

    def _is_directory(self, entry: _Entry) -> bool:
        if not entry.is_link:
            return stat.S_ISDIR(entry.mode)
        return self._options.symlinks == Symlinks.FOLLOW and os.path.isdir(entry.path)

    def _visit_link(self, parent: _Directory, entry: _Entry, path: PathComponents) -> _Directory | None:
        if self._options.symlinks == Symlinks.SKIP:
            self._leave_out(path, Reason.SYMLINK)
            return None
        try:
            status = os.stat(entry.path)
        except OSError as error:
            if error.errno not in _BROKEN_LINK:
                raise self._unreadable(path, error) from error
            self._leave_out(path, Reason.BROKEN_LINK, _link_text(entry))
            return None
        if self._options.symlinks == Symlinks.STORE:
            self._store_link(parent, entry, path)
            return None
        left_out = len(self.left_out)
        below = self._visit_target(parent, entry, path, status)
        if len(self.left_out) == left_out and not _is_below(os.path.realpath(entry.path), self._real_root):
            self.outside.append("/".join(path))
        return below

    def _visit_target(
        self, parent: _Directory, entry: _Entry, path: PathComponents, status: os.stat_result
    ) -> _Directory | None:
        """Take the file, or enter the directory, that an entry is or links to."""
        kind = stat.S_IFMT(status.st_mode)
        if not self._options.selection.hidden and has_hidden_attribute(status):
            self._leave_out(path, Reason.HIDDEN)
        elif kind == stat.S_IFDIR:
            return self._enter(parent, entry, path, status)
        elif kind != stat.S_IFREG:
            self._leave_out(path, _SPECIAL_FILES.get(kind, Reason.DEVICE))
        else:
            self._take(parent, entry, path, status)
        return None

    def _enter(
        self, parent: _Directory, entry: _Entry, path: PathComponents, status: os.stat_result
    ) -> _Directory | None:
        identity = (status.st_dev, status.st_ino)
        if any(directory.identity == identity for directory in parent.lineage()):
            self._leave_out(path, Reason.LINK_LOOP, _link_text(entry))
            return None
        listing = None if parent.listing is None else parent.listing[entry.name]
        return _Directory(path, parent.prefix + entry.name + b"/", identity, parent, listing)

    def _take(self, parent: _Directory, entry: _Entry, path: PathComponents, status: os.stat_result) -> None:
        if parent.listing is not None and parent.listing[entry.name] is not None:
            shown = self._shown(path)
            raise ContentError(
                f"{shown} is a file, but a listed path is inside it", code="listed-path-missing", file=shown
            )
        self._check_names(parent, path)
        if not is_readable(entry.path, status):
            raise self._unreadable(path, permission_denied())
        attributes = attributes_of(path[-1], status) if self._options.attributes else ""
        self.files.append(File(path, status.st_size, attributes))
        self.disk.append(DiskFile.of(parent.prefix + entry.name, status))

    def _store_link(self, parent: _Directory, entry: _Entry, path: PathComponents) -> None:
        target = self._target_in_content(entry)
        if target is None:
            self._leave_out(path, Reason.LINK_LEAVES, _link_text(entry))
            return
        self._check_names(parent, path)
        status = os.lstat(entry.path)
        attributes = attributes_of(path[-1], status).replace("x", "") if self._options.attributes else ""
        self.files.append(File(path, 0, attributes + "l", target))
        self.disk.append(DiskFile.of(parent.prefix + entry.name, status)._replace(size=0))

    def _target_in_content(self, entry: _Entry) -> PathComponents | None:
        """Return the target of a link from the content's root (BEP 47); None when it is outside or absolute."""
        text = os.readlink(entry.path)
        if os.path.isabs(text):
            return None
        directory, name = os.path.split(os.path.join(os.path.dirname(entry.path), text).rstrip(b"/"))
        # The last component stays as it is, so that a link to a link is stored as one.
        real = os.path.join(os.path.realpath(directory), name)
        if name in (b".", b".."):
            real = os.path.realpath(real)
        if real == self._real_root or not _is_below(real, self._real_root):
            return None
        return tuple([decode_name(part) for part in os.path.relpath(real, self._real_root).split(os.fsencode(os.sep))])

    def _check_names(self, parent: _Directory, path: PathComponents) -> None:
        """Raise UsageError for names that a torrent must not have: the last of `path`, and those above it."""
        self._check_name(parent, path)
        self._check_directory_names(parent)

    def _check_directory_names(self, directory: _Directory) -> None:
        """Check the names of the directories above a file, each once."""
        while not directory.name_checked and directory.parent is not None:
            directory.name_checked = True
            self._check_name(directory.parent, directory.path)
            directory = directory.parent

    def _check_name(self, directory: _Directory, path: PathComponents) -> None:
        name = path[-1]
        fault = invalid_name_reason(name, allow_raw=self._options.allow_raw_names)
        if fault is not None:
            shown = self._shown(path)
            raise UsageError(
                f"{shown}: {fault}",
                code="name-not-utf-8" if is_not_utf8(name) else "name-unsafe",
                hint="Rename it, or exclude it.",
                file=shown,
                pattern=escape_pattern(name),
            )
        if directory.composed is None:
            return
        twin = directory.composed.setdefault(normalize("NFC", name), name)
        if twin != name:
            shown = self._shown(path)
            raise UsageError(
                f"two names in this directory differ only in Unicode normalization (NFC/NFD): {shown}",
                code="names-differ-in-normalization",
                hint="Many systems cannot distinguish them. Rename or exclude one of them.",
                file=shown,
            )

    def _stat(self, entry: _Entry, path: PathComponents) -> os.stat_result:
        try:
            return os.stat(entry.path)
        except OSError as error:
            raise self._unreadable(path, error) from error

    def _leave_out(self, path: PathComponents, reason: Reason, detail: str = "") -> None:
        self.left_out.append(LeftOut("/".join(path), reason, detail))

    def _shown(self, path: PathComponents) -> str:
        return "/".join(filter(None, (self._shown_root.rstrip("/"), display_path(path))))

    def _unreadable(self, path: PathComponents, error: OSError) -> ContentError:
        return unreadable(self._shown(path), error, name=path[-1] if path else None)


def _link_text(entry: _Entry) -> str:
    """Return the target of a link as `to TARGET`; empty for an entry that is no link or no longer exists."""
    try:
        return f"to {decode_name(os.readlink(entry.path))}" if entry.is_link else ""
    except OSError:
        return ""


def _is_below(path: bytes, directory: bytes) -> bool:
    return path == directory or path.startswith(os.path.join(directory, b""))
