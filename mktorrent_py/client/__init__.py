"""Seeding and downloading through libtorrent, for programs as for `mkt`.

    >>> from mktorrent_py.client import fetch, seed
    >>> fetch("magnet:?xt=urn:btih:...", "downloads").run().paths       # blocks until the content is verified
    >>> async for event in fetch("release.torrent", "downloads"): ...   # in an event loop: what happens, as it happens
    >>> result = await fetch("release.torrent", "downloads").result()   # in an event loop: only the result
    >>> async with seed("release.torrent", content="release") as seeding:
    ...     async for event in seeding: ...

Each function checks its arguments and returns a `Run`; nothing happens until the run is iterated, awaited or run. This
module can be imported where libtorrent is missing: the functions then raise UsageError.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mktorrent_py.client.fetching.events import (
    FetchEvent,
    FetchFinished,
    FetchPhase,
    FetchProgress,
    FetchResult,
    FileRenamed,
    MetadataReceived,
    UrlSkipped,
)
from mktorrent_py.client.network.proxy import Proxy
from mktorrent_py.client.options import (
    DEFAULT_PORT,
    Encryption,
    FetchOptions,
    SeedOptions,
    SessionOptions,
)
from mktorrent_py.client.run import Run
from mktorrent_py.client.seeding import events as seed_events
from mktorrent_py.client.seeding.events import SeedEnded, SeedEvent
from mktorrent_py.errors import UsageError
from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.client.fetching.api import Download, MetadataDownload
    from mktorrent_py.client.seeding.api import Seeding as Seeding
    from mktorrent_py.client.seeding.torrents import SeedableTorrent as SeedableTorrent
    from mktorrent_py.metainfo.metainfo import Metainfo

__all__ = [
    "DEFAULT_PORT",
    "Encryption",
    "FetchEvent",
    "FetchFinished",
    "FetchOptions",
    "FetchPhase",
    "FetchProgress",
    "FetchResult",
    "FileRenamed",
    "MetadataReceived",
    "Proxy",
    "Run",
    "SeedEnded",
    "SeedEvent",
    "SeedOptions",
    "SeedableTorrent",
    "Seeding",
    "SessionOptions",
    "UrlSkipped",
    "fetch",
    "fetch_metadata",
    "require_libtorrent",
    "seed",
    "seed_events",
    "torrent_file_path",
]

__getattr__ = lazy_exports(__name__, {"seeding.api": ("Seeding",), "seeding.torrents": ("SeedableTorrent",)})[0]

StrPath = str | os.PathLike[str]


def fetch(source: StrPath, directory: StrPath = ".", *, options: FetchOptions | None = None) -> Download:
    """Download the content of a torrent file, its URL, a magnet URI or an infohash into `directory`.

    Its events are those of `client.fetching.events`, its result a `FetchResult`. Files are named `.part` until they
    are complete; a download that was interrupted continues where it stopped. The run raises NetworkError when no valid
    data arrives in time, RefusedError for existing files with other content, ContentError for what cannot be written.
    """
    require_libtorrent()
    from mktorrent_py.client.fetching.api import Download

    return Download(os.fspath(source), Path(directory), options or FetchOptions())


def fetch_metadata(source: StrPath, *, options: FetchOptions | None = None) -> MetadataDownload:
    """Get the torrent of a magnet URI or an infohash, and no content; its result is a `Metainfo`. Writes nothing."""
    require_libtorrent()
    from mktorrent_py.client.fetching.api import MetadataDownload

    return MetadataDownload(os.fspath(source), options or FetchOptions())


def seed(
    sources: StrPath | SeedableTorrent | Iterable[StrPath | SeedableTorrent],
    *,
    content: StrPath | Sequence[StrPath] = (),
    options: SeedOptions | None = None,
) -> Seeding:
    """Seed torrent files, or all torrents of a directory, until a condition of `options` holds or it is stopped.

    The content is looked for in the directories of `content`, or else beside each torrent file; it is verified first,
    and never written to. The events of the run are those of `client.seeding.events`, its result is the `SeedEnded`.
    Raises UsageError at once for sources that cannot be; a torrent that cannot be seeded is a `SeedFailed` event.
    """
    require_libtorrent()
    from mktorrent_py.client.seeding.api import Seeding

    return Seeding(sources, content, options or SeedOptions())


def torrent_file_path(metainfo: Metainfo, directory: StrPath = ".") -> Path:
    """Return where to write the torrent file of a downloaded metainfo, whose own name may be unsafe.

    Creates the directory. Raises ContentError if it cannot.
    """
    from mktorrent_py.client.fetching.filenames import safe_name
    from mktorrent_py.client.fetching.plan import make_directory

    make_directory(Path(directory))
    return Path(directory) / f"{safe_name(metainfo.info.name, windows=sys.platform == 'win32')}.torrent"


def require_libtorrent() -> None:
    """Raise UsageError where libtorrent cannot be imported."""
    try:
        import libtorrent  # noqa: F401 - only whether it can be
    except ImportError:
        hint = "Install it with: python -m pip install 'libtorrent>=2.0.14,!=2.1.0,<2.2'"
        if sys.version_info >= (3, 14):
            hint = "It has no wheel for Python 3.14 yet: use Python 3.11, 3.12 or 3.13."
        raise UsageError(
            "seeding and downloading need libtorrent, which is not installed", code="libtorrent-missing", hint=hint
        ) from None
