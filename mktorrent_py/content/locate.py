"""Finds the files of a torrent on the disk: which directory they are in, under which spelling, and what else is there.

A place is what somebody pointed at: the content itself, under its own name or another, or the directory that holds it.
Where several readings are possible, the one that fits best by names and sizes is taken.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from mktorrent_py.content.file_stat import decode_name, is_one_of, unreadable
from mktorrent_py.content.tree_match import FileMatch, MatchScore, TreeMatcher, files_of, same_name
from mktorrent_py.formatting import printable
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.layout import PathComponents, canonical_key, encode_component
from mktorrent_py.metainfo.parse.files import BITCOMET_PAD

PAD_DIRECTORY = ".pad"


class MatchKind(StrEnum):
    """What the given place is: the content, the directory that holds it, the content under another name, or neither."""

    EXACT = "itself"
    IN_PARENT = "parent"
    RENAMED = "renamed"
    MISSING = "nowhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLocation:
    """Where the content is. `found` has an entry for every wanted file, by its number in the layout.

    `content` is the file or directory taken, `root` the directory that paths are relative to. `extras` are files below
    the root that the torrent does not have; they are not asked for when only part of the files is wanted, nor for a
    single file, whose directory is not the torrent's.
    """

    content: Path
    how: MatchKind
    root: Path
    found: dict[int, FileMatch]
    extras: tuple[PathComponents, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A way to read a place; `leaf` is the name on disk of a torrent's only file, where it is not the torrent's."""

    content: Path
    how: MatchKind
    root: Path
    leaf: bytes | None = None


def locate_content(
    info: Info, places: Sequence[Path], wanted: Collection[int], *, not_extra: Iterable[str | os.PathLike[str]] = ()
) -> ContentLocation:
    """Find the wanted files (numbers in the layout) in the place that fits them best, by names and sizes.

    `not_extra` are absolute paths that are no extras wherever they lie. Raises ContentError for a place that cannot be
    looked at.
    """
    score, taken, survey = _best(info, places, wanted)
    is_there = score.there > 0
    whole = is_there and not info.single and len(wanted) == len(info.files)
    return ContentLocation(
        content=_content(info, taken, survey),
        how=taken.how if is_there else MatchKind.MISSING,
        root=taken.root,
        found=survey.found,
        extras=_extras(info, survey, frozenset(map(Path, not_extra))) if whole else (),
    )


def _best(info: Info, places: Sequence[Path], wanted: Collection[int]) -> tuple[MatchScore, _Candidate, TreeMatcher]:
    """The first candidate that has every file in its size, else the first of those that have most."""
    tried: list[tuple[MatchScore, _Candidate, TreeMatcher]] = []
    for place in places:
        for candidate in _candidates(info, place):
            survey = TreeMatcher(os.fsencode(candidate.root), info.files)
            if candidate.leaf is not None:
                survey.look_at_only_file(candidate.leaf)
            else:
                survey.walk(wanted)
            tried.append((survey.score(), candidate, survey))
            if tried[-1][0].right == len(wanted):
                return tried[-1]
    return max(tried, key=lambda attempt: attempt[0])


def _content(info: Info, candidate: _Candidate, survey: TreeMatcher) -> Path:
    """What was taken: the root, or the only file in it."""
    only = survey.found.get(0)
    if info.single and only is not None and only.disk is not None:
        return candidate.root / os.fsdecode(only.path)
    return candidate.content


def _candidates(info: Info, place: Path) -> list[_Candidate]:
    """The ways to read a place, likeliest first."""
    status = _stat_place(place)
    if not stat.S_ISDIR(status.st_mode):
        return [_file_candidate(info, place)]
    own_name = same_name(_name_of(place), info.name)
    below = _in_subdirectory(info, place)
    if info.single:
        # A v2 torrent of a directory with one file in it looks like a torrent of that file (BEP 52).
        is_directory_of_it = own_name and info.files[0].path != (info.name,)
        itself = [
            _Candidate(content=place, how=MatchKind.EXACT if is_directory_of_it else MatchKind.IN_PARENT, root=place)
        ]
        return itself + _by_torrent_name(info, place) + below
    itself = [_Candidate(content=place, how=MatchKind.EXACT if own_name else MatchKind.RENAMED, root=place)]
    return itself + below if own_name else below + itself


def _by_torrent_name(info: Info, place: Path) -> list[_Candidate]:
    """A torrent's only file, called as the torrent is."""
    return [
        _Candidate(content=place / name, how=MatchKind.IN_PARENT, root=place, leaf=os.fsencode(name))
        for name in _entries_named(place, info.name)
        if (place / name).is_file()
    ]


def _file_candidate(info: Info, place: Path) -> _Candidate:
    """A file is the content of a torrent with one file, whatever the file is called; of no other."""
    if len(info.files) != 1:
        return _Candidate(content=place, how=MatchKind.MISSING, root=place)
    names = {info.name, info.files[0].path[-1]}
    how = MatchKind.EXACT if any(same_name(_name_of(place), name) for name in names) else MatchKind.RENAMED
    return _Candidate(content=place, how=how, root=place.parent, leaf=os.fsencode(place.name))


def _in_subdirectory(info: Info, place: Path) -> list[_Candidate]:
    return [
        _Candidate(content=place / name, how=MatchKind.IN_PARENT, root=place / name)
        for name in _entries_named(place, info.name)
        if (place / name).is_dir()
    ]


def _entries_named(directory: Path, name: str) -> list[str]:
    """What `name` is called in `directory`: itself, or its other Unicode form; empty when it is not there."""
    exact = os.fsdecode(encode_component(name))
    if os.path.lexists(directory / exact):
        return [exact]
    if name.isascii():
        return []
    try:
        return [entry.name for entry in directory.iterdir() if same_name(_name_of(entry), name)][:1]
    except OSError:
        return []


def _stat_place(place: Path) -> os.stat_result:
    try:
        return place.stat()
    except (OSError, ValueError) as error:
        raise unreadable(printable(str(place)), error) from error


def _name_of(place: Path) -> str:
    return decode_name(os.fsencode(place.name if place.name not in ("", "..") else place.resolve().name))


def _extras(info: Info, survey: TreeMatcher, not_extra: frozenset[Path]) -> tuple[PathComponents, ...]:
    """Files that the torrent does not have, but for pad files that some client wrote out (BEP 47) and `not_extra`."""
    pads = {f"{length}" for _, length in info.layout.pads()} if info.layout.padding else set()
    names = {os.fsencode(path.name) for path in not_extra}
    extras = [
        path
        for path, full, _ in files_of(survey.strangers)
        if not _is_pad(path, pads) and not (encode_component(path[-1]) in names and is_one_of(full, not_extra))
    ]
    return tuple(sorted(extras, key=canonical_key))


def _is_pad(path: PathComponents, pads: set[str]) -> bool:
    return path[-1].startswith(BITCOMET_PAD) or (path[0] == PAD_DIRECTORY and len(path) == 2 and path[1] in pads)
