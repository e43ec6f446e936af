"""DHT nodes: a host and a port (BEP 5)."""

from __future__ import annotations

Node = tuple[str, int]
"""Host (IPv6 without brackets) and port."""


def host_port(node: Node) -> str:
    """Format a node as `host:port`, with brackets around an IPv6 address."""
    host, port = node
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
