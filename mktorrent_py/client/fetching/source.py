"""What is to be fetched, from what somebody typed: a torrent file or its URL, a magnet URI, an infohash."""

from __future__ import annotations

import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from mktorrent_py import __version__
from mktorrent_py.client.network.route import Route
from mktorrent_py.errors import LimitError, MagnetError, NetworkError, UsageError, reading
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.rules.urls import WEB_SCHEMES
from mktorrent_py.torrentfile import read_metainfo, reason_of

_ANY_WAY = Route()


def read_source(text: str, *, timeout: float, route: Route = _ANY_WAY) -> Metainfo | Magnet:
    """Raises UsageError for what is none of these; errors of reading and of the network otherwise."""
    path = Path(text)
    if not text.lower().startswith(("magnet:", "stream-magnet:")) and path.is_file():
        return read_metainfo(path)
    if urlsplit(text).scheme.lower() in WEB_SCHEMES:
        data = download(text, timeout=timeout, route=route)
        with reading(text):
            return Metainfo.from_bytes(data)
    try:
        return Magnet.parse(text)
    except MagnetError:
        if text.lower().startswith(("magnet:", "stream-magnet:")):
            raise
    raise UsageError(
        f"there is no torrent file {text!r}", hint="Give a torrent file, a magnet URI, or a URL of either."
    )


def download(url: str, *, timeout: float, limit: int | None = None, route: Route = _ANY_WAY) -> bytes:
    """The torrent file at a URL, of at most `limit` bytes. Redirects lead to http and https only, on the same route."""
    bound = limit or Limits().size
    if route.proxy is not None:
        route.proxy.greet()
    opener = urllib.request.build_opener(_WebOnly(), *route.handlers())
    request = urllib.request.Request(url, headers={"User-Agent": f"mkt/{__version__}"})
    try:
        with opener.open(request, timeout=timeout) as response:
            data: bytes = response.read(bound + 1)
    except urllib.error.HTTPError as error:
        raise NetworkError(f"{url} answers {error.code} {error.reason}".rstrip()) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        words = reason_of(reason) if isinstance(reason, OSError) else str(reason).lower()
        raise NetworkError(f"cannot get {url}: {words}") from error
    if len(data) > bound:
        raise LimitError(f"{url} is larger than {bound:,} bytes, the limit for a torrent file")
    return data


class _WebOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme.lower() not in WEB_SCHEMES:
            raise NetworkError(f"{req.full_url} leads to {newurl}, which is not on the web")
        return super().redirect_request(req, fp, code, msg, headers, newurl)
