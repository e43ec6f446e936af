"""From the bytes of content to digests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.hashing.checksums import ALGORITHMS as ALGORITHMS
    from mktorrent_py.hashing.checksums import checksum_lines as checksum_lines
    from mktorrent_py.hashing.compare import PieceState as PieceState
    from mktorrent_py.hashing.hasher import Progress as Progress
    from mktorrent_py.hashing.hasher import default_threads as default_threads
    from mktorrent_py.hashing.kernel import description as description
    from mktorrent_py.hashing.rotational import is_rotating as is_rotating

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "checksums": (
            "ALGORITHMS",
            "checksum_lines",
        ),
        "compare": ("PieceState",),
        "hasher": (
            "Progress",
            "default_threads",
        ),
        "kernel": ("description",),
        "rotational": ("is_rotating",),
    },
)
