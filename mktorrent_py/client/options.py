"""Options of seeding and downloading. All are checked when they are made; none of them needs libtorrent."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mktorrent_py.client.network.proxy import Proxy
from mktorrent_py.client.network.route import Route, check_address, check_bind
from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo.typecheck import check_nodes, check_texts

DEFAULT_PORT = 6881
DEFAULT_SLOTS = 64


class Encryption(StrEnum):
    """Which peer connections may be obfuscated (MSE): any, only such, or none."""

    ALLOW = "allow"
    REQUIRE = "require"
    OFF = "off"

    @classmethod
    def parse(cls, text: str) -> Encryption:
        """Raises UsageError for any other text."""
        if text not in list(cls):
            raise UsageError(
                f"encryption cannot be {text!r}", code="encryption-invalid", hint=f"Use one of {', '.join(cls)}."
            )
        return cls(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """How to connect to peers. Rates are in bytes a second, 0 for unlimited; port 0 takes any that is free.

    `bind` is the address or interface of all traffic, without fallback. An address fixes the source address only;
    which interface packets leave by is then decided by the system's routing.
    `proxy` carries all traffic and resolves host names: nothing listens, so no peer can connect to us, and DHT, LSD and
    UPnP are off whatever these options are. It cannot be combined with `bind`, which libtorrent ignores on the way to
    a proxy. `utp` is off because peers that support it try it first, and it reaches a hundredth of TCP's rate in a fast
    network. `announce_ip` is the address sent to trackers. `max_metadata` bounds the info dictionary of a magnet,
    in bytes; parsing it takes several times that memory.
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
    max_metadata: int = 30_000_000

    def __post_init__(self) -> None:
        """Raises TypeError for a value of another type, UsageError for one that cannot be."""
        _check_types(self, (int,), "port upload_limit download_limit slots max_peers max_metadata")
        _check_types(self, (bool,), "dht lsd pex upnp utp")
        _check_types(self, (str, type(None)), "bind announce_ip")
        _check_types(self, (Proxy, type(None)), "proxy")
        _check_types(self, (str,), "encryption")
        object.__setattr__(self, "encryption", Encryption.parse(self.encryption))
        if not 0 <= self.port <= 65535:
            raise UsageError(f"port cannot be {self.port}: it is 0 to 65535", code="port-invalid", port=self.port)
        if self.bind is not None:
            check_bind(self.bind)
        if self.announce_ip is not None:
            check_address(self.announce_ip, "the announced address")
        if self.bind is not None and self.proxy is not None:
            raise UsageError(
                "a proxy and a bind address cannot be combined: libtorrent reaches a proxy from any address",
                code="proxy-with-bind",
            )

    @property
    def route(self) -> Route:
        return Route(bind=self.bind, proxy=self.proxy)


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """What to download, and how.

    `select` holds glob patterns of the files wanted, all where it is empty; `whole` refuses a selection that leaves out
    a file. `peers` are (host, port) pairs to connect to at once. `timeout` is in seconds without valid data, 0 for
    none. `repair` replaces the parts of existing files that do not match, where without it such files are refused.
    `sandbox` forbids this process for good, where the system can, to write anywhere but below the directory.
    """

    select: Sequence[str] = ()
    whole: bool = False
    peers: Sequence[tuple[str, int]] = ()
    timeout: float = 120.0
    repair: bool = False
    sandbox: bool = False
    session: SessionOptions = field(default_factory=SessionOptions)

    def __post_init__(self) -> None:
        """Raises TypeError for a value of another type, UsageError for one that cannot be."""
        object.__setattr__(self, "select", check_texts(self.select, "select"))
        object.__setattr__(self, "peers", check_nodes(self.peers, "peers"))
        _check_types(self, (int, float), "timeout")
        _check_types(self, (bool,), "whole repair sandbox")
        _check_types(self, (SessionOptions,), "session")
        _check_amount(self.timeout, "timeout")


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedOptions:
    """When to stop, and how content is checked.

    Seeding stops at `ratio` (bytes sent over bytes of content), after `duration` seconds, or when `peers_done` peers
    have received everything; without any of them it does not stop by itself while a torrent is left. `super_seed`
    reveals other pieces to each peer (BEP 16), none in its first ten seconds.
    `trust` compares sizes, and times with the torrent file's, instead of hashing. `cache` is a file that remembers
    checks: content unchanged since its last one is not read again. `watch` follows a directory of torrents as files
    come and go. `status_address` (host, port) serves a status page, /metrics and /healthz. `sandbox` forbids this
    process for good, where the system can, to write any file.
    """

    ratio: float | None = None
    duration: float | None = None
    peers_done: int | None = None
    super_seed: bool = False
    trust: bool = False
    cache: Path | None = None
    threads: int = 0
    watch: bool = False
    status_address: tuple[str, int] | None = None
    sandbox: bool = False
    session: SessionOptions = field(default_factory=SessionOptions)

    def __post_init__(self) -> None:
        """Raises TypeError for a value of another type, UsageError for one that cannot be."""
        _check_types(self, (int, float, type(None)), "ratio duration")
        _check_types(self, (int, type(None)), "peers_done")
        _check_types(self, (int,), "threads")
        _check_types(self, (bool,), "super_seed trust watch sandbox")
        _check_types(self, (str, Path, type(None)), "cache")
        _check_types(self, (SessionOptions,), "session")
        object.__setattr__(self, "cache", None if self.cache is None else Path(self.cache))
        if self.status_address is not None:
            check_nodes((self.status_address,), "status_address")
        for name in ("ratio", "duration", "peers_done"):
            if getattr(self, name) is not None:
                _check_amount(getattr(self, name), name)


def _check_types(options: Any, types: tuple[type, ...], names: str) -> None:
    """Raise TypeError unless each of these fields is of one of the types; a bool is no int here."""
    for name in names.split():
        value = getattr(options, name)
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            expected = " or ".join(["None" if each is type(None) else each.__name__ for each in types])
            raise TypeError(f"{name} must be {expected}, not {type(value).__name__}")


def _check_amount(value: float, name: str) -> None:
    if not math.isfinite(value) or value < 0:
        raise UsageError(f"{name} cannot be {value}", code="amount-invalid", name=name)
