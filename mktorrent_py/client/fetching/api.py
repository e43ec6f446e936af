"""A download from its source to verified files, as a `Run`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

from mktorrent_py.client.fetching.download import Downloader
from mktorrent_py.client.fetching.events import (
    FetchEvent,
    FetchFinished,
    FetchPhase,
    FetchProgress,
    FetchResult,
    FileRenamed,
    MetadataReceived,
    UrlSkipped,
)
from mktorrent_py.client.fetching.metadata import lacks_piece_layers, request_metadata, request_torrent
from mktorrent_py.client.fetching.plan import (
    DownloadPlan,
    content_root,
    first_failure,
    make_directory,
    plan_download,
    target_paths,
)
from mktorrent_py.client.fetching.source import in_daemon_thread, read_source
from mktorrent_py.client.network.route import peer_address
from mktorrent_py.client.options import FetchOptions
from mktorrent_py.client.run import Run
from mktorrent_py.client.sandbox import forbid_writing
from mktorrent_py.client.session import open_session
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.paths import display_path

WEB_TIMEOUT = 30.0
"""Seconds to wait for the answer of a web server."""

PROGRESS_EVERY = 0.1
"""Seconds between two progress events."""

Emit = Callable[[FetchEvent], None]
Peers = list[tuple[str, int]]
T = TypeVar("T")


class Download(Run[FetchEvent, FetchResult]):
    """The download of the content of a source into a directory."""

    def __init__(self, source: str, directory: Path, options: FetchOptions) -> None:
        super().__init__()
        self._source, self._directory, self._options = source, directory, options

    async def _work(self, emit: Emit) -> FetchResult:
        options = self._options
        source, peers = await _read(self._source, options)
        make_directory(self._directory)
        if options.sandbox:
            forbid_writing((self._directory, Path("/dev")))
        if isinstance(source, Magnet):
            source = await _receive(source, peers, options, emit, layers=False)
        plan = await self._plan(source, emit)
        trackers = [url for tier in source.trackers for url in tier]
        for url, reason in options.session.route.refusals(trackers, source.web_seeds).items():
            emit(UrlSkipped(url=url, reason=reason))
        renamed = tuple([FileRenamed(torrent=ours, disk=disk) for ours, disk in plan.renamed])
        for each in renamed:
            emit(each)
        started = time.monotonic()
        received = 0
        if len(plan.complete) < len(plan.wanted):
            received = await self._download(plan, peers, emit)
        root = content_root(source, plan.directory, plan.targets)
        result = FetchResult(
            metainfo=source,
            path=plan.wanted[0].final if source.info.single else root,
            paths=tuple([target.final if target.wanted else None for target in plan.targets]),
            length=plan.length,
            received=received,
            seconds=round(time.monotonic() - started, 3),
            renamed=renamed,
        )
        emit(FetchFinished(result=result))
        return result

    async def _plan(self, metainfo: Metainfo, emit: Emit) -> DownloadPlan:
        options, progress = self._options, Progress()
        targets = target_paths(metainfo, self._directory, options.select)
        if options.whole and not all(target.wanted for target in targets):
            raise UsageError("the selection leaves out files of the torrent", code="selection-incomplete")
        total = sum([target.file.length for target in targets if target.wanted])

        def state() -> FetchProgress:
            name, done = metainfo.info.name, min(progress.bytes_done, total)
            return FetchProgress(phase=FetchPhase.CHECK, name=name, done=done, total=total)

        def check() -> DownloadPlan:
            return plan_download(metainfo, self._directory, targets, repair=options.repair, progress=progress)

        try:
            return await _reporting(asyncio.to_thread(check), state, emit)
        except asyncio.CancelledError:
            progress.cancel()
            raise

    async def _download(self, plan: DownloadPlan, peers: Peers, emit: Emit) -> int:
        """Return the bytes received. Raises ContentError for a file that is invalid after all."""
        async with open_session(self._options.session) as session:
            downloader = Downloader(session, plan, peers, self._options.timeout)

            def state() -> FetchProgress:
                return FetchProgress(
                    phase=FetchPhase.DOWNLOAD,
                    name=plan.metainfo.info.name,
                    done=downloader.done,
                    total=plan.length,
                    rate=downloader.rate,
                    peers=downloader.peers,
                )

            report = await _reporting(downloader.run(), state, emit)
        failed = first_failure(plan, report)
        if failed is not None:
            path = display_path(failed.path)
            message = f"{path} failed verification after download: it is {failed.status}"
            raise ContentError(message, code="verification-failed", path_on_disk=path)
        return downloader.received


class MetadataDownload(Run[FetchEvent, Metainfo]):
    """The download of the metainfo that a magnet names."""

    def __init__(self, source: str, options: FetchOptions) -> None:
        super().__init__()
        self._source, self._options = source, options

    async def _work(self, emit: Emit) -> Metainfo:
        source, peers = await _read(self._source, self._options)
        return source if isinstance(source, Metainfo) else await _receive(source, peers, self._options, emit)


async def _read(text: str, options: FetchOptions) -> tuple[Metainfo | Magnet, Peers]:
    """Return the source, and the peers of the options with their host names resolved."""
    route, timeout = options.session.route, min(options.timeout or WEB_TIMEOUT, WEB_TIMEOUT)

    def read() -> tuple[Metainfo | Magnet, Peers]:
        peers = [(peer_address(host, route.proxy), port) for host, port in options.peers]
        return read_source(text, timeout=timeout, route=route), peers

    return await in_daemon_thread(read)


async def _receive(magnet: Magnet, peers: Peers, options: FetchOptions, emit: Emit, *, layers: bool = True) -> Metainfo:
    """Return the metainfo of a magnet, with piece layers only where they are asked for: content does not need them."""
    request, progress = request_torrent if layers else request_metadata, Progress()

    def state() -> FetchProgress:
        name = magnet.name or str(magnet)
        return FetchProgress(phase=FetchPhase.METADATA, name=name, done=progress.bytes_done, total=None)

    async with open_session(options.session) as session:
        metainfo = await _reporting(request(session, magnet, peers, options.timeout, progress), state, emit)
    emit(MetadataReceived(metainfo=metainfo, has_piece_layers=not lacks_piece_layers(metainfo)))
    return metainfo


async def _reporting(work: Coroutine[Any, Any, T], state: Callable[[], FetchEvent], emit: Emit) -> T:
    """Return the result of work, emitting its state at the start and several times a second until it ends."""
    task = asyncio.create_task(work)
    try:
        emit(state())
        while not (await asyncio.wait([task], timeout=PROGRESS_EVERY))[0]:
            emit(state())
        return task.result()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
