"""Connected peers, as far as a seeder needs them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mktorrent_py.formatting import printable

Endpoint = tuple[str, int]
_MAX_CLIENT_NAME = 60
_CLIENT_IN_ID = 8


@dataclass(slots=True, kw_only=True)
class Peer:
    """A connected peer. `had` is the share of the content it had when it was first seen, `has` what it has now.

    `sent` is the bytes of the blocks sent to it, known only where blocks are counted; `rate` is in bytes a second.
    """

    address: str
    client: str = ""
    had: float | None = None
    has: float = 0.0
    sent: int = 0
    rate: int = 0

    def update(self, info: Any) -> bool:
        """Update from libtorrent's peer_info; True when the peer has just introduced itself."""
        self.has, self.rate = info.progress, info.payload_up_speed
        is_known = not info.flags & (info.handshake | info.connecting)
        if self.had is None and is_known:
            self.had = info.progress
        is_new = is_known and not self.client
        if is_new:
            self.client = client_name(info.client)
        return is_new

    def update_from_id(self, peer_id: bytes) -> bool:
        """Update from the id of a peer that leaves, which may not have been seen before; True if it was not.

        The start of a peer id names the client and its version in a few letters (BEP 20).
        """
        is_new = not self.client and any(peer_id)
        if is_new:
            self.client = client_name(peer_id[:_CLIENT_IN_ID])
        return is_new

    def is_done(self, length: int) -> bool:
        """Return whether it arrived with less than all `length` bytes and left with all of them, from us or others."""
        if self.had == 1:
            return False
        return self.has == 1 or self.sent + (self.had or 0) * length >= length


def address_of(endpoint: Endpoint) -> str:
    """Return `host:port`, with brackets around IPv6."""
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def client_name(name: bytes | str) -> str:
    """Return the client name that a peer sent, made printable and short."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return printable(text)[:_MAX_CLIENT_NAME] or "unknown"
