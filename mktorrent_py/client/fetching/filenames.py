"""Names on disk for the files of a torrent: none leads out of the directory, and no two are the same."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import count

from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.layout import PathComponents, encode_component
from mktorrent_py.metainfo.lint.name_checks import WINDOWS_DEVICE
from mktorrent_py.metainfo.paths import unsafe_reason

MAX_NAME = 240
"""Bytes in a name, so that `.part` still fits into the 255 that file systems allow."""

_HARMFUL = re.compile(r"[\x00-\x1f\x7f/\\]")
_HARMFUL_ON_WINDOWS = re.compile(r'[<>:"|?*]|[. ]+$')

Fold = Callable[[PathComponents], PathComponents]
"""Maps paths that a file system takes for the same file to the same value."""


def fold_nothing(path: PathComponents) -> PathComponents:
    return path


def fold_case(path: PathComponents) -> PathComponents:
    """Fold what Windows and macOS take for the same name, and a little more: case, and accents composed or not."""
    return tuple([unicodedata.normalize("NFD", part.upper().casefold()) for part in path])


def safe_name(component: str, *, windows: bool = False) -> str:
    """Return a path component as it may be named on disk: `_` for harmful characters, and after device names."""
    name = _HARMFUL.sub("_", component)
    if windows:
        name = _HARMFUL_ON_WINDOWS.sub(lambda found: "_" * len(found[0]), name)
        if WINDOWS_DEVICE.match(name):
            stem, dot, rest = name.partition(".")
            name = f"{stem.rstrip()}_{dot}{rest}"
    if unsafe_reason(name) is not None:
        name = "_" * max(len(name), 1) if name.strip(".") == "" else name.replace(":", "_")
    return _shorten(name)


def safe_paths(info: Info, *, windows: bool = False, fold: Fold = fold_nothing) -> list[PathComponents]:
    """Return where each file goes below the download directory, in the order of the layout, no two the same.

    Paths that `fold` maps to the same value get a number that distinguishes them.
    """
    top = () if info.single else (safe_name(info.name, windows=windows),)
    wanted = [top + tuple([safe_name(part, windows=windows) for part in file.path]) for file in info.files]
    taken = {fold(directory) for directory in directories_of(wanted)}
    paths = []
    for path in wanted:
        distinct = next(candidate for candidate in _numbered(path) if fold(candidate) not in taken)
        taken.add(fold(distinct))
        paths.append(distinct)
    return paths


def directories_of(paths: Iterable[PathComponents]) -> set[PathComponents]:
    """Return every directory that holds one of these files, directly or not."""
    return {path[:depth] for path in paths for depth in range(1, len(path))}


def temporary_name(
    path: PathComponents, taken: Collection[PathComponents], *, fold: Fold = fold_nothing
) -> PathComponents:
    """Return the path of a file until it is complete: with `.part`, and `~` while another file has that name.

    `taken` holds the folded paths of all files and directories.
    """
    suffix = ".part"
    while fold((*path[:-1], path[-1] + suffix)) in taken:
        suffix += "~"
    return (*path[:-1], path[-1] + suffix)


def _numbered(path: PathComponents) -> Iterator[PathComponents]:
    """Yield the path, then the same with ever higher numbers before its extension."""
    yield path
    stem, dot, extension = path[-1].rpartition(".")
    for number in count(2):
        numbered = f"{stem} ({number}).{extension}" if dot and stem else f"{path[-1]} ({number})"
        yield (*path[:-1], numbered)


def _shorten(name: str) -> str:
    """Cut a name that is too long: its beginning and extension stay, with a hash of the whole between them."""
    raw = encode_component(name)
    if len(raw) <= MAX_NAME:
        return name
    digest = hashlib.sha256(raw).hexdigest()[:8]
    extension = raw[raw.rfind(b".") :] if 0 < len(raw) - raw.rfind(b".") <= 16 else b""
    head = raw[: MAX_NAME - len(extension) - len(digest) - 1].decode("utf-8", "ignore")
    return f"{head}~{digest}{extension.decode('utf-8', 'ignore')}"
