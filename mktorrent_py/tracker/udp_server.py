"""The UDP side of the tracker.

One wake-up of the event loop reads many datagrams; asyncio's own datagram transport reads one, which is less than half
as fast.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Coroutine, Sequence
from typing import Any, TypeAlias

from mktorrent_py.tracker.protocol.messages import STORE_UNAVAILABLE, V4_LENGTH, V6_LENGTH, Counts, Refusal
from mktorrent_py.tracker.protocol.udp import (
    MAX_DATAGRAM_LENGTH,
    AnnounceRequest,
    ConnectRequest,
    RefusedRequest,
    ScrapeRequest,
    UdpCodec,
    announce_answer,
    error_answer,
    scrape_answer,
)
from mktorrent_py.tracker.service import AnnounceService
from mktorrent_py.tracker.sockets import pack_ip
from mktorrent_py.tracker.swarms.store import StoreUnavailableError

MAX_DATAGRAMS_PER_WAKE_UP = 256
RECEIVE_BUFFER = 4 << 20
"""Bytes that the kernel buffers while a batch is answered; it may be configured to grant less."""

MAX_IN_FLIGHT = 256
"""Batches that wait for the store. More are dropped, as by a network; peers ask again."""

Sender: TypeAlias = tuple[Any, ...]


class UdpServer:
    """Answers datagrams on a bound, non-blocking socket until `close`."""

    def __init__(self, sock: socket.socket, service: AnnounceService, codec: UdpCodec) -> None:
        self._socket = sock
        self._service = service
        self._codec = codec
        self._width = V4_LENGTH if sock.family == socket.AF_INET else V6_LENGTH
        self._in_flight: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._loop.add_reader(sock, self._on_readable)

    async def close(self, timeout: float) -> None:
        """Stop listening and answer what was already read, for up to `timeout` seconds."""
        self._loop.remove_reader(self._socket)
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=timeout)
            for task in late:
                task.cancel()
        self._socket.close()

    def _on_readable(self) -> None:
        announces: list[tuple[AnnounceRequest, Sender]] = []
        receive = self._socket.recvfrom
        for _ in range(MAX_DATAGRAMS_PER_WAKE_UP):
            try:
                datagram, sender = receive(MAX_DATAGRAM_LENGTH + 1)
            except (BlockingIOError, InterruptedError):
                break
            except OSError:
                # An error of an earlier answer (ICMP port unreachable) is reported here; it does not concern this one.
                continue
            self._take(datagram, sender, announces)
        if announces:
            self._start(self._answer_announces(announces))

    def _take(self, datagram: bytes, sender: Sender, announces: list[tuple[AnnounceRequest, Sender]]) -> None:
        """Answer a datagram, or add it to the announces of this batch."""
        service = self._service
        ip = pack_ip(sender[0])
        if not service.admit(ip):
            service.events["udp limited"] += 1
            return
        request = self._codec.parse(datagram, ip, service.clock())
        if isinstance(request, AnnounceRequest):
            announces.append((request, sender))
        elif isinstance(request, ConnectRequest):
            service.events["udp connect"] += 1
            self._send(self._codec.connect_answer(request, ip, service.clock()), sender)
        elif isinstance(request, ScrapeRequest):
            self._start(self._answer_scrape(request, sender))
        elif isinstance(request, RefusedRequest):
            self._refuse(request.transaction_id, request.refusal, sender)
        else:
            service.events["udp dropped"] += 1

    def _start(self, answering: Coroutine[Any, Any, None]) -> None:
        if len(self._in_flight) >= MAX_IN_FLIGHT:
            answering.close()
            self._service.events["udp dropped"] += 1
            return
        task = self._loop.create_task(answering)
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)

    async def _answer_announces(self, announces: Sequence[tuple[AnnounceRequest, Sender]]) -> None:
        outcomes = await self._service.announce([request.announce for request, _ in announces])
        self._service.events["udp announce"] += len(announces)
        for (request, sender), outcome in zip(announces, outcomes, strict=True):
            if isinstance(outcome, Refusal):
                self._refuse(request.transaction_id, outcome, sender)
            else:
                answer = announce_answer(request.transaction_id, outcome, self._width, self._service.interval)
                self._send(answer, sender)

    async def _answer_scrape(self, request: ScrapeRequest, sender: Sender) -> None:
        self._service.events["udp scrape"] += 1
        try:
            counts = await self._service.scrape(request.infohashes)
        except StoreUnavailableError:
            self._refuse(request.transaction_id, STORE_UNAVAILABLE, sender)
            return
        # The answer has a place for every infohash of the request, registered or not.
        self._send(scrape_answer(request.transaction_id, [swarm or Counts() for swarm in counts]), sender)

    def _refuse(self, transaction_id: int, refusal: Refusal, sender: Sender) -> None:
        self._service.events["udp refused"] += 1
        self._send(error_answer(transaction_id, refusal), sender)

    def _send(self, answer: bytes, sender: Sender) -> None:
        # A full send buffer or an unreachable peer loses this answer, as the network may; peers ask again.
        with contextlib.suppress(OSError):
            self._socket.sendto(answer, sender)
