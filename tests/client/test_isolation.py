"""The tests against other clients run where nothing else can be reached, at least in CI."""

from __future__ import annotations

import errno
import os
import socket

import pytest
from loopback import interfaces_up

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(os.environ.get("MKT_ISOLATED") != "1", reason="MKT_ISOLATED does not ask for it"),
]
SOMEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses for documentation; nothing is sent to them."""


def test_nothing_but_loopback_is_up() -> None:
    assert interfaces_up() == {"lo"}


@pytest.mark.parametrize("family", SOMEWHERE, ids=lambda family: family.name)
def test_there_is_no_way_out(family: socket.AddressFamily) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as probe, pytest.raises(OSError) as caught:
        probe.connect((SOMEWHERE[family], 9))
    assert caught.value.errno in (errno.ENETUNREACH, errno.EADDRNOTAVAIL)
