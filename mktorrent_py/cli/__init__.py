"""The command line: `main` runs a verb and returns an exit code. No other package imports this one."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

VERSION_WORDS = {"--version", "-V", "-v", "--verbose"}


def entry() -> NoReturn:
    """Run `main` as the `mkt` command, and end the process with its exit code.

    A verb that does one thing and ends leaves no cycles worth collecting: it runs without the garbage collector, and
    its 200,000 file objects go with the process instead of one by one. A verb that runs for long turns it on again.
    """
    gc.disable()
    code = main()
    if gc.isenabled():
        sys.exit(code)
    _flush()
    os._exit(code)


def _flush() -> None:
    """Flush the streams; `main` has reported what cannot be written."""
    from mktorrent_py.cli.output import streams

    streams.hush_stdout()
    streams.hush_stderr()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `mkt` and return its exit code. `--version` alone is answered before anything slow is imported."""
    try:
        return _main(list(sys.argv[1:] if arguments is None else arguments))
    except KeyboardInterrupt:
        # It came while modules were imported, before the verb could report it.
        print("mkt: interrupted", file=sys.stderr)
        return 130


def _main(words: list[str]) -> int:
    from mktorrent_py.cli.output import streams

    streams.prepare()
    if words and set(words) <= VERSION_WORDS and ("--version" in words or "-V" in words):
        from mktorrent_py.cli.version import print_version

        return print_version(verbose=len(words) > 1)
    from mktorrent_py.cli.app import run

    return run(words)
