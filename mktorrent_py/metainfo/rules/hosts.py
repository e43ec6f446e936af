"""Rules for host and port: of DHT nodes (BEP 5), and of peers in magnets (BEP 9)."""

from __future__ import annotations

import re

from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo.node import Node, host_port
from mktorrent_py.metainfo.rules.problem import Problem

_HOST_PORT = re.compile(r"(?:\[([0-9a-f:.]{2,45})\]|([^\s:\[\]]+)):([0-9]{1,5})", re.IGNORECASE | re.ASCII)
_HOST_NAME = re.compile(r"[a-z0-9_][\w.-]{0,252}", re.IGNORECASE | re.ASCII)
_DOTTED = re.compile(r"[0-9.]+")


def node(host: str, port: int) -> Problem | None:
    """A host name, IPv4 address or IPv6 address without brackets, and a port from 1 to 65,535."""
    if _is_host(host) and 0 < port < 1 << 16:
        return None
    shown = quoted(host_port((host, port)))
    return Problem("node-malformed", shown, "is not a valid HOST:PORT", {"host": host, "port": port})


def parse_node(text: str) -> Node | Problem:
    """Host and port from `HOST:PORT` or `[IPV6]:PORT`."""
    found = parse_host_port(text)
    if found is None or found[1] == 0:
        return Problem("node-malformed", quoted(text), "is not a valid HOST:PORT", {"text": text})
    return found


def parse_host_port(text: str) -> Node | None:
    """Like `parse_node`, but None for invalid text; accepts port 0, which an address to listen on may have."""
    found = _HOST_PORT.fullmatch(text)
    if found is None or int(found[3]) >= 1 << 16 or not _is_host(found[1] or found[2]):
        return None
    return found[1] or found[2], int(found[3])


def _is_host(host: str) -> bool:
    from ipaddress import AddressValueError, IPv4Address, IPv6Address

    try:
        if ":" in host:
            return "%" not in host and bool(IPv6Address(host).packed)
        if _DOTTED.fullmatch(host):
            return bool(IPv4Address(host).packed)
    except AddressValueError:
        return False
    return _HOST_NAME.fullmatch(host) is not None
