"""A libtorrent session: it listens, reports alerts to the event loop, and takes torrents.

libtorrent's threads never call into Python: alerts are fetched when its file descriptor says that there are some.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from collections.abc import AsyncIterator, Container, Iterator
from typing import Any, cast

import libtorrent as lt

from mktorrent_py.client.libtorrent import error_text
from mktorrent_py.client.network.proxy import ProxyKind
from mktorrent_py.client.options import SessionOptions
from mktorrent_py.client.settings import bracketed, session_settings
from mktorrent_py.errors import NetworkError, RefusedError, UsageError


class Session:
    """A libtorrent session that listens at `addresses` (`host:port`); behind a proxy there are none."""

    def __init__(self, options: SessionOptions, *, count_blocks: bool = False) -> None:
        """Raise NetworkError if the port is taken or the proxy unreachable, UsageError for an address we do not have.

        Blocks while it opens sockets and logs in to the proxy.
        """
        proxy_delay = options.proxy.greet() if options.proxy is not None else 0.0
        parameters = lt.session_params()
        parameters.settings = cast("lt.settings_pack", session_settings(options, count_blocks=count_blocks))
        parameters.disk_io_constructor = "posix_disk_io_constructor"
        self.options = options
        self.lt = lt.session(parameters)
        self.lt.set_peer_class_filter(_every_address(1 << lt.session.global_peer_class_id))
        self._has_dht = False
        self.lt.is_listening()
        if options.proxy is not None and options.proxy.kind is ProxyKind.SOCKS5:
            # libtorrent is logging in, too. UDP trackers announced to before it is done are retried late.
            time.sleep(2 * proxy_delay + 0.1)
        self.addresses = [] if options.proxy else _listening_addresses(options, self.lt.pop_alerts())
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._ready = asyncio.Event()

    def watch_alerts(self) -> None:
        """Start to report alerts to the running event loop."""
        asyncio.get_running_loop().add_reader(self._reader, self._on_readable)
        self.lt.set_alert_fd(self._writer.fileno())
        self._ready.set()

    def wake(self) -> None:
        """End the current `wait`."""
        self._ready.set()

    async def wait(self, seconds: float) -> None:
        """Return when there are alerts, or after `seconds`."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.wait(), seconds)

    def alerts(self) -> Iterator[Any]:
        """Yield the alerts since the last call; none of them may be kept until the next."""
        self._ready.clear()
        yield from self.lt.pop_alerts()

    def add(self, parameters: lt.add_torrent_params, *, private: bool) -> lt.torrent_handle:
        """Add a torrent; a private one without peer exchange, DHT and local discovery (BEP 27).

        Trackers and web seeds that cannot be reached by the route of the options are removed. Raises RefusedError for
        a torrent that is in the session already.
        """
        _remove_urls(parameters, self.options.route.refusals(parameters.trackers, parameters.url_seeds))
        flags, options = lt.torrent_flags, self.options
        if private or not options.dht or options.proxy is not None:
            parameters.flags |= flags.disable_dht
            # libtorrent would resolve the host names of these nodes all the same.
            parameters.dht_nodes = []
        elif not self._has_dht:
            self._has_dht = True
            self.lt.apply_settings({"enable_dht": True})
        if private or not options.pex:
            parameters.flags |= flags.disable_pex
        if private or not options.lsd:
            parameters.flags |= flags.disable_lsd
        parameters.flags |= flags.duplicate_is_error
        try:
            return self.lt.add_torrent(parameters)
        except RuntimeError as error:
            message = f"libtorrent does not accept this torrent: {error_text(error)}"
            raise RefusedError(message, code="torrent-not-accepted") from error

    def add_address(self, alert: lt.listen_succeeded_alert) -> bool:
        """Record a listening address; True if it is new."""
        address = f"{bracketed(alert.address)}:{alert.port}"
        if self.options.proxy is not None or address in self.addresses:
            return False
        self.addresses.append(address)
        return True

    def clear_lost_addresses(self) -> bool:
        """Forget all addresses if none is left; True if so. libtorrent listens again once one is back."""
        if not self.addresses or self.lt.is_listening():
            return False
        self.addresses.clear()
        return True

    @contextlib.contextmanager
    def keeping_seeds_connected(self) -> Iterator[None]:
        """Keep connections to seeds in the body, though no content is wanted from them."""
        self.lt.apply_settings({"close_redundant_connections": False})
        try:
            yield
        finally:
            self.lt.apply_settings({"close_redundant_connections": True})

    def skip_stop_announces(self) -> None:
        """Do not wait for trackers when the session ends."""
        self.lt.apply_settings({"stop_tracker_timeout": 0})

    def close(self) -> None:
        """End the session, if it has not ended: it listens no longer, and its torrents are gone."""
        if not hasattr(self, "lt"):
            return
        asyncio.get_running_loop().remove_reader(self._reader)
        self.lt.set_alert_fd(-1)
        self._reader.close()
        self._writer.close()
        # The traceback of an error keeps this object alive; libtorrent's session must not live as long.
        del self.lt

    def _on_readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)
        self._ready.set()


@contextlib.asynccontextmanager
async def open_session(options: SessionOptions) -> AsyncIterator[Session]:
    """Listen while the body runs; yields the Session."""
    session = Session(options)
    try:
        session.watch_alerts()
        yield session
    finally:
        session.close()


def _remove_urls(parameters: lt.add_torrent_params, refused: Container[str]) -> None:
    tiers = parameters.tracker_tiers or [0] * len(parameters.trackers)
    kept = [(url, tier) for url, tier in zip(parameters.trackers, tiers, strict=False) if url not in refused]
    parameters.trackers = [url for url, _ in kept]
    parameters.tracker_tiers = [tier for _, tier in kept]
    parameters.url_seeds = [url for url in parameters.url_seeds if url not in refused]


def _every_address(peer_classes: int) -> lt.ip_filter:
    """Return a filter that puts all addresses into these peer classes: libtorrent exempts local ones from limits."""
    addresses = lt.ip_filter()
    addresses.add_rule("0.0.0.0", "255.255.255.255", peer_classes)
    addresses.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", peer_classes)
    return addresses


def _listening_addresses(options: SessionOptions, alerts: list[Any]) -> list[str]:
    for alert in alerts:
        if isinstance(alert, lt.listen_failed_alert) and alert.error.value() == errno.EADDRINUSE:
            raise NetworkError(f"port {alert.port} is already in use", code="port-in-use", port=alert.port)
        if isinstance(alert, lt.listen_failed_alert) and alert.error.value() == errno.EACCES:
            raise NetworkError(f"permission denied for port {alert.port}", code="port-not-permitted", port=alert.port)
    found = [alert for alert in alerts if isinstance(alert, lt.listen_succeeded_alert)]
    if not found and options.bind:
        message = f"this machine has no address or interface {options.bind}"
        raise UsageError(message, code="bind-unavailable", bind=options.bind)
    if not found:
        raise NetworkError(f"cannot listen on port {options.port}", code="port-unavailable", port=options.port)
    return list(dict.fromkeys([f"{bracketed(alert.address)}:{alert.port}" for alert in found]))
