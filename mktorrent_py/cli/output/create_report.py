"""What `mkt create` prints: facts and rows of a torrent or a draft, warnings, and the next steps."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.cli.output.create_warnings import advice_for
from mktorrent_py.cli.output.output_paths import STANDARD_STREAM, OutputPaths
from mktorrent_py.cli.output.printer import Result
from mktorrent_py.create import CreateOptions, CreateResult, Draft, create_from_stream, warnings_of
from mktorrent_py.formatting import binary_size, duration, human_rate, human_size, percent, plural, printable
from mktorrent_py.hashing import checksum_lines
from mktorrent_py.metainfo import TorrentVersion

MAX_SKIPPED = 5
FORMATS = {TorrentVersion.V1: "v1", TorrentVersion.V2: "v2", TorrentVersion.HYBRID: "hybrid (v1 + v2)"}


def fields(*, dry_run: bool) -> list[str]:
    """Return the names that --field accepts, from the smallest torrent: a typing error costs no hour of hashing."""
    smallest = create_from_stream(BytesIO(b"\0"), CreateOptions(name="x"))
    path = Path("x.torrent")
    return table.field_names(_draft_facts(smallest.draft, path) if dry_run else _facts(smallest, path, 1.0))


def torrent_path(name: str) -> Path:
    """Return the default path of the torrent called `name`."""
    return Path(os.fsdecode(f"{name}.torrent".encode("utf-8", "surrogateescape")))


def file_data(created: CreateResult, path: Path, paths: OutputPaths) -> dict[Path, bytes]:
    """Return what is written: checksum files, and the torrent at `path`."""
    info = created.metainfo.info
    is_beside = not info.single and created.draft.content.root.resolve() != path.parent.resolve()
    start = f"{info.name}/" if is_beside else ""
    # A stored link has no bytes of its own, and what it points to is listed itself.
    real = [number for number, file in enumerate(info.files) if file.symlink is None]
    names = [start + "/".join(info.files[number].path) for number in real]
    sums = [checksum_lines([digests[number] for number in real], names) for digests in created.checksums.values()]
    return dict(zip(paths.checksum_files(path), sums, strict=True)) | {path: created.metainfo.to_bytes()}


# Messages on stderr


def warn_of_draft(draft: Draft) -> None:
    """Print the warnings about a draft."""
    for warning in warnings_of(draft):
        messages.warn(warning.message, hint=advice_for(warning))


def warn_of_findings(created: CreateResult) -> None:
    """Warn about the first lint finding of each rule that `warn_of_draft` has not reported."""
    from mktorrent_py.cli.output.lint_report import warn_of
    from mktorrent_py.metainfo import Finding, lint_metainfo

    reported = {warning.code for warning in warnings_of(created.draft)}
    first: dict[str, Finding] = {}
    for finding in lint_metainfo(created.metainfo):
        if finding.rule not in reported:
            first.setdefault(finding.rule, finding)
    warn_of(first.values(), printable(created.metainfo.info.name))


def note_hashing(root: Path | None, threads: int) -> None:
    """Print how content below `root` is hashed; None stands for a stream."""
    from mktorrent_py.cli.output.kernel_info import hashing_line

    messages.note(hashing_line(root, threads))


def print_next_steps(path: Path, content: str) -> None:
    """Print the commands that a person wants next."""
    words = f"{shell_word(str(path))} {shell_word(content)}"
    for line in ("", f"Next: mkt verify {words}", f"      mkt seed {words}"):
        print(console.paint(line, "dim", sys.stderr) if line else "", file=sys.stderr)


# Results


def created_result(
    created: CreateResult, path: Path, paths: OutputPaths, seconds: float, *, verbose: bool, event: str
) -> Result:
    """Make the result for a torrent that was written to `path` after `seconds`."""
    return Result(
        facts=_facts(created, path, seconds), lines=_lines(created, path, paths, seconds, verbose), event=event
    )


def draft_result(draft: Draft, path: Path | None, *, verbose: bool) -> Result:
    """Make the result for a torrent that would be written to `path`; None is standard output."""
    return Result(facts=_draft_facts(draft, path), lines=_draft_lines(draft, path, verbose=verbose))


def _draft_facts(draft: Draft, path: Path | None) -> dict[str, Any]:
    # Summaries import magnets too, which a run without them should not wait for.
    from mktorrent_py.metainfo import layout_facts

    return {
        **layout_facts(draft.name, draft.layout, single=draft.content.single),
        "output": _shown(path),
        "left_out": _left_out_facts(draft),
        "dry_run": True,
    }


def _facts(created: CreateResult, path: Path, seconds: float) -> dict[str, Any]:
    from mktorrent_py.metainfo import summarize

    return {
        **summarize(created.metainfo),
        "output": str(path),
        "left_out": _left_out_facts(created.draft),
        "seconds": round(seconds, 3),
        "bytes_per_second": round(created.draft.layout.content_length / seconds) if seconds else None,
    }


def _shown(path: Path | None) -> str:
    return STANDARD_STREAM if path is None else str(path)


def _left_out_facts(draft: Draft) -> list[dict[str, str]]:
    return [
        {"path": left.path, "reason": left.reason.value} | ({"detail": left.detail} if left.detail else {})
        for left in draft.content.left_out
    ]


def _draft_lines(draft: Draft, path: Path | None, *, verbose: bool) -> Iterator[str]:
    rows = _draft_rows(draft, verbose=verbose)
    yield from table.block_lines(f"{_shown(path)} (not written)", FORMATS[draft.layout.version], rows)


def _draft_rows(draft: Draft, *, verbose: bool) -> list[table.Row]:
    layout = draft.layout
    pieces = f"{layout.piece_count:,} x {binary_size(layout.piece_length)}"
    if layout.padding:
        share = percent(layout.padding / layout.content_length)
        pieces += f", padding {human_size(layout.padding)} ({share})"
    return [
        ("name", console.shown_path(draft.name, table.room())),
        ("content", f"{human_size(layout.content_length)} in {plural(len(layout.files), 'file')}"),
        *_skipped_rows(draft, verbose=verbose),
        ("pieces", pieces),
    ]


def _skipped_rows(draft: Draft, *, verbose: bool) -> list[table.Row]:
    skipped = draft.content.left_out
    shown = skipped if verbose else skipped[:MAX_SKIPPED]
    lines = []
    for entry in shown:
        why = f" ({entry.reason}{': ' + printable(entry.detail) if entry.detail else ''})"
        lines.append(console.shown_path(entry.path, max(table.room() - console.display_width(why), 8)) + why)
    if len(skipped) > len(shown):
        lines.append(f"and {len(skipped) - len(shown):,} more (-v lists them)")
    return table.list_rows("skipped", lines)


def _lines(created: CreateResult, path: Path, paths: OutputPaths, seconds: float, verbose: bool) -> Iterator[str]:
    from mktorrent_py.metainfo import Magnet

    metainfo = created.metainfo
    hashes = {"v1": metainfo.infohashes.v1, "v2": metainfo.infohashes.v2}
    rows = [
        *_draft_rows(created.draft, verbose=verbose),
        *[(f"infohash {version}", digest.hex()) for version, digest in hashes.items() if digest is not None],
        *table.list_rows("trackers", [printable(url) for tier in metainfo.trackers for url in tier]),
        *table.list_rows("web seeds", [printable(url) for url in metainfo.web_seeds]),
        *table.list_rows("private", ["yes"] if metainfo.info.private else []),
        *table.list_rows("source", [printable(metainfo.info.source)] if metainfo.info.source else []),
        *table.list_rows("checksums", [printable(str(each)) for each in paths.checksum_files(path)]),
        ("magnet", str(Magnet.from_metainfo(metainfo))),
        ("took", f"{duration(seconds)}, {human_rate(created.draft.layout.content_length, seconds)}"),
    ]
    yield from table.block_lines(str(path), FORMATS[created.draft.layout.version], rows)


def shell_word(path: str) -> str:
    """Quote a path for a shell: never taken for an option, and free of terminal control characters."""
    path = f"./{path}" if path.startswith("-") else path
    if path.isprintable():
        return shlex.quote(path)
    escaped = path.replace("\\", "\\\\").replace("'", "\\'")
    return f"$'{printable(escaped)}'"
