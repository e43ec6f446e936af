"""Path components that are unsafe on some system, and are refused in reading and writing."""

from __future__ import annotations

import re

from mktorrent_py.formatting import MAX_SHOWN, brief, printable

_SEPARATOR = re.compile(r"[/\\\0]")
_RESERVED = re.compile(r"\.{0,2}|[A-Za-z]:")
_REASONS = {
    "": "is empty",
    ".": "is the directory itself",
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
    """Join a path for a message; one that is too long is cut in the middle."""
    few = components if len(components) <= MAX_SHOWN else components[:MAX_SHOWN] + components[-MAX_SHOWN:]
    return brief("/".join(few))


def display_path(components: tuple[str, ...]) -> str:
    """Join a path with slashes and make it printable."""
    return printable("/".join(components))
