"""Snapshots of the swarms on disk, so that a restart loses no peer: one SQLite file, replaced as a whole.

After a crash the last complete snapshot is there. A file that is not a snapshot is refused, never overwritten.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mktorrent_py.errors import ContentError
from mktorrent_py.torrentfile import reason_of
from mktorrent_py.tracker.protocol.connection_id import KEY_LENGTH
from mktorrent_py.tracker.protocol.messages import INFOHASH_LENGTH, V4_LENGTH, V6_LENGTH
from mktorrent_py.tracker.swarms.registry import SwarmRegistry
from mktorrent_py.tracker.swarms.swarm import PeerTable, Swarm

_APPLICATION_ID = 0x6D6B7454
"""`mktT`: marks a SQLite file as a snapshot."""

_VERSION = 1
_SWARMS_PER_TURN = 500
"""Swarms copied between two turns of the event loop: a few milliseconds of work."""

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
    """Seeds or leechers of one swarm and family. `seen` holds seconds as little-endian 32-bit numbers, by address."""

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
    """A copy of all swarms, each consistent in itself, and the key of the connection ids.

    With the key, connection ids from before a restart remain valid.
    """

    connection_key: bytes
    swarms: list[SwarmRow]
    peers: list[PeersRow]


class Restored(NamedTuple):
    """How many peers were restored, and the connection key if there was a snapshot."""

    peers: int = 0
    connection_key: bytes | None = None


async def capture(swarms: SwarmRegistry, connection_key: bytes) -> Snapshot:
    """Copy the swarms while the tracker keeps answering."""
    snapshot = Snapshot(connection_key, [SwarmRow(*row) for row in swarms.dormant()], [])
    for number, infohash in enumerate(list(swarms), 1):
        # A swarm may have expired meanwhile.
        if swarm := swarms.get(infohash):
            snapshot.swarms.append(SwarmRow(infohash, swarm.downloads))
            snapshot.peers.extend(_rows(infohash, swarm))
        if number % _SWARMS_PER_TURN == 0:
            await asyncio.sleep(0)
    return snapshot


def _rows(infohash: bytes, swarm: Swarm) -> Iterator[PeersRow]:
    for seeds, families in ((True, swarm.seeds), (False, swarm.leechers)):
        for peers in families.values():
            if peers:
                seen = _little_endian(peers.seen).tobytes()
                yield PeersRow(infohash, seeds, peers.width, bytes(peers.addresses), bytes(peers.ids), seen)


def check_writable(path: Path) -> None:
    """Raises ContentError when no snapshot can be written to `path`."""
    with _writing_to(path) as temporary:
        temporary.unlink()


def write_snapshot(snapshot: Snapshot, path: Path) -> None:
    """Replace the file at `path` with this snapshot, or leave it as it is. Raises ContentError."""
    with _writing_to(path) as temporary:
        with contextlib.closing(sqlite3.connect(temporary)) as database:
            # Nothing reads the file before it is renamed, so that it needs no journal.
            database.executescript("PRAGMA journal_mode = OFF;" + _SCHEMA)
            with database:
                database.execute("INSERT INTO connection_key VALUES (?)", (snapshot.connection_key,))
                database.executemany("INSERT OR REPLACE INTO swarms VALUES (?, ?)", snapshot.swarms)
                database.executemany("INSERT INTO peers VALUES (?, ?, ?, ?, ?, ?)", snapshot.peers)
        temporary.replace(path)


@contextlib.contextmanager
def _writing_to(path: Path) -> Iterator[Path]:
    """Yield a new file beside `path`. Raises ContentError for what fails."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.unlink(missing_ok=True)
        # Peer addresses and a key: not for other users.
        temporary.touch(mode=0o600)
        yield temporary
    except (OSError, sqlite3.Error) as error:
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        raise ContentError(
            f"cannot write the state to {path}: {reason}", code="state-unwritable", state=str(path)
        ) from error


def read_snapshot(path: Path, swarms: SwarmRegistry, now: int) -> Restored:
    """Restore the peers of a snapshot that have not expired. A missing file restores nothing.

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
            f"{path} is not a valid state file: {error}", code="state-invalid", state=str(path)
        ) from error
    return Restored(swarms.census.peers, key)


def _read_key(database: sqlite3.Connection) -> bytes:
    _check_header(database)
    (key,) = database.execute("SELECT key FROM connection_key").fetchone()
    if not isinstance(key, bytes) or len(key) != KEY_LENGTH:
        raise ValueError("the connection key has the wrong length")
    return key


def _restore(database: sqlite3.Connection, swarms: SwarmRegistry, now: int) -> None:
    restored = {}
    for infohash, downloads in database.execute("SELECT infohash, downloads FROM swarms"):
        if len(infohash) != INFOHASH_LENGTH or downloads < 0:
            raise ValueError("a swarm has an invalid infohash or a negative count")
        restored[infohash] = swarms.restore(infohash, downloads)
    for row in map(PeersRow._make, database.execute("SELECT infohash, seeds, width, addresses, ids, seen FROM peers")):
        restored[row.infohash].restore(_peers(row), seeds=bool(row.seeds))
    for infohash in restored:
        swarms.finish_restore(infohash, now)


def _check_header(database: sqlite3.Connection) -> None:
    (application_id,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if application_id != _APPLICATION_ID:
        raise ValueError("it is another kind of database")
    if version != _VERSION:
        raise ValueError(f"it has version {version}, expected {_VERSION}")


def _peers(row: PeersRow) -> PeerTable:
    if row.width not in (V4_LENGTH, V6_LENGTH):
        raise ValueError(f"addresses of {row.width} bytes")
    seen = array("I")
    seen.frombytes(row.seen)
    return PeerTable.from_columns(row.width, row.addresses, row.ids, _little_endian(seen))


def _little_endian(seen: array[int]) -> array[int]:
    if sys.byteorder == "little":
        return seen
    swapped = seen[:]
    swapped.byteswap()
    return swapped
