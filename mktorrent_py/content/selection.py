"""Which files of a directory belong to the content, by their paths alone.

One rule, in this order; the first that speaks decides:

1. Junk is left out unless `keep_junk`: what an operating system strews about by itself, and nobody would miss (the
   tables below are the whole rule). Version control directories, dot files and unfinished downloads are not junk.
2. Dot files and dot directories are left out when `hidden` is false.
3. `exclude`: a matching file is left out, a matching directory with all beneath it.
4. `ignore_lines`: the lines of an ignore file, by the rules of gitignore: the last line that matches decides, `!` takes
   back, and nothing beneath an ignored directory can be taken back.
5. `include`: when given, only matching files and those beneath matching directories stay.

A pattern is matched against the path below the content, case-sensitively, as gitignore does it: without a `/` (but for
one at its end) it matches a name at any depth; with one it starts at the content; `*` and `?` stop at `/`, `**` does
not; `[a-z]` is one character; a `/` at the end asks for a directory; `\\` takes the next character as it is.
`include` and `exclude` know no `!` and no comments.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted


class Reason(StrEnum):
    """Why something is not in the content; the value is the phrase a person reads, the name is stable."""

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
        ".ds_store",  # macOS Finder: how a folder was last looked at
        ".apdisk",  # macOS: file sharing state
        "icon\r",  # macOS: custom icon of a folder
        "thumbs.db",  # Windows Explorer: thumbnails
        "ehthumbs.db",  # Windows Media Center: thumbnails
        "desktop.ini",  # Windows Explorer: how a folder looks
        ".directory",  # KDE: how a folder looks
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
        "lost+found",  # ext4: what fsck found
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

# `[!a]` must not match `/`, which no pattern can say to pathspec: a NUL stands for it until there is a regex.
_NEGATED_SET = r"(?<!\\)\[([!^])(?!\])"


class _Rule(NamedTuple):
    """One compiled pattern: `takes_back` is gitignore's `!`; `bounded` when a match says where the entry ends."""

    regex: re.Pattern[str]
    takes_back: bool
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
    """What to take. Raises UsageError for a pattern of `include` or `exclude` that could never match."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ignore_lines: tuple[str, ...] = ()
    hidden: bool = True
    keep_junk: bool = False
    _include: tuple[_Rule, ...] = field(init=False, repr=False, compare=False)
    _exclude: tuple[_Rule, ...] = field(init=False, repr=False, compare=False)
    _ignore: tuple[_Rule, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_include", tuple(_option_rules("--include", self.include)))
        object.__setattr__(self, "_exclude", tuple(_option_rules("--exclude", self.exclude)))
        object.__setattr__(self, "_ignore", tuple(_ignore_rules(self.ignore_lines)))

    @property
    def takes_plain_names(self) -> bool:
        """Whether every file with a plain name is taken, wherever it lies in directories that are."""
        return self.hidden and not (self._include or self._exclude or self._ignore)

    def verdict(self, path: tuple[str, ...], is_directory: bool) -> Reason | None:
        """Why the entry at `path` (components below the content) is left out; None takes it.

        To be asked for a directory before anything beneath it, and for nothing beneath one that was left out.
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
        if decisive is not None and not decisive.takes_back:
            return Reason.IGNORED
        # A directory that does not match may still hold files that do.
        if self._include and not is_directory and not any(rule.matches(path) for rule in self._include):
            return Reason.NOT_INCLUDED
        return None


def only_matching(patterns: tuple[str, ...], option: str) -> Selection:
    """All that `patterns` match, junk and hidden files too; a pattern that could match nothing is one of `option`."""
    for _ in _option_rules(option, patterns):
        pass
    return Selection(include=patterns, keep_junk=True)


def is_plain_name(name: bytes) -> bool:
    """Whether nothing is to be said of a file's name: printable ASCII, safe on every system, no dot file, no junk.

    Cheap, because it is asked of every file; of a name that is not plain it says nothing.
    """
    return not name.translate(None, _PLAIN_BYTES) and not name.startswith(b".") and name.lower() not in _JUNK_NAMES


def escape_pattern(name: str) -> str:
    """The pattern for `include` or `exclude` that matches exactly this name."""
    escaped = re.sub(r"([\\*?\[])", r"\\\1", name)
    return f"\\{escaped}" if escaped.startswith("!") else escaped


def _is_junk(name: str, is_directory: bool) -> bool:
    lower = name.lower()
    if is_directory:
        return lower in _JUNK_DIRECTORIES or lower.startswith(_JUNK_DIRECTORY_PREFIXES)
    return lower in _JUNK_FILES or lower.startswith(_JUNK_FILE_PREFIXES)


def _option_rules(option: str, patterns: Iterable[str]) -> Iterator[_Rule]:
    for pattern in patterns:
        if pattern.startswith("!"):
            raise UsageError(
                f"{option} {quoted(pattern)}: a pattern here cannot begin with `!`",
                hint=f"Write \\{pattern} for a name that begins so; an ignore file can take back with `!`.",
            )
        rule = _compile(_as_ignore_line(pattern))
        if rule is None:
            raise UsageError(
                f"{option} {quoted(pattern)} is not a pattern that could match anything",
                hint="Write a name, or a glob such as '*.txt' or 'docs/**'; `\\[` for a name with a bracket in it.",
            )
        yield rule


def _as_ignore_line(pattern: str) -> str:
    """Write a pattern of the command line as gitignore would have it: `#`, a space at the end and `./` mean nothing."""
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
    """Translate one line of gitignore; None for a blank line, a comment, and what gitignore says never matches."""
    # 20 ms that only those pay who have patterns.
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        text, takes = GitIgnoreSpecPattern.pattern_to_regex(_spell_for_pathspec(line))
        if text is None or takes is None:
            return None
        regex = _compile_regex(text)
    except (ValueError, re.error):
        return None
    return _Rule(regex, takes_back=not takes, bounded=bool(regex.groups))


def _spell_for_pathspec(line: str) -> str:
    """Say what pathspec reads otherwise than git in words both read alike."""
    line = re.sub(_CHARACTER_CLASS, lambda named: _CHARACTERS.get(named[1], named[0]), line)
    line = re.sub(_NEGATED_SET, r"[\1\0", line)
    # Any directory below, which pathspec takes for the one above.
    return f"{line}*/" if line.endswith("/**/") else line


def _compile_regex(text: str) -> re.Pattern[str]:
    """Names may hold newlines: `.` crosses them, and the end of a name is its end, not the newline before it."""
    text = text.replace("\0", "/")
    if text.endswith("|$)"):
        text = text.removesuffix("$)") + "\\Z)"
    with warnings.catch_warnings():
        # `[[a]` and `[a||b]` mean today what they say, a set of characters.
        warnings.simplefilter("ignore", FutureWarning)
        return re.compile(text, re.DOTALL)
