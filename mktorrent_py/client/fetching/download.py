"""Gets content from others into one directory, where each file has its name when it is whole, and not before."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import libtorrent as lt

from mktorrent_py.client.fetching.plan import Plan, Target, inspect_disk, make_directory
from mktorrent_py.client.fetching.stall import TICK, Dialer, FetchOptions, Watchdog
from mktorrent_py.client.libtorrent import (
    DONT_DOWNLOAD,
    DOWNLOAD,
    file_indices,
    layout_of,
    load,
    name_files,
    torrent_of,
)
from mktorrent_py.client.session import Session
from mktorrent_py.errors import ContentError, RefusedError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.verify.api import VerifyReport


class Fetcher:
    """One download. `done`, `received` (bytes) and `rate` (bytes a second) can be read while it runs."""

    def __init__(self, session: Session, plan: Plan, options: FetchOptions) -> None:
        self.done = 0
        self.rate = 0
        self.peers = 0
        self.received = 0
        self._session, self._plan, self._options = session, plan, options
        parameters = load(plan.metainfo)
        torrent = torrent_of(parameters)
        indices = file_indices(torrent, plan.metainfo.info.layout)
        self._targets = dict(zip(indices, plan.targets, strict=True))
        self._unnamed = {index for index, target in self._targets.items() if self._is_to_come(target)}
        self._parameters = self._prepare(parameters, torrent)

    async def run(self) -> VerifyReport:
        """Fetch what is wanted, and verify it. Raises NetworkError, ContentError or RefusedError; what came stays."""
        for target in self._plan.wanted:
            if target.file.symlink is None:
                make_directory(target.final.parent)
        if self._unnamed:
            await self._download()
        _make_rest(self._plan)
        return await asyncio.to_thread(
            inspect_disk, self._plan.metainfo, self._plan.directory, self._plan.targets, progress=Progress()
        )

    def _is_to_come(self, target: Target) -> bool:
        return target.wanted and target.is_regular and target.number not in self._plan.complete

    def _prepare(self, parameters: lt.add_torrent_params, torrent: lt.torrent_info) -> lt.add_torrent_params:
        priorities = [DONT_DOWNLOAD] * layout_of(torrent).num_files()
        names = {}
        for index, target in self._targets.items():
            names[index] = os.fsencode(target.part if index in self._unnamed else target.final)
            if target.wanted and target.is_regular:
                priorities[index] = DOWNLOAD
        name_files(parameters, names)
        parameters.save_path = str(self._plan.directory.absolute())
        parameters.file_priorities = priorities
        parameters.have_pieces = list(self._plan.pieces)
        parameters.flags = lt.torrent_flags.update_subscribe
        return parameters

    async def _download(self) -> None:
        handle = self._session.add(self._parameters, private=self._plan.metainfo.info.private)
        dialer = Dialer(handle, self._options.peers)
        watchdog = Watchdog(self._options.timeout, f"no peer gave {printable(self._plan.metainfo.info.name)}")
        try:
            while self._unnamed:
                for alert in self._session.alerts():
                    handler = _HANDLERS.get(type(alert))
                    if handler is not None:
                        handler(self, alert)
                self._look_at(handle.status(0))
                watchdog.see((self.done, len(self._unnamed)))
                dialer.dial()
                if self._unnamed:
                    await self._session.wait(TICK)
        finally:
            self._session.lt.remove_torrent(handle, lt.session.delete_partfile)

    def _look_at(self, status: lt.torrent_status) -> None:
        self.done, self.rate, self.peers = status.total_wanted_done, status.download_payload_rate, status.num_peers
        self.received = status.total_payload_download

    def _on_complete(self, alert: lt.file_completed_alert) -> None:
        """A whole file gets its name, unless something took the name meanwhile."""
        index = int(alert.index)
        if index not in self._unnamed:
            return
        final = self._targets[index].final
        if os.path.lexists(final):
            raise RefusedError(
                f"{printable(str(final))} appeared while it was fetched", hint="The rest is kept as .part."
            )
        alert.handle.rename_file(index, os.fsencode(final))  # type: ignore[arg-type]

    def _on_renamed(self, alert: lt.file_renamed_alert) -> None:
        self._unnamed.discard(int(alert.index))

    def _on_rename_failed(self, alert: lt.file_rename_failed_alert) -> None:
        raise ContentError(f"cannot write {self._shown(int(alert.index))}: {alert.error.message().lower()}")

    def _on_file_error(self, alert: lt.file_error_alert) -> None:
        raise ContentError(
            f"cannot write below {printable(str(self._plan.directory))}: {alert.error.message().lower()}",
            hint="What is there is kept; start again to go on.",
        )

    def _shown(self, index: int) -> str:
        return printable(str(self._targets[index].final))


_HANDLERS: dict[type, Callable[[Fetcher, Any], None]] = {
    lt.file_completed_alert: Fetcher._on_complete,
    lt.file_renamed_alert: Fetcher._on_renamed,
    lt.file_rename_failed_alert: Fetcher._on_rename_failed,
    lt.file_error_alert: Fetcher._on_file_error,
}


def _make_rest(plan: Plan) -> None:
    """Files without a byte, links, and the right to execute: what needs no peer. Raises ContentError."""
    for target in plan.wanted:
        try:
            if target.file.symlink is not None:
                _make_link(plan, target)
            elif not target.file.length:
                target.final.touch(exist_ok=True)
            if "x" in target.file.attributes and target.file.symlink is None:
                target.final.chmod(target.final.stat().st_mode | 0o111)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise ContentError(f"cannot write {printable(str(target.final))}: {reason}") from error


def _make_link(plan: Plan, target: Target) -> None:
    """A link inside the torrent to a file of it; any other is left out."""
    others = {other.file.path: other.final for other in plan.targets if other.file.symlink is None}
    aim = others.get(target.file.symlink or ())
    if aim is not None and not os.path.lexists(target.final):
        target.final.parent.mkdir(parents=True, exist_ok=True)
        target.final.symlink_to(os.path.relpath(aim, target.final.parent))
