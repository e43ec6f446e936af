"""What `mkt create` reads and which files it writes: decided and checked before the work."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.cli.output import console, streams
from mktorrent_py.content.scan import own_name
from mktorrent_py.create import CreateResult
from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.hashing.checksums import ALGORITHMS, checksum_lines
from mktorrent_py.torrentfile import is_pipe, refuse_to_overwrite, write_together

STANDARD_STREAM = "-"
USUAL_NAME_MAX = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is read and where the torrent goes, as the person said it. `checksums` names algorithms."""

    content: str
    output: str | None
    force: bool
    checksums: Sequence[str]

    @property
    def is_stream(self) -> bool:
        """Content from standard input."""
        return self.content == STANDARD_STREAM

    @property
    def to_stdout(self) -> bool:
        return self.output == STANDARD_STREAM

    def own_name(self) -> str:
        """The name of the content where no other is given."""
        return own_name(Path(self.content))

    def target(self, name: str) -> Path | None:
        """Where the torrent called `name` is written; None for standard output."""
        if self.to_stdout:
            return None
        own = Path(os.fsdecode(f"{name}.torrent".encode("utf-8", "surrogateescape")))
        if self.output is None:
            return own
        path = Path(self.output)
        return path / own if self.output.endswith(("/", os.sep)) or path.is_dir() else path

    def outputs(self, name: str) -> list[Path]:
        """Every file this will write, as absolute paths: none of them is content."""
        target = self.target(name)
        return [] if target is None else [path.absolute() for path in (target, *self.checksum_files(target))]

    def checksum_files(self, target: Path) -> list[Path]:
        return [target.with_name(ALGORITHMS[name][0]) for name in self.checksums if name in ALGORITHMS]

    def check(self) -> None:
        """Refuse what cannot be meant. Raises UsageError."""
        if not self.content:
            raise UsageError("the content's path is empty", hint="The current directory is called `.`.")
        if self.output == "":
            raise UsageError("the output's path is empty", hint="Leave --output out to write NAME.torrent here.")
        if self.to_stdout and self.checksums:
            raise UsageError("--checksums are written beside the torrent, and standard output has no beside")
        if self.to_stdout:
            refuse_a_terminal()

    def check_outputs(self, name: str) -> None:
        """Refuse before the work what would be refused after it. Raises ContentError or RefusedError."""
        for path in self.outputs(name):
            check_directory(path)
            _check_name_length(path)
            if not self.force:
                refuse_to_overwrite(path)

    def write(self, created: CreateResult) -> Path | None:
        """Write the torrent and its checksums, all or none; returns where the torrent is."""
        target = self.target(created.metainfo.info.name)
        data = created.metainfo.to_bytes()
        if target is None:
            streams.write_binary_stdout(data)
            return None
        files = dict(zip(self.checksum_files(target), _checksums(created, target), strict=True))
        write_together(files | {target: data}, overwrite=self.force)
        return target


def refuse_a_terminal() -> None:
    """Raises UsageError when a torrent is to be written to standard output, and that is a terminal."""
    if console.is_terminal(sys.stdout):
        raise UsageError("a torrent on a terminal is no use to anybody", hint="Send it on: --output - > FILE")


def check_directory(path: Path) -> None:
    """Raises ContentError when no file can be put at `path`: to be known before the work."""
    if not path.parent.is_dir():
        raise ContentError(
            f"cannot write {printable(str(path))}: there is no directory {printable(str(path.parent))}",
            hint="Make it, or say another --output.",
        )
    if not is_pipe(path) and not os.access(path.parent, os.W_OK | os.X_OK):
        raise ContentError(
            f"cannot write {printable(str(path))}: permission denied", hint="Nothing was written. Say another --output."
        )


def _check_name_length(path: Path) -> None:
    length, longest = len(os.fsencode(path.name)), _longest_name(path.parent)
    if length > longest:
        raise ContentError(
            f"cannot write {printable(path.name)}: a name of {length} bytes, and {longest} is the most there",
            hint="Say a shorter one with --output.",
        )


def _longest_name(directory: Path) -> int:
    try:
        return os.pathconf(directory, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):
        return USUAL_NAME_MAX


def _checksums(created: CreateResult, target: Path) -> list[bytes]:
    """What each checksum file holds; a stored link has no bytes of its own, and what it leads to is listed itself."""
    info = created.metainfo.info
    start = _path_to_content(created, target.parent)
    real = [number for number, file in enumerate(info.files) if file.symlink is None]
    paths = [start + "/".join(info.files[number].path) for number in real]
    return [checksum_lines([digests[number] for number in real], paths) for digests in created.checksums.values()]


def _path_to_content(created: CreateResult, directory: Path) -> str:
    """From beside the content, or from inside it where the checksums are written there."""
    info = created.metainfo.info
    if info.single or created.draft.content.root.resolve() == directory.resolve():
        return ""
    return f"{info.name}/"
