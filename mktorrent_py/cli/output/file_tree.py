"""The files of a torrent as a tree or a flat numbered list, within the width of the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mktorrent_py.cli.output import console, table
from mktorrent_py.formatting import human_size
from mktorrent_py.metainfo import File, PathComponents, display_path

SIZE_WIDTH = 10
GAP = "  "
MIN_NAME_WIDTH = 12
MAX_DEPTH = 16
"""Levels of directories that are indented; deeper paths are on one line, since the terminal ends anyway."""

ATTRIBUTES = {"x": "executable", "h": "hidden"}


@dataclass(slots=True)
class Directory:
    """A directory of the tree; `length` counts all bytes below it."""

    entries: list[tuple[str, Directory | File]] = field(default_factory=list)
    directories: dict[str, Directory] = field(default_factory=dict)
    length: int = 0

    def enter(self, name: str) -> Directory:
        found = self.directories.get(name)
        if found is None:
            found = self.directories[name] = Directory()
            self.entries.append((name, found))
        return found


def tree_lines(files: Iterable[File]) -> Iterator[str]:
    """Yield a line for each directory and file: its size, then its indented name."""
    stack = [iter(_gather(files).entries)]
    width = console.terminal_width()
    while stack:
        entry = next(stack[-1], None)
        if entry is None:
            stack.pop()
            continue
        name, node = entry
        indent = GAP * (len(stack) - 1)
        room = max(width - SIZE_WIDTH - 2 * len(GAP) - len(indent), MIN_NAME_WIDTH)
        if isinstance(node, Directory):
            shown = console.paint(console.shown_path(name, room - 1) + "/", "path", sys.stdout)
            stack.append(iter(node.entries))
        else:
            shown = _described(name, node, room)
        yield f"{table.MARGIN}{human_size(node.length):>{SIZE_WIDTH}}{GAP}{indent}{shown}"


def flat_lines(files: tuple[File, ...]) -> Iterator[str]:
    """Yield a line for each file: its number from 0, as `mkt magnet --select` counts, its size, its path."""
    digits = len(str(len(files) - 1))
    room = console.terminal_width() - SIZE_WIDTH - digits - 3 * len(GAP)
    for number, file in enumerate(files):
        shown = _described("/".join(file.path), file, max(room, MIN_NAME_WIDTH))
        yield f"{table.MARGIN}{number:>{digits}}{human_size(file.length):>{SIZE_WIDTH + 1}}{GAP}{shown}"


def _gather(files: Iterable[File]) -> Directory:
    root = Directory()
    for file in files:
        *above, name = _folded(file.path)
        place = root
        for component in above:
            place = place.enter(component)
            place.length += file.length
        place.entries.append((name, file))
    return root


def _folded(path: PathComponents) -> PathComponents:
    return path if len(path) <= MAX_DEPTH else (*path[:MAX_DEPTH], "/".join(path[MAX_DEPTH:]))


def _described(name: str, file: File, room: int) -> str:
    if file.symlink is None and not file.attributes:
        return console.shown_path(name, room)
    words = [ATTRIBUTES[letter] for letter in file.attributes if letter in ATTRIBUTES]
    remark = f" ({', '.join(words)})" if words else ""
    target = f" -> {display_path(file.symlink)}" if file.symlink is not None else ""
    return console.shorten(console.shown_path(name, room) + target + remark, max(room, MIN_NAME_WIDTH))
