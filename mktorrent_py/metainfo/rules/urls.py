"""Rules for URLs: which schemes each kind may have, and what a client needs to contact the host."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from mktorrent_py.formatting import printable, quoted
from mktorrent_py.metainfo.rules.fields import is_utf8
from mktorrent_py.metainfo.rules.problem import Problem

WEB_SCHEMES = ("http", "https")


class UrlKind(NamedTuple):
    """What a URL is for, the code of its problems, and the schemes it may have."""

    noun: str
    code: str
    schemes: tuple[str, ...]


TRACKER = UrlKind("tracker URL", "tracker-malformed", (*WEB_SCHEMES, "udp", "ws", "wss"))
WEB_SEED = UrlKind("web seed URL", "web-seed-malformed", (*WEB_SCHEMES, "ftp", "ftps"))
HTTP_SEED = UrlKind("HTTP seed URL", "web-seed-malformed", WEB_SCHEMES)
UPDATE = UrlKind("update URL", "update-url-malformed", WEB_SCHEMES)
WEB = UrlKind("URL", "url-malformed", WEB_SCHEMES)
"""HTTP seeds (BEP 17) and update URLs (BEP 39) are asked with a query, which only HTTP has."""

_UNUSABLE = re.compile(r"[\s\x00-\x1f\x7f]")


def tracker_url(url: str) -> Problem | None:
    """BEP 3, 12; BEP 15 for UDP, which has no default port."""
    return url_problem(url, TRACKER)


def web_seed_url(url: str) -> Problem | None:
    """BEP 19."""
    return url_problem(url, WEB_SEED)


def http_seed_url(url: str) -> Problem | None:
    """BEP 17."""
    return url_problem(url, HTTP_SEED)


def update_url(url: str) -> Problem | None:
    """BEP 39."""
    return url_problem(url, UPDATE)


def web_url(url: str) -> Problem | None:
    """Any address on the web."""
    return url_problem(url, WEB)


def url_problem(url: str, kind: UrlKind) -> Problem | None:
    """What keeps clients from using a URL of this kind."""
    reason = _reason(url, kind.schemes)
    if reason is not None:
        data = {"url": url, "kind": kind.noun, "schemes": ", ".join(kind.schemes)}
        return Problem(kind.code, f"{kind.noun} {quoted(url)}", reason, data)
    return None if is_utf8(url) else Problem("text-not-utf-8", f"{kind.noun} {quoted(url)}", "is not UTF-8")


def _reason(url: str, schemes: tuple[str, ...]) -> str | None:
    if not url:
        return "is empty"
    if _UNUSABLE.search(url):
        return "contains a space or a control character"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a valid URL"
    if not parts.scheme:
        return "is not a URL"
    if parts.scheme not in schemes:
        return f"has the scheme '{printable(parts.scheme)}', not one of {', '.join(schemes)}"
    if not host:
        return "has no host"
    if port == 0:
        return "has port 0, which cannot be connected to"
    if parts.scheme == "udp" and port is None:
        return "has no port, which UDP trackers need (BEP 15)"
    return None
