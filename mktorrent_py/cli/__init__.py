"""The shell's side: `main` runs a verb and turns what happens into words and an exit code. Nobody imports this room."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mktorrent_py.errors import TorrentError

VERSION_WORDS = {"--version", "-V", "-v", "--verbose"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `mkt` and return its exit code. `--version` is answered before anything slow is imported."""
    try:
        return _main(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        # It came before the verb could answer for itself: while modules were imported.
        print("mkt: interrupted", file=sys.stderr)
        return 130


def _main(words: list[str]) -> int:
    from mktorrent_py.cli import streams

    streams.prepare()
    if words and set(words) <= VERSION_WORDS and ("--version" in words or "-V" in words):
        return _print_version(verbose=len(words) > 1)
    from mktorrent_py.cli.app import run

    return run(words)


def _print_version(*, verbose: bool) -> int:
    from mktorrent_py import __version__

    try:
        print(f"mkt {__version__}", flush=True)
        if verbose:
            from mktorrent_py.cli.how import kernel_lines

            print("\n".join(kernel_lines()), flush=True)
    except (OSError, TorrentError) as error:
        from mktorrent_py.cli.failure import end_with

        return end_with(error, [], debug=False)
    return 0
