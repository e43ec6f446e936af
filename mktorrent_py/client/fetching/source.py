"""Reads what to download, as a person writes it: a torrent file or its URL, a magnet URI, an infohash."""

from __future__ import annotations

import asyncio
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any, TypeVar
from urllib.parse import urlsplit

from mktorrent_py import __version__
from mktorrent_py.client.network.route import Route
from mktorrent_py.errors import LimitError, MagnetError, NetworkError, UsageError, reading
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.rules.urls import WEB_SCHEMES
from mktorrent_py.torrentfile import read_metainfo, reason_of

_DIRECT = Route()
T = TypeVar("T")


def read_source(text: str, *, timeout: float, route: Route = _DIRECT) -> Metainfo | Magnet:
    """Read a source; `timeout` is in seconds. Raises UsageError for none of these, else as reading and networks do."""
    path = Path(text)
    is_magnet = text.lower().startswith(("magnet:", "stream-magnet:"))
    if not is_magnet and path.is_file():
        return read_metainfo(path)
    if urlsplit(text).scheme.lower() in WEB_SCHEMES:
        data = download_torrent_file(text, timeout=timeout, route=route)
        with reading(text):
            return Metainfo.from_bytes(data)
    try:
        return Magnet.parse(text)
    except MagnetError:
        if is_magnet:
            raise
    raise UsageError(
        f"no torrent file {quoted(text)}",
        code="source-not-found",
        hint="Use a torrent file, its URL, a magnet URI or an infohash.",
    )


def download_torrent_file(url: str, *, timeout: float, limit: int | None = None, route: Route = _DIRECT) -> bytes:
    """Return the torrent file at a URL, of at most `limit` bytes; redirects may lead to http and https only."""
    bound = limit or Limits().size
    if route.proxy is not None:
        route.proxy.greet()
    opener = urllib.request.build_opener(_WebOnly(), *route.handlers())
    request = urllib.request.Request(url, headers={"User-Agent": f"mkt/{__version__}"})
    try:
        with opener.open(request, timeout=timeout) as response:
            data: bytes = response.read(bound + 1)
    except urllib.error.HTTPError as error:
        message = f"{url} answered {error.code} {error.reason}".rstrip()
        raise NetworkError(message, code="download-failed", url=url) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        phrase = reason_of(reason) if isinstance(reason, OSError) else str(reason).lower()
        raise NetworkError(f"cannot download {url}: {phrase}", code="download-failed", url=url) from error
    if len(data) > bound:
        raise LimitError(f"{url} is larger than {bound:,} bytes, the limit for a torrent file")
    return data


class _WebOnly(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Any, newurl: str
    ) -> urllib.request.Request | None:
        if urlsplit(newurl).scheme.lower() not in WEB_SCHEMES:
            raise NetworkError(f"{req.full_url} redirects to {newurl}, which is not http or https")
        return super().redirect_request(req, fp, code, msg, headers, newurl)


async def in_daemon_thread(work: Callable[[], T]) -> T:
    """Return the result of blocking work that cannot be cancelled: nothing waits for its thread, not even the end."""
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: BaseException | None) -> None:
        if not result.done():
            if error is not None:
                result.set_exception(error)
            else:
                result.set_result(value)  # type: ignore[arg-type]

    def do() -> None:
        outcome: tuple[T | None, Exception | None]
        try:
            outcome = work(), None
        except Exception as error:
            outcome = None, error
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=do, name="mkt-source", daemon=True).start()
    return await result
