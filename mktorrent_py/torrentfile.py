"""Torrent files on disk: reading one, and writing one whole or not at all."""

from __future__ import annotations

import contextlib
import gc
import os
import stat
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.errors import ContentError, LimitError, RefusedError, reading
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.metainfo import Metainfo


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
    """The bytes of a torrent file. Raises ContentError when it cannot be read, LimitError when it is too large."""
    bound = (limits or Limits()).size
    try:
        with path.open("rb") as file:
            data = file.read(bound + 1)
    except (OSError, ValueError) as error:
        raise ContentError(f"cannot read {path}: {reason_of(error)}") from error
    if len(data) > bound:
        raise LimitError(f"{path} is larger than {bound:,} bytes, the limit for a torrent file")
    return data


def read_metainfo(path: Path | str, *, limits: Limits | None = None) -> Metainfo:
    """Read a torrent file. Raises ContentError, or MetainfoError with the key path of what is wrong."""
    data = read_bytes(Path(path), limits=limits)
    with reading(str(path)), collector_paused():
        return Metainfo.from_bytes(data, limits=limits)


def reason_of(error: OSError | ValueError) -> str:
    """What the system said, as a phrase; a ValueError is what Python says of a path that no system takes."""
    return ((error.strerror if isinstance(error, OSError) else "") or str(error)).lower()


def refuse_to_overwrite(path: Path) -> None:
    """Raises RefusedError if something stands at `path` that writing would replace."""
    if os.path.lexists(path) and not is_pipe(path):
        raise RefusedError(f"{path} is already there", hint="Say --force to replace it, or write elsewhere.")


def write_metainfo(metainfo: Metainfo, path: Path | str, *, overwrite: bool = False) -> None:
    """Write a torrent file atomically. Raises as `write_together` does."""
    write_atomically(Path(path), metainfo.to_bytes(), overwrite=overwrite)


def write_atomically(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write all of `data` to `path`, or leave everything as it was; see `write_together`."""
    write_together({path: data}, overwrite=overwrite)


def write_together(files: Mapping[Path, bytes], *, overwrite: bool = False) -> None:
    """Write all of these files, each of them whole, or leave everything as it was.

    A file that is replaced keeps its mode; a link is followed, so that what it points to is replaced; pipes and
    terminals are written to. Raises RefusedError if something is there and `overwrite` is not said, ContentError when
    one cannot be written.
    """
    pipes = [path for path in files if is_pipe(path)]
    staged = [_Staged.of(path, overwrite) for path in files if path not in pipes]
    try:
        for each in staged:
            with _telling_of(each.path):
                _write_beside(each, files[each.path])
        _put_all_in_place(staged, overwrite)
    finally:
        for each in staged:
            # Where there is no directory there is no temporary file either.
            with contextlib.suppress(OSError):
                each.temporary.unlink()
    for directory in {each.target.parent for each in staged}:
        _sync_directory(directory)
    for path in pipes:
        with _telling_of(path), path.open("wb") as pipe:
            pipe.write(files[path])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Staged:
    """A file to be written: as it was asked for, where that leads to, and where its bytes wait until they are whole."""

    path: Path
    target: Path
    temporary: Path

    @classmethod
    def of(cls, path: Path, overwrite: bool) -> _Staged:
        target = Path(os.path.realpath(path)) if overwrite and path.is_symlink() else path
        return cls(path=path, target=target, temporary=target.with_name(f".mkt-{os.urandom(8).hex()}.part"))


@contextmanager
def _telling_of(path: Path) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:
        raise ContentError(f"cannot write {path}: {reason_of(error)}", hint="Nothing was written.") from error


def is_pipe(path: Path) -> bool:
    """Whether what stands there takes bytes without being replaced: a pipe, a terminal, the null device."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISCHR(mode)


def _write_beside(staged: _Staged, data: bytes) -> None:
    """A complete, synced temporary file beside the target, with the mode that the target is to have."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(staged.temporary, flags, 0o666), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    # Not every file system has modes to set.
    with contextlib.suppress(OSError):
        staged.temporary.chmod(stat.S_IMODE(staged.target.stat().st_mode))


def _put_all_in_place(staged: Sequence[_Staged], overwrite: bool) -> None:
    new: list[Path] = []
    try:
        for each in staged:
            with _telling_of(each.path):
                _put_in_place(each, overwrite)
            if not overwrite:
                new.append(each.target)
    except BaseException:
        for path in new:
            path.unlink(missing_ok=True)
        raise


def _put_in_place(staged: _Staged, overwrite: bool) -> None:
    if overwrite:
        staged.temporary.replace(staged.target)
        return
    try:
        os.link(staged.temporary, staged.target)
    except (OSError, AttributeError):
        # Something is there, or the file system has no hard links: then what appears this instant is lost.
        refuse_to_overwrite(staged.target)
        staged.temporary.replace(staged.target)


def _sync_directory(directory: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
