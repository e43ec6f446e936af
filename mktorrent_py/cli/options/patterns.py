"""Globs of the command line, checked where the option that they came from is known."""

from __future__ import annotations

from collections.abc import Sequence

from mktorrent_py.errors import UsageError


def check_patterns(patterns: Sequence[str], option: str) -> tuple[str, ...]:
    """Return the patterns as a tuple. Raises UsageError, which names `option`, for one that can never match."""
    if patterns:
        # Imported late: only options with patterns need it.
        from mktorrent_py.content import only_matching

        try:
            only_matching(patterns)
        except UsageError as error:
            raise UsageError(f"{option}: {error.message}", code=error.code, hint=error.hint, **error.data) from None
    return tuple(patterns)
