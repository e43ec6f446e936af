"""A libtorrent session in which every setting that matters is said, so that nothing calls out that was not asked for.

libtorrent's threads never call into Python: alerts are fetched when its descriptor says that there are some.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import time
from collections.abc import Container, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

import libtorrent as lt

from mktorrent_py import __version__
from mktorrent_py.client.libtorrent import in_words
from mktorrent_py.client.network.proxy import Proxy, ProxyKind
from mktorrent_py.client.network.route import Route, check_address, check_bind
from mktorrent_py.errors import NetworkError, RefusedError, UsageError

DEFAULT_PORT = 6881
DEFAULT_SLOTS = 64
STOP_TRACKER_TIMEOUT = 3
"""Seconds that a tracker has to take note that we stop."""

DHT_ROUTERS = (
    "dht.libtorrent.org:25401",
    "router.bittorrent.com:6881",
    "router.utorrent.com:6881",
    "dht.transmissionbt.com:6881",
)

REQUEST_QUEUE = 5000
"""Requests a peer may have waiting: beyond it libtorrent drops them silently, and rtorrent then waits for 120 s."""

RECONNECT_AFTER = 5
RECONNECT_TRIES = 10
"""Seconds until a peer that hung up is dialled again, as many more for each failure in a row; and after how many of
those it is given up. Together about five minutes, as with libtorrent's 60 and 3.

Transmission hangs up when it has the metadata of a magnet, and takes no second connection from an address for a
moment after the first. Who is the only one to dial must not wait for a minute or two then.
"""

HAS_WEBTORRENT = (lt.version_major, lt.version_minor) >= (2, 1)
"""Whether libtorrent would ask a STUN server for our address, unless told not to."""

_WRITE_BUFFER = 4 << 20
_ALERTS = (
    lt.alert_category.error
    | lt.alert_category.status
    | lt.alert_category.storage
    | lt.alert_category.tracker
    | lt.alert_category.connect
    | lt.alert_category.file_progress
)


class Encryption(StrEnum):
    """What is done about peer connections that are, or are not, obfuscated (MSE)."""

    ALLOW = "allow"
    REQUIRE = "require"
    OFF = "off"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How to meet other peers. Limits are in bytes a second, 0 for none; port 0 takes any that is free.

    `bind` is the address or the interface for everything that goes in or out; there is no falling back from it. With an
    address, nothing bears another; which interface it leaves by is for the system to say, unless one is named.
    `proxy` carries everything, and looks the host names up: nobody can connect to us then, for we do not listen, and
    there is no DHT, LSD or UPnP, whatever else is said. It excludes `bind`, which libtorrent forgets on the way to a
    proxy. `utp` is off because it is tried first by those who speak it, and carries a hundredth of what TCP does on a
    fast network. `count_blocks` has every block sent reported, which `--until-peers-done` needs. `max_metadata` bounds
    in bytes what a peer may send as the info dictionary of a magnet: so much, and no more, is spent on what it claims.
    What then proves to be what the magnet names costs several times its size to be read.
    """

    port: int = DEFAULT_PORT
    bind: str | None = None
    upload_limit: int = 0
    download_limit: int = 0
    slots: int = DEFAULT_SLOTS
    max_peers: int = 200
    dht: bool = True
    lsd: bool = True
    pex: bool = True
    upnp: bool = True
    utp: bool = False
    encryption: Encryption = Encryption.ALLOW
    proxy: Proxy | None = None
    announce_ip: str | None = None
    count_blocks: bool = False
    max_metadata: int = 30_000_000

    def __post_init__(self) -> None:
        """Raises UsageError."""
        if self.bind is not None:
            check_bind(self.bind)
        if self.announce_ip is not None:
            check_address(self.announce_ip, "--announce-ip")
        if self.bind is not None and self.proxy is not None:
            raise UsageError(
                "--bind and --proxy exclude each other: libtorrent reaches a proxy from any address",
                hint="Say --proxy alone, and have the system route to the proxy as it should be reached.",
            )

    @property
    def route(self) -> Route:
        return Route(bind=self.bind, proxy=self.proxy)


def settings_of(options: SessionOptions) -> dict[str, Any]:
    """libtorrent's settings for these options."""
    return {
        "user_agent": f"mkt/{__version__} libtorrent/{lt.version}",
        "alert_mask": _ALERTS | (lt.alert_category.upload if options.count_blocks else 0),
        "alert_queue_size": 100_000,
        **_listen_settings(options),
        **_discovery_settings(options),
        **_encryption_settings(options.encryption),
        **(_proxy_settings(options.proxy) if options.proxy else {}),
        "upload_rate_limit": options.upload_limit,
        "download_rate_limit": options.download_limit,
        "unchoke_slots_limit": options.slots,
        "connections_limit": options.max_peers,
        "allow_multiple_connections_per_ip": True,
        "mixed_mode_algorithm": 0,
        "rate_limit_ip_overhead": False,
        "max_allowed_in_request_queue": REQUEST_QUEUE,
        "min_reconnect_time": RECONNECT_AFTER,
        "max_failcount": RECONNECT_TRIES,
        # Else everybody gets some pieces whom no slot is given.
        "allowed_fast_set_size": 0,
        "send_buffer_watermark": _WRITE_BUFFER,
        "stop_tracker_timeout": STOP_TRACKER_TIMEOUT,
        "max_metadata_size": options.max_metadata,
        "validate_https_trackers": True,
        "ssrf_mitigation": True,
    }


def _listen_settings(options: SessionOptions) -> dict[str, Any]:
    hosts = [_bracketed(options.bind)] if options.bind else ["0.0.0.0", "[::]"]
    port = 0 if options.proxy else options.port
    return {
        "listen_interfaces": ",".join([f"{host}:{port}" for host in hosts]),
        "outgoing_interfaces": options.bind or "",
        "max_retry_port_bind": 0,
        "listen_system_port_fallback": False,
        "announce_ip": options.announce_ip or "",
        "enable_incoming_utp": options.utp,
        "enable_outgoing_utp": options.utp,
    }


def _discovery_settings(options: SessionOptions) -> dict[str, Any]:
    """The DHT starts when a torrent that may use it is added. None of these goes through a proxy."""
    direct = options.proxy is None
    return {
        "enable_dht": False,
        "dht_bootstrap_nodes": ",".join(DHT_ROUTERS) if options.dht and direct else "",
        "enable_lsd": options.lsd and direct,
        "enable_upnp": options.upnp and direct,
        "enable_natpmp": options.upnp and direct,
        **({"webtorrent_stun_server": ""} if HAS_WEBTORRENT else {}),
    }


def _encryption_settings(encryption: Encryption) -> dict[str, Any]:
    policy = {
        Encryption.ALLOW: lt.enc_policy.pe_enabled,
        Encryption.REQUIRE: lt.enc_policy.pe_forced,
        Encryption.OFF: lt.enc_policy.pe_disabled,
    }[encryption]
    level = lt.enc_level.rc4 if encryption is Encryption.REQUIRE else lt.enc_level.both
    return {"in_enc_policy": int(policy), "out_enc_policy": int(policy), "allowed_enc_level": int(level)}


_PROXY_TYPES = {ProxyKind.SOCKS4: (1, 1), ProxyKind.SOCKS5: (2, 3), ProxyKind.HTTP: (4, 5)}
"""libtorrent's numbers, without and with a user."""


def _proxy_settings(proxy: Proxy) -> dict[str, Any]:
    return {
        "proxy_type": _PROXY_TYPES[proxy.kind][1 if proxy.user else 0],
        "proxy_hostname": proxy.host,
        "proxy_port": proxy.port,
        "proxy_username": proxy.user,
        "proxy_password": proxy.password,
        "proxy_hostnames": True,
        "proxy_peer_connections": True,
        "proxy_tracker_connections": True,
    }


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class Session:
    """One libtorrent session that listens. `addresses` are where, as `host:port`; behind a proxy there are none."""

    def __init__(self, options: SessionOptions) -> None:
        """Raises NetworkError when the port is taken or the proxy not there, UsageError for an address that is not."""
        greeting = options.proxy.greet() if options.proxy is not None else 0.0
        parameters = lt.session_params()
        parameters.settings = cast("lt.settings_pack", settings_of(options))
        parameters.disk_io_constructor = "posix_disk_io_constructor"
        self.options = options
        self.lt = lt.session(parameters)
        self.lt.set_peer_class_filter(_everybody(1 << lt.session.global_peer_class_id))
        self._dht = False
        self.lt.is_listening()
        if options.proxy is not None and options.proxy.kind is ProxyKind.SOCKS5:
            # libtorrent is greeting it, too. UDP trackers that are asked before it is through are asked again late.
            time.sleep(2 * greeting + 0.1)
        self.addresses = [] if options.proxy else _listening(options, self.lt.pop_alerts())
        self._reader, self._writer = socket.socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)
        self._ready = asyncio.Event()

    def watch_alerts(self) -> None:
        """Begin to be told of alerts, in the running event loop."""
        asyncio.get_running_loop().add_reader(self._reader, self._on_readable)
        self.lt.set_alert_fd(self._writer.fileno())
        self._ready.set()

    def wake(self) -> None:
        """Let whoever waits look again."""
        self._ready.set()

    async def wait(self, seconds: float) -> None:
        """Return when there are alerts, or when the time is over."""
        try:
            await asyncio.wait_for(self._ready.wait(), seconds)
        except TimeoutError:
            return

    def alerts(self) -> Iterator[Any]:
        """The alerts since the last call; none of them may be kept until the next."""
        self._ready.clear()
        yield from self.lt.pop_alerts()

    def add(self, parameters: lt.add_torrent_params, *, private: bool) -> lt.torrent_handle:
        """Add a torrent; a private one with no peer exchange, DHT or local discovery (BEP 27).

        What cannot be reached as it was asked for is left out. Raises RefusedError for one that is there already.
        """
        self._leave_out(parameters, self.options.route.refusals(parameters.trackers, parameters.url_seeds))
        flags, options = lt.torrent_flags, self.options
        if private or not options.dht or options.proxy is not None:
            parameters.flags |= flags.disable_dht
            # libtorrent would look the names of these up all the same.
            parameters.dht_nodes = []
        elif not self._dht:
            self._dht = True
            self.lt.apply_settings({"enable_dht": True})
        if private or not options.pex:
            parameters.flags |= flags.disable_pex
        if private or not options.lsd:
            parameters.flags |= flags.disable_lsd
        parameters.flags |= flags.duplicate_is_error
        try:
            return self.lt.add_torrent(parameters)
        except RuntimeError as error:
            raise RefusedError(f"libtorrent does not take this torrent: {in_words(error)}") from error

    def began_listening(self, alert: lt.listen_succeeded_alert) -> bool:
        """Take note of an address that came back; whether it is news."""
        address = _shown_address(alert)
        if self.options.proxy is not None or address in self.addresses:
            return False
        self.addresses.append(address)
        return True

    def stopped_listening(self) -> bool:
        """Whether the last of our addresses has gone. libtorrent listens again when it is back, and nowhere else."""
        if not self.addresses or self.lt.is_listening():
            return False
        self.addresses.clear()
        return True

    @contextlib.contextmanager
    def among_seeds(self) -> Iterator[None]:
        """Meanwhile, stay with peers that have everything although we want none of it."""
        self.lt.apply_settings({"close_redundant_connections": False})
        try:
            yield
        finally:
            self.lt.apply_settings({"close_redundant_connections": True})

    def _leave_out(self, parameters: lt.add_torrent_params, refused: Container[str]) -> None:
        tiers = parameters.tracker_tiers or [0] * len(parameters.trackers)
        kept = [(url, tier) for url, tier in zip(parameters.trackers, tiers, strict=False) if url not in refused]
        parameters.trackers = [url for url, _ in kept]
        parameters.tracker_tiers = [tier for _, tier in kept]
        parameters.url_seeds = [url for url in parameters.url_seeds if url not in refused]

    def forget_trackers(self) -> None:
        """Let no tracker keep the session from ending."""
        self.lt.apply_settings({"stop_tracker_timeout": 0})

    def close(self) -> None:
        """Stop listening to alerts. The session itself ends when the last reference to it does."""
        asyncio.get_running_loop().remove_reader(self._reader)
        self.lt.set_alert_fd(-1)
        self._reader.close()
        self._writer.close()

    def _on_readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._reader.recv(4096)
        self._ready.set()


def _everybody(peer_classes: int) -> lt.ip_filter:
    """Every address in these peer classes: libtorrent lets the local network ignore all limits."""
    everybody = lt.ip_filter()
    everybody.add_rule("0.0.0.0", "255.255.255.255", peer_classes)
    everybody.add_rule("::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", peer_classes)
    return everybody


def _listening(options: SessionOptions, alerts: list[Any]) -> list[str]:
    failures = [alert for alert in alerts if isinstance(alert, lt.listen_failed_alert)]
    for alert in failures:
        if alert.error.value() in (errno.EADDRINUSE, errno.EACCES):
            raise _port_error(alert.port, alert.error.value())
    found = [alert for alert in alerts if isinstance(alert, lt.listen_succeeded_alert)]
    addresses = [_shown_address(alert) for alert in found]
    if not addresses and options.bind:
        raise UsageError(f"this machine has no address or interface {options.bind}", hint="Say another with --bind.")
    if not addresses:
        raise NetworkError(f"cannot listen on port {options.port}")
    return list(dict.fromkeys(addresses))


def _shown_address(alert: lt.listen_succeeded_alert) -> str:
    return f"{_bracketed(alert.address)}:{alert.port}"


def _port_error(port: int, reason: int) -> NetworkError:
    if reason == errno.EACCES:
        return NetworkError(f"may not listen on port {port}", hint="Say another with --port, 1024 or above.")
    return NetworkError(f"port {port} is taken", hint="Say another with --port; 0 takes any that is free.")
