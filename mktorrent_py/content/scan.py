"""Scans the content of a new torrent: the files that belong in it, the entries left out, and why.

The disk is read as bytes, so that neither the locale nor the order of a directory changes the result: names that are
not UTF-8 keep their bytes (`surrogateescape`), and files come in BEP 52's canonical order, component by component as
bytes. An entry that cannot be read is an error; every other entry not in the torrent is in `Content.left_out`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mktorrent_py.content.file_stat import (
    DiskFile,
    attributes_of,
    decode_name,
    invalid_name_reason,
    is_one_of,
    is_readable,
    permission_denied,
    unreadable,
)
from mktorrent_py.content.selection import Reason, Selection
from mktorrent_py.content.walker import LeftOut, Listing, ScanOptions, SortOrder, Symlinks, Walk
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.formatting import printable, quoted
from mktorrent_py.metainfo.layout import File

__all__ = [
    "Content",
    "DiskFile",
    "LeftOut",
    "Reason",
    "ScanOptions",
    "Selection",
    "SortOrder",
    "Symlinks",
    "scan_content",
    "scan_file_list",
    "split_file_list",
    "unreadable",
]

ListedPath = bytes | str | os.PathLike[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The files of a new torrent, and where they are.

    `disk[i]` is `files[i]`, its path relative to `root`: the content's directory, or the one that holds the single
    file. A stored link has size 0 and must not be read. `name` is empty when the content is the root of a file system
    and no name was set. `outside` names the followed links to targets outside the content.
    """

    root: Path
    name: str
    single: bool
    files: tuple[File, ...]
    disk: tuple[DiskFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    outside: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """Length of all files together, in bytes."""
        return sum([file.length for file in self.files])


def scan_content(content: Path, options: ScanOptions, *, name: str | None = None) -> Content:
    """Find the files of `content`, a directory or one file, which is taken whatever the selection.

    `name` replaces the content's own. Raises ContentError for what is missing or cannot be read, UsageError for names
    that a torrent must not have.
    """
    status = _stat_content(content)
    if stat.S_ISDIR(status.st_mode):
        return _scan_directory(content, status, options, None, name)
    if stat.S_ISREG(status.st_mode):
        return _scan_file(content, status, options, name)
    raise ContentError(f"{printable(str(content))} is neither a file nor a directory", code="content-not-a-file")


def scan_file_list(
    content: Path, listed: Iterable[ListedPath], options: ScanOptions, *, name: str | None = None
) -> Content:
    """Like `scan_content`, but take only the `listed` paths, relative to the directory `content`.

    A listed directory stands for everything in it, and the selection still applies. Raises ContentError for a listed
    path that does not exist, UsageError for one that is absolute or has `..`, and when `content` is not a directory.
    """
    status = _stat_content(content)
    if not stat.S_ISDIR(status.st_mode):
        raise UsageError(
            f"{printable(str(content))} is not a directory, which a list of files needs", code="content-not-a-directory"
        )
    return _scan_directory(content, status, options, _listing(listed), name)


def split_file_list(data: bytes, *, null: bool) -> list[bytes]:
    """Split a file list into its paths: one a line, or each ended by a NUL, for names that hold newlines."""
    paths = data.split(b"\0") if null else [line.removesuffix(b"\r") for line in data.split(b"\n")]
    return [path for path in paths if path]


def _scan_file(content: Path, status: os.stat_result, options: ScanOptions, name: str | None) -> Content:
    path, shown = os.fsencode(content), printable(str(content))
    if is_one_of(path, options.never):
        raise UsageError(
            f"{shown} cannot be both the content and the torrent file",
            code="content-is-output",
            hint="Write the torrent file to another path.",
            file=shown,
        )
    if not is_readable(path, status):
        raise unreadable(shown, permission_denied())
    name = _content_name(content, options, name)
    file = File((name,), status.st_size, attributes_of(name, status) if options.attributes else "")
    disk = DiskFile.of(os.fsencode(content.name), status)
    return Content(root=content.parent, name=name, single=True, files=(file,), disk=(disk,))


def _scan_directory(
    content: Path, status: os.stat_result, options: ScanOptions, listing: Listing | None, name: str | None
) -> Content:
    name = _content_name(content, options, name)
    walk = Walk(content, options)
    walk.run(status, listing)
    pairs = list(zip(walk.files, walk.disk, strict=True))
    if options.symlinks == Symlinks.STORE:
        pairs = _without_dangling_links(pairs, walk.left_out)
    if options.sort != SortOrder.PATH:
        key = _SORT_KEYS[options.sort]
        pairs.sort(key=lambda pair: key(pair[0]))
    return Content(
        root=content,
        name=name,
        single=False,
        files=tuple([file for file, _ in pairs]),
        disk=tuple([disk for _, disk in pairs]),
        left_out=tuple(walk.left_out),
        outside=tuple(walk.outside),
    )


def _stat_content(content: Path) -> os.stat_result:
    try:
        return content.stat()
    except (OSError, ValueError) as error:
        raise unreadable(printable(str(content)), error) from error


def _content_name(content: Path, options: ScanOptions, name: str | None) -> str:
    """Return the torrent's name: `name` or the content's own, which is empty for the root of a file system."""
    if name is None and not (name := own_name(content)):
        return ""
    fault = invalid_name_reason(name, allow_raw=options.allow_raw_names)
    if fault is not None:
        raise UsageError(f"{quoted(name)} cannot be the name of a torrent: {fault}", code="name-invalid", name=name)
    return name


def own_name(content: Path) -> str:
    """Return the last component of the path; for a path that ends in `.` or `..`, of the real path."""
    own = content.name if content.name not in ("", "..") else content.resolve().name
    return decode_name(os.fsencode(own))


def _listing(listed: Iterable[ListedPath]) -> Listing | None:
    """Nest the listed paths by directory; None when the content itself is listed."""
    top: Listing = {}
    for path in sorted([_components(path) for path in listed]):
        if not path:
            return None
        _add_path(top, path)
    return top


def _components(path: ListedPath) -> tuple[bytes, ...]:
    relative = Path(os.fsdecode(path))
    if relative.anchor or ".." in relative.parts:
        shown = printable(decode_name(os.fsencode(path)))
        raise UsageError(
            f"listed path {shown} is outside the content",
            code="listed-path-outside",
            hint="Listed paths are relative to the content.",
            file=shown,
        )
    return tuple([os.fsencode(part) for part in relative.parts])


def _add_path(top: Listing, path: tuple[bytes, ...]) -> None:
    """Add one path, unless a listed directory already covers it: paths come sorted, directories first."""
    level = top
    for component in path[:-1]:
        below = level.setdefault(component, {})
        if below is None:
            return
        level = below
    level[path[-1]] = None


def _without_dangling_links(pairs: list[tuple[File, DiskFile]], left_out: list[LeftOut]) -> list[tuple[File, DiskFile]]:
    """Drop stored links whose target is not in the torrent, until every link has one."""
    while True:
        present = {file.path[:depth] for file, _ in pairs for depth in range(1, len(file.path) + 1)}
        dangling = [file for file, _ in pairs if file.symlink is not None and file.symlink not in present]
        if not dangling:
            return pairs
        gone = {file.path for file in dangling}
        left_out += [LeftOut("/".join(file.path), Reason.DANGLING_LINK) for file in dangling]
        pairs = [pair for pair in pairs if pair[0].path not in gone]


def _natural_key(file: File) -> list[list[str | int]]:
    return [_numbers_as_numbers(component.casefold()) for component in file.path]


def _numbers_as_numbers(text: str) -> list[str | int]:
    """Split into text and numbers in turn, text first, so that text is only ever compared with text."""
    return [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", text)]


_SORT_KEYS: dict[SortOrder, Callable[[File], Any]] = {
    SortOrder.NATURAL: _natural_key,
    SortOrder.SIZE: lambda file: file.length,
}
