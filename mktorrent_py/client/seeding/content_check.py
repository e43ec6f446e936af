"""Finds the content of a torrent and proves it, before a byte of it is given to anybody."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.client.seeding.change_monitor import Placement, place, shown
from mktorrent_py.client.seeding.check_cache import Proofs
from mktorrent_py.client.seeding.events import Basis
from mktorrent_py.content.file_stat import DiskFile
from mktorrent_py.errors import ContentError
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.layout import Layout
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.paths import display_path, unsafe_reason
from mktorrent_py.verify.api import (
    FileReport,
    Verification,
    VerifyOptions,
    VerifyReport,
    prepare_verification,
    run_verification,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckOptions:
    """How to check. `trust` compares sizes, and times with the torrent file's; otherwise every byte is hashed.

    With `proofs`, what has not changed since it was last found right is not read again.
    """

    trust: bool = False
    threads: int = 0
    proofs: Proofs | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vouched:
    """Content that may be given, and why; `seconds` is how long it was hashed, None where it was not."""

    placement: Placement
    basis: Basis
    seconds: float | None = None


def find(metainfo: Metainfo, places: Sequence[Path], options: CheckOptions) -> Verification:
    """Where the content is, by names and sizes. Raises ContentError for a place that cannot be looked at.

    What lies in a place under the torrent's own name is tried first: a directory that holds the content of thousands
    of torrents is then not listed for each of them.
    """
    how = VerifyOptions(quick=options.trust, threads=options.threads)
    name = metainfo.info.name
    likely = [] if unsafe_reason(name) else [path for place in places if os.path.lexists(path := place / name)]
    if likely:
        verification = prepare_verification(metainfo, likely, how)
        if _is_all_there(verification):
            return verification
    return prepare_verification(metainfo, places, how)


def _is_all_there(verification: Verification) -> bool:
    files, found = verification.metainfo.info.files, verification.located.found
    disks = [found[number].disk for number in range(len(files))]
    return all(disk is not None and disk.size == file.length for file, disk in zip(files, disks, strict=True))


def vouch(verification: Verification, options: CheckOptions, *, torrent: Path, progress: Progress) -> Vouched:
    """Make sure of what was found, by the least that the options ask for. Raises ContentError where it is not right."""
    if options.trust:
        placement = prove(verification, progress=progress)
        prove_unchanged(placement, torrent)
        return Vouched(placement=placement, basis=Basis.TRUSTED)
    remembered = _recall(verification, options.proofs) if options.proofs is not None else None
    if remembered is not None:
        return Vouched(placement=remembered, basis=Basis.REMEMBERED)
    started = time.monotonic()
    placement = prove(verification, progress=progress)
    seconds = round(time.monotonic() - started, 3)
    if options.proofs is not None:
        options.proofs.add(verification.metainfo.infohashes, placement, seconds=seconds)
    return Vouched(placement=placement, basis=Basis.CHECKED, seconds=seconds)


def _recall(verification: Verification, proofs: Proofs) -> Placement | None:
    """What was found, if it was right when it was last checked and has not changed since; None otherwise."""
    if not _is_all_there(verification):
        return None
    placement = _placement_of(verification)
    return placement if proofs.hold(verification.metainfo.infohashes, placement) else None


def prove(verification: Verification, *, progress: Progress | None = None) -> Placement:
    """Check what was found. Raises ContentError unless all of it is right, and was so before and after."""
    report = run_verification(verification, progress=progress)
    if not report.ok:
        raise _wrong(report)
    return _placement_of(verification)


def _placement_of(verification: Verification) -> Placement:
    located = verification.located
    disks = [located.found[number].disk for number in range(len(located.found))]
    return settle(verification.metainfo.info.layout, located.root, disks)


def settle(layout: Layout, root: Path, disks: Sequence[DiskFile | None]) -> Placement:
    """Look at files that were just hashed. Raises ContentError for one that is not what it was when that began."""
    top = os.fsencode(root.absolute())
    placement = place(layout, [top + b"/" + disk.path if disk is not None else b"" for disk in disks])
    for path, state, disk in zip(placement.paths, placement.states, disks, strict=True):
        if state is not None and disk is not None and (state.size, state.mtime) != (disk.size, disk.mtime_ns):
            raise ContentError(f"{shown(path)} changed while it was checked", hint="Try again when it is at rest.")
    return placement


def prove_unchanged(placement: Placement, torrent: Path) -> None:
    """Raises ContentError when a file is younger than the torrent file, and so may differ from what was hashed."""
    made = torrent.stat().st_mtime_ns
    for path, state in zip(placement.paths, placement.states, strict=True):
        if state is not None and state.mtime > made:
            raise ContentError(
                f"{shown(path)} is younger than {shown(os.fsencode(torrent))}",
                hint="It may have changed since. Leave --trust out to have it checked.",
            )


def _wrong(report: VerifyReport) -> ContentError:
    wrong = [file for file in report.files if not file.is_right]
    if not wrong:
        return ContentError("the torrent contradicts itself: no content can match both of its halves")
    more = f", and {len(wrong) - 1:,} more" if len(wrong) > 1 else ""
    return ContentError(
        f"{_words(wrong[0])}{more}", hint="mkt verify shows all that is wrong; only content that is right is seeded."
    )


def _words(file: FileReport) -> str:
    return f"{display_path(file.path)} is {file.status}" + (f" ({file.detail})" if file.detail else "")
