"""The shell's side: `main` runs a verb and turns what happens into words and an exit code. Nobody imports this room."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

VERSION_WORDS = {"--version", "-V", "-v", "--verbose"}
LONG_LIVED = {"seed", "fetch", "track", "--seed"}


def entry() -> NoReturn:
    """The `mkt` command: run `main` on the arguments and end the process with its exit code.

    A verb that does one thing and ends leaves no cycles worth looking for: it runs without the garbage collector, and
    the objects of its 200,000 files go with the process instead of one by one.
    """
    if LONG_LIVED.intersection(sys.argv):
        sys.exit(main())
    gc.disable()
    code = main()
    _flush()
    os._exit(code)


def _flush() -> None:
    """What was said and cannot be written is lost: `main` has told of it already, in words or by its exit code."""
    from mktorrent_py.cli.output import streams

    streams.hush_stdout()
    streams.hush_stderr()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `mkt` and return its exit code. `--version` is answered before anything slow is imported."""
    try:
        return _main(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        # It came before the verb could answer for itself: while modules were imported.
        print("mkt: interrupted", file=sys.stderr)
        return 130


def _main(words: list[str]) -> int:
    from mktorrent_py.cli.output import streams

    streams.prepare()
    if words and set(words) <= VERSION_WORDS and ("--version" in words or "-V" in words):
        return _print_version(verbose=len(words) > 1)
    from mktorrent_py.cli.app import run

    return run(words)


def _print_version(*, verbose: bool) -> int:
    from mktorrent_py import __version__
    from mktorrent_py.errors import TorrentError

    try:
        print(f"mkt {__version__}", flush=True)
        if verbose:
            from mktorrent_py.cli.output.kernel_info import kernel_lines

            print("\n".join(kernel_lines()), flush=True)
    except (OSError, TorrentError) as error:
        from mktorrent_py.cli.exit import end_with

        return end_with(error, [], debug=False)
    return 0
