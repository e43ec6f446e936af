"""libtorrent's settings for our options: every setting that matters is set, so that nothing connects out unasked."""

from __future__ import annotations

from typing import Any

import libtorrent as lt

from mktorrent_py import __version__
from mktorrent_py.client.network.proxy import Proxy, ProxyKind
from mktorrent_py.client.options import Encryption, SessionOptions

STOP_TRACKER_TIMEOUT = 3
"""Seconds that a tracker has to answer the announce that we stop."""

DHT_ROUTERS = (
    "dht.libtorrent.org:25401",
    "router.bittorrent.com:6881",
    "router.utorrent.com:6881",
    "dht.transmissionbt.com:6881",
)

REQUEST_QUEUE = 5000
"""Requests that a peer may have pending: libtorrent drops more silently, and rtorrent then waits for 120 s."""

RECONNECT_AFTER = 5
"""Seconds until a peer that disconnected is connected to again, as many more for each failure in a row."""

RECONNECT_TRIES = 10
"""Failures after which a peer is not tried again: about five minutes together, as with libtorrent's 60 s and 3 tries.

Transmission disconnects once it has the metadata of a magnet, and accepts no second connection from an address for a
moment after the first. A client that is its only source must not wait for minutes then.
"""

HAS_WEBTORRENT = (lt.version_major, lt.version_minor) >= (2, 1)
"""Whether libtorrent would ask a STUN server for our address by default."""

_WRITE_BUFFER = 4 << 20
_ALERTS = (
    lt.alert_category.error
    | lt.alert_category.status
    | lt.alert_category.storage
    | lt.alert_category.tracker
    | lt.alert_category.connect
    | lt.alert_category.file_progress
)


def session_settings(options: SessionOptions, *, count_blocks: bool = False) -> dict[str, Any]:
    """Return libtorrent's settings for these options; with `count_blocks` it reports every block that is sent."""
    return {
        "user_agent": f"mkt/{__version__} libtorrent/{lt.version}",
        "alert_mask": _ALERTS | (lt.alert_category.upload if count_blocks else 0),
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
        # Otherwise peers without an upload slot get some pieces too (BEP 6).
        "allowed_fast_set_size": 0,
        "send_buffer_watermark": _WRITE_BUFFER,
        "stop_tracker_timeout": STOP_TRACKER_TIMEOUT,
        "max_metadata_size": options.max_metadata,
        "validate_https_trackers": True,
        "ssrf_mitigation": True,
    }


def _listen_settings(options: SessionOptions) -> dict[str, Any]:
    hosts = [bracketed(options.bind)] if options.bind else ["0.0.0.0", "[::]"]
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
    """Return how peers are found. The DHT starts when a torrent that may use it is added; none goes by a proxy."""
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
"""libtorrent's proxy types, without and with a user."""


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


def bracketed(host: str) -> str:
    """Return a host as it stands before a port: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host else host
