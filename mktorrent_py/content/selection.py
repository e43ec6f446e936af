"""Which files of a directory belong to the content, by their paths alone.

The first of these rules that applies decides:

1. Junk is left out unless `keep_junk`: files that operating systems create by themselves (the tables below are the
   whole rule). Version control directories, dot files and unfinished downloads are not junk.
2. Dot files and dot directories are left out when `hidden` is false.
3. `exclude`: a matching file is left out, a matching directory with all beneath it.
4. `ignore_lines`: the lines of an ignore file, by the rules of gitignore: the last line that matches decides, `!`
   negates a line, and nothing beneath an ignored directory can be included again.
5. `include`: when set, only matching files and those beneath matching directories stay.

A pattern is matched against the path below the content, case-sensitively, as in gitignore: without a `/` (except at its
end) it matches a name at any depth; with one it starts at the content; `*` and `?` stop at `/`, `**` does not; `[a-z]`
is one character; a `/` at the end matches directories only; `\\` escapes the next character. `include` and `exclude`
have neither `!` nor comments.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo.typecheck import check_bool, check_texts


class Reason(StrEnum):
    """Why an entry is not in the content; the value is a phrase for people, the name is stable."""

    JUNK = "junk"
    HIDDEN = "hidden"
    EXCLUDED = "excluded"
    IGNORED = "ignored by the ignore file"
    NOT_INCLUDED = "not included"
    OUTPUT = "the torrent file being written"
    EMPTY_DIRECTORY = "an empty directory"
    SYMLINK = "a symbolic link"
    BROKEN_LINK = "a broken link"
    LINK_LOOP = "a link loop"
    LINK_LEAVES = "a link that leaves the content"
    DANGLING_LINK = "a link to what was left out"
    SOCKET = "a socket"
    FIFO = "a named pipe"
    DEVICE = "a device"


# Names in lower case: Windows and macOS write them in several.
_JUNK_FILES = frozenset(
    {
        ".ds_store",  # macOS Finder: view of a folder
        ".apdisk",  # macOS: file sharing state
        "icon\r",  # macOS: custom icon of a folder
        "thumbs.db",  # Windows Explorer: thumbnails
        "ehthumbs.db",  # Windows Media Center: thumbnails
        "desktop.ini",  # Windows Explorer: view of a folder
        ".directory",  # KDE: view of a folder
    }
)
_JUNK_FILE_PREFIXES = (
    "._",  # macOS on foreign file systems: resource forks
    ".nfs0",  # NFS: deleted while open
)
_JUNK_DIRECTORIES = frozenset(
    {
        ".spotlight-v100",  # macOS: search index
        ".trashes",  # macOS: deleted files
        ".fseventsd",  # macOS: change log
        ".temporaryitems",  # macOS
        ".documentrevisions-v100",  # macOS: old versions
        "__macosx",  # macOS: resource forks out of a zip file
        "$recycle.bin",  # Windows: deleted files
        "recycler",  # Windows XP: deleted files
        "system volume information",  # Windows: restore points
        "lost+found",  # ext4: files recovered by fsck
        "@eadir",  # Synology: thumbnails
    }
)
_JUNK_DIRECTORY_PREFIXES = (".trash-",)  # freedesktop.org: deleted files of one user

_JUNK_NAMES = frozenset([name.encode("ascii") for name in _JUNK_FILES])
_PLAIN_BYTES = bytes([byte for byte in range(0x20, 0x7F) if byte not in b"/\\:"])

# pathspec does not know the POSIX classes that gitignore allows inside brackets.
_CHARACTER_CLASS = r"(?<!\\)\[:([a-z]+):\]"
_CHARACTERS = {
    "alnum": "a-zA-Z0-9",
    "alpha": "a-zA-Z",
    "blank": " \t",
    "digit": "0-9",
    "lower": "a-z",
    "space": " \t\r\n\v\f",
    "upper": "A-Z",
    "xdigit": "0-9a-fA-F",
}

# `[!a]` must not match `/`, which no pattern for pathspec can express: a NUL stands for it until the regex is made.
_NEGATED_SET = r"(?<!\\)\[([!^])(?!\])"


class _Rule(NamedTuple):
    """One compiled pattern: `negated` is gitignore's `!`; `bounded` when a match ends where the entry ends."""

    regex: re.Pattern[str]
    negated: bool
    bounded: bool

    def matches(self, path: str) -> bool:
        """Whether the entry or a directory above it matches; `path` ends in `/` for a directory."""
        return self.regex.search(path) is not None

    def matches_itself(self, path: str) -> bool:
        """Whether the entry matches, whatever is above it; `path` ends in `/` for a directory."""
        if not self.bounded:
            return self.regex.search(path.removesuffix("/")) is not None
        return any(match.end() == len(path) for match in self.regex.finditer(path))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which files to take; sequences are kept as tuples.

    Raises TypeError for a value of the wrong type, UsageError for a pattern of `include` or `exclude` that can never
    match.
    """

    include: Sequence[str] = ()
    exclude: Sequence[str] = ()
    ignore_lines: Sequence[str] = ()
    hidden: bool = True
    keep_junk: bool = False
    _include: tuple[_Rule, ...] = field(init=False, repr=False, compare=False)
    _exclude: tuple[_Rule, ...] = field(init=False, repr=False, compare=False)
    _ignore: tuple[_Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("include", "exclude", "ignore_lines"):
            object.__setattr__(self, name, check_texts(getattr(self, name), name))
        for name in ("hidden", "keep_junk"):
            check_bool(getattr(self, name), name)
        object.__setattr__(self, "_include", _pattern_rules(self.include))
        object.__setattr__(self, "_exclude", _pattern_rules(self.exclude))
        object.__setattr__(self, "_ignore", tuple(_ignore_rules(self.ignore_lines)))

    @property
    def takes_plain_names(self) -> bool:
        """Whether every file with a plain name is taken that is in a taken directory."""
        return self.hidden and not (self._include or self._exclude or self._ignore)

    def verdict(self, path: tuple[str, ...], is_directory: bool) -> Reason | None:
        """Return why the entry at `path` (components below the content) is left out; None takes it.

        Ask for a directory before anything beneath it, and for nothing beneath one that was left out.
        """
        name = path[-1]
        if not self.keep_junk and _is_junk(name, is_directory):
            return Reason.JUNK
        if not self.hidden and name.startswith("."):
            return Reason.HIDDEN
        if self._exclude or self._ignore or self._include:
            return self._verdict_of_patterns("/".join(path) + "/" * is_directory, is_directory)
        return None

    def _verdict_of_patterns(self, path: str, is_directory: bool) -> Reason | None:
        if any(rule.matches(path) for rule in self._exclude):
            return Reason.EXCLUDED
        decisive = next((rule for rule in reversed(self._ignore) if rule.matches_itself(path)), None)
        if decisive is not None and not decisive.negated:
            return Reason.IGNORED
        # A directory that does not match may still hold files that do.
        if self._include and not is_directory and not any(rule.matches(path) for rule in self._include):
            return Reason.NOT_INCLUDED
        return None


def only_matching(patterns: Sequence[str]) -> Selection:
    """Select everything that `patterns` match, junk and hidden files too."""
    return Selection(include=patterns, keep_junk=True)


def is_plain_name(name: bytes) -> bool:
    """Whether a file's name needs no further check: printable ASCII, safe on every system, no dot file, no junk.

    Cheap, because every file is asked; a name that is not plain may still be fine.
    """
    return not name.translate(None, _PLAIN_BYTES) and not name.startswith(b".") and name.lower() not in _JUNK_NAMES


def escape_pattern(name: str) -> str:
    """Return the pattern for `include` or `exclude` that matches exactly this name."""
    escaped = re.sub(r"([\\*?\[])", r"\\\1", name)
    return f"\\{escaped}" if escaped.startswith("!") else escaped


def _is_junk(name: str, is_directory: bool) -> bool:
    lower = name.lower()
    if is_directory:
        return lower in _JUNK_DIRECTORIES or lower.startswith(_JUNK_DIRECTORY_PREFIXES)
    return lower in _JUNK_FILES or lower.startswith(_JUNK_FILE_PREFIXES)


def _pattern_rules(patterns: Iterable[str]) -> tuple[_Rule, ...]:
    rules = []
    for pattern in patterns:
        if pattern.startswith("!"):
            raise UsageError(
                f"pattern {quoted(pattern)} must not start with `!`",
                code="pattern-negated",
                hint=f"Use \\{pattern} for a name that starts with `!`; only ignore files can negate a pattern.",
                pattern=pattern,
            )
        rule = _compile(_as_ignore_line(pattern))
        if rule is None:
            raise UsageError(
                f"pattern {quoted(pattern)} cannot match any file",
                code="pattern-matches-nothing",
                hint="Use a name, or a glob such as '*.txt' or 'docs/**'; `\\[` for a bracket in a name.",
                pattern=pattern,
            )
        rules.append(rule)
    return tuple(rules)


def _as_ignore_line(pattern: str) -> str:
    """Rewrite a pattern for gitignore, where `#` and a space at the end have meanings that they do not have here."""
    line = pattern.removeprefix("./")
    if line[-1:].isspace() and not line.endswith("\\ "):
        line = f"{line[:-1]}[{line[-1]}]"
    return f"\\{line}" if line.startswith("#") else line


def _ignore_rules(lines: Iterable[str]) -> Iterator[_Rule]:
    for line in lines:
        rule = _compile(line.rstrip("\r\n"))
        if rule is not None:
            yield rule


def _compile(line: str) -> _Rule | None:
    """Translate one line of gitignore; None for a blank line, a comment, and a pattern that never matches."""
    # Imported late: it takes 20 ms.
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        text, takes = GitIgnoreSpecPattern.pattern_to_regex(_spell_for_pathspec(line))
        if text is None or takes is None:
            return None
        regex = _compile_regex(text)
    except (ValueError, re.error):
        return None
    return _Rule(regex, negated=not takes, bounded=bool(regex.groups))


def _spell_for_pathspec(line: str) -> str:
    """Rewrite gitignore syntax that pathspec interprets differently from git."""
    line = re.sub(_CHARACTER_CLASS, lambda named: _CHARACTERS.get(named[1], named[0]), line)
    line = re.sub(_NEGATED_SET, r"[\1\0", line)
    # Any directory below; pathspec would match the one above as well.
    return f"{line}*/" if line.endswith("/**/") else line


def _compile_regex(text: str) -> re.Pattern[str]:
    """Compile for names that may hold newlines: `.` matches one, and `$` is the end of the name, not before one."""
    text = text.replace("\0", "/")
    if text.endswith("|$)"):
        text = text.removesuffix("$)") + "\\Z)"
    with warnings.catch_warnings():
        # Python warns that `[[a]` and `[a||b]` may change their meaning; today both are sets of characters.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(text, re.DOTALL)
