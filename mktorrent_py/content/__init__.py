"""Content on disk: which files there are, and which of them belong to a torrent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.content.locate import MatchKind as MatchKind
    from mktorrent_py.content.scan import ScanOptions as ScanOptions
    from mktorrent_py.content.scan import SortOrder as SortOrder
    from mktorrent_py.content.scan import Symlinks as Symlinks
    from mktorrent_py.content.scan import own_name as own_name
    from mktorrent_py.content.scan import split_file_list as split_file_list
    from mktorrent_py.content.selection import Selection as Selection
    from mktorrent_py.content.selection import only_matching as only_matching

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "locate": ("MatchKind",),
        "scan": (
            "ScanOptions",
            "SortOrder",
            "Symlinks",
            "own_name",
            "split_file_list",
        ),
        "selection": (
            "Selection",
            "only_matching",
        ),
    },
)
