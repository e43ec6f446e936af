"""SHA-1 and SHA-256 of many pieces and blocks at once, and of whole units of files.

Compiled kernels hash up to 16 messages side by side; hashlib is the fallback. The kernel is
chosen once, by the processor and a table of measurements (dispatch.c). The environment variable MKT_KERNEL is a demand,
not a preference: `hashlib`, `native` (the table's choice), or a kernel by name. Where it cannot be met, every function
here raises UsageError.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from mktorrent_py.errors import UsageError
from mktorrent_py.hashing.kernel.fault import ReadFault, Reason
from mktorrent_py.metainfo.merkle import BLOCK_LENGTH

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from mktorrent_py.hashing.kernel._fallback import BufferEngine, Tap

try:
    import mktorrent_py.hashing.kernel._native as _native
except ModuleNotFoundError:
    _native = None  # type: ignore[assignment]
    _ABSENT: str | None = "not built: there was no C compiler when this was installed"
except ImportError as error:
    _native = None  # type: ignore[assignment]
    _ABSENT = f"built, but it cannot be loaded: {error}"
else:
    _ABSENT = None

__all__ = [
    "BLOCK_LENGTH",
    "KERNEL_NAMES",
    "KernelDescription",
    "ReadFault",
    "Reason",
    "choose_engine",
    "description",
    "hash_unit",
    "hash_unit_tapped",
    "sha1_pieces",
    "sha256_blocks",
    "sha256_pairs",
]

KERNEL_NAMES = ("avx512", "avx2", "shani3", "shani2", "shani1", "armv8x3", "armv8x2", "armv8x1", "scalar")


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDescription:
    """The kernels in use, those this processor could run, and why no compiled one is in use (None when one is)."""

    sha1: str
    sha256: str
    available: tuple[str, ...]
    absent: str | None


def choose_engine(name: str | None = None) -> BufferEngine:
    """Return the engine called `name`: `native`, `hashlib` or one of KERNEL_NAMES; without a name the best one.

    Raises UsageError if there is none of that name, nothing was compiled, or this processor cannot run it.
    """
    if name and name != "hashlib":
        return _demanded(name)
    recommended = None if name else _recommended()
    if recommended is not None:
        return recommended
    from mktorrent_py.hashing.kernel._fallback import HashlibEngine

    return HashlibEngine()


def _recommended() -> BufferEngine | None:
    """Return the engine of the table of measurements; None where hashlib is the better choice."""
    if _native is None:
        return None
    try:
        return _native.Engine("native")
    except ValueError:
        return None


def _demanded(name: str) -> BufferEngine:
    if name not in ("native", *KERNEL_NAMES):
        raise UsageError(
            f"there is no kernel named {name!r}",
            code="kernel-unknown",
            hint=f"Kernels: native, hashlib, {', '.join(KERNEL_NAMES)}.",
            kernel=name,
        )
    if _native is None:
        raise UsageError(
            f"kernel {name} is {_ABSENT}",
            code="kernel-unavailable",
            hint="Reinstall with a C compiler, or use hashlib.",
            kernel=name,
        )
    kernels = _native.kernels()
    if name not in ("native", *kernels):
        raise UsageError(
            f"kernel {name} was not built: it is for another kind of processor",
            code="kernel-unavailable",
            hint=_available_hint(),
            kernel=name,
        )
    try:
        return _native.Engine(name)
    except ValueError as error:
        raise UsageError(
            f"this processor does not support kernel {name}",
            code="kernel-unavailable",
            hint=_available_hint(),
            kernel=name,
        ) from error


def _available_hint() -> str:
    return f"This processor runs {', '.join((*_available(), 'hashlib'))}."


def _available() -> tuple[str, ...]:
    return () if _native is None else tuple(name for name, runs in _native.kernels().items() if runs)


@cache
def _engine() -> BufferEngine:
    return choose_engine(os.environ.get("MKT_KERNEL"))


@cache
def _unit_hasher() -> Callable[..., tuple[bytes, bytes]]:
    """Return the engine's own function, or the fallback: without POSIX calls only buffer functions are compiled."""
    engine = _engine()
    own: Callable[..., tuple[bytes, bytes]] | None = getattr(engine, "hash_unit", None)
    if own is not None:
        return own
    from mktorrent_py.hashing.kernel import _fallback

    return partial(_fallback.hash_unit, engine)


def description() -> KernelDescription:
    """Describe the kernels. Raises UsageError when MKT_KERNEL cannot be met."""
    engine = _engine()
    absent = None
    if engine.sha1 == "hashlib":
        absent = _ABSENT or ("MKT_KERNEL=hashlib" if os.environ.get("MKT_KERNEL") else "none faster for this processor")
    return KernelDescription(sha1=engine.sha1, sha256=engine.sha256, available=_available(), absent=absent)


def sha1_pieces(data: Buffer, piece_length: int) -> bytes:
    """Return the SHA-1 (20 bytes) of each piece of `data`; the last piece may be short. Empty for no data."""
    return _engine().sha1_pieces(data, piece_length)


def sha256_blocks(data: Buffer, block_length: int = BLOCK_LENGTH) -> bytes:
    """Return the SHA-256 (32 bytes) of each block of `data`; the last block may be short. Empty for no data."""
    return _engine().sha256_blocks(data, block_length)


def sha256_pairs(nodes: Buffer) -> bytes:
    """Return the next merkle level (BEP 52): the SHA-256 of each pair of 32-byte nodes. ValueError for an odd one."""
    return _engine().sha256_pairs(nodes)


def hash_unit(
    directory: int,
    paths: Sequence[bytes],
    stats: Buffer,
    rows: Buffer,
    piece_length: int,
    *,
    v1: bool,
    v2: bool,
    sequential: bool = False,
    progress: Buffer | None = None,
) -> tuple[bytes, bytes]:
    """Open, check, read and hash one unit of work, in one call without the GIL.

    `paths` are relative to the open `directory` (where the system can do that; absolute elsewhere). `stats` holds
    three int64 for each path, as the scan saw them: size (-1: do not check this file), mtime in nanoseconds, inode.
    `rows` holds five int64 each: file (an index of `paths`, or -1 for zeros), offset, length, pad, width. After its
    `length` bytes a row has `pad` zero bytes that only v1 hashes. Rows of width 0 make one v1 stream, cut every
    `piece_length` bytes across them. Any other row starts a piece of its own; each of its pieces makes one v2 node,
    the merkle root (BEP 52) of its 16 KiB leaves padded with zero hashes to `width` leaves, a power of two.

    `sequential` reads in file order (rotating disks) instead of at many places at once. `progress` is a writable
    array of int64: the bytes of content read are added to its first; a second that is not zero stops the work.

    Returns the SHA-1 digests and the v2 nodes, one after the other, each empty when not asked for. Raises ReadFault;
    ValueError for rows that no layout can have made. Memory stays below a few MiB, and 17 files open, whatever the
    piece length.
    """
    return _unit_hasher()(
        directory, paths, stats, rows, piece_length, v1=v1, v2=v2, sequential=sequential, progress=progress
    )


def hash_unit_tapped(
    directory: int,
    paths: Sequence[bytes],
    stats: Buffer,
    rows: Buffer,
    piece_length: int,
    *,
    v1: bool,
    v2: bool,
    progress: Buffer | None = None,
    tap: Tap,
) -> tuple[bytes, bytes]:
    """Do as `hash_unit`, and call `tap` with all content: file, offset, bytes; for checksums of whole files."""
    from mktorrent_py.hashing.kernel import _fallback

    return _fallback.hash_unit(
        _engine(), directory, paths, stats, rows, piece_length, v1=v1, v2=v2, progress=progress, tap=tap
    )
