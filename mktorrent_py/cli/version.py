"""Prints the version, without importing anything slow."""

from __future__ import annotations

from mktorrent_py import __version__
from mktorrent_py.errors import TorrentError


def print_version(*, verbose: bool) -> int:
    """Print the version, and with `verbose` the hashing kernels; return the exit code."""
    try:
        print(f"mkt {__version__}", flush=True)
        if verbose:
            from mktorrent_py.cli.output.kernel_info import kernel_lines

            print("\n".join(kernel_lines()), flush=True)
    except (OSError, TorrentError) as error:
        from mktorrent_py.cli.exit import end_with
        from mktorrent_py.cli.invocation import Invocation

        return end_with(error, Invocation())
    return 0
