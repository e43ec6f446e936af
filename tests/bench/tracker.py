"""Announces per second: this tracker, opentracker and bittorrent-tracker (npm), one core each, the client on another.

    python tests/bench/tracker.py [--seconds 5] [--peers 1000000] [--swarms 10000]

Needs Linux. opentracker comes from Debian; bittorrent-tracker from `npm install bittorrent-tracker`, found through
MKT_NPM (the directory that holds node_modules). What is missing is left out, and said so.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote_from_bytes

from mktorrent_py.tracker.protocol.messages import Announce
from mktorrent_py.tracker.swarms.registry import SwarmLimits, SwarmRegistry

SERVER_CORE, CLIENT_CORE = 0, 1
INFOHASHES = [random.Random(number).randbytes(20) for number in range(100)]
UDP_WINDOW = 64
HTTP_CONNECTIONS = 32


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def udp_connection(sock: socket.socket) -> int:
    sock.send(struct.pack("!QII", 0x41727101980, 0, 7))
    return int(struct.unpack("!IIQ", sock.recv(2048))[2])


def measure_udp(port: int, seconds: float) -> float:
    """Announces a second over UDP, with a fixed number in flight."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("127.0.0.1", port))
        sock.settimeout(2)
        connection = udp_connection(sock)
        requests = [udp_announce(connection, number) for number in range(4096)]
        answered, sent, started = 0, 0, time.perf_counter()
        for _ in range(UDP_WINDOW):
            sock.send(requests[sent % 4096])
            sent += 1
        while (now := time.perf_counter()) - started < seconds:
            with suppress(TimeoutError):
                sock.recv(4096)
                answered += 1
            sock.send(requests[sent % 4096])
            sent += 1
        return answered / (now - started)


def udp_announce(connection: int, number: int) -> bytes:
    infohash, peer_id = INFOHASHES[number % len(INFOHASHES)], b"-XX0001-%012d" % number
    return struct.pack(
        "!QII20s20sQQQIIIiH",
        connection,
        1,
        number,
        infohash,
        peer_id,
        0,
        number % 2 * 1000,
        0,
        0,
        0,
        0,
        50,
        1024 + number,
    )


def measure_http(port: int, seconds: float, *, keep_alive: bool) -> float:
    """Announces a second over HTTP, one in flight on each of a few connections."""
    requests = [http_announce(number, keep_alive) for number in range(4096)]
    answered, started = 0, time.perf_counter()
    poll = select.epoll()
    connections: dict[int, socket.socket] = {}
    for number in range(HTTP_CONNECTIONS):
        connect(port, requests[number], connections, poll)
    while (now := time.perf_counter()) - started < seconds:
        for descriptor, _ in poll.poll(1):
            answered += turn(descriptor, port, requests[answered % 4096], connections, poll, keep_alive)
    for connection in connections.values():
        connection.close()
    poll.close()
    return answered / (now - started)


def turn(
    descriptor: int, port: int, request: bytes, connections: dict[int, socket.socket], poll: select.epoll, keep: bool
) -> int:
    """Take one answer and ask again; returns how many answers that were."""
    try:
        got = connections[descriptor].recv(65536)
    except ConnectionResetError:
        got = b""
    if got and keep:
        connections[descriptor].send(request)
        return 1
    if got:
        return 1
    poll.unregister(descriptor)
    connections.pop(descriptor).close()
    connect(port, request, connections, poll)
    return 0


def connect(port: int, request: bytes, connections: dict[int, socket.socket], poll: select.epoll) -> None:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connections[sock.fileno()] = sock
    poll.register(sock.fileno(), select.EPOLLIN)
    sock.send(request)


def http_announce(number: int, keep_alive: bool) -> bytes:
    infohash = quote_from_bytes(INFOHASHES[number % len(INFOHASHES)])
    connection = "keep-alive" if keep_alive else "close"
    return (
        f"GET /announce?info_hash={infohash}&peer_id=-XX0001-{number:012}&port={1024 + number}&uploaded=0&downloaded=0"
        f"&left={number % 2 * 1000}&compact=1&numwant=50 HTTP/1.1\r\nHost: tracker\r\nConnection: {connection}\r\n\r\n"
    ).encode()


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        ["taskset", "-c", str(SERVER_CORE), *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **options,  # type: ignore[call-overload]
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def memory_mb(process: subprocess.Popen[bytes]) -> float:
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    return 0.0


def report(name: str, command: list[str], port: int, seconds: float, **options: object) -> None:
    with running(command, **options) as process:
        wait_for(port)
        rates = [
            measured(process, lambda: measure_udp(port, seconds)),
            measured(process, lambda: measure_http(port, seconds, keep_alive=True)),
            measured(process, lambda: measure_http(port, seconds, keep_alive=False)),
        ]
        memory = memory_mb(process)
    print(f"{name:26}" + "".join(f"{rate:>22}" for rate in rates) + f"{memory:>9.0f} MB", flush=True)


def measured(process: subprocess.Popen[bytes], measure: Callable[[], float]) -> str:
    """Announces a second and, since other work may hold the core, those a second of the server's own CPU time."""
    used, started = cpu_seconds(process), time.perf_counter()
    rate = measure()
    elapsed, used = time.perf_counter() - started, cpu_seconds(process) - used
    return f"{rate:,.0f} ({rate * elapsed / max(used, 0.01):,.0f})"


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bench_ours(seconds: float) -> None:
    port = free_port()
    command = [
        str(Path(sys.executable).with_name("mkt")),
        "track",
        "-q",
        "--bind",
        "127.0.0.1",
        "--port",
        str(port),
        "--rate",
        "0",
    ]
    report("mkt track", command, port, seconds)


def bench_opentracker(seconds: float) -> None:
    if not shutil.which("opentracker"):
        print("opentracker                not installed")
        return
    port = free_port()
    with tempfile.TemporaryDirectory() as root:
        # Debian builds it to serve a whitelist, read from inside its chroot.
        whitelist = Path(root, "whitelist")
        whitelist.write_text("".join(f"{infohash.hex()}\n" for infohash in INFOHASHES))
        Path(root).chmod(0o755)
        command = ["opentracker", "-i", "127.0.0.1", "-p", str(port), "-P", str(port), "-d", root, "-w", "whitelist"]
        report("opentracker", command, port, seconds)


def bench_npm(seconds: float) -> None:
    modules = Path(os.environ.get("MKT_NPM", "."))
    if not (modules / "node_modules" / "bittorrent-tracker").exists():
        print("bittorrent-tracker (npm)   not installed")
        return
    port = free_port()
    # Its own command has no option that keeps UDP on loopback.
    script = (
        "import('bittorrent-tracker').then(({Server}) => new Server({http: true, udp: true, ws: false})"
        f".listen({port}, {{http: '127.0.0.1', udp: '127.0.0.1', udp6: '::1'}}))"
    )
    report("bittorrent-tracker (npm)", ["node", "-e", script], port, seconds, cwd=modules)


def bench_many_peers(peers: int, swarms: int) -> None:
    """Memory of each peer, and how announces fare in a full tracker against an empty one."""
    os.sched_setaffinity(0, {SERVER_CORE})
    infohashes = [random.Random(-number).randbytes(20) for number in range(swarms)]
    limits = SwarmLimits(lifetime=10**6, max_peers=peers * 2, max_swarms=swarms * 2)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    full = SwarmRegistry(limits, random.random)
    for number in range(peers):
        full.announce(peer(infohashes[number % swarms], number), 1_000_000)
    # As in life: peers announce again, which is when dictionaries make room for their order.
    for number in range(peers):
        full.announce(peer(infohashes[number % swarms], number), 1_000_050)
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(f"{peers:,} peers in {swarms:,} swarms: {memory / peers:.0f} bytes a peer, swarms included")
    empty_rate = best(lambda: announces_per_second(SwarmRegistry(limits, random.random), infohashes, 0))
    full_rate = best(lambda: announces_per_second(full, infohashes, peers))
    print(f"announces to the swarms alone: {empty_rate:,.0f}/s empty, {full_rate:,.0f}/s full")


def peer(infohash: bytes, number: int) -> Announce:
    address = (0x0B000000 + number // 50000).to_bytes(4, "big") + (1024 + number % 50000).to_bytes(2, "big")
    return Announce(infohash, b"-XX0001-%012d" % number, address, number % 3)


def best(measure: Callable[[], float]) -> float:
    return max(measure() for _ in range(3))


def announces_per_second(swarms: SwarmRegistry, infohashes: list[bytes], known: int) -> float:
    announces = [peer(infohashes[n % len(infohashes)], n if known else n + 10**8) for n in range(100_000)]
    started = time.perf_counter()
    for announce in announces:
        swarms.announce(announce, 1_000_100)
    return len(announces) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--peers", type=int, default=1_000_000)
    parser.add_argument("--swarms", type=int, default=10_000)
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {CLIENT_CORE})
    print("announces a second (and a second of the server's CPU time)")
    print(f"{'':26}{'UDP':>22}{'HTTP keep-alive':>22}{'HTTP close':>22}{'memory':>12}")
    bench_ours(arguments.seconds)
    bench_opentracker(arguments.seconds)
    bench_npm(arguments.seconds)
    bench_many_peers(arguments.peers, arguments.swarms)


if __name__ == "__main__":
    main()
