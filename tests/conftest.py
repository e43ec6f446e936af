"""What every test stands on."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """A shell that runs the tests in the background has interrupts ignored: what a test starts would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
