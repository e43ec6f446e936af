"""The query of an announce URL, as bytes: an infohash is not text and must not be decoded as UTF-8."""

from __future__ import annotations

import ipaddress
from urllib.parse import unquote_to_bytes


def parse_query(query: bytes) -> list[tuple[bytes, bytes]]:
    """The `key=value` pairs of a raw query in order, with percent-decoded values. `+` is not a space."""
    return [
        (key, unquote_to_bytes(value) if b"%" in value else value)
        for key, _, value in (part.partition(b"=") for part in query.split(b"&"))
    ]


def named_ip(text: bytes | None) -> bytes | None:
    """The packed address in an `ip` parameter (BEP 3); None for a host name or any other text."""
    if not text:
        return None
    try:
        return ipaddress.ip_address(text.decode("ascii")).packed
    except ValueError:
        return None
