"""How the hashing is done, for `mkt --version -v` and `mkt create -v`."""

from __future__ import annotations

from pathlib import Path

from mktorrent_py.hashing.hasher import default_threads
from mktorrent_py.hashing.kernel import description
from mktorrent_py.hashing.rotational import is_rotating


def kernel_lines() -> list[str]:
    """The kernels in use, those this processor could run, and why none is compiled where that is so."""
    kernel = description()
    lines = [f"SHA-1    {kernel.sha1}", f"SHA-256  {kernel.sha256}"]
    if kernel.available:
        lines.append(f"could be {', '.join((*kernel.available, 'hashlib'))} (MKT_KERNEL)")
    if kernel.absent:
        lines.append(f"no compiled kernel: {kernel.absent}")
    return lines


def hashing_line(root: Path | None, threads: int) -> str:
    """Kernels, threads, and the order in which the files below `root` are read; None stands for a stream."""
    kernel = description()
    count = threads or default_threads()
    workers = f"{count} thread{'' if count == 1 else 's'}"
    return f"SHA-1 by {kernel.sha1}, SHA-256 by {kernel.sha256}, {workers}, reading {_order(root)}"


def _order(root: Path | None) -> str:
    if root is None:
        return "a stream"
    return "one place after another" if is_rotating(root) else "several places at once"
