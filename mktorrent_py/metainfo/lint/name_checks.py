"""Checks on file names and paths: what systems and clients do with them, and how they look."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from mktorrent_py.formatting import printable
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.layout import encode_component
from mktorrent_py.metainfo.lint.checks import TRANSMISSION_DIRECTORIES, Subject, Violation, Violations
from mktorrent_py.metainfo.paths import display_path

MAX_COMPONENT_LENGTH = 255
"""Bytes that Linux and macOS allow in one name."""

MAX_WINDOWS_PATH_LENGTH = 259
"""UTF-16 units that Windows allows in a path unless long paths are enabled (MAX_PATH without its NUL)."""

_FORBIDDEN = re.compile(r'[<>:"|?*\x00-\x1f]')
WINDOWS_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³]) *(?:\.|$)", re.IGNORECASE)
"""Matches names that Windows takes for devices, whatever their extension."""

_SUSPECT = re.compile(
    r'[<>:"|?*\x00-\x1f]|[. ](?:/|$)|(?:^|/)(?:con|prn|aux|nul|com[1-9¹²³]|lpt[1-9¹²³])(?:[ ./$]|$|in\$|out\$)',
    re.IGNORECASE,
)
"""Finds paths that may contain a component Windows refuses, much faster than a check of every component."""

_INVISIBLE = re.compile("[\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
"""Delete and C1 controls, bidi controls, zero-width characters; not the joiners that scripts and emoji need."""

_UNDECODABLE = re.compile("[\udc80-\udcff]")
"""Placeholders of bytes that are not UTF-8 (`surrogateescape`)."""


def path_not_portable(subject: Subject) -> Violations:
    return _component_problems(subject, _SUSPECT, _windows_problem)


def _windows_problem(component: str) -> str | None:
    found = _FORBIDDEN.search(component)
    if found:
        return f"`{printable(found.group())}` is not allowed on Windows"
    if component[-1] in ". ":
        return f"Windows drops the {'dot' if component[-1] == '.' else 'space'} at the end of {printable(component)!r}"
    if WINDOWS_DEVICE.match(component):
        return f"{printable(component)!r} is the name of a device on Windows"
    return None


def invisible_characters(subject: Subject) -> Violations:
    return _component_problems(subject, _INVISIBLE, _invisible_problem)


def _invisible_problem(component: str) -> str | None:
    found = _INVISIBLE.search(component)
    if found is None:
        return None
    name = unicodedata.name(found.group(), "a control character").lower()
    return f"contains U+{ord(found.group()):04X}, {name}, which is invisible and can disguise a name"


def name_not_utf8(subject: Subject) -> Violations:
    return _component_problems(subject, _UNDECODABLE, _undecodable_problem)


def _undecodable_problem(component: str) -> str | None:
    return "is not UTF-8" if _UNDECODABLE.search(component) else None


def name_not_nfc(subject: Subject) -> Violations:
    for path in (subject.metainfo.info.name, *sorted(subject.directories), *subject.paths):
        name = path.rpartition("/")[2]
        if not (name.isascii() or unicodedata.is_normalized("NFC", name)):
            yield Violation(printable(path), "is not in composed form (NFC): other systems may write it otherwise")


def path_too_long(subject: Subject) -> Violations:
    info = subject.metainfo.info
    start = 0 if info.single else _windows_length(info.name) + 1
    if not info.single:
        yield from _length_problems(info.name, 0)
    for path in subject.paths:
        if 4 * (start + len(path)) > MAX_COMPONENT_LENGTH:
            yield from _length_problems(path, start)


def _length_problems(path: str, start: int) -> Violations:
    longest = max([len(encode_component(component)) for component in path.split("/")])
    if longest > MAX_COMPONENT_LENGTH:
        yield Violation(printable(path), f"has a name of {longest:,} bytes; most systems allow {MAX_COMPONENT_LENGTH}")
    length = start + _windows_length(path)
    if length > MAX_WINDOWS_PATH_LENGTH:
        yield Violation(
            printable(path), f"is {length:,} characters long; Windows takes {MAX_WINDOWS_PATH_LENGTH} by default"
        )


def tree_too_deep(subject: Subject) -> Violations:
    info = subject.metainfo.info
    deepest = max(info.files, key=lambda file: len(file.path))
    if info.version is not TorrentVersion.V1 and len(deepest.path) > TRANSMISSION_DIRECTORIES:
        yield Violation(
            display_path(deepest.path), f"is {len(deepest.path) - 1} directories deep; Transmission 4 cannot read it"
        )


def case_collision(subject: Subject) -> Violations:
    """Paths that differ in case alone; those that differ in composition alone are `normalization-collision`."""
    return _collisions(subject, lambda path: _fold_case(_compose(path)), "differs from {} only in case", _compose)


def normalization_collision(subject: Subject) -> Violations:
    return _collisions(subject, _compose, "is the same name as {} after Unicode normalization (NFC)", str)


def symlink_target_missing(subject: Subject) -> Violations:
    links = [(path, file.symlink) for path, file in zip(subject.paths, subject.metainfo.info.files, strict=True)]
    targets = {*subject.paths, *subject.directories} if any(target for _, target in links) else set()
    for path, target in links:
        if target is not None and ("/".join(target) not in targets or "/".join(target) == path):
            yield Violation(printable(path), f"is a link to {display_path(target)}, which is not in the torrent")


def _component_problems(
    subject: Subject,
    suspect: re.Pattern[str],
    problem_of: Callable[[str], str | None],
) -> Violations:
    """The torrent's name, and every directory and file, whose own name has the problem; each once."""
    seen: set[tuple[str, ...]] = set()
    info = subject.metainfo.info
    if not info.single and suspect.search(info.name) and (problem := problem_of(info.name)):
        yield Violation(printable(info.name), problem)
    for path, file in zip(subject.paths, info.files, strict=True):
        if not suspect.search(path):
            continue
        for depth, component in enumerate(file.path, 1):
            if file.path[:depth] not in seen and (problem := problem_of(component)):
                seen.add(file.path[:depth])
                yield Violation(display_path(file.path[:depth]), problem)


def _collisions(subject: Subject, fold: Callable[[str], str], how: str, distinct: Callable[[str], str]) -> Violations:
    """Pairs of paths that fold to the same one, and are still different to `distinct`."""
    first: dict[str, str] = {}
    for path in (*sorted(subject.directories), *subject.paths):
        other = first.setdefault(fold(path), path)
        if other != path and distinct(other) != distinct(path):
            yield Violation(printable(path), how.format(printable(other)))


def _compose(path: str) -> str:
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def _fold_case(path: str) -> str:
    """Case folded character by character, as file systems do: `ß` is not `ss` to them."""
    if path.isascii():
        return path.lower()
    return "".join([folded if len(folded := character.casefold()) == 1 else character for character in path])


def _windows_length(path: str) -> int:
    return len(path.encode("utf-16-le", "surrogatepass")) // 2
