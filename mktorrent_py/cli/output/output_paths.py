"""Which files a verb writes, checked before the work."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.cli.output import console
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing import ALGORITHMS
from mktorrent_py.torrentfile import is_pipe, refuse_to_overwrite

STANDARD_STREAM = "-"
COMMON_NAME_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPaths:
    """Where torrents are written: `output` as it was typed, None for the default path of each torrent.

    `checksums` names algorithms whose files are written beside the torrent.
    """

    output: str | None
    force: bool
    checksums: tuple[str, ...] = ()

    @property
    def to_stdout(self) -> bool:
        return self.output == STANDARD_STREAM

    def target(self, default: Path) -> Path | None:
        """Return where a torrent is written whose default path is `default`; None is standard output."""
        if self.output is None:
            return default
        if self.to_stdout:
            return None
        path = Path(self.output)
        is_directory = self.output.endswith(("/", os.sep)) or path.is_dir()
        return path / default.name if is_directory else path

    def files(self, target: Path | None) -> list[Path]:
        """Return every file that is written for a torrent at `target`, the torrent first."""
        return [] if target is None else [target, *self.checksum_files(target)]

    def checksum_files(self, target: Path) -> list[Path]:
        return [target.with_name(ALGORITHMS[name][0]) for name in self.checksums if name in ALGORITHMS]

    def check(self, *, dry_run: bool = False) -> None:
        """Raise UsageError for outputs that cannot be."""
        if self.output == "":
            raise UsageError("--output is empty", hint="Omit it to write to the default path.")
        if self.to_stdout and self.checksums:
            raise UsageError("--checksums cannot be combined with --output -")
        if self.to_stdout and not dry_run:
            refuse_terminal()

    def check_files(self, target: Path | None, *, overwrite: bool) -> None:
        """Raise ContentError or RefusedError for a file that could not be written after the work."""
        for path in self.files(target):
            _check_directory(path)
            _check_name_length(path)
            if not overwrite:
                refuse_to_overwrite(path)

    def check_all(self, targets: Sequence[Path]) -> None:
        """Check the files of several torrents, which are edited in place or written to `output`, before the first.

        Raises UsageError for two torrents with one path, ContentError or RefusedError as `check_files` does.
        """
        taken: set[Path] = set()
        for target in targets:
            if target in taken:
                raise UsageError(
                    f"two torrents would be written to {printable(str(target))}",
                    hint="Edit them in separate runs, each with its own --output.",
                )
            taken.add(target)
            self.check_files(target, overwrite=self.output is None or self.force)


def refuse_terminal() -> None:
    """Raise UsageError if standard output, where a torrent would be written, is a terminal."""
    if console.is_terminal(sys.stdout):
        raise UsageError("refusing to write a torrent to the terminal", hint="Redirect it: --output - > FILE")


def _check_directory(path: Path) -> None:
    if not path.parent.is_dir():
        raise ContentError(
            f"cannot write {printable(str(path))}: directory {printable(str(path.parent))} does not exist",
            hint="Create it, or choose another --output.",
        )
    if not is_pipe(path) and not os.access(path.parent, os.W_OK | os.X_OK):
        raise ContentError(
            f"cannot write {printable(str(path))}: permission denied",
            hint="Nothing was written. Choose another --output.",
        )


def _check_name_length(path: Path) -> None:
    try:
        maximum = os.pathconf(path.parent, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):
        maximum = COMMON_NAME_MAX
    length = len(os.fsencode(path.name))
    if length > maximum:
        raise ContentError(
            f"cannot write {printable(path.name)}: the name has {length} bytes, the maximum is {maximum}",
            hint="Choose a shorter name with --output.",
        )
