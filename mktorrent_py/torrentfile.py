"""Torrent files on disk: reads them, and writes each whole or not at all."""

from __future__ import annotations

import contextlib
import gc
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mktorrent_py.errors import ContentError, LimitError, RefusedError, reading
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.metainfo import Metainfo

StrPath = str | os.PathLike[str]


@contextmanager
def collector_paused() -> Iterator[None]:
    """A context to read large torrents in: millions of values without a cycle, which the collector would walk often."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def read_bytes(path: Path, *, limits: Limits | None = None) -> bytes:
    """Read a torrent file's bytes. Raises ContentError when it cannot be read, LimitError when it is too large."""
    try:
        with path.open("rb") as file:
            return _read_stream(file, str(path), limits)
    except (OSError, ValueError) as error:
        raise ContentError(f"cannot read {path}: {reason_of(error)}", file=str(path)) from error


def _read_stream(stream: BinaryIO, name: str, limits: Limits | None) -> bytes:
    """Read a stream to its end, or until it passes the limit: an unbuffered one returns less than was asked for."""
    bound = (limits or Limits()).size
    data = bytearray()
    while len(data) <= bound and (chunk := stream.read(bound + 1 - len(data))):
        if not isinstance(chunk, bytes):
            raise TypeError(f"{name} must be opened in binary mode")
        data += chunk
    if len(data) > bound:
        raise LimitError(
            f"{name} is larger than {bound:,} bytes, the limit for a torrent file", limit="size", maximum=bound
        )
    return bytes(data)


def read_metainfo(source: StrPath | BinaryIO, *, limits: Limits | None = None) -> Metainfo:
    """Read a torrent file: a path, or a binary file object, which is read from where it stands and left open.

    Raises ContentError when it cannot be read, MetainfoError with the key path of what is invalid.
    """
    if isinstance(source, str | os.PathLike):
        name = os.fspath(source)
        data = read_bytes(Path(source), limits=limits)
    elif hasattr(source, "read"):
        name = str(getattr(source, "name", "stream"))
        data = _read_stream(source, name, limits)
    else:
        raise TypeError(f"source must be a path or a binary file object, not {type(source).__name__}")
    with reading(name), collector_paused():
        return Metainfo.from_bytes(data, limits=limits)


def reason_of(error: OSError | ValueError) -> str:
    """Return the reason of an error as a phrase; a ValueError is Python's for a path that no system accepts."""
    if isinstance(error, OSError) and error.errno and error.errno > 0 and not hasattr(error, "library"):
        # Not `strerror`: asyncio puts a sentence of its own there. Errors of name servers have numbers below 0, and
        # those of TLS, which name their library, numbers of their own.
        return os.strerror(error.errno).lower()
    return ((error.strerror if isinstance(error, OSError) else "") or str(error)).lower()


def refuse_to_overwrite(path: Path) -> None:
    """Raise RefusedError if something exists at `path` that writing would replace."""
    if os.path.lexists(path) and not is_pipe(path):
        raise RefusedError(f"{path} already exists", code="overwrite-refused", file=str(path))


def write_metainfo(metainfo: Metainfo, path: StrPath, *, overwrite: bool = False) -> None:
    """Write a torrent file atomically. Raises RefusedError if it exists, unless `overwrite`; ContentError."""
    write_atomically(Path(path), metainfo.to_bytes(), overwrite=overwrite)


def write_atomically(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write all of `data` to `path`, or leave everything as it was; see `write_together`."""
    write_together({path: data}, overwrite=overwrite)


def write_together(files: Mapping[Path, bytes], *, overwrite: bool = False) -> None:
    """Write all of these files, each of them whole, or leave everything as it was.

    A replaced file keeps its mode; a link is followed, and its target replaced; pipes and terminals are written to.
    Raises RefusedError if one exists and `overwrite` is false, ContentError when one cannot be written.
    """
    pipes = [path for path in files if is_pipe(path)]
    staged = [_Staged.of(path, overwrite) for path in files if path not in pipes]
    try:
        for each in staged:
            with _naming(each.path):
                _write_temporary(each, files[each.path])
        _replace_all(staged, overwrite)
    finally:
        for each in staged:
            # Where there is no directory there is no temporary file either.
            with contextlib.suppress(OSError):
                each.temporary.unlink()
    for directory in {each.target.parent for each in staged}:
        _sync_directory(directory)
    for path in pipes:
        with _naming(path), path.open("wb") as pipe:
            pipe.write(files[path])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staged:
    """A file to be written: its path, the path it resolves to, and the temporary file with its bytes."""

    path: Path
    target: Path
    temporary: Path

    @classmethod
    def of(cls, path: Path, overwrite: bool) -> _Staged:
        target = Path(os.path.realpath(path)) if overwrite and path.is_symlink() else path
        return cls(path=path, target=target, temporary=target.with_name(f".mkt-{os.urandom(8).hex()}.part"))


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise ContentError(
            f"cannot write {path}: {reason_of(error)}", code="write-failed", hint="Nothing was written.", file=str(path)
        ) from error


def is_pipe(path: Path) -> bool:
    """Whether `path` is written to and not replaced: a pipe, a terminal, the null device."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _write_temporary(staged: _Staged, data: bytes) -> None:
    """Write and sync the temporary file beside the target, with the mode that the target has."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(staged.temporary, flags, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    # Not every file system has modes to set.
    with contextlib.suppress(OSError):
        staged.temporary.chmod(stat.S_IMODE(staged.target.stat().st_mode))


def _replace_all(staged: Sequence[_Staged], overwrite: bool) -> None:
    new: list[Path] = []
    try:
        for each in staged:
            with _naming(each.path):
                _replace(each, overwrite)
            if not overwrite:
                new.append(each.target)
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise


def _replace(staged: _Staged, overwrite: bool) -> None:
    if overwrite:
        staged.temporary.replace(staged.target)
        return
    try:
        os.link(staged.temporary, staged.target)
    except (OSError, AttributeError):
        # It exists, or the file system has no hard links: then a file that appears in this instant is lost.
        refuse_to_overwrite(staged.target)
        staged.temporary.replace(staged.target)


def _sync_directory(directory: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
