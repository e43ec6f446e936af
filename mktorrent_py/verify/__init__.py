"""Verify content on disk against a torrent."""

from mktorrent_py.verify.api import Verification as Verification
from mktorrent_py.verify.api import VerifyOptions as VerifyOptions
from mktorrent_py.verify.api import VerifyReport as VerifyReport
from mktorrent_py.verify.api import prepare_verification as prepare_verification
from mktorrent_py.verify.api import run_verification as run_verification
from mktorrent_py.verify.api import verify_content as verify_content
from mktorrent_py.verify.report import FileReport as FileReport
from mktorrent_py.verify.report import FileStatus as FileStatus
