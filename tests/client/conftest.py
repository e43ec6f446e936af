"""Fixtures of the tests of seeding and downloading."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from loopback import Tracker

SECONDS = 100

if find_spec("libtorrent") is None and os.environ.get("MKT_REQUIRE_JUDGES") != "1":
    # There is no wheel for this Python, and the tests cannot be imported without.
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def time_limit() -> Iterator[None]:
    """Fail the test, wherever it is, after a time limit."""

    def give_up(*_: object) -> None:
        pytest.fail(f"not done in {SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture
def tracker() -> Iterator[Tracker]:
    from loopback import Tracker  # needs libtorrent, without which other tests may still run

    tracker = Tracker()
    yield tracker
    tracker.close()
