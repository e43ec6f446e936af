"""The other ends of our connections, as far as a seeder cares."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mktorrent_py.formatting import printable

Endpoint = tuple[str, int]
_LENGTH_SHOWN = 60
_CLIENT_IN_ID = 8


@dataclass(slots=True, kw_only=True)
class Peer:
    """A connected peer. `had` is the share of the content it had when we first saw, `has` what it has since.

    `sent` counts the blocks we sent it, in bytes, and is known only where blocks are counted.
    """

    address: str
    client: str = ""
    had: float | None = None
    has: float = 0.0
    sent: int = 0
    rate: int = 0

    def learn(self, info: Any) -> bool:
        """Take note of libtorrent's peer_info; True when the peer has just said who it is."""
        self.has, self.rate = info.progress, info.payload_up_speed
        is_known = not info.flags & (info.handshake | info.connecting)
        if self.had is None and is_known:
            self.had = info.progress
        is_new = is_known and not self.client
        if is_new:
            self.client = client_name(info.client)
        return is_new

    def learn_from_id(self, peer_id: bytes) -> bool:
        """The same of a peer that leaves: some have come and gone before anybody looked at them.

        The start of an id names the client and its version, in few letters (BEP 20).
        """
        is_new = not self.client and any(peer_id)
        if is_new:
            self.client = client_name(peer_id[:_CLIENT_IN_ID])
        return is_new

    def is_done(self, length: int) -> bool:
        """Whether it came with less than everything and left with all of it, be it by us alone."""
        if self.had == 1:
            return False
        return self.has == 1 or self.sent + (self.had or 0) * length >= length


def address_of(endpoint: Endpoint) -> str:
    """`host:port`, with brackets around IPv6."""
    host, port = endpoint
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def client_name(name: bytes | str) -> str:
    """What a peer calls itself, made harmless: it may be anything."""
    text = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
    return printable(text)[:_LENGTH_SHOWN] or "unknown"
