"""Set-up for every test: how Hypothesis runs, signals, and which kernels the tests cannot try here."""

from __future__ import annotations

import signal

from hypothesis import HealthCheck, settings

# A busy machine must not fail a test: no deadline, and slow data is no fault. A failure prints how to repeat it.
settings.register_profile("mkt", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("mkt")


def pytest_configure() -> None:
    """A shell that runs the tests in the background has interrupts ignored: what a test starts would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Name the kernels that this build or processor lacks: no test here has tried them."""
    from mktorrent_py.hashing import kernel

    runs = kernel.description().available
    absent = [name for name in kernel.KERNEL_NAMES if name not in runs]
    return f"kernels: {', '.join(runs) or 'none'}; not tested here: {', '.join(absent) or 'none'}"
