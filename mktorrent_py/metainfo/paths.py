"""Which path components are unsafe anywhere, and must neither be written nor read into a path."""

from __future__ import annotations

import re

_SEPARATOR = re.compile(r"[/\\\0]")
_RESERVED = re.compile(r"\.{0,2}|[A-Za-z]:")
IDEOGRAPHIC_SPACE = "\u3000"
"""Not printable to Python, and as common in Japanese names as a space is in others."""

MAX_SHOWN = 160
"""Characters of a torrent's own text that a message repeats."""

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


def printable(text: str) -> str:
    """The text with everything that is not printable, and undecodable bytes, as backslash escapes.

    Control, bidi and zero-width characters from a torrent never reach a terminal or a message as themselves.
    """
    if text.isprintable():
        return text
    return "".join([char if char.isprintable() or char == IDEOGRAPHIC_SPACE else _escape(char) for char in text])


def printable_bytes(raw: bytes) -> str:
    """A key or text as it was read, made printable."""
    return printable(raw.decode("utf-8", "surrogateescape"))


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    return char.encode("unicode_escape").decode("ascii")


def brief(text: str) -> str:
    """The text made printable; one too long for a message is cut in the middle."""
    return printable(text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN // 2]}…{text[1 - MAX_SHOWN // 2 :]}")


def quoted(text: str) -> str:
    """What somebody said, as a message repeats it: printable, brief, and with its backslashes as they are."""
    return f"'{brief(text)}'"


def brief_path(components: tuple[str, ...]) -> str:
    """A path for a message, cut in the middle when it is too long."""
    few = components if len(components) <= MAX_SHOWN else components[:MAX_SHOWN] + components[-MAX_SHOWN:]
    return brief("/".join(few))


def display_path(components: tuple[str, ...]) -> str:
    """A path as people read it: joined with slashes, made printable."""
    return printable("/".join(components))
