"""Says in one line what to do where libtorrent is missing; every other room of this package imports it freely."""

from __future__ import annotations

import sys
from importlib.util import find_spec

from mktorrent_py.errors import UsageError


def require_libtorrent() -> None:
    """Raises UsageError where libtorrent cannot be imported."""
    if find_spec("libtorrent") is None:
        raise UsageError("seeding and fetching need libtorrent, which is not installed here", hint=_cure())


def _cure() -> str:
    if sys.version_info >= (3, 14):
        return "It has no wheel for Python 3.14 yet: run mkt with Python 3.11, 3.12 or 3.13."
    return "Install it with: python -m pip install 'libtorrent>=2.0.14,!=2.1.0,<2.2'"
