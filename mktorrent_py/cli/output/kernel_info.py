"""How content is hashed, for `mkt --version -v` and `mkt create -v`."""

from __future__ import annotations

from pathlib import Path

from mktorrent_py.hashing import default_threads, description, is_rotating


def kernel_lines() -> list[str]:
    """Return the kernels in use, those that this processor can run, and why none is compiled if so."""
    kernel = description()
    lines = [f"SHA-1    {kernel.sha1}", f"SHA-256  {kernel.sha256}"]
    if kernel.available:
        lines.append(f"available {', '.join((*kernel.available, 'hashlib'))} (MKT_KERNEL)")
    if kernel.absent:
        lines.append(f"no compiled kernel: {kernel.absent}")
    return lines


def hashing_line(root: Path | None, threads: int) -> str:
    """Return kernels, threads, and the order in which files below `root` are read; None stands for a stream."""
    kernel = description()
    count = threads or default_threads()
    workers = f"{count} thread{'' if count == 1 else 's'}"
    return f"SHA-1 by {kernel.sha1}, SHA-256 by {kernel.sha256}, {workers}, reading {_order(root)}"


def _order(root: Path | None) -> str:
    if root is None:
        return "a stream"
    return "files in sequence" if is_rotating(root) else "files in parallel"
