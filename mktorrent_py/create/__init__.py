"""Create torrents: `create_torrent` is `draft_torrent`, of names and sizes, and `hash_draft`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.create.draft import Draft as Draft
    from mktorrent_py.create.draft import draft_torrent as draft_torrent
    from mktorrent_py.create.options import CreateOptions as CreateOptions
    from mktorrent_py.create.torrent import CreateResult as CreateResult
    from mktorrent_py.create.torrent import create_from_stream as create_from_stream
    from mktorrent_py.create.torrent import create_torrent as create_torrent
    from mktorrent_py.create.torrent import hash_draft as hash_draft
    from mktorrent_py.create.warnings import DraftWarning as DraftWarning
    from mktorrent_py.create.warnings import warnings_of as warnings_of

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "draft": (
            "Draft",
            "draft_torrent",
        ),
        "options": ("CreateOptions",),
        "torrent": (
            "CreateResult",
            "create_from_stream",
            "create_torrent",
            "hash_draft",
        ),
        "warnings": (
            "DraftWarning",
            "warnings_of",
        ),
    },
)
