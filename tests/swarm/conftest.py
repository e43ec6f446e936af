"""What the tests against other clients stand on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from loopback import Tracker

SECONDS = 100


@pytest.fixture
def time_limit() -> Iterator[None]:
    """The test fails, wherever it is, when its time is over."""

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
