"""Directories to scan, and what to ask of a scan."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mktorrent_py.content.scan import Content, Reason, ScanOptions, Symlinks

PLAIN = ScanOptions()
SKIP = ScanOptions(symlinks=Symlinks.SKIP)
STORE = ScanOptions(symlinks=Symlinks.STORE)


def plant(top: Path, *paths: str) -> Path:
    """Create files that hold their own path, so that no two are of one size by accident."""
    for path in paths:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(path)
    return top


def paths(content: Content) -> list[str]:
    return ["/".join(file.path) for file in content.files]


def reasons(content: Content) -> dict[str, Reason]:
    assert len({left.path for left in content.left_out}) == len(content.left_out)
    return {left.path: left.reason for left in content.left_out}


class Shuffled(list[os.DirEntry[bytes]]):
    def __enter__(self) -> Shuffled:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def shuffled_scandir(seed: int) -> Callable[[bytes], Shuffled]:
    real = os.scandir

    def scandir(path: bytes) -> Shuffled:
        with real(path) as found:
            entries = Shuffled(found)
        random.Random(seed).shuffle(entries)
        return entries

    return scandir


@contextmanager
def as_nobody(path: Path) -> Iterator[None]:
    """Give up root for a while, who may read everything, but keep the way to `path` open."""
    if os.geteuid() != 0:
        yield
        return
    modes = {above: above.stat().st_mode & 0o7777 for above in (path, *path.parents)}
    closed = {above: mode for above, mode in modes.items() if mode & 0o055 != 0o055}
    for above, mode in closed.items():
        above.chmod(mode | 0o055)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)
        for above, mode in closed.items():
            above.chmod(mode)
