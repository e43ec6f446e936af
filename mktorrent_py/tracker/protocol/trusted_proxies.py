"""The client address of a request: the sender's, or what a trusted proxy reports in X-Forwarded-For."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import TypeAlias

from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
_Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Parse addresses and networks (`10.0.0.0/8`). Raises UsageError."""
    networks = []
    for text in texts:
        try:
            networks.append(ipaddress.ip_network(text, strict=False))
        except ValueError as error:
            raise UsageError(
                f"{quoted(text)} is not an IP address or network",
                code="network-invalid",
                hint="Use the form 10.0.0.7 or 10.0.0.0/8.",
                network=text,
            ) from error
    return tuple(networks)


def client_ip(sender: str, forwarded_for: str | None, trusted: Sequence[Network]) -> bytes:
    """The packed address of the client.

    Every proxy appends the address it was contacted from, so the list is read from its end: the first address that is
    not a trusted proxy's is the client. Entries further left are claims of that client.
    """
    client = _address(sender)
    if forwarded_for is None or not trusted:
        return client.packed
    for claim in reversed(forwarded_for.split(",")):
        if not any(client in network for network in trusted):
            break
        try:
            client = _address(claim.strip())
        except ValueError:
            break
    return client.packed


def _address(text: str) -> _Address:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
