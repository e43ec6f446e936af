"""One walk through a directory, in canonical order, whatever order the disk keeps."""

# Paths are bytes here, which pathlib does not know.
# ruff: noqa: PTH112, PTH115, PTH116, PTH117, PTH118, PTH120

from __future__ import annotations

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple, NoReturn
from unicodedata import normalize

from mktorrent_py.content.directory import Record, list_directory
from mktorrent_py.content.file_stat import (
    DiskFile,
    attributes_of,
    decode_name,
    has_hidden_attribute,
    is_one_of,
    is_plain_file,
    is_raw,
    may_read,
    name_fault,
    permission_denied,
)
from mktorrent_py.content.selection import Reason, Selection, escape_pattern, is_plain_name
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.metainfo.layout import File, PathComponents
from mktorrent_py.metainfo.paths import display_path

_BROKEN_LINK = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}

_SPECIAL_FILES = {
    stat.S_IFSOCK: Reason.SOCKET,
    stat.S_IFIFO: Reason.FIFO,
    stat.S_IFCHR: Reason.DEVICE,
    stat.S_IFBLK: Reason.DEVICE,
}

_ADVICE = {
    errno.EACCES: "run as someone who may read it",
    errno.EPERM: "run as someone who may read it",
    errno.ENAMETOOLONG: "start from a directory nearer to it",
}

# The names a file list asks for in one directory, each with what it asks for beneath; None asks for everything.
Listing = dict[bytes, "Listing | None"]


class Symlinks(StrEnum):
    """What to do with symbolic links: take what they lead to, leave them out, or store them as links (BEP 47)."""

    FOLLOW = "follow"
    SKIP = "skip"
    STORE = "store"


class SortOrder(StrEnum):
    """The order of files: BEP 52's canonical one, which v2 demands; numbers as people count; smallest first."""

    PATH = "path"
    NATURAL = "natural"
    SIZE = "size"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How to look at the content.

    `name` replaces the content's own. `attributes` asks for BEP 47's x and h. `allow_raw_names` takes names that are
    not UTF-8 as the bytes they are. `never` holds absolute paths that are not content wherever they lie: the torrent
    file being written, and its temporary name.
    """

    selection: Selection = field(default_factory=Selection)
    symlinks: Symlinks = Symlinks.FOLLOW
    attributes: bool = False
    allow_raw_names: bool = False
    never: frozenset[Path] = frozenset()
    sort: SortOrder = SortOrder.PATH
    name: str | None = None


class LeftOut(NamedTuple):
    """Something that is not in the torrent; `path` is joined with `/`, and a directory stands for all beneath it."""

    path: str
    reason: Reason
    detail: str = ""


class _Entry(NamedTuple):
    """Something in a directory: its name, its path on the disk, and its mode as the directory was listed."""

    name: bytes
    path: bytes
    mode: int

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


@dataclass(slots=True)
class _Directory:
    """A directory on the way down: `prefix` is its path in bytes, ready to be put before a name.

    `plain` when no rule looks at its files one by one. `vetted` once its own name is known to be fit for a torrent;
    `composed` maps the NFC form of names in it to the names themselves, and is None where all are ASCII.
    """

    path: PathComponents
    prefix: bytes
    identity: tuple[int, int]
    parent: _Directory | None
    listing: Listing | None
    plain: bool = False
    vetted: bool = False
    composed: dict[str, str] | None = None

    def lineage(self) -> Iterator[_Directory]:
        """This directory and those above it, up to the content itself."""
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
        """Walk from the root, whose `status` is known; depth by depth costs no stack."""
        top = _Directory((), b"", (status.st_dev, status.st_ino), None, listing, vetted=True)
        pending = [(top, self._read(top))]
        while pending:
            below = self._take_up_to_directory(*pending[-1])
            if below is None:
                pending.pop()
            else:
                pending.append((below, self._read(below)))

    def _read(self, directory: _Directory) -> Iterator[Record]:
        """What is in a directory, in canonical order."""
        try:
            records = list_directory(self._root + directory.prefix)
        except OSError as error:
            self._refuse(directory.path, error)
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
            raise ContentError(f"{shown} is on the list of files, but it is not there")
        return [record for record in records if record[0] in listing]

    def _take_up_to_directory(self, parent: _Directory, records: Iterator[Record]) -> _Directory | None:
        """Take or leave out what comes next, up to a directory to be walked; None when there is none."""
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
        """Take a file of which everything is known, and nothing remarkable: most are such."""
        name, _, size, *_ = record
        self._vet_directory(parent)
        self.files.append(File((*parent.path, name.decode("ascii")), size))
        self.disk.append(DiskFile.listed(parent.prefix + name, record))

    def _visit(self, parent: _Directory, entry: _Entry) -> _Directory | None:
        """Take an entry or leave it out; a directory to be walked is returned."""
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
                self._refuse(path, error)
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
        """Take the file, or enter the directory, that an entry is or leads to."""
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
            raise ContentError(f"{self._shown(path)} is a file, but the list of files names something in it")
        self._vet(parent, path)
        if not may_read(entry.path, status):
            self._refuse(path, permission_denied())
        attributes = attributes_of(path[-1], status) if self._options.attributes else ""
        self.files.append(File(path, status.st_size, attributes))
        self.disk.append(DiskFile.of(parent.prefix + entry.name, status))

    def _store_link(self, parent: _Directory, entry: _Entry, path: PathComponents) -> None:
        target = self._target_in_content(entry)
        if target is None:
            self._leave_out(path, Reason.LINK_LEAVES, _link_text(entry))
            return
        self._vet(parent, path)
        status = os.lstat(entry.path)
        attributes = attributes_of(path[-1], status).replace("x", "") if self._options.attributes else ""
        self.files.append(File(path, 0, attributes + "l", target))
        self.disk.append(DiskFile.of(parent.prefix + entry.name, status)._replace(size=0))

    def _target_in_content(self, entry: _Entry) -> PathComponents | None:
        """Where a link leads, from the content's root (BEP 47); None when it leads out or is absolute."""
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

    def _vet(self, parent: _Directory, path: PathComponents) -> None:
        """Refuse names that must not be written: the last of `path`, and those above it."""
        self._vet_name(parent, path)
        self._vet_directory(parent)

    def _vet_directory(self, directory: _Directory) -> None:
        """Refuse the names above a file that must not be written, looking at each once."""
        while not directory.vetted and directory.parent is not None:
            directory.vetted = True
            self._vet_name(directory.parent, directory.path)
            directory = directory.parent

    def _vet_name(self, directory: _Directory, path: PathComponents) -> None:
        name = path[-1]
        fault = name_fault(name, allow_raw=self._options.allow_raw_names)
        if fault is not None:
            raise UsageError(f"{self._shown(path)}: {fault}", hint=self._advice(name))
        if directory.composed is None:
            return
        twin = directory.composed.setdefault(normalize("NFC", name), name)
        if twin != name:
            raise UsageError(
                f"{self._shown(path)} has a twin in its directory: the same name, with its accents composed otherwise",
                hint="Many systems cannot tell the two apart. Rename one of them, or leave one out.",
            )

    def _advice(self, name: str) -> str:
        if is_raw(name):
            return "Rename it, leave it out with --exclude, or keep its bytes with --raw-names."
        return f"Rename it, or leave it out with --exclude {shlex.quote(escape_pattern(name))}."

    def _stat(self, entry: _Entry, path: PathComponents) -> os.stat_result:
        try:
            return os.stat(entry.path)
        except OSError as error:
            self._refuse(path, error)

    def _leave_out(self, path: PathComponents, reason: Reason, detail: str = "") -> None:
        self.left_out.append(LeftOut("/".join(path), reason, detail))

    def _shown(self, path: PathComponents) -> str:
        return "/".join(filter(None, (self._shown_root.rstrip("/"), display_path(path))))

    def _refuse(self, path: PathComponents, error: OSError) -> NoReturn:
        refuse(self._shown(path), error, exclude=path[-1] if path else None)


def refuse(shown: str, error: OSError | ValueError, *, exclude: str | None = None) -> NoReturn:
    """Raise the ContentError for what cannot be read; `exclude` is a name that could be left out instead."""
    cause, number = (error.strerror, error.errno) if isinstance(error, OSError) else (None, None)
    cause = cause or str(error)
    advice = [] if exclude is None else [f"leave it out with --exclude {shlex.quote(escape_pattern(exclude))}"]
    advice += [_ADVICE[number]] if number in _ADVICE else []
    hint = ", or ".join(advice)
    raise ContentError(
        f"cannot read {shown}: {cause[:1].lower()}{cause[1:]}",
        hint=f"Nothing was written. {hint[:1].upper()}{hint[1:]}." if hint else "Nothing was written.",
    ) from error


def _link_text(entry: _Entry) -> str:
    """Where a link says it leads; nothing for what is no link, or is gone by now."""
    try:
        return f"to {decode_name(os.readlink(entry.path))}" if entry.is_link else ""
    except OSError:
        return ""


def _is_below(path: bytes, directory: bytes) -> bool:
    return path == directory or path.startswith(os.path.join(directory, b""))
