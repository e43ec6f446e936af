"""Downloads content into a directory, where each file gets its name once it is complete."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any

import libtorrent as lt

from mktorrent_py.client.fetching.plan import DownloadPlan, Target, make_directory, verify_targets
from mktorrent_py.client.fetching.stall import TICK, PeerDialer, StallTimer
from mktorrent_py.client.libtorrent import (
    DONT_DOWNLOAD,
    DOWNLOAD,
    file_indices,
    layout_of,
    load,
    name_files,
    rename_file,
)
from mktorrent_py.client.session import Session
from mktorrent_py.errors import ContentError, RefusedError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.torrentfile import reason_of
from mktorrent_py.verify.api import VerifyReport


class Downloader:
    """A download by a plan. `done`, `received` (bytes), `rate` (bytes a second) and `peers` can be read meanwhile."""

    def __init__(self, session: Session, plan: DownloadPlan, peers: Sequence[tuple[str, int]], timeout: float) -> None:
        self.done = 0
        self.rate = 0
        self.peers = 0
        self.received = 0
        self._session, self._plan, self._addresses, self._timeout = session, plan, peers, timeout
        self._parameters, torrent = load(plan.metainfo)
        indices = file_indices(torrent, plan.metainfo.info.layout)
        self._targets = dict(zip(indices, plan.targets, strict=True))
        self._incomplete = {
            index
            for index, target in self._targets.items()
            if target.wanted and target.has_data and target.number not in plan.complete
        }
        priorities = [DONT_DOWNLOAD] * layout_of(torrent).num_files()
        names = {}
        for index, target in self._targets.items():
            names[index] = os.fsencode(target.part if index in self._incomplete else target.final)
            if target.wanted and target.has_data:
                priorities[index] = DOWNLOAD
        name_files(self._parameters, names)
        self._parameters.save_path = str(plan.directory.absolute())
        self._parameters.file_priorities = priorities
        self._parameters.have_pieces = list(plan.pieces)
        self._parameters.flags = lt.torrent_flags.update_subscribe

    async def run(self) -> VerifyReport:
        """Download what is wanted and verify it. Raises NetworkError, ContentError or RefusedError; keeps what came."""
        for target in self._plan.wanted:
            if target.file.symlink is None:
                make_directory(target.final.parent)
        if self._incomplete:
            await self._download()
        _create_dataless(self._plan)
        progress = Progress()
        try:
            return await asyncio.to_thread(
                verify_targets, self._plan.metainfo, self._plan.directory, self._plan.targets, progress=progress
            )
        except asyncio.CancelledError:
            progress.cancel()
            raise

    async def _download(self) -> None:
        handle = self._session.add(self._parameters, private=self._plan.metainfo.info.private)
        dialer = PeerDialer(handle, self._addresses)
        timer = StallTimer(self._timeout, f"download of {printable(self._plan.metainfo.info.name)}")
        try:
            while self._incomplete:
                for alert in self._session.alerts():
                    handler = _HANDLERS.get(type(alert))
                    if handler is not None:
                        handler(self, alert)
                status = handle.status(0)
                self.done, self.received = status.total_wanted_done, status.total_payload_download
                self.rate, self.peers = status.download_payload_rate, status.num_peers
                timer.update((self.done, len(self._incomplete)))
                dialer.connect()
                if self._incomplete:
                    await self._session.wait(TICK)
        finally:
            self._session.lt.remove_torrent(handle, lt.session.delete_partfile)

    def _on_complete(self, alert: lt.file_completed_alert) -> None:
        """Rename a complete file, unless another file has its name meanwhile."""
        index = int(alert.index)
        if index not in self._incomplete:
            return
        final = self._targets[index].final
        if os.path.lexists(final):
            raise RefusedError(
                f"{printable(str(final))} was created by something else during the download",
                code="file-appeared",
                hint="What was downloaded is kept as .part.",
            )
        rename_file(alert.handle, index, final)

    def _on_renamed(self, alert: lt.file_renamed_alert) -> None:
        self._incomplete.discard(int(alert.index))

    def _on_rename_failed(self, alert: lt.file_rename_failed_alert) -> None:
        final = printable(str(self._targets[int(alert.index)].final))
        raise ContentError(f"cannot write {final}: {alert.error.message().lower()}", code="content-unwritable")

    def _on_file_error(self, alert: lt.file_error_alert) -> None:
        raise ContentError(
            f"cannot write below {printable(str(self._plan.directory))}: {alert.error.message().lower()}",
            code="content-unwritable",
            hint="What was downloaded is kept; start again to continue.",
        )


_HANDLERS: dict[type, Callable[[Downloader, Any], None]] = {
    lt.file_completed_alert: Downloader._on_complete,
    lt.file_renamed_alert: Downloader._on_renamed,
    lt.file_rename_failed_alert: Downloader._on_rename_failed,
    lt.file_error_alert: Downloader._on_file_error,
}


def _create_dataless(plan: DownloadPlan) -> None:
    """Create what needs no peer: empty files, links, and the permission to execute. Raises ContentError."""
    for target in plan.wanted:
        try:
            if target.file.symlink is not None:
                _create_link(plan, target)
            elif not target.file.length:
                target.final.touch(exist_ok=True)
            if "x" in target.file.attributes and target.file.symlink is None:
                target.final.chmod(target.final.stat().st_mode | 0o111)
        except OSError as error:
            raise ContentError(
                f"cannot write {printable(str(target.final))}: {reason_of(error)}", code="content-unwritable"
            ) from error


def _create_link(plan: DownloadPlan, target: Target) -> None:
    """Create a link to a file of the torrent; any other link is left out."""
    others = {other.file.path: other.final for other in plan.targets if other.file.symlink is None}
    aim = others.get(target.file.symlink or ())
    if aim is not None and not os.path.lexists(target.final):
        target.final.parent.mkdir(parents=True, exist_ok=True)
        target.final.symlink_to(os.path.relpath(aim, target.final.parent))
