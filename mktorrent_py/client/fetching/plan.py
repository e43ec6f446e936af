"""Decides, before anything is fetched, where each file goes and what of it is there already.

What is there is found out by hashing it, so that a download goes on after any kind of end: there is no other record
of it that could be wrong.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.client.fetching.filenames import directories_of, safe_paths, temporary_name
from mktorrent_py.content.file_stat import DiskFile
from mktorrent_py.content.locate import ContentLocation, MatchKind
from mktorrent_py.content.selection import only_matching
from mktorrent_py.content.tree_match import FileMatch
from mktorrent_py.errors import ContentError, RefusedError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.compare import PieceState
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.layout import File, PathComponents, encode_component
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.paths import display_path
from mktorrent_py.torrentfile import reason_of
from mktorrent_py.verify.api import FileReport, FileStatus, Verification, VerifyOptions, VerifyReport, run_verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One file of the torrent: `final` is its path when it is complete, `part` until then; both absolute."""

    number: int
    file: File
    final: Path
    part: Path
    wanted: bool

    @property
    def is_regular(self) -> bool:
        """Whether it has bytes to be fetched."""
        return bool(self.file.length) and self.file.symlink is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where everything goes, and how much of it is there. `pieces` holds whether each piece is there and right."""

    metainfo: Metainfo
    directory: Path
    targets: tuple[Target, ...]
    complete: frozenset[int]
    pieces: tuple[bool, ...]

    @property
    def wanted(self) -> list[Target]:
        return [target for target in self.targets if target.wanted]

    @property
    def length(self) -> int:
        """Bytes of content that are wanted."""
        return sum([target.file.length for target in self.wanted])

    @property
    def renamed(self) -> list[tuple[str, str]]:
        """What goes by another name on disk than in the torrent, both as text."""
        info = self.metainfo.info
        pairs = [
            ((() if info.single else (info.name,)) + target.file.path, target.final.relative_to(self.directory).parts)
            for target in self.targets
        ]
        return [(display_path(told), display_path(taken)) for told, taken in pairs if told != taken]


def lay_out(metainfo: Metainfo, directory: Path, globs: Sequence[str]) -> list[Target]:
    """Where the files go below `directory`. Raises UsageError when the globs match nothing."""
    paths = safe_paths(metainfo.info, windows=sys.platform == "win32")
    wanted = _wanted(metainfo.info.files, globs)
    taken = set(paths) | directories_of(paths)
    root = directory.absolute()
    return [
        Target(
            number=number,
            file=file,
            final=_below(root, path),
            part=_below(root, temporary_name(path, taken)),
            wanted=number in wanted,
        )
        for number, (file, path) in enumerate(zip(metainfo.info.files, paths, strict=True))
    ]


def take_stock(
    metainfo: Metainfo, directory: Path, targets: Sequence[Target], *, force: bool, progress: Progress
) -> Plan:
    """Hash what is there of the wanted files. Raises RefusedError for files that are not what is wanted.

    With `force` such a file becomes an unfinished one, of which what is wrong is fetched again. A file of the right
    size in which nothing is wrong, as far as its own pieces go, is taken for complete.
    """
    for target in targets:
        if target.wanted:
            _refuse_links(target, directory.resolve())
    report = inspect_disk(metainfo, directory, targets, progress=progress)
    complete = set()
    for verdict, target in zip(report.files, [target for target in targets if target.wanted], strict=True):
        if verdict.status in _NOTHING_WRONG and (verdict.on_disk == target.final or not target.is_regular):
            complete.add(target.number)
        elif os.path.lexists(target.final):
            _set_aside(target, force=force)
        else:
            _refuse_longer(target, force=force)
    return Plan(
        metainfo=metainfo,
        directory=directory.absolute(),
        targets=tuple(targets),
        complete=frozenset(complete),
        pieces=tuple([state == PieceState.GOOD for state in report.pieces]),
    )


def make_directory(directory: Path) -> None:
    """Raises ContentError where it cannot be made, and is not there."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "something else stands there" if isinstance(error, FileExistsError) else reason_of(error)
        raise ContentError(
            f"cannot make the directory {printable(str(directory))}: {reason}",
            hint="Say another with --directory.",
        ) from error


def top_of(metainfo: Metainfo, directory: Path, targets: Sequence[Target]) -> Path:
    """The directory that links in the torrent start from: its own, or the one that holds its only file."""
    root = directory.absolute()
    return root if metainfo.info.single else root / targets[0].final.relative_to(root).parts[0]


def inspect_disk(metainfo: Metainfo, directory: Path, targets: Sequence[Target], *, progress: Progress) -> VerifyReport:
    """Verify the wanted files where they are, complete or not."""
    root = top_of(metainfo, directory, targets)
    found = {target.number: _find(root, target) for target in targets}
    wanted = tuple([target.number for target in targets if target.wanted])
    located = ContentLocation(content=root, kind=MatchKind.EXACT, root=root, found=found)
    verification = Verification(metainfo=metainfo, options=VerifyOptions(), wanted=wanted, located=located)
    return run_verification(verification, progress=progress)


_NOTHING_WRONG = (FileStatus.OK, FileStatus.UNKNOWN)


def what_is_wrong(plan: Plan, report: VerifyReport) -> FileReport | None:
    """The first wanted file that is not right.

    In v1 the edges of a file share pieces with its neighbours. Where those were not wanted, the edges were checked as
    they came in, and cannot be checked again.
    """
    accepted = (FileStatus.OK,) if len(plan.wanted) == len(plan.targets) else _NOTHING_WRONG
    return next((file for file in report.files if file.status not in accepted), None)


def _wanted(files: Sequence[File], globs: Sequence[str]) -> set[int]:
    if not globs:
        return set(range(len(files)))
    selection = only_matching(tuple(globs))
    wanted = {number for number, file in enumerate(files) if selection.verdict(file.path, False) is None}
    if not wanted:
        raise UsageError(f"no file of the torrent matches {' or '.join(globs)}", hint="mkt inspect --files lists them.")
    return wanted


def _below(root: Path, path: PathComponents) -> Path:
    return root.joinpath(*[os.fsdecode(encode_component(component)) for component in path])


def _find(root: Path, target: Target) -> FileMatch:
    for path in (target.final, target.part):
        relative = os.fsencode(path.relative_to(root))
        try:
            status = path.lstat()
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) or target.file.symlink is not None:
            return FileMatch(path=relative, disk=DiskFile.of(relative, status))
    return FileMatch(path=os.fsencode(target.final.relative_to(root)))


def _refuse_links(target: Target, directory: Path) -> None:
    """Raises RefusedError where a link on the way would lead out of the directory, or stands where a file goes."""
    for path in (target.final, target.part):
        for parent in path.parents:
            if parent.is_symlink() and not parent.resolve().is_relative_to(directory):
                raise RefusedError(
                    f"{printable(str(parent))} is a link that leads out of {printable(str(directory))}",
                    hint="Nothing was written through it. Remove it, or fetch into another directory.",
                )
            if parent.resolve() == directory:
                break
        if target.file.symlink is None and path.is_symlink():
            raise RefusedError(f"{printable(str(path))} is a link", hint="Nothing was written through it. Remove it.")


def _set_aside(target: Target, *, force: bool) -> None:
    if not force or not target.final.is_file() or target.final.is_symlink():
        raise RefusedError(
            f"{printable(str(target.final))} is there already, and is not what the torrent says",
            hint="Say --force to have it mended, or fetch into another directory.",
        )
    if not target.file.length:
        os.truncate(target.final, 0)
        return
    target.final.replace(target.part)
    _refuse_longer(target, force=force)


def _refuse_longer(target: Target, *, force: bool) -> None:
    """An unfinished file that is longer than the whole one is not ours; with `force` it is cut."""
    if not target.part.is_file() or target.part.stat().st_size <= target.file.length:
        return
    if not force:
        raise RefusedError(
            f"{printable(str(target.part))} is there already, and longer than the torrent says",
            hint="Remove it, or say --force to have it cut and mended.",
        )
    os.truncate(target.part, target.file.length)
