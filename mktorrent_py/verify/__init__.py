"""Verify content on disk against a torrent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.verify.api import Verification as Verification
    from mktorrent_py.verify.api import VerifyOptions as VerifyOptions
    from mktorrent_py.verify.api import VerifyReport as VerifyReport
    from mktorrent_py.verify.api import prepare_verification as prepare_verification
    from mktorrent_py.verify.api import run_verification as run_verification
    from mktorrent_py.verify.api import verify_content as verify_content
    from mktorrent_py.verify.report import FileReport as FileReport
    from mktorrent_py.verify.report import FileStatus as FileStatus
    from mktorrent_py.verify.report import consecutive_runs as consecutive_runs

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "api": (
            "Verification",
            "VerifyOptions",
            "VerifyReport",
            "prepare_verification",
            "run_verification",
            "verify_content",
        ),
        "report": (
            "FileReport",
            "FileStatus",
            "consecutive_runs",
        ),
    },
)
