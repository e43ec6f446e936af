"""What the seeder's status page and the tracker's pages share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.web.qr import fit_magnet as fit_magnet
    from mktorrent_py.web.qr import qr_picture as qr_picture
    from mktorrent_py.web.qr import qr_terminal_lines as qr_terminal_lines

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "qr": (
            "fit_magnet",
            "qr_picture",
            "qr_terminal_lines",
        ),
    },
)
