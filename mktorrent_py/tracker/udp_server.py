"""The UDP socket of the tracker.

One wake-up of the event loop drains many datagrams: asyncio's own datagram transport takes one each, which is less
than half as fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Coroutine, Sequence
from typing import Any, TypeAlias

from mktorrent_py.tracker.protocol.messages import STORE_UNAVAILABLE, V4_LENGTH, V6_LENGTH, Counts, Outcome, Refusal
from mktorrent_py.tracker.protocol.udp import (
    DATAGRAM_LIMIT,
    AnnounceRequest,
    ConnectRequest,
    RefusedRequest,
    ScrapeRequest,
    UdpCodec,
    announce_answer,
    error_answer,
    scrape_answer,
)
from mktorrent_py.tracker.service import Tracker
from mktorrent_py.tracker.sockets import pack_ip
from mktorrent_py.tracker.swarms.store import StoreUnavailableError

DATAGRAMS_PER_WAKE_UP = 256
# Bytes the kernel may hold for us while a batch is answered; it grants less where it is told to.
RECEIVE_BUFFER = 4 << 20
# Batches that wait for the store. Past it new ones are dropped, as a network would; peers ask again.
IN_FLIGHT_LIMIT = 256

Sender: TypeAlias = tuple[Any, ...]


class UdpServer:
    """Answers datagrams on a bound, non-blocking socket until `close`."""

    def __init__(self, sock: socket.socket, tracker: Tracker, codec: UdpCodec) -> None:
        self._socket = sock
        self._tracker = tracker
        self._codec = codec
        self._width = V4_LENGTH if sock.family == socket.AF_INET else V6_LENGTH
        self._in_flight: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._loop.add_reader(sock, self._on_readable)

    async def close(self, patience: float) -> None:
        """Stop listening, and answer what was already read for up to `patience` seconds."""
        self._loop.remove_reader(self._socket)
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=patience)
            for task in late:
                task.cancel()
        self._socket.close()

    def _on_readable(self) -> None:
        announces: list[tuple[AnnounceRequest, Sender]] = []
        receive = self._socket.recvfrom
        for _ in range(DATAGRAMS_PER_WAKE_UP):
            try:
                datagram, sender = receive(DATAGRAM_LIMIT + 1)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # What an earlier answer met on its way (ICMP port unreachable) is reported here; it is not ours.
                continue
            self._take(datagram, sender, announces)
        if announces:
            self._start(self._answer_announces(announces))

    def _take(self, datagram: bytes, sender: Sender, announces: list[tuple[AnnounceRequest, Sender]]) -> None:
        """Answer a datagram, or add it to the announces of this batch."""
        tracker = self._tracker
        ip = pack_ip(sender[0])
        if not tracker.admit(ip):
            tracker.events["udp limited"] += 1
            return
        request = self._codec.parse(datagram, ip, tracker.clock())
        if isinstance(request, AnnounceRequest):
            announces.append((request, sender))
        elif isinstance(request, ConnectRequest):
            tracker.events["udp connect"] += 1
            self._send(self._codec.connect_answer(request, ip, tracker.clock()), sender)
        elif isinstance(request, ScrapeRequest):
            self._start(self._answer_scrape(request, sender))
        elif isinstance(request, RefusedRequest):
            self._refuse(request.transaction_id, request.refusal, sender)
        else:
            tracker.events["udp dropped"] += 1

    def _start(self, answering: Coroutine[Any, Any, None]) -> None:
        if len(self._in_flight) >= IN_FLIGHT_LIMIT:
            answering.close()
            self._tracker.events["udp dropped"] += 1
            return
        task = self._loop.create_task(answering)
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _answer_announces(self, announces: Sequence[tuple[AnnounceRequest, Sender]]) -> None:
        outcomes = await self._tracker.announce([request.announce for request, _ in announces])
        self._tracker.events["udp announce"] += len(announces)
        for (request, sender), outcome in zip(announces, outcomes, strict=True):
            self._answer_announce(request.transaction_id, outcome, sender)

    def _answer_announce(self, transaction_id: int, outcome: Outcome, sender: Sender) -> None:
        if isinstance(outcome, Refusal):
            self._refuse(transaction_id, outcome, sender)
        else:
            self._send(announce_answer(transaction_id, outcome, self._width, self._tracker.interval), sender)

    async def _answer_scrape(self, request: ScrapeRequest, sender: Sender) -> None:
        self._tracker.events["udp scrape"] += 1
        try:
            counts = await self._tracker.scrape(request.infohashes)
        except StoreUnavailableError:
            self._refuse(request.transaction_id, STORE_UNAVAILABLE, sender)
            return
        # The answer has a place for every infohash asked for, tracked or not.
        self._send(scrape_answer(request.transaction_id, [swarm or Counts() for swarm in counts]), sender)

    def _refuse(self, transaction_id: int, refusal: Refusal, sender: Sender) -> None:
        self._tracker.events["udp refused"] += 1
        self._send(error_answer(transaction_id, refusal), sender)

    def _send(self, answer: bytes, sender: Sender) -> None:
        # A full send buffer or an unreachable peer loses this one answer, as the network might have; peers ask again.
        with contextlib.suppress(OSError):
            self._socket.sendto(answer, sender)
