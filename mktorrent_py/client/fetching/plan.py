"""Plans a download before it begins: where each file goes, and what of it exists already.

Existing data is found by hashing it, so that a download continues after any kind of interruption: there is no record
of it that could be wrong.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.client.fetching.filenames import (
    directories_of,
    fold_case,
    fold_nothing,
    safe_paths,
    temporary_name,
)
from mktorrent_py.content.file_stat import DiskFile
from mktorrent_py.content.locate import ContentLocation, MatchKind
from mktorrent_py.content.selection import only_matching
from mktorrent_py.content.tree_match import FileMatch
from mktorrent_py.errors import ContentError, RefusedError, UsageError
from mktorrent_py.formatting import printable, quoted
from mktorrent_py.hashing.compare import PieceState
from mktorrent_py.hashing.hasher import Progress
from mktorrent_py.metainfo.layout import File, PathComponents, encode_component
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.paths import display_path
from mktorrent_py.torrentfile import reason_of
from mktorrent_py.verify.api import FileReport, FileStatus, Verification, VerifyOptions, VerifyReport, run_verification


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A file of the torrent on disk: `final` is its path once it is complete, `part` until then; both absolute."""

    number: int
    file: File
    final: Path
    part: Path
    wanted: bool

    @property
    def has_data(self) -> bool:
        """Whether it has bytes to download."""
        return bool(self.file.length) and self.file.symlink is None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadPlan:
    """Where every file goes, and what exists: the numbers of complete files, and whether each piece is valid."""

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
        """Bytes of the wanted files."""
        return sum([target.file.length for target in self.wanted])

    @property
    def renamed(self) -> list[tuple[str, str]]:
        """Paths that differ on disk from those in the torrent, as (torrent, disk) for people to read."""
        info = self.metainfo.info
        pairs = [
            ((() if info.single else (info.name,)) + target.file.path, target.final.relative_to(self.directory).parts)
            for target in self.targets
        ]
        return [(display_path(ours), display_path(disk)) for ours, disk in pairs if ours != disk]


def target_paths(metainfo: Metainfo, directory: Path, globs: Sequence[str]) -> list[Target]:
    """Return where the files go below `directory`. Raises UsageError when the globs match no file."""
    fold = fold_case if sys.platform in ("win32", "darwin") else fold_nothing
    paths = safe_paths(metainfo.info, windows=sys.platform == "win32", fold=fold)
    wanted = _wanted(metainfo.info.files, globs)
    taken = {fold(path) for path in (*paths, *directories_of(paths))}
    root = directory.absolute()
    return [
        Target(
            number=number,
            file=file,
            final=_below(root, path),
            part=_below(root, temporary_name(path, taken, fold=fold)),
            wanted=number in wanted,
        )
        for number, (file, path) in enumerate(zip(metainfo.info.files, paths, strict=True))
    ]


def plan_download(
    metainfo: Metainfo, directory: Path, targets: Sequence[Target], *, repair: bool, progress: Progress
) -> DownloadPlan:
    """Hash what exists of the wanted files. Raises RefusedError for a file with other content.

    With `repair` such a file becomes an unfinished one, whose invalid pieces are downloaded. A file of the right size
    is complete when none of the pieces that lie in it alone is invalid.
    """
    for target in targets:
        if target.wanted:
            _refuse_links(target, directory.resolve())
    report = verify_targets(metainfo, directory, targets, progress=progress)
    complete = set()
    for found, target in zip(report.files, [target for target in targets if target.wanted], strict=True):
        if found.status in _NOT_WRONG and (found.on_disk == target.final or not target.has_data):
            complete.add(target.number)
        elif os.path.lexists(target.final):
            _make_unfinished(target, repair=repair)
        else:
            _refuse_longer(target, repair=repair)
    return DownloadPlan(
        metainfo=metainfo,
        directory=directory.absolute(),
        targets=tuple(targets),
        complete=frozenset(complete),
        pieces=tuple([state == PieceState.GOOD for state in report.pieces]),
    )


def make_directory(directory: Path) -> None:
    """Create a directory and its parents. Raises ContentError."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        reason = "a file of that name exists" if isinstance(error, FileExistsError) else reason_of(error)
        raise ContentError(
            f"cannot create directory {printable(str(directory))}: {reason}", code="directory-unusable"
        ) from error


def content_root(metainfo: Metainfo, directory: Path, targets: Sequence[Target]) -> Path:
    """Return the directory of the torrent, or the one that holds its only file: where its links start from."""
    root = directory.absolute()
    return root if metainfo.info.single else root / targets[0].final.relative_to(root).parts[0]


def verify_targets(
    metainfo: Metainfo, directory: Path, targets: Sequence[Target], *, progress: Progress
) -> VerifyReport:
    """Verify the wanted files where they are, complete or not."""
    root = content_root(metainfo, directory, targets)
    found = {target.number: _match(root, target) for target in targets}
    wanted = tuple([target.number for target in targets if target.wanted])
    located = ContentLocation(content=root, kind=MatchKind.EXACT, root=root, found=found)
    verification = Verification(metainfo=metainfo, options=VerifyOptions(), wanted=wanted, located=located)
    return run_verification(verification, progress=progress)


_NOT_WRONG = (FileStatus.OK, FileStatus.UNKNOWN)


def first_failure(plan: DownloadPlan, report: VerifyReport) -> FileReport | None:
    """Return the first wanted file that failed verification.

    In v1 the edges of a file share pieces with its neighbours. Where those are not wanted, the edges were checked when
    they arrived and cannot be checked again.
    """
    accepted = (FileStatus.OK,) if len(plan.wanted) == len(plan.targets) else _NOT_WRONG
    return next((file for file in report.files if file.status not in accepted), None)


def _wanted(files: Sequence[File], globs: Sequence[str]) -> set[int]:
    if not globs:
        return set(range(len(files)))
    selection = only_matching(tuple(globs))
    wanted = {number for number, file in enumerate(files) if selection.verdict(file.path, False) is None}
    if not wanted:
        raise UsageError(f"no file of the torrent matches {' or '.join(map(quoted, globs))}", code="no-file-matches")
    return wanted


def _below(root: Path, path: PathComponents) -> Path:
    return root.joinpath(*[os.fsdecode(encode_component(component)) for component in path])


def _match(root: Path, target: Target) -> FileMatch:
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
    """Raise RefusedError where a link would lead out of the directory, or stands where a file goes."""
    for path in (target.final, target.part):
        for parent in path.parents:
            if parent.is_symlink() and not parent.resolve().is_relative_to(directory):
                raise RefusedError(
                    f"{printable(str(parent))} is a link that leads out of {printable(str(directory))}",
                    code="link-refused",
                    hint="Nothing was written through it. Remove it, or download into another directory.",
                )
            if parent.resolve() == directory:
                break
        if target.file.symlink is None and path.is_symlink():
            raise RefusedError(
                f"{printable(str(path))} is a link",
                code="link-refused",
                hint="Nothing was written through it. Remove it.",
            )


def _make_unfinished(target: Target, *, repair: bool) -> None:
    if not repair or not target.final.is_file() or target.final.is_symlink():
        path = printable(str(target.final))
        raise RefusedError(f"{path} already exists with different content", code="content-differs")
    if not target.file.length:
        os.truncate(target.final, 0)
        return
    target.final.replace(target.part)
    _refuse_longer(target, repair=repair)


def _refuse_longer(target: Target, *, repair: bool) -> None:
    """Refuse an unfinished file longer than the complete one, which is not ours; with `repair` truncate it."""
    if not target.part.is_file() or target.part.stat().st_size <= target.file.length:
        return
    if not repair:
        path = printable(str(target.part))
        raise RefusedError(f"{path} already exists and is longer than in the torrent", code="part-too-long")
    os.truncate(target.part, target.file.length)
