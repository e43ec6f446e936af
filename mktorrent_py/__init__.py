"""Create, inspect, verify, edit, seed, fetch and track torrents: v1, v2 and hybrid.

    >>> from mktorrent_py import CreateOptions, Magnet, TorrentVersion, create_torrent
    >>> created = create_torrent("release", CreateOptions(version=TorrentVersion.HYBRID))
    >>> str(Magnet.from_metainfo(created.metainfo))

The names below are imported when they are first used, so that `import mktorrent_py` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mktorrent_py.content.scan import ScanOptions as ScanOptions
    from mktorrent_py.content.selection import Selection as Selection
    from mktorrent_py.create import CreateOptions as CreateOptions
    from mktorrent_py.create import CreateResult as CreateResult
    from mktorrent_py.create import create_torrent as create_torrent
    from mktorrent_py.errors import TorrentError as TorrentError
    from mktorrent_py.hashing.hasher import Progress as Progress
    from mktorrent_py.metainfo.info import Info as Info
    from mktorrent_py.metainfo.infohash import Infohashes as Infohashes
    from mktorrent_py.metainfo.infohash import TorrentVersion as TorrentVersion
    from mktorrent_py.metainfo.magnet.uri import Magnet as Magnet
    from mktorrent_py.metainfo.metainfo import Metainfo as Metainfo
    from mktorrent_py.torrentfile import read_metainfo as read_metainfo
    from mktorrent_py.torrentfile import write_metainfo as write_metainfo
    from mktorrent_py.verify.api import VerifyOptions as VerifyOptions
    from mktorrent_py.verify.api import VerifyReport as VerifyReport
    from mktorrent_py.verify.api import verify_content as verify_content

__version__ = "0.1.0"

_HOMES = {
    "CreateOptions": "create",
    "CreateResult": "create",
    "Infohashes": "metainfo.infohash",
    "Info": "metainfo.info",
    "Magnet": "metainfo.magnet",
    "Metainfo": "metainfo.metainfo",
    "Progress": "hashing.hasher",
    "VerifyReport": "verify",
    "ScanOptions": "content.scan",
    "Selection": "content.selection",
    "TorrentError": "errors",
    "TorrentVersion": "metainfo.infohash",
    "VerifyOptions": "verify",
    "create_torrent": "create",
    "read_metainfo": "torrentfile",
    "verify_content": "verify",
    "write_metainfo": "torrentfile",
}

__all__ = ["__version__", *sorted(_HOMES)]  # noqa: PLE0604 - the names are those of the table


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
