"""Finds the content of a torrent and verifies it, before a byte of it is uploaded."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.client.seeding.change_monitor import FilePlacement, display, stat_files
from mktorrent_py.client.seeding.check_cache import CheckCache
from mktorrent_py.client.seeding.events import Basis
from mktorrent_py.content.file_stat import DiskFile
from mktorrent_py.errors import ContentError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.paths import display_path, unsafe_reason
from mktorrent_py.verify.api import (
    Verification,
    VerifyOptions,
    VerifyReport,
    prepare_verification,
    run_verification,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """How to check. `trust` compares sizes, and times with the torrent file's; otherwise every byte is hashed.

    With a `cache`, content that has not changed since its last check is not read again.
    """

    trust: bool = False
    threads: int = 0
    cache: CheckCache | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedContent:
    """Content that may be uploaded, and why; `seconds` is how long it was hashed, None where it was not."""

    placement: FilePlacement
    basis: Basis
    seconds: float | None = None


def locate(metainfo: Metainfo, places: Sequence[Path], options: CheckOptions) -> Verification:
    """Find the content by names and sizes. Raises ContentError for a place that cannot be read.

    What has the torrent's own name in a place is tried first: a directory with the content of thousands of torrents is
    then not listed for each of them.
    """
    how = VerifyOptions(quick=options.trust, threads=options.threads)
    name = metainfo.info.name
    likely = [] if unsafe_reason(name) else [path for place in places if os.path.lexists(path := place / name)]
    if likely:
        verification = prepare_verification(metainfo, likely, how)
        if _is_complete(verification):
            return verification
    return prepare_verification(metainfo, places, how)


def _is_complete(verification: Verification) -> bool:
    files, found = verification.metainfo.info.files, verification.located.found
    disks = [found[number].disk for number in range(len(files))]
    return all(disk is not None and disk.size == file.length for file, disk in zip(files, disks, strict=True))


def check(verification: Verification, options: CheckOptions, *, torrent: Path, progress: Progress) -> CheckedContent:
    """Check content that was found, with the least work that the options allow. Raises ContentError if it fails."""
    if options.trust:
        placement = verify_or_raise(verification, progress=progress)
        refuse_newer(placement, torrent)
        return CheckedContent(placement=placement, basis=Basis.TRUSTED)
    infohashes = verification.metainfo.infohashes
    if options.cache is not None and _is_complete(verification):
        placement = _placement_of(verification)
        if options.cache.is_current(infohashes, placement):
            return CheckedContent(placement=placement, basis=Basis.REMEMBERED)
    started = time.monotonic()
    placement = verify_or_raise(verification, progress=progress)
    seconds = round(time.monotonic() - started, 3)
    if options.cache is not None:
        options.cache.record(infohashes, placement, seconds=seconds)
    return CheckedContent(placement=placement, basis=Basis.CHECKED, seconds=seconds)


def verify_or_raise(verification: Verification, *, progress: Progress | None = None) -> FilePlacement:
    """Verify content that was found. Raises ContentError unless all of it matches, and did so before and after."""
    report = run_verification(verification, progress=progress)
    if not report.ok:
        raise _mismatch(report)
    return _placement_of(verification)


def _placement_of(verification: Verification) -> FilePlacement:
    located = verification.located
    disks = [located.found[number].disk for number in range(len(located.found))]
    return confirm_unchanged(verification.metainfo.info.layout, located.root, disks)


def confirm_unchanged(layout: Layout, root: Path, disks: Sequence[DiskFile | None]) -> FilePlacement:
    """Return the state of files that were just hashed. Raises ContentError for one that changed meanwhile."""
    top = os.fsencode(root.absolute())
    placement = stat_files(layout, [top + b"/" + disk.path if disk is not None else b"" for disk in disks])
    for path, state, disk in zip(placement.paths, placement.states, disks, strict=True):
        if state is not None and disk is not None and (state.size, state.mtime) != (disk.size, disk.mtime_ns):
            raise ContentError(
                f"{display(path)} changed during the check",
                code="content-changed",
                hint="Try again once nothing is changing it.",
            )
    return placement


def refuse_newer(placement: FilePlacement, torrent: Path) -> None:
    """Raise ContentError for a file newer than the torrent file, which may differ from what was hashed."""
    created = torrent.stat().st_mtime_ns
    for path, state in zip(placement.paths, placement.states, strict=True):
        if state is not None and state.mtime > created:
            message = f"{display(path)} was modified after {printable(str(torrent))} was created"
            raise ContentError(message, code="content-newer")


def _mismatch(report: VerifyReport) -> ContentError:
    wrong = [file for file in report.files if not file.is_right]
    if not wrong:
        return ContentError("the torrent contradicts itself: no content matches both its v1 and its v2 part")
    first = wrong[0]
    what = f"{display_path(first.path)} is {first.status}" + (f" ({first.detail})" if first.detail else "")
    more = f", and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
    return ContentError(f"{what}{more}", code="content-mismatch")
