"""The swarms on disk, so that a restart loses nobody: one SQLite file, replaced whole.

A killed tracker finds the last complete snapshot. A file that is no snapshot is refused, never overwritten.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from array import array
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from mktorrent_py.errors import ContentError
from mktorrent_py.tracker.protocol.connection_id import KEY_LENGTH
from mktorrent_py.tracker.protocol.messages import INFOHASH_LENGTH, V4_LENGTH, V6_LENGTH
from mktorrent_py.tracker.swarms.registry import Swarms
from mktorrent_py.tracker.swarms.swarm import Peers, Swarm

# "mktT": says that a SQLite file is one of these.
_APPLICATION_ID = 0x6D6B7454
_VERSION = 1
# Swarms copied between two turns of the event loop: some milliseconds of work.
_SWARMS_PER_TURN = 500

_SCHEMA = f"""
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {_VERSION};
CREATE TABLE connection_key (key BLOB NOT NULL);
CREATE TABLE swarms (infohash BLOB PRIMARY KEY, downloads INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE peers (
    infohash BLOB NOT NULL, seeds INTEGER NOT NULL, width INTEGER NOT NULL,
    addresses BLOB NOT NULL, ids BLOB NOT NULL, seen BLOB NOT NULL
);
"""


class PeersRow(NamedTuple):
    """Peers as a row: `seen` is seconds as little-endian 32-bit numbers, in the order of the addresses."""

    infohash: bytes
    seeds: bool
    width: int
    addresses: bytes
    ids: bytes
    seen: bytes


class SwarmRow(NamedTuple):
    infohash: bytes
    downloads: int


class Snapshot(NamedTuple):
    """A copy of all swarms, each as it was at one moment, and the key connection ids are made with.

    With the key, those that clients were given before a restart are good after it.
    """

    connection_key: bytes
    swarms: list[SwarmRow]
    peers: list[PeersRow]


class Restored(NamedTuple):
    """How many peers came back, and the connection key, if there was a snapshot."""

    peers: int = 0
    connection_key: bytes | None = None


async def capture(swarms: Swarms, connection_key: bytes) -> Snapshot:
    """Copy the swarms while the tracker goes on answering."""
    snapshot = Snapshot(connection_key, [SwarmRow(*row) for row in swarms.dormant()], [])
    async for infohash in _in_turns(list(swarms)):
        # One that expired meanwhile is missing, and nobody misses it.
        if swarm := swarms.get(infohash):
            snapshot.swarms.append(SwarmRow(infohash, swarm.downloads))
            snapshot.peers.extend(_rows(infohash, swarm))
    return snapshot


async def _in_turns(infohashes: list[bytes]) -> AsyncIterator[bytes]:
    for number, infohash in enumerate(infohashes, 1):
        yield infohash
        if number % _SWARMS_PER_TURN == 0:
            await asyncio.sleep(0)


def _rows(infohash: bytes, swarm: Swarm) -> Iterator[PeersRow]:
    for seeds, families in ((True, swarm.seeds), (False, swarm.leechers)):
        for peers in families.values():
            if peers:
                seen = _little_endian(peers.seen).tobytes()
                yield PeersRow(infohash, seeds, peers.width, bytes(peers.addresses), bytes(peers.ids), seen)


def check_writable(path: Path) -> None:
    """Raises ContentError when no snapshot could be put at `path`: to be known before there is anything to lose."""
    with _writing_to(path) as temporary:
        temporary.unlink()


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Replace the file at `path` with this snapshot, or leave it. Raises ContentError."""
    with _writing_to(path) as temporary:
        with contextlib.closing(sqlite3.connect(temporary)) as database:
            # Nobody reads the file before it is renamed, so there is nothing a journal could save.
            database.executescript("PRAGMA journal_mode = OFF;" + _SCHEMA)
            with database:
                database.execute("INSERT INTO connection_key VALUES (?)", (snapshot.connection_key,))
                database.executemany("INSERT OR REPLACE INTO swarms VALUES (?, ?)", snapshot.swarms)
                database.executemany("INSERT INTO peers VALUES (?, ?, ?, ?, ?, ?)", snapshot.peers)
        temporary.replace(path)


@contextlib.contextmanager
def _writing_to(path: Path) -> Iterator[Path]:
    """A new file beside `path`. Raises ContentError for what fails."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.unlink(missing_ok=True)
        # Addresses of peers, and a key: nobody else's business.
        temporary.touch(mode=0o600)
        yield temporary
    except (OSError, sqlite3.Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise ContentError(
            f"cannot write the state to {path}: {reason.lower()}", hint="Name another file with --state."
        ) from error


def read_snapshot(path: Path, swarms: Swarms, now: int) -> Restored:
    """Put the peers of a snapshot that are still alive back. Without a file there is nothing to restore.

    Raises ContentError when the file is not a snapshot or is damaged.
    """
    if not path.exists():
        return Restored()
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            key = _read_key(database)
            _restore(database, swarms, now)
    except (sqlite3.Error, LookupError, ValueError, TypeError) as error:
        raise ContentError(
            f"{path} is not a state this tracker can read: {error}",
            hint="Move it away to start empty, or name another file with --state.",
        ) from error
    return Restored(swarms.census.peers, key)


def _read_key(database: sqlite3.Connection) -> bytes:
    _check_header(database)
    (key,) = database.execute("SELECT key FROM connection_key").fetchone()
    if not isinstance(key, bytes) or len(key) != KEY_LENGTH:
        raise ValueError("its key has another length")
    return key


def _restore(database: sqlite3.Connection, swarms: Swarms, now: int) -> None:
    restored = {}
    for infohash, downloads in database.execute("SELECT infohash, downloads FROM swarms"):
        if len(infohash) != INFOHASH_LENGTH or downloads < 0:
            raise ValueError("a swarm without an infohash or with a negative count")
        restored[infohash] = swarms.restore(infohash, downloads)
    for row in map(PeersRow._make, database.execute("SELECT infohash, seeds, width, addresses, ids, seen FROM peers")):
        restored[row.infohash].restore(_peers(row), seeds=bool(row.seeds))
    _settle(restored, swarms, now)


def _settle(infohashes: Iterable[bytes], swarms: Swarms, now: int) -> None:
    for infohash in infohashes:
        swarms.settle(infohash, now)


def _check_header(database: sqlite3.Connection) -> None:
    (application_id,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application_id != _APPLICATION_ID:
        raise ValueError("it is some other database")
    if version != _VERSION:
        raise ValueError(f"it was written by another version ({version})")


def _peers(row: PeersRow) -> Peers:
    if row.width not in (V4_LENGTH, V6_LENGTH):
        raise ValueError(f"addresses of {row.width} bytes")
    seen = array("I")
    seen.frombytes(row.seen)
    return Peers.from_columns(row.width, row.addresses, row.ids, _little_endian(seen))


def _little_endian(seen: array[int]) -> array[int]:
    if sys.byteorder == "little":
        return seen
    swapped = seen[:]
    swapped.byteswap()
    return swapped
