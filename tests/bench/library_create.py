"""Create a torrent with a peer that is a library.

python library_create.py LIBRARY CONTENT OUT VERSION PIECE_LENGTH THREADS
"""

from __future__ import annotations

import sys
from pathlib import Path


def with_libtorrent(content: Path, version: str, piece_length: int, threads: int) -> bytes:
    """Its Python binding hashes on one thread, whatever is asked for."""
    import libtorrent

    kind = libtorrent.create_torrent
    flags = {"v1": kind.v1_only, "v2": kind.v2_only, "hybrid": 0}[version]
    creator = kind(libtorrent.list_files(str(content), lambda path: True, flags), piece_length, flags)
    libtorrent.set_piece_hashes(creator, str(content.parent))
    encoded: bytes = libtorrent.bencode(creator.generate())
    return encoded


def with_torf(content: Path, version: str, piece_length: int, threads: int) -> bytes:
    import torf

    torrent = torf.Torrent(path=content, piece_size=piece_length)
    torrent.generate(threads=threads)
    encoded: bytes = torrent.dump(validate=False)
    return encoded


LIBRARIES = {"libtorrent": with_libtorrent, "torf": with_torf}


def main() -> None:
    library, content, out, version, piece_length, threads = sys.argv[1:]
    torrent = LIBRARIES[library](Path(content), version, int(piece_length), int(threads))
    Path(out).write_bytes(torrent)


if __name__ == "__main__":
    main()
