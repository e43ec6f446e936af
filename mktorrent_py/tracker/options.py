"""Options of a tracker, checked when they are made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import NoneType
from urllib.parse import urlsplit

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.tracker.protocol.trusted_proxies import Network, parse_networks
from mktorrent_py.tracker.swarms.registry import MAX_PEERS, MAX_SWARMS, SwarmLimits

_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "bool": (bool,),
    "str | None": (str, NoneType),
    "Path | str | None": (Path, str, NoneType),
    "Sequence[str]": (list, tuple),
}
_RANGES = {
    "port": (0, 65535),
    "interval": (10, 86400),
    "max_peers": (1, None),
    "max_swarms": (1, None),
    "rate": (0, None),
    "snapshot_interval": (1, None),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerOptions:
    """How a tracker runs. Intervals are in seconds.

    `hosts` are IP addresses to listen on, all of this machine when empty; port 0 picks a free one. Without `folder`
    every torrent is tracked; with `listed`, the torrents in it are on the web page. `base_url` is the tracker's public
    URL for links and magnets; None uses the host name that clients ask for. `rate` limits requests per second from
    one address, 0 does not. `trusted_proxies` are addresses or networks whose X-Forwarded-For counts;
    `allow_ip_parameter` lets peers announce another address than their own. Swarms are kept in memory, which `state`
    saves to a file every `snapshot_interval`, or in `store`, the URL of a Valkey or Redis that trackers share.

    Raises TypeError for a value of the wrong type, UsageError for one that is not allowed.
    """

    hosts: Sequence[str] = ()
    port: int = 6969
    udp: bool = True
    folder: Path | str | None = None
    listed: bool = True
    base_url: str | None = None
    interval: int = 1800
    max_peers: int = MAX_PEERS
    max_swarms: int = MAX_SWARMS
    rate: int = 100
    trusted_proxies: Sequence[str] = ()
    allow_ip_parameter: bool = False
    state: Path | str | None = None
    snapshot_interval: int = 300
    store: str | None = None
    trusted_networks: tuple[Network, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for each in fields(self):
            if each.init:
                _check(each.name, str(each.type), getattr(self, each.name))
        if self.state is not None and self.store is not None:
            raise UsageError("a tracker has either a state file or a shared store", code="state-with-store")
        if self.base_url is not None:
            object.__setattr__(self, "base_url", _parse_base_url(self.base_url))
        object.__setattr__(self, "trusted_networks", parse_networks(self.trusted_proxies))

    @property
    def limits(self) -> SwarmLimits:
        """The limits of the swarms. A peer outlives one announce that is lost or late."""
        lifetime = self.interval * 3 // 2 + 60
        return SwarmLimits(lifetime=lifetime, max_peers=self.max_peers, max_swarms=self.max_swarms)


def _check(name: str, declared: str, value: object) -> None:
    """Raises TypeError, or UsageError for a number out of range."""
    kinds = _TYPES[declared]
    is_right = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
    if not is_right or (isinstance(value, (list, tuple)) and not all(isinstance(item, str) for item in value)):
        raise TypeError(f"{name} must be {declared}, not {value!r:.60}")
    minimum, maximum = _RANGES.get(name, (None, None))
    if isinstance(value, int) and minimum is not None and not minimum <= value <= (maximum or value):
        bounds = f"at least {minimum:,}" if maximum is None else f"from {minimum:,} to {maximum:,}"
        raise UsageError(f"{name} must be {bounds}, not {value:,}", code="option-out-of-range", name=name)


def _parse_base_url(url: str) -> str:
    """The URL without a slash at its end. Raises UsageError."""
    try:
        parts = urlsplit(url)
        is_valid = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
    except ValueError:
        is_valid = False
    if not is_valid:
        raise UsageError(
            f"{quoted(url)} is not a valid tracker URL",
            code="base-url-invalid",
            hint="Use the form https://tracker.example.",
            url=url,
        )
    return url.rstrip("/")
