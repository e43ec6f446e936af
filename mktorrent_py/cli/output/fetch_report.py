"""Shows how a download goes, and what it downloaded."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.cli.output.progress import ProgressMode, shown
from mktorrent_py.client import (
    FetchEvent,
    FetchFinished,
    FetchPhase,
    FetchProgress,
    FetchResult,
    FileRenamed,
    MetadataReceived,
    UrlSkipped,
)
from mktorrent_py.formatting import human_size, plural, printable
from mktorrent_py.metainfo import Metainfo


class FetchPrinter:
    """Prints the events of a download while it is entered; with `as_event` its JSON is one of several lines."""

    def __init__(self, *, mode: ProgressMode, json: bool, quiet: bool, as_event: bool) -> None:
        self._mode, self._json, self._quiet, self._as_event = mode, json, quiet, as_event
        self._phase: FetchPhase | None = None
        self._done = 0
        self._progress = ExitStack()
        self._lacks_layers = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.__exit__(kind, error, trace)

    def show(self, event: FetchEvent) -> None:
        if isinstance(event, FetchProgress):
            self._done = event.done
            if event.phase is not self._phase:
                self._begin(event)
            return
        self._progress.close()
        match event:
            case MetadataReceived():
                self._lacks_layers = not event.has_piece_layers
            case UrlSkipped():
                messages.note(f"{event.url} is skipped: {event.reason}")
            case FileRenamed():
                messages.note(f"{event.torrent} is saved as {event.disk}: its name is not safe on this system")
            case FetchFinished():
                self._print_result(event.result)

    def _begin(self, event: FetchProgress) -> None:
        self._progress.close()
        self._phase = event.phase
        labels = {
            FetchPhase.METADATA: "asking peers for the metadata",
            FetchPhase.CHECK: "checking existing files",
            FetchPhase.DOWNLOAD: f"downloading {printable(event.name)[:30]}",
        }
        self._progress.enter_context(shown(self._mode, labels[event.phase], event.total, lambda: self._done))

    def print_torrent_file(self, metainfo: Metainfo, output: Path) -> None:
        """Print which torrent file was written, and what it lacks."""
        if self._lacks_layers:
            messages.note("no peer sent the piece layers (BEP 52); clients will request them with the content")
        self._print_facts({**_identity(metainfo), "torrent": str(output)}, str(output), "")

    def _print_result(self, result: FetchResult) -> None:
        files = len([path for path in result.paths if path is not None])
        facts = {
            **_identity(result.metainfo),
            "path": str(result.path),
            "length": result.length,
            "files": files,
            "received": result.received,
            "seconds": result.seconds,
            "renamed": [{"torrent": each.torrent, "disk": each.disk} for each in result.renamed],
        }
        remark = f"{human_size(result.length)} in {plural(files, 'file')}, verified"
        self._print_facts(facts, str(result.path), remark if result.received else f"{remark}; already complete")

    def _print_facts(self, facts: dict[str, Any], title: str, remark: str) -> None:
        if self._json and self._as_event:
            table.print_json_line({"event": "fetched", **facts})
        elif self._json:
            table.print_json(facts)
        elif self._quiet:
            return
        elif console.is_terminal(sys.stdout):
            rows = [(f"infohash {version}", value) for version, value in facts["infohash"].items() if value]
            table.print_block(title, remark, rows)
        else:
            table.print_tab_lines(facts)


def _identity(metainfo: Metainfo) -> dict[str, Any]:
    v1, v2 = metainfo.infohashes.v1, metainfo.infohashes.v2
    return {"name": metainfo.info.name, "infohash": {"v1": v1.hex() if v1 else None, "v2": v2.hex() if v2 else None}}
