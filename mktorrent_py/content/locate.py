"""Finds the files of a torrent on disk: in which directory, under which spelling, and with which other files.

A path may be the content itself, under its own name or another, or the directory that holds it. Of several
possible candidates, the one that matches best by names and sizes is taken.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mktorrent_py.content.file_stat import decode_name, is_one_of, unreadable
from mktorrent_py.content.tree_match import FileMatch, MatchScore, TreeMatcher, files_below, same_name
from mktorrent_py.formatting import printable
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.layout import PathComponents, canonical_key, encode_component
from mktorrent_py.metainfo.parse.files import BITCOMET_PAD

PAD_DIRECTORY = ".pad"


class MatchKind(StrEnum):
    """Relation of a path to the content: the same, its parent directory, the same under another name, or none."""

    EXACT = "itself"
    IN_PARENT = "parent"
    RENAMED = "renamed"
    MISSING = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLocation:
    """Where the content is. `found` has an entry for every wanted file, by its number in the layout.

    `content` is the file or directory taken, `root` the directory that paths are relative to. `extras` are files below
    the root that the torrent does not have; they are not searched for when only some files are wanted, nor for a single
    file, whose directory is not the torrent's.
    """

    content: Path
    kind: MatchKind
    root: Path
    found: dict[int, FileMatch]
    extras: tuple[PathComponents, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A way to interpret a path; `leaf` is the name on disk of a torrent's only file, where it differs."""

    content: Path
    kind: MatchKind
    root: Path
    leaf: bytes | None = None


def locate_content(
    info: Info, paths: Sequence[Path], wanted: Collection[int], *, not_extra: Iterable[str | os.PathLike[str]] = ()
) -> ContentLocation:
    """Find the wanted files (numbers in the layout) at the path that matches them best, by names and sizes.

    `not_extra` are absolute paths that never count as extras. Raises ContentError for a path that cannot be read.
    """
    score, taken, matcher = _best(info, paths, wanted)
    is_there = score.present > 0
    whole = is_there and not info.single and len(wanted) == len(info.files)
    return ContentLocation(
        content=_content(info, taken, matcher),
        kind=taken.kind if is_there else MatchKind.MISSING,
        root=taken.root,
        found=matcher.found,
        extras=_extras(info, matcher, frozenset(map(Path, not_extra))) if whole else (),
    )


def _best(info: Info, paths: Sequence[Path], wanted: Collection[int]) -> tuple[MatchScore, _Candidate, TreeMatcher]:
    """Return the first candidate with every file in its size, else the first of those with the most."""
    tried: list[tuple[MatchScore, _Candidate, TreeMatcher]] = []
    for path in paths:
        for candidate in _candidates(info, path):
            matcher = TreeMatcher(os.fsencode(candidate.root), info.files)
            if candidate.leaf is not None:
                matcher.match_single_file(candidate.leaf)
            else:
                matcher.walk(wanted)
            tried.append((matcher.score(), candidate, matcher))
            if tried[-1][0].same_size == len(wanted):
                return tried[-1]
    return max(tried, key=lambda attempt: attempt[0])


def _content(info: Info, candidate: _Candidate, matcher: TreeMatcher) -> Path:
    """Return the content's path: the root, or the only file in it."""
    only = matcher.found.get(0)
    if info.single and only is not None and only.disk is not None:
        return candidate.root / os.fsdecode(only.path)
    return candidate.content


def _candidates(info: Info, path: Path) -> list[_Candidate]:
    """Return the ways to interpret a path, likeliest first."""
    status = _stat(path)
    if not stat.S_ISDIR(status.st_mode):
        return [_file_candidate(info, path)]
    own_name = same_name(_name_of(path), info.name)
    below = _in_subdirectory(info, path)
    if info.single:
        # A v2 torrent of a directory with one file in it has the same form as a torrent of that file (BEP 52).
        is_directory_of_it = own_name and info.files[0].path != (info.name,)
        itself = [
            _Candidate(content=path, kind=MatchKind.EXACT if is_directory_of_it else MatchKind.IN_PARENT, root=path)
        ]
        return itself + _by_torrent_name(info, path) + below
    itself = [_Candidate(content=path, kind=MatchKind.EXACT if own_name else MatchKind.RENAMED, root=path)]
    return itself + below if own_name else below + itself


def _by_torrent_name(info: Info, path: Path) -> list[_Candidate]:
    """Return the candidate of a torrent's only file that has the torrent's name."""
    return [
        _Candidate(content=path / name, kind=MatchKind.IN_PARENT, root=path, leaf=os.fsencode(name))
        for name in _entries_named(path, info.name)
        if (path / name).is_file()
    ]


def _file_candidate(info: Info, path: Path) -> _Candidate:
    """Return the candidate for a file: the content of a torrent with one file, whatever its name; of no other."""
    if len(info.files) != 1:
        return _Candidate(content=path, kind=MatchKind.MISSING, root=path)
    names = {info.name, info.files[0].path[-1]}
    kind = MatchKind.EXACT if any(same_name(_name_of(path), name) for name in names) else MatchKind.RENAMED
    return _Candidate(content=path, kind=kind, root=path.parent, leaf=os.fsencode(path.name))


def _in_subdirectory(info: Info, path: Path) -> list[_Candidate]:
    return [
        _Candidate(content=path / name, kind=MatchKind.IN_PARENT, root=path / name)
        for name in _entries_named(path, info.name)
        if (path / name).is_dir()
    ]


def _entries_named(directory: Path, name: str) -> list[str]:
    """Return the entry of `directory` called `name`, or its other Unicode form; empty when there is none."""
    exact = os.fsdecode(encode_component(name))
    if os.path.lexists(directory / exact):
        return [exact]
    if name.isascii():
        return []
    try:
        return [entry.name for entry in directory.iterdir() if same_name(_name_of(entry), name)][:1]
    except OSError:
        return []


def _stat(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except (OSError, ValueError) as error:
        raise unreadable(printable(str(path)), error) from error


def _name_of(path: Path) -> str:
    return decode_name(os.fsencode(path.name if path.name not in ("", "..") else path.resolve().name))


def _extras(info: Info, matcher: TreeMatcher, not_extra: frozenset[Path]) -> tuple[PathComponents, ...]:
    """Return the files that the torrent does not have, except `not_extra` and pad files of other clients (BEP 47)."""
    pads = {f"{length}" for _, length in info.layout.pads()} if info.layout.padding else set()
    names = {os.fsencode(path.name) for path in not_extra}
    extras = [
        path
        for path, full, _ in files_below(matcher.extras)
        if not _is_pad(path, pads) and not (encode_component(path[-1]) in names and is_one_of(full, not_extra))
    ]
    return tuple(sorted(extras, key=canonical_key))


def _is_pad(path: PathComponents, pads: set[str]) -> bool:
    return path[-1].startswith(BITCOMET_PAD) or (path[0] == PAD_DIRECTORY and len(path) == 2 and path[1] in pads)
