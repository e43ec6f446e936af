"""Checks on what a torrent says beside its file names. Each takes a subject and yields what it finds wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from mktorrent_py.formatting import binary_size, printable, printable_bytes
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.layout import PathComponents, canonical_key
from mktorrent_py.metainfo.merkle import is_power_of_two
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.paths import display_path
from mktorrent_py.metainfo.piece_length import LONGEST, LONGEST_USUAL, SHORTEST, TOLERABLE_PADDING

LIBTORRENT_SIZE = 10_000_000
"""Bytes of torrent file that libtorrent reads (`load_torrent_limits`)."""

LIBTORRENT_PIECES = 2_097_152
LIBTORRENT_PIECE_LENGTH = 32_767 * 16_384
TRANSMISSION_DIRECTORIES = 28
"""Components of a v2 path beyond which the bencode nests more than the 32 levels that Transmission 4 reads."""

LATEST_DATE = 32_503_680_000
"""The year 3000, in Unix seconds: a later date counts in another unit."""

TRACKER_SCHEMES = ("http", "https", "udp", "ws", "wss")
WEB_SCHEMES = ("http", "https", "ftp", "ftps")

DEPRECATED_OUTER = frozenset(
    {b"comment.utf-8", b"created by.utf-8", b"publisher", b"publisher.utf-8", b"publisher-url", b"publisher-url.utf-8"}
)
DEPRECATED_INFO = (DEPRECATED_OUTER - {b"comment.utf-8", b"created by.utf-8"}) | {b"name.utf-8", b"md5sum"}
DEPRECATED_FILE = (b"path.utf-8", b"md5sum")


class Problem(NamedTuple):
    """Where something was seen (a key path, or the path of a file, or nowhere in particular), and what."""

    path: str
    message: str


Problems = Iterator[Problem]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A torrent as the checks look at it: the model, its size in bytes, raw values by key, and its paths joined."""

    metainfo: Metainfo
    size: int
    outer: Mapping[bytes, bytes]
    paths: tuple[str, ...]
    directories: frozenset[str]

    @classmethod
    def of(cls, metainfo: Metainfo) -> Subject:
        return cls(
            metainfo=metainfo,
            size=len(metainfo.to_bytes()),
            outer=dict(metainfo.items),
            paths=tuple(["/".join(file.path) for file in metainfo.info.files]),
            directories=_directories([file.path for file in metainfo.info.files]),
        )

    def value(self, key: bytes) -> bencode.Value | None:
        """The decoded value of a top-level key."""
        raw = self.outer.get(key)
        return None if raw is None else bencode.decode_leniently(raw).value


def _directories(paths: list[PathComponents]) -> frozenset[str]:
    found: set[PathComponents] = set()
    for path in paths:
        parent = path[:-1]
        while parent and parent not in found:
            found.add(parent)
            parent = parent[:-1]
    return frozenset(["/".join(directory) for directory in found])


# --- private torrents ---


def private_without_tracker(subject: Subject) -> Problems:
    if subject.metainfo.info.private and not subject.metainfo.trackers:
        yield Problem("", "private=1 but no tracker: nobody can find it")


def dht_nodes_in_private(subject: Subject) -> Problems:
    if subject.metainfo.info.private and subject.metainfo.nodes:
        yield Problem("nodes", "a private torrent names DHT nodes, and private torrents must not use the DHT")


def private_outside_info(subject: Subject) -> Problems:
    if b"private" in subject.outer:
        yield Problem("private", "stands beside the info dictionary, where no client looks for it")


def source_outside_info(subject: Subject) -> Problems:
    if b"source" in subject.outer:
        yield Problem("source", "stands beside the info dictionary, where it does not change the infohash")


# --- trackers and seeds ---


def no_tracker(subject: Subject) -> Problems:
    metainfo = subject.metainfo
    if not (metainfo.trackers or metainfo.info.private):
        yield Problem("", "no tracker: peers are found by the DHT alone")


def tracker_malformed(subject: Subject) -> Problems:
    for tracker in _trackers(subject):
        problem = url_problem(tracker, TRACKER_SCHEMES)
        if problem:
            yield Problem("", f"tracker {printable(tracker)} {problem}")


def tracker_plain_http(subject: Subject) -> Problems:
    for tracker in _trackers(subject):
        if tracker.lower().startswith("http://"):
            yield Problem("", f"tracker {printable(tracker)}: whoever is on the way sees what is announced")


def duplicate_tracker(subject: Subject) -> Problems:
    """The model names every tracker once, so this looks at `announce-list` itself (BEP 12)."""
    seen: set[bytes] = set()
    tiers = subject.value(b"announce-list")
    for number, tier in enumerate(tiers if isinstance(tiers, tuple) else ()):
        for tracker in tier if isinstance(tier, tuple) else ():
            if isinstance(tracker, bytes) and tracker in seen:
                yield Problem(f"announce-list[{number}]", f"{printable_bytes(tracker)} is there already")
            elif isinstance(tracker, bytes):
                seen.add(tracker)


def announce_differs(subject: Subject) -> Problems:
    announce = subject.value(b"announce")
    trackers = _trackers(subject)
    if not isinstance(announce, bytes) or not announce or not trackers:
        return
    if announce.decode("utf-8", "surrogateescape") not in trackers:
        yield Problem("announce", f"{printable_bytes(announce)} is not in announce-list, so newer clients never ask it")


def nodes_with_trackers(subject: Subject) -> Problems:
    if subject.metainfo.nodes and subject.metainfo.trackers:
        yield Problem("nodes", "names DHT nodes beside trackers; they are meant for torrents without a tracker")


def web_seed_malformed(subject: Subject) -> Problems:
    for url in (*subject.metainfo.web_seeds, *subject.metainfo.http_seeds):
        problem = url_problem(url, WEB_SCHEMES)
        if problem:
            yield Problem("", f"web seed {printable(url)} {problem}")


def web_seed_not_directory(subject: Subject) -> Problems:
    if subject.metainfo.info.single:
        return
    for url in subject.metainfo.web_seeds:
        if not url.endswith("/"):
            yield Problem("url-list", f"{printable(url)} does not end in a slash, though the torrent is a directory")


def http_seeds_unsupported(subject: Subject) -> Problems:
    if subject.metainfo.http_seeds:
        yield Problem("httpseeds", "few clients still ask BEP 17 seeds; libtorrent 2.1 does not")


def update_url_malformed(subject: Subject) -> Problems:
    url = subject.metainfo.info.update_url
    problem = url_problem(url, WEB_SCHEMES) if url is not None else None
    if url is not None and problem:
        yield Problem("info.update-url", f"{printable(url)} {problem}")


def url_problem(url: str, schemes: tuple[str, ...]) -> str | None:
    """What keeps clients from using a URL; None when nothing does."""
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        return "contains a space or a control character"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in schemes:
        return (
            f"has the scheme {printable(parts.scheme)!r}, not {', '.join(schemes)}" if parts.scheme else "is not a URL"
        )
    if not host:
        return "names no host"
    if parts.scheme == "udp" and port is None:
        return "has no port, which UDP trackers need"
    return None


def _trackers(subject: Subject) -> list[str]:
    return [tracker for tier in subject.metainfo.trackers for tracker in tier]


# --- pieces, sizes, versions ---


def piece_length_too_large(subject: Subject) -> Problems:
    length = subject.metainfo.info.piece_length
    if length > LIBTORRENT_PIECE_LENGTH:
        yield Problem("info.piece length", f"is {binary_size(length)}, more than libtorrent reads")
    elif length > LONGEST:
        yield Problem("info.piece length", f"is {binary_size(length)}; no creator makes more than 128 MiB")


def piece_length_unusual(subject: Subject) -> Problems:
    length = subject.metainfo.info.piece_length
    if LONGEST_USUAL < length <= LONGEST:
        yield Problem("info.piece length", f"is {binary_size(length)}; many clients were never tried beyond 16 MiB")


def piece_length_too_small(subject: Subject) -> Problems:
    length = subject.metainfo.info.piece_length
    if length < SHORTEST:
        yield Problem("info.piece length", f"is {binary_size(length)}, less than the 16 KiB of a request")


def piece_length_not_power_of_two(subject: Subject) -> Problems:
    length = subject.metainfo.info.piece_length
    if not is_power_of_two(length):
        yield Problem("info.piece length", f"is {length:,}; some clients take powers of two alone")


def too_many_pieces(subject: Subject) -> Problems:
    pieces = subject.metainfo.info.layout.piece_count
    if pieces > LIBTORRENT_PIECES:
        yield Problem("", f"{pieces:,} pieces; libtorrent reads at most {LIBTORRENT_PIECES:,}")


def too_large_for_libtorrent(subject: Subject) -> Problems:
    if subject.size > LIBTORRENT_SIZE:
        yield Problem("", f"the torrent file has {subject.size:,} bytes; libtorrent reads at most {LIBTORRENT_SIZE:,}")


def padding_large(subject: Subject) -> Problems:
    layout = subject.metainfo.info.layout
    share = layout.padding / layout.content_length
    if share > TOLERABLE_PADDING:
        yield Problem("", f"padding adds {layout.padding:,} bytes, {100 * share:,.1f} % of the content")


def hybrid_unreadable(subject: Subject) -> Problems:
    if subject.metainfo.version is TorrentVersion.HYBRID:
        yield Problem("", "Transmission 3 and older, aria2 1.36 and older refuse hybrids, or show their pad files")


def v2_unreadable(subject: Subject) -> Problems:
    if subject.metainfo.version is TorrentVersion.V2:
        yield Problem("", "a v2 torrent: Transmission, rTorrent, aria2 and others cannot read it")


def single_file_directory(subject: Subject) -> Problems:
    """A lone file at the root of a v2 tree is a single-file torrent whatever the torrent is called (BEP 52)."""
    info = subject.metainfo.info
    lone = info.version is TorrentVersion.V2 and len(info.files) == 1 and len(info.files[0].path) == 1
    if lone and not (info.single and info.files[0].path == (info.name,)):
        file = display_path(info.files[0].path)
        yield Problem(file, f"the only file of {printable(info.name)}/: a v2 torrent loses that directory")


def v1_order(subject: Subject) -> Problems:
    info = subject.metainfo.info
    if info.version is not TorrentVersion.V1:
        return
    keys = [canonical_key(file.path) for file in info.files]
    first = next((at for at in range(1, len(keys)) if keys[at] < keys[at - 1]), None)
    if first is not None:
        yield Problem(display_path(info.files[first].path), "comes after a file whose path sorts later")


def deprecated_key(subject: Subject) -> Problems:
    for key in sorted(DEPRECATED_OUTER & subject.outer.keys()):
        yield Problem(key.decode(), "is a key that no client reads any more, or that UTF-8 everywhere has replaced")
    raw = subject.metainfo.info.raw
    written = [key for key in (*DEPRECATED_INFO, *DEPRECATED_FILE) if b"%d:%b" % (len(key), key) in raw]
    # Most torrents have none of them, and are not taken apart to find that out.
    inner = bencode.dictionary_spans(raw) if written else {}
    for key in sorted(DEPRECATED_INFO & inner.keys()):
        yield Problem(f"info.{key.decode()}", "is a key that no client needs any more")
    start, stop = inner.get(b"files", (0, 0))
    for key in DEPRECATED_FILE:
        if key in written and stop and (count := _files_with(raw[start:stop], key)):
            yield Problem(f"info.files[].{key.decode()}", f"is in {count:,} files, and no client needs it any more")


def _files_with(raw: bytes, key: bytes) -> int:
    entries = bencode.decode_leniently(raw).value
    if not isinstance(entries, tuple):
        return 0
    return sum([isinstance(entry, bencode.Dictionary) and key in entry for entry in entries])


def date_implausible(subject: Subject) -> Problems:
    date = subject.metainfo.creation_date
    if date is not None and date > LATEST_DATE:
        yield Problem("creation date", f"is {date}: after the year 3000, or not in seconds")


def similar_not_20_bytes(subject: Subject) -> Problems:
    if any(len(infohash) != 20 for infohash in subject.metainfo.similar):
        yield Problem("similar", "holds an infohash that is not 20 bytes long, which libtorrent skips")
