"""Torrent files on disk: reading one, and writing one whole or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from mktorrent_py.errors import ContentError, LimitError, RefusedError
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.model import Metainfo


def read_bytes(path: Path, *, limits: Limits | None = None) -> bytes:
    """The bytes of a torrent file. Raises ContentError when it cannot be read, LimitError when it is too large."""
    bound = (limits or Limits()).size
    try:
        with path.open("rb") as file:
            data = file.read(bound + 1)
    except OSError as error:
        raise ContentError(f"cannot read {path}: {reason_of(error)}") from error
    if len(data) > bound:
        raise LimitError(f"{path} is larger than {bound:,} bytes, the limit for a torrent file")
    return data


def read_metainfo(path: Path, *, limits: Limits | None = None) -> Metainfo:
    """Read a torrent file. Raises ContentError, or MetainfoError with the key path of what is wrong."""
    return Metainfo.from_bytes(read_bytes(path, limits=limits), limits=limits)


def reason_of(error: OSError) -> str:
    """What the system said, as a phrase."""
    return (error.strerror or str(error)).lower()


def refuse_to_overwrite(path: Path) -> None:
    """Raises RefusedError if something stands at `path`."""
    if os.path.lexists(path):
        raise RefusedError(
            f"{path} is already there", hint="Say --force to replace it, or --output to write elsewhere."
        )


def write_metainfo(metainfo: Metainfo, path: Path, *, overwrite: bool = False) -> None:
    """Write a torrent file atomically."""
    write_atomically(path, metainfo.to_bytes(), overwrite=overwrite)


def write_atomically(path: Path, data: bytes, *, overwrite: bool = False) -> None:
    """Write all of `data` to `path`, or leave everything as it was.

    A file that is replaced keeps its mode; a link is followed, so that what it points to is replaced. Raises
    RefusedError if something is there and `overwrite` is not said, ContentError when it cannot be written.
    """
    target = path.resolve() if overwrite and path.is_symlink() else path
    try:
        temporary = _write_beside(target, data)
        try:
            _put_in_place(temporary, target, overwrite)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_directory(target.parent)
    except FileExistsError:
        refuse_to_overwrite(path)
        raise
    except OSError as error:
        raise ContentError(f"cannot write {path}: {reason_of(error)}", hint="Nothing was written.") from error


def _write_beside(target: Path, data: bytes) -> Path:
    """A complete, synced temporary file in the directory of `target`, with the mode that `target` is to have."""
    temporary = target.with_name(f".mkt-{secrets.token_hex(8)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        with contextlib.suppress(FileNotFoundError):
            temporary.chmod(stat.S_IMODE(target.stat().st_mode))
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _put_in_place(temporary: Path, target: Path, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(target)
        return
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except (OSError, AttributeError):
        # Some file systems have no hard links: then a name that appears this instant is lost.
        refuse_to_overwrite(target)
        temporary.replace(target)


def _sync_directory(directory: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
