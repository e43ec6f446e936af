"""Where `mkt create` puts what it makes, and how it tells of it."""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mktorrent_py.cli import messages, render, style
from mktorrent_py.cli.progress import ProgressMode, shown
from mktorrent_py.create import Created, CreateOptions, Draft, create_from_stream, draft_torrent, hash_draft
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.hashing.checksums import ALGORITHMS, checksum_lines
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.paths import printable
from mktorrent_py.metainfo.piece_length import TOLERABLE_PADDING, format_binary
from mktorrent_py.metainfo.summary import layout_facts, summarize
from mktorrent_py.torrentfile import refuse_to_overwrite, write_atomically

MOST_LEFT_OUT = 5
STANDARD_STREAM = "-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is read and where the torrent goes, as the person said it."""

    content: str
    output: str | None
    force: bool

    @property
    def is_stream(self) -> bool:
        """Content from standard input."""
        return self.content == STANDARD_STREAM

    @property
    def to_stdout(self) -> bool:
        return self.output == STANDARD_STREAM

    def target(self, name: str) -> Path | None:
        """Where the torrent called `name` is written; None for standard output."""
        if self.to_stdout:
            return None
        if self.output is None:
            return Path(f"{name}.torrent")
        path = Path(self.output)
        return path / f"{name}.torrent" if self.output.endswith(("/", "\\")) or path.is_dir() else path


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """How to tell of it."""

    json: bool
    field: str | None
    quiet: bool
    verbose: bool
    progress: ProgressMode
    started: float


def make(place: Place, wanted: CreateOptions, face: Face, *, dry_run: bool) -> None:
    """Create the torrent that was asked for and tell of it."""
    created = _from_stream(place, wanted, face) if place.is_stream else _from_disk(place, wanted, face, dry_run)
    if created is None:
        return
    target = place.target(created.metainfo.info.name)
    _write(created, place, target)
    _tell(created, place, target, face)


def _from_disk(place: Place, wanted: CreateOptions, face: Face, dry_run: bool) -> Created | None:
    content = Path(place.content)
    never = frozenset(_outputs(place, wanted, wanted.name or content.resolve().name))
    draft = draft_torrent(content, replace(wanted, scan=replace(wanted.scan, never=never)))
    _check_targets(draft, place, wanted)
    if not face.quiet:
        _warn_of_padding(draft)
    if dry_run:
        _tell_draft(draft, place, face)
        return None
    return _with_progress(face, draft.content.total, lambda progress: hash_draft(draft, progress=progress))


def _from_stream(place: Place, wanted: CreateOptions, face: Face) -> Created:
    if wanted.name is None or place.output is None:
        raise UsageError("content from standard input needs --name and --output")
    _check_place(place, wanted, wanted.name)
    return _with_progress(face, 0, lambda progress: create_from_stream(sys.stdin.buffer, wanted, progress=progress))


def _with_progress(face: Face, total: int, work: Callable[[Progress], Created]) -> Created:
    progress = Progress()
    mode = ProgressMode.NONE if face.quiet and face.progress is ProgressMode.AUTO else face.progress
    with shown(mode, "hashing", total, lambda: progress.bytes_done):
        return work(progress)


def _outputs(place: Place, wanted: CreateOptions, name: str) -> list[Path]:
    """Every file this will write, as absolute paths: none of them is content."""
    target = place.target(name)
    if target is None:
        return []
    return [path.absolute() for path in (target, *_checksum_files(target, wanted))]


def _checksum_files(target: Path, wanted: CreateOptions) -> list[Path]:
    return [target.with_name(ALGORITHMS[name][0]) for name in wanted.checksums if name in ALGORITHMS]


def _check_targets(draft: Draft, place: Place, wanted: CreateOptions) -> None:
    _check_place(place, wanted, draft.name)


def _check_place(place: Place, wanted: CreateOptions, name: str) -> None:
    """Refuse before the work what would be refused after it."""
    for path in _outputs(place, wanted, name):
        if not path.parent.is_dir():
            raise ContentError(
                f"cannot write {printable(str(path))}: there is no directory {printable(str(path.parent))}",
                hint="Make it, or say another --output.",
            )
        if not place.force:
            refuse_to_overwrite(path)


def _write(created: Created, place: Place, target: Path | None) -> None:
    if target is None:
        sys.stdout.buffer.write(created.metainfo.to_bytes())
        sys.stdout.buffer.flush()
        return
    for algorithm, digests in created.checksums.items():
        path = target.with_name(ALGORITHMS[algorithm][0])
        lines = checksum_lines(digests, _checksum_paths(created, path))
        write_atomically(path, lines, overwrite=place.force)
    write_atomically(target, created.metainfo.to_bytes(), overwrite=place.force)


def _checksum_paths(created: Created, beside: Path) -> list[str]:
    """Paths as they are found from beside the content, or from inside it where the checksums are written there."""
    info = created.metainfo.info
    inside = created.draft.content.root.resolve() == beside.parent.resolve() and not info.single
    start = "" if info.single or inside else f"{info.name}/"
    return [start + "/".join(file.path) for file in info.files]


def _warn_of_padding(draft: Draft) -> None:
    """Before the work, since it may change somebody's mind."""
    share = draft.choice.padding_share(draft.content.total)
    if share <= TOLERABLE_PADDING:
        return
    better = "Say --v2, which has no padding, or --v1, where files share pieces."
    if draft.cure is not None:
        length = format_binary(draft.cure.piece_length).replace(" ", "")
        better = f"--piece-length {length} makes it {_percent(draft.cure.padding_share(draft.content.total))}. {better}"
    messages.warn(
        f"padding adds {render.size(draft.choice.padding)}, {_percent(share)} of the content:"
        f" every file is filled up to whole pieces of {format_binary(draft.choice.piece_length)}",
        hint=better,
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:,.0f} %"


def _left_out_facts(draft: Draft) -> list[dict[str, str]]:
    return [
        {"path": left.path, "reason": left.reason.value, "detail": left.detail}
        if left.detail
        else {"path": left.path, "reason": left.reason.value}
        for left in draft.content.left_out
    ]


def _tell_draft(draft: Draft, place: Place, face: Face) -> None:
    target = place.target(draft.name)
    facts = {
        **layout_facts(draft.name, draft.layout, single=draft.content.single),
        "output": str(target) if target else STANDARD_STREAM,
        "dry_run": True,
        "left_out": _left_out_facts(draft),
    }
    title = f"{target if target else STANDARD_STREAM} (not written)"
    _show(facts, face, lambda: render.print_block(title, _format(draft), _draft_rows(draft, face)))


def _tell(created: Created, place: Place, target: Path | None, face: Face) -> None:
    seconds = time.monotonic() - face.started
    facts = {
        **summarize(created.metainfo),
        "output": str(target) if target else STANDARD_STREAM,
        "left_out": _left_out_facts(created.draft),
        "seconds": round(seconds, 3),
        "bytes_per_second": round(created.draft.layout.content_length / seconds) if seconds else None,
    }
    if target is None:
        return
    rows = _created_rows(created, target, seconds, face)
    _show(facts, face, lambda: render.print_block(str(target), _format(created.draft), rows))
    if style.is_terminal(sys.stdout) and not (face.quiet or face.json or face.field):
        _tell_next(place, target)


def _show(facts: dict[str, Any], face: Face, for_people: Callable[[], None]) -> None:
    if face.json:
        render.print_json(facts)
    elif face.field:
        render.print_field(facts, face.field)
    elif face.quiet:
        return
    elif style.is_terminal(sys.stdout):
        for_people()
    else:
        render.print_tab_lines(facts)


def _format(draft: Draft) -> str:
    return {"v1": "v1", "v2": "v2", "hybrid": "hybrid (v1 + v2)"}[draft.layout.version.value]


def _draft_rows(draft: Draft, face: Face) -> list[render.Row]:
    layout = draft.layout
    pieces = f"{layout.piece_count:,} x {format_binary(layout.piece_length)}"
    if layout.padding:
        pieces += f", padding {render.size(layout.padding)} ({_percent(layout.padding / layout.content_length)})"
    return [
        ("name", printable(draft.name)),
        ("content", f"{render.size(layout.content_length)} in {render.count(len(layout.files), 'file')}"),
        *_left_out_rows(draft, face),
        ("pieces", pieces),
    ]


def _left_out_rows(draft: Draft, face: Face) -> list[render.Row]:
    left = draft.content.left_out
    most = len(left) if face.verbose else MOST_LEFT_OUT
    width = style.terminal_width() - render.LABEL_WIDTH - 2
    lines = [
        style.shorten(printable(f"{entry.path} ({entry.reason}{': ' + entry.detail if entry.detail else ''})"), width)
        for entry in left[:most]
    ]
    if len(left) > most:
        lines.append(f"and {len(left) - most:,} more (-v lists them)")
    return [("left out" if not at else "", line) for at, line in enumerate(lines)]


def _created_rows(created: Created, target: Path, seconds: float, face: Face) -> list[render.Row]:
    metainfo = created.metainfo
    rows = _draft_rows(created.draft, face)
    rows += [
        (f"infohash {half}", digest.hex())
        for half, digest in (("v1", metainfo.infohashes.v1), ("v2", metainfo.infohashes.v2))
        if digest is not None
    ]
    trackers = [url for tier in metainfo.trackers for url in tier]
    rows += [("trackers" if not at else "", printable(url)) for at, url in enumerate(trackers)]
    rows += [("web seeds" if not at else "", printable(url)) for at, url in enumerate(metainfo.web_seeds)]
    rows += [("private", "yes")] if metainfo.info.private else []
    rows += [("source", printable(metainfo.info.source))] if metainfo.info.source else []
    rows += [("checksums", str(target.with_name(ALGORITHMS[name][0]))) for name in created.checksums]
    rows.append(("magnet", str(summarize(metainfo)["magnet"])))
    rows.append(("took", f"{render.duration(seconds)}, {render.rate(created.draft.layout.content_length, seconds)}"))
    return rows


def _tell_next(place: Place, target: Path) -> None:
    torrent, content = shlex.quote(str(target)), shlex.quote(place.content)
    words = f"next: mkt verify {torrent} {content}   or   mkt seed {torrent} {content}"
    if not place.is_stream:
        print(f"\n{style.paint(words, 'dim', sys.stderr)}", file=sys.stderr)
