"""Gets content from others into one directory, where each file has its name when it is whole, and not before."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import libtorrent as lt

from mktorrent_py.errors import ContentError, LimitError, NetworkError, RefusedError
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.magnet import Magnet
from mktorrent_py.metainfo.model import Metainfo, tracker_fields, web_seed_fields
from mktorrent_py.metainfo.paths import printable
from mktorrent_py.swarm.parameters import (
    DONT_DOWNLOAD,
    DOWNLOAD,
    file_indices,
    layout_of,
    load,
    name_files,
    torrent_of,
)
from mktorrent_py.swarm.session import Session
from mktorrent_py.swarm.targets import Plan, Target, inspect_disk
from mktorrent_py.verify import Report

TICK = 0.5
DIAL_EVERY = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchOptions:
    """`peers` are (address, port) to connect to at once; `timeout` is in seconds without progress, 0 for ever."""

    peers: tuple[tuple[str, int], ...] = ()
    timeout: float = 120.0


class Watchdog:
    """Raises NetworkError when nothing has come in for a while."""

    def __init__(self, timeout: float, what: str) -> None:
        self._timeout, self._what = timeout, what
        self._last: object = None
        self._since = time.monotonic()

    def see(self, state: object) -> None:
        """Take note of how far things are; the same state for too long is the end."""
        now = time.monotonic()
        if state != self._last:
            self._last, self._since = state, now
        elif self._timeout and now - self._since >= self._timeout:
            raise NetworkError(
                f"{self._what}: nothing came in for {self._timeout:g} s",
                hint="Try again later, or name a peer with --peer HOST:PORT; what came so far is kept.",
            )


async def fetch_metadata(session: Session, magnet: Magnet, options: FetchOptions) -> Metainfo:
    """The torrent that a magnet names, from its peers (BEP 9), with the magnet's trackers and web seeds.

    Nothing is written. Raises NetworkError when nobody gives it in time.
    """
    parameters = lt.parse_magnet_uri(str(magnet))
    parameters.flags = lt.torrent_flags.upload_mode | lt.torrent_flags.default_dont_download
    parameters.save_path = os.devnull
    handle = session.add(parameters, private=False)
    dialer = _Dialer(handle, [*options.peers, *_magnet_peers(magnet)])
    watchdog = Watchdog(options.timeout, "no peer gave the metadata")
    try:
        while True:
            for alert in session.alerts():
                torrent = handle.torrent_file() if isinstance(alert, lt.metadata_received_alert) else None
                if torrent is not None:
                    return _metainfo_of(torrent, magnet, session.options.max_metadata)
            dialer.dial()
            watchdog.see(None)
            await session.wait(TICK)
    finally:
        session.lt.remove_torrent(handle)


def _metainfo_of(torrent: lt.torrent_info, magnet: Magnet, limit: int) -> Metainfo:
    info = torrent.info_section()
    if len(info) > limit:
        raise LimitError(f"the metadata has {len(info):,} bytes, more than the {limit:,} that are allowed")
    fields: dict[str, bencode.Encodable] = {
        "info": bencode.Raw(info),
        **tracker_fields(tuple([(url,) for url in magnet.trackers])),
        **web_seed_fields(magnet.web_seeds),
    }
    if torrent.info_hashes().has_v2():
        fields["piece layers"] = {}
    return Metainfo.from_bytes(bencode.encode(fields))


def _magnet_peers(magnet: Magnet) -> list[tuple[str, int]]:
    endpoints = [peer.rpartition(":") for peer in magnet.peers]
    return [(host.strip("[]"), int(port)) for host, _, port in endpoints]


class _Dialer:
    """Connects to the peers that were named, again and again while nobody is connected."""

    def __init__(self, handle: lt.torrent_handle, peers: Sequence[tuple[str, int]]) -> None:
        self._handle, self._peers = handle, peers
        self._due = 0.0

    def dial(self) -> None:
        if not self._peers or time.monotonic() < self._due:
            return
        self._due = time.monotonic() + DIAL_EVERY
        if not self._handle.status(0).num_peers:
            for peer in self._peers:
                self._handle.connect_peer(peer)


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

    async def run(self) -> Report:
        """Fetch what is wanted, and verify it. Raises NetworkError, ContentError or RefusedError; what came stays."""
        for target in self._plan.wanted:
            if target.file.symlink is None:
                target.final.parent.mkdir(parents=True, exist_ok=True)
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
        dialer = _Dialer(handle, self._options.peers)
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
