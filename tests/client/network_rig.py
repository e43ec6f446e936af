"""A network of its own for a test: loopback, two cables out of it, and who listens at their far ends.

Only the thread that runs the test lives in it, with what that starts: its threads and its processes.
"""

from __future__ import annotations

import ctypes
import shutil
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple, ParamSpec, TypeVar

import judges

P = ParamSpec("P")
T = TypeVar("T")
NEAR, OTHER = "10.77.0.1", "10.88.0.1"
"""Our addresses on the cables `near` and `other`; what is bound to neither goes over `near`."""

_CLONE_NEWNET = 0x40000000
_ETH_P_ALL = 3
_SET_UP = f"""
link set lo up
link add near type veth peer name far
link add other type veth peer name farther
link set near addrgenmode none
link set far addrgenmode none
link set other addrgenmode none
link set farther addrgenmode none
link set near up
link set far up
link set other up
link set farther up
addr add {NEAR}/24 dev near
addr add {OTHER}/24 dev other
neigh add 10.77.0.2 lladdr 02:00:00:00:00:02 dev near nud permanent
neigh add 10.88.0.2 lladdr 02:00:00:00:00:03 dev other nud permanent
route add default via 10.77.0.2 dev near
route add default via 10.88.0.2 dev other metric 50
"""
"""Without an IPv6 address of its own, as the kernel itself would send packets then."""


class OwnNetwork:
    """Return whether this user and this kernel support it."""

    name = "a network namespace with iproute2 (it takes root)"

    def available(self) -> bool:
        try:
            return shutil.which("ip") is not None and _play(lambda: True)
        except (OSError, subprocess.CalledProcessError):
            return False


def in_own_network(scene: Callable[P, T]) -> Callable[P, T]:
    """Wrap a scene to run in a network of its own; the test is skipped where there can be none."""
    judges.require(OwnNetwork())
    return partial(_play, scene)


def _play(scene: Callable[P, T], *words: P.args, **options: P.kwargs) -> T:
    def run() -> T:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(_CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "unshare")
        ip(_SET_UP)
        return scene(*words, **options)

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(run).result()


def ip(commands: str) -> None:
    """Run commands of ip, one a line, in this network."""
    subprocess.run(["ip", "-batch", "-"], input=commands, text=True, check=True, capture_output=True)


class Datagram(NamedTuple):
    """A packet on a link: `kind` is tcp, udp or the number of another protocol."""

    kind: str
    source: str
    target: str
    port: int


class Wire:
    """Captures packets at the far end of a link."""

    def __init__(self, interface: str = "far") -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_ETH_P_ALL))
        self._socket.bind((interface, 0))
        self._socket.setblocking(False)
        self.heard: set[Datagram] = set()

    def listen(self, seconds: float = 0.0) -> set[Datagram]:
        """Return all packets so far."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                frame = self._socket.recv(65536)
            except OSError:
                # Nothing more to hear for now, or the cable was cut.
                if time.monotonic() >= deadline:
                    return self.heard
                time.sleep(0.02)
                continue
            if frame[12:14] == b"\x08\x00":
                self.heard.add(_datagram(frame[14:]))

    def listen_for(self, ports: set[int], seconds: float) -> bool:
        """Return whether a UDP packet went to each of these in that time."""
        deadline = time.monotonic() + seconds
        while not ports <= {each.port for each in self.listen() if each.kind == "udp"}:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        return True

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def _datagram(packet: bytes) -> Datagram:
    length, protocol = (packet[0] & 15) * 4, packet[9]
    source, target = (socket.inet_ntoa(packet[at : at + 4]) for at in (12, 16))
    kind = {6: "tcp", 17: "udp"}.get(protocol, str(protocol))
    port = struct.unpack("!H", packet[length + 2 : length + 4])[0] if kind in ("tcp", "udp") else 0
    return Datagram(kind, source, target, port)
