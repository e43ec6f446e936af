"""What tests that start programs share."""

from __future__ import annotations

import socket
import sys

MKT = (sys.executable, "-m", "mktorrent_py")
"""The command, whether or not its script is installed where these tests run."""


def free_port() -> int:
    """Return a port of the loopback address that is free for TCP and, very likely, for UDP."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
