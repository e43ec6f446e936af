"""Create, inspect, verify, edit, seed, download and track torrents: v1, v2 and hybrid.

    >>> created = create_torrent("release", CreateOptions(trackers=["https://tracker.example/announce"]))
    >>> write_metainfo(created.metainfo, "release.torrent")
    >>> str(created.metainfo.magnet())
    >>> verify_content("release.torrent", "release").ok
    >>> edit_metainfo(read_metainfo("release.torrent"), Edit(comment="second pressing"))
    >>> fetch("magnet:?xt=urn:btih:...", "downloads").run().path
    >>> seed("release.torrent", content="release").run(on_event=print)
    >>> async with Tracker(TrackerOptions(folder="torrents")) as tracker: ...

`seed`, `fetch` and `Tracker` also report events: the types are exported beside them, those of seeding in `seed_events`.

The names in `__all__` are the public interface. Every module, and every name in one that is not in `__all__`, is
private and may change in any release. A name is imported when it is first used, so `import mktorrent_py` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.client import FetchEvent as FetchEvent
    from mktorrent_py.client import FetchFinished as FetchFinished
    from mktorrent_py.client import FetchOptions as FetchOptions
    from mktorrent_py.client import FetchPhase as FetchPhase
    from mktorrent_py.client import FetchProgress as FetchProgress
    from mktorrent_py.client import FetchResult as FetchResult
    from mktorrent_py.client import FileRenamed as FileRenamed
    from mktorrent_py.client import MetadataReceived as MetadataReceived
    from mktorrent_py.client import SeedEnded as SeedEnded
    from mktorrent_py.client import SeedEvent as SeedEvent
    from mktorrent_py.client import SeedOptions as SeedOptions
    from mktorrent_py.client import SessionOptions as SessionOptions
    from mktorrent_py.client import UrlSkipped as UrlSkipped
    from mktorrent_py.client import fetch as fetch
    from mktorrent_py.client import fetch_metadata as fetch_metadata
    from mktorrent_py.client import seed as seed
    from mktorrent_py.client import seed_events as seed_events
    from mktorrent_py.content.scan import ScanOptions as ScanOptions
    from mktorrent_py.content.scan import SortOrder as SortOrder
    from mktorrent_py.content.scan import Symlinks as Symlinks
    from mktorrent_py.content.selection import Selection as Selection
    from mktorrent_py.create import CreateOptions as CreateOptions
    from mktorrent_py.create import CreateResult as CreateResult
    from mktorrent_py.create import Draft as Draft
    from mktorrent_py.create import DraftWarning as DraftWarning
    from mktorrent_py.create import create_from_stream as create_from_stream
    from mktorrent_py.create import create_torrent as create_torrent
    from mktorrent_py.create import draft_torrent as draft_torrent
    from mktorrent_py.create import hash_draft as hash_draft
    from mktorrent_py.create import warnings_of as warnings_of
    from mktorrent_py.errors import BencodeError as BencodeError
    from mktorrent_py.errors import CancelledError as CancelledError
    from mktorrent_py.errors import ContentError as ContentError
    from mktorrent_py.errors import LimitError as LimitError
    from mktorrent_py.errors import MagnetError as MagnetError
    from mktorrent_py.errors import MetainfoError as MetainfoError
    from mktorrent_py.errors import NetworkError as NetworkError
    from mktorrent_py.errors import RefusedError as RefusedError
    from mktorrent_py.errors import TorrentError as TorrentError
    from mktorrent_py.errors import UsageError as UsageError
    from mktorrent_py.hashing.compare import PieceState as PieceState
    from mktorrent_py.hashing.hasher import Progress as Progress
    from mktorrent_py.metainfo.bencode import Limits as Limits
    from mktorrent_py.metainfo.diff import Differences as Differences
    from mktorrent_py.metainfo.diff import diff as diff
    from mktorrent_py.metainfo.edit import UNCHANGED as UNCHANGED
    from mktorrent_py.metainfo.edit import Edit as Edit
    from mktorrent_py.metainfo.edit import ListChange as ListChange
    from mktorrent_py.metainfo.edit import TierChange as TierChange
    from mktorrent_py.metainfo.edit import edit_metainfo as edit_metainfo
    from mktorrent_py.metainfo.info import Info as Info
    from mktorrent_py.metainfo.infohash import Infohashes as Infohashes
    from mktorrent_py.metainfo.infohash import TorrentVersion as TorrentVersion
    from mktorrent_py.metainfo.layout import File as File
    from mktorrent_py.metainfo.lint import Finding as Finding
    from mktorrent_py.metainfo.lint import lint as lint
    from mktorrent_py.metainfo.lint.table import Severity as Severity
    from mktorrent_py.metainfo.magnet.uri import Magnet as Magnet
    from mktorrent_py.metainfo.metainfo import Metainfo as Metainfo
    from mktorrent_py.metainfo.summary import summarize as summarize
    from mktorrent_py.torrentfile import read_metainfo as read_metainfo
    from mktorrent_py.torrentfile import write_metainfo as write_metainfo
    from mktorrent_py.tracker import Tracker as Tracker
    from mktorrent_py.tracker import TrackerEvent as TrackerEvent
    from mktorrent_py.tracker import TrackerNote as TrackerNote
    from mktorrent_py.tracker import TrackerOptions as TrackerOptions
    from mktorrent_py.tracker import TrackerStarted as TrackerStarted
    from mktorrent_py.tracker import TrackerStatus as TrackerStatus
    from mktorrent_py.tracker import TrackerStopping as TrackerStopping
    from mktorrent_py.verify import FileReport as FileReport
    from mktorrent_py.verify import FileStatus as FileStatus
    from mktorrent_py.verify import VerifyOptions as VerifyOptions
    from mktorrent_py.verify import VerifyReport as VerifyReport
    from mktorrent_py.verify import verify_content as verify_content

__version__ = "0.1.0"

_MODULES: dict[str, tuple[str, ...]] = {
    "content.scan": ("ScanOptions", "SortOrder", "Symlinks"),
    "content.selection": ("Selection",),
    "create": (
        *("CreateOptions", "CreateResult", "create_from_stream", "create_torrent"),
        *("Draft", "DraftWarning", "draft_torrent", "hash_draft", "warnings_of"),
    ),
    "errors": (
        *("TorrentError", "UsageError", "ContentError", "CancelledError", "MetainfoError", "BencodeError"),
        *("LimitError", "MagnetError", "RefusedError", "NetworkError"),
    ),
    "hashing.compare": ("PieceState",),
    "hashing.hasher": ("Progress",),
    "metainfo.bencode": ("Limits",),
    "metainfo.diff": ("Differences", "diff"),
    "metainfo.edit": ("Edit", "ListChange", "TierChange", "UNCHANGED", "edit_metainfo"),
    "metainfo.info": ("Info",),
    "metainfo.infohash": ("Infohashes", "TorrentVersion"),
    "metainfo.layout": ("File",),
    "metainfo.lint": ("Finding", "lint"),
    "metainfo.lint.table": ("Severity",),
    "metainfo.magnet": ("Magnet",),
    "metainfo.metainfo": ("Metainfo",),
    "metainfo.summary": ("summarize",),
    "client": (
        *("SeedEnded", "SeedEvent", "SeedOptions", "SessionOptions", "seed", "seed_events"),
        *(
            "FetchEvent",
            "FetchFinished",
            "FetchOptions",
            "FetchPhase",
            "FetchProgress",
            "FetchResult",
            "FileRenamed",
            "MetadataReceived",
            "UrlSkipped",
            "fetch",
            "fetch_metadata",
        ),
    ),
    "torrentfile": ("read_metainfo", "write_metainfo"),
    "tracker": (
        "Tracker",
        "TrackerEvent",
        "TrackerNote",
        "TrackerOptions",
        "TrackerStarted",
        "TrackerStatus",
        "TrackerStopping",
    ),
    "verify": ("FileReport", "FileStatus", "VerifyOptions", "VerifyReport", "verify_content"),
}
"""The public names by the module that holds them."""

__getattr__, __dir__, __all__ = lazy_exports(__name__, _MODULES)
__all__.append("__version__")
