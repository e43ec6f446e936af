"""Which path components are unsafe anywhere, and must neither be written nor read into a path."""

from __future__ import annotations

import re

from mktorrent_py.formatting import MAX_SHOWN, brief, printable

_SEPARATOR = re.compile(r"[/\\\0]")
_RESERVED = re.compile(r"\.{0,2}|[A-Za-z]:")
_REASONS = {
    "": "is empty",
    ".": "names the directory itself",
    "..": "would leave the directory",
    "/": "contains a slash",
    "\\": "contains a backslash, which separates directories on Windows",
    "\0": "contains a NUL",
}


def unsafe_reason(component: str) -> str | None:
    """Why a component could lead out of its directory on some system; None when it is safe."""
    found = _SEPARATOR.search(component) or _RESERVED.fullmatch(component)
    if found is None:
        return None
    return _REASONS.get(found.group(), "is a drive letter")


def brief_path(components: tuple[str, ...]) -> str:
    """A path for a message, cut in the middle when it is too long."""
    few = components if len(components) <= MAX_SHOWN else components[:MAX_SHOWN] + components[-MAX_SHOWN:]
    return brief("/".join(few))


def display_path(components: tuple[str, ...]) -> str:
    """A path as people read it: joined with slashes, made printable."""
    return printable("/".join(components))
