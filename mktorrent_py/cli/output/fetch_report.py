"""Runs a download from what somebody typed to verified files, and shows how it goes."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.cli.output.progress import ProgressMode, shown
from mktorrent_py.client.fetching.download import Fetcher
from mktorrent_py.client.fetching.filenames import safe_name
from mktorrent_py.client.fetching.metadata import fetch_metadata, fetch_torrent, lacks_piece_layers
from mktorrent_py.client.fetching.plan import Plan, lay_out, make_directory, take_stock, top_of, what_is_wrong
from mktorrent_py.client.fetching.source import read_source
from mktorrent_py.client.fetching.stall import FetchOptions
from mktorrent_py.client.sandbox import forbid_writing
from mktorrent_py.client.seeding.change_monitor import place
from mktorrent_py.client.seeding.events import Basis
from mktorrent_py.client.seeding.queue import Library
from mktorrent_py.client.seeding.seeder import SeedOptions
from mktorrent_py.client.seeding.torrents import Ready
from mktorrent_py.client.session import Session, SessionOptions
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.formatting import human_size, plural, printable
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.paths import display_path
from mktorrent_py.torrentfile import refuse_to_overwrite, write_metainfo

WEB_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run of `mkt fetch`; `timeout` in seconds, 0 for never."""

    source: str
    directory: Path
    session: SessionOptions
    select: tuple[str, ...] = ()
    peers: tuple[tuple[str, int], ...] = ()
    timeout: float = 120.0
    metadata_only: bool = False
    output: Path | None = None
    seed_after: bool = False
    force: bool = False

    @property
    def options(self) -> FetchOptions:
        return FetchOptions(peers=self.peers, timeout=self.timeout)


def run_fetching(job: Job, *, mode: ProgressMode, json: bool, quiet: bool) -> int:
    """Fetch; returns the exit code."""
    source = read_source(job.source, timeout=min(job.timeout or WEB_TIMEOUT, WEB_TIMEOUT), route=job.session.route)
    show = _Shows(mode=mode, json=json, quiet=quiet, goes_on=job.seed_after)
    if job.metadata_only:
        return _write_metadata(job, source, show)
    make_directory(job.directory)
    forbid_writing((job.directory, Path("/dev")))
    metainfo = source if isinstance(source, Metainfo) else _run(_metadata(job, source, show))
    plan = _plan(job, metainfo, show)
    started = time.monotonic()
    fetched = _run(_content(job, plan, show))
    show.print_plan(plan, fetched, time.monotonic() - started)
    return _seed(job, plan, json=json, quiet=quiet) if job.seed_after else ExitCode.DONE


def _run(work: Any) -> Any:
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        return runner.run(work)


async def _metadata(job: Job, magnet: Magnet, show: _Shows, *, layers: bool = False) -> Metainfo:
    """What a magnet names; with its piece layers, which only a torrent file needs."""
    fetch, progress = fetch_torrent if layers else fetch_metadata, Progress()
    async with _listening(job.session) as session:
        with shown(show.mode, "asking peers for the metadata", None, lambda: progress.bytes_done):
            return await fetch(session, magnet, job.options, progress)


async def _content(job: Job, plan: Plan, show: _Shows) -> int:
    """Bytes that came in."""
    if len(plan.complete) == len(plan.wanted):
        return 0
    async with _listening(job.session) as session:
        fetcher = Fetcher(session, plan, job.options)
        with shown(show.mode, f"fetching {printable(plan.metainfo.info.name)[:30]}", plan.length, lambda: fetcher.done):
            report = await fetcher.run()
    wrong = what_is_wrong(plan, report)
    if wrong is not None:
        what = f"{display_path(wrong.path)} is {wrong.status} after all"
        raise ContentError(what, hint="Start again with --force to mend it.")
    return fetcher.received


@contextlib.asynccontextmanager
async def _listening(options: SessionOptions) -> Any:
    session = Session(options)
    session.watch_alerts()
    try:
        yield session
    finally:
        session.close()


def _plan(job: Job, metainfo: Metainfo, show: _Shows) -> Plan:
    targets = lay_out(metainfo, job.directory, job.select)
    if job.seed_after and not all(target.wanted for target in targets):
        raise UsageError(
            "--select leaves files out, and only a whole torrent can be seeded", hint="Leave --seed-after out."
        )
    progress = Progress()
    total = sum([target.file.length for target in targets if target.wanted])
    with shown(show.mode, "checking what is there", total, lambda: progress.bytes_done):
        plan = take_stock(metainfo, job.directory, targets, force=job.force, progress=progress)
    trackers = [url for tier in metainfo.trackers for url in tier]
    for url, reason in job.session.route.refusals(trackers, metainfo.web_seeds).items():
        messages.note(f"{url} is left out: {reason}")
    for told, taken in plan.renamed:
        messages.note(f"{told} is written as {taken}, which is safe here")
    return plan


def _write_metadata(job: Job, source: Metainfo | Magnet, show: _Shows) -> int:
    if job.output is not None and not job.force:
        refuse_to_overwrite(job.output)
    metainfo = source if isinstance(source, Metainfo) else _run(_metadata(job, source, show, layers=True))
    output = job.output or job.directory / f"{safe_name(metainfo.info.name)}.torrent"
    if job.output is None:
        make_directory(job.directory)
    write_metainfo(metainfo, output, overwrite=job.force)
    if isinstance(source, Magnet) and lacks_piece_layers(metainfo):
        messages.note("nobody gave its piece layers (BEP 52): clients will ask for them when they fetch the content")
    show.print_facts({**_names(metainfo), "torrent": str(output)}, str(output), "")
    return ExitCode.DONE


def _seed(job: Job, plan: Plan, *, json: bool, quiet: bool) -> int:
    from mktorrent_py.cli.output.events import run_seeding

    paths = [str(target.final).encode("utf-8", "surrogateescape") for target in plan.targets]
    placement = place(plan.metainfo.info.layout, paths)
    ready = Ready(key=job.source, metainfo=plan.metainfo, placement=placement, basis=Basis.CHECKED)
    return run_seeding(Library(items=(), ready=(ready,)), job.session, SeedOptions(), http=None, json=json, quiet=quiet)


def _names(metainfo: Metainfo) -> dict[str, Any]:
    v1, v2 = metainfo.infohashes.v1, metainfo.infohashes.v2
    return {"name": metainfo.info.name, "infohash": {"v1": v1.hex() if v1 else None, "v2": v2.hex() if v2 else None}}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shows:
    """How to show: the facts of what was done are the same in all of them."""

    mode: ProgressMode
    json: bool
    quiet: bool
    goes_on: bool

    def print_plan(self, plan: Plan, received: int, seconds: float) -> None:
        top = top_of(plan.metainfo, plan.directory, plan.targets)
        top = plan.wanted[0].final if plan.metainfo.info.single else top
        facts = {
            **_names(plan.metainfo),
            "path": str(top),
            "length": plan.length,
            "files": len(plan.wanted),
            "received": received,
            "seconds": round(seconds, 3),
            "renamed": [{"torrent": told, "disk": taken} for told, taken in plan.renamed],
        }
        remark = f"{human_size(plan.length)} in {plural(len(plan.wanted), 'file')}, verified"
        self.print_facts(facts, str(top), remark if received else f"{remark}; it was there already")

    def print_facts(self, facts: dict[str, Any], title: str, remark: str) -> None:
        if self.json and self.goes_on:
            table.print_json_line({"event": "fetched", **facts})
        elif self.json:
            table.print_json(facts)
        elif self.quiet:
            return
        elif console.is_terminal(sys.stdout):
            rows = [(f"infohash {half}", value) for half, value in facts["infohash"].items() if value]
            table.print_block(title, remark, rows)
        else:
            table.print_tab_lines(facts)
