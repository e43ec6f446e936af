"""Names on disk for files that strangers named: nothing leads out of the directory, and no two are the same."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.layout import PathComponents, encode_component
from mktorrent_py.metainfo.paths import unsafe_reason

MAX_NAME = 240
"""Bytes in a name, so that `.part` still fits into the 255 that file systems allow."""

_HARMFUL = re.compile(r"[\x00-\x1f\x7f/\\]")
_HARMFUL_ON_WINDOWS = re.compile(r'[<>:"|?*]|[. ]+$')
_DEVICES = re.compile(r"(CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(COM|LPT)[0-9\u00b9\u00b2\u00b3])(?=\.|$)", re.IGNORECASE)


def safe_name(component: str, *, windows: bool = False) -> str:
    """One path component as it may stand on disk: harmful characters become `_`, names of devices get one."""
    name = _HARMFUL.sub("_", component)
    if windows:
        name = _HARMFUL_ON_WINDOWS.sub(lambda found: "_" * len(found[0]), name)
        name = _DEVICES.sub(r"\1_", name) if _DEVICES.match(name) else name
    if unsafe_reason(name) is not None:
        name = "_" * max(len(name), 1) if name.strip(".") == "" else name.replace(":", "_")
    return _cut(name)


def safe_paths(info: Info, *, windows: bool = False) -> list[PathComponents]:
    """Where each file goes below the download directory, in the order of the layout, all different.

    Paths that come out the same are told apart by a number, as they are where the file system ignores case.
    """
    top = () if info.single else (safe_name(info.name, windows=windows),)
    wanted = [top + tuple([safe_name(part, windows=windows) for part in file.path]) for file in info.files]
    fold = _folded if windows else tuple
    taken = {fold(directory) for directory in directories_of(wanted)}
    paths = []
    for path in wanted:
        distinct = next(candidate for candidate in _candidates(path) if fold(candidate) not in taken)
        taken.add(fold(distinct))
        paths.append(distinct)
    return paths


def directories_of(paths: Iterable[PathComponents]) -> set[PathComponents]:
    """Every directory that these files lie in."""
    return {path[:depth] for path in paths for depth in range(1, len(path))}


def temporary_name(path: PathComponents, taken: Iterable[PathComponents]) -> PathComponents:
    """The name a file has until it is complete: `.part` at its end, and more where another file is called so."""
    taken = set(taken)
    suffix = ".part"
    while (*path[:-1], path[-1] + suffix) in taken:
        suffix += "~"
    return (*path[:-1], path[-1] + suffix)


def _candidates(path: PathComponents) -> Iterator[PathComponents]:
    """The path, then the same with ever higher numbers before its extension."""
    yield path
    stem, dot, extension = path[-1].rpartition(".")
    for number in count(2):
        numbered = f"{stem} ({number}).{extension}" if dot and stem else f"{path[-1]} ({number})"
        yield (*path[:-1], numbered)


def _folded(path: Sequence[str]) -> PathComponents:
    return tuple([component.casefold() for component in path])


def _cut(name: str) -> str:
    """A name that is too long keeps its beginning and its extension, and gets a hash of what it was."""
    raw = encode_component(name)
    if len(raw) <= MAX_NAME:
        return name
    mark = hashlib.sha256(raw).hexdigest()[:8]
    extension = raw[raw.rfind(b".") :] if 0 < len(raw) - raw.rfind(b".") <= 16 else b""
    head = raw[: MAX_NAME - len(extension) - len(mark) - 1].decode("utf-8", "ignore")
    return f"{head}~{mark}{extension.decode('utf-8', 'ignore')}"
