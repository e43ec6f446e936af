"""The query of an announce URL, as bytes: an infohash is not text, so it must never pass through a decoder."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote_to_bytes


def parse_query(query: bytes) -> list[tuple[bytes, bytes]]:
    """The `key=value` pairs of a raw query, percent-decoded, in their order. `+` stands for itself."""
    return [
        (key, unquote_to_bytes(value) if b"%" in value else value)
        for key, _, value in (part.partition(b"=") for part in query.split(b"&"))
    ]


def named_ip(text: bytes | None) -> bytes | None:
    """The packed address an `ip` parameter names (BEP 3); None for a host name or nonsense."""
    if not text:
        return None
    try:
        return ipaddress.ip_address(text.decode("ascii")).packed
    except ValueError:
        return None
