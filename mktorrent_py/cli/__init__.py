"""The shell's side: `main` runs a verb and turns what happens into words and an exit code. Nobody imports this room."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

VERSION_WORDS = {"--version", "-V", "-v", "--verbose"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `mkt` and return its exit code. `--version` is answered before anything slow is imported."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words and set(words) <= VERSION_WORDS and ("--version" in words or "-V" in words):
        return _print_version(verbose=len(words) > 1)
    from mktorrent_py.cli.app import run

    return run(words)


def _print_version(*, verbose: bool) -> int:
    from mktorrent_py import __version__

    lines = [f"mkt {__version__}"]
    if verbose:
        from mktorrent_py.hashing.kernel import description

        lines += description().lines()
    try:
        print("\n".join(lines), flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
