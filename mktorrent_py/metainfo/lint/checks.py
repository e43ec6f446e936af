"""Checks on everything but file names. Each takes a subject and yields violations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from mktorrent_py.formatting import binary_size, printable, printable_bytes
from mktorrent_py.metainfo import bencode, rules
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.layout import PathComponents, canonical_key
from mktorrent_py.metainfo.merkle import is_power_of_two
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.paths import display_path
from mktorrent_py.metainfo.piece_length import MAX_USUAL_PIECE_LENGTH, TOLERABLE_PADDING
from mktorrent_py.metainfo.rules import Problem
from mktorrent_py.metainfo.rules.fields import MAX_PIECE_LENGTH, MIN_PIECE_LENGTH

LIBTORRENT_SIZE = 10_000_000
"""Bytes of torrent file that libtorrent reads (`load_torrent_limits`)."""

LIBTORRENT_PIECES = 2_097_152
LIBTORRENT_PIECE_LENGTH = 32_767 * 16_384
TRANSMISSION_DIRECTORIES = 28
"""Components of a v2 path beyond which the bencode nests more than the 32 levels that Transmission 4 reads."""

LATEST_DATE = 32_503_680_000
"""The year 3000, in Unix seconds: a later date is in another unit."""

DEPRECATED_TOP_LEVEL = frozenset(
    {b"comment.utf-8", b"created by.utf-8", b"publisher", b"publisher.utf-8", b"publisher-url", b"publisher-url.utf-8"}
)
DEPRECATED_INFO = (DEPRECATED_TOP_LEVEL - {b"comment.utf-8", b"created by.utf-8"}) | {b"name.utf-8", b"md5sum"}
DEPRECATED_FILE = (b"path.utf-8", b"md5sum")


class Violation(NamedTuple):
    """What a check found: the place (a key path, the path of a file, or empty for the whole torrent) and a message."""

    path: str
    message: str


Violations = Iterator[Violation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What checks work on: the model, its size in bytes, raw top-level values by key, and the joined paths."""

    metainfo: Metainfo
    size: int
    top_level: Mapping[bytes, bytes]
    paths: tuple[str, ...]
    directories: frozenset[str]

    @classmethod
    def of(cls, metainfo: Metainfo) -> Subject:
        return cls(
            metainfo=metainfo,
            size=len(metainfo.to_bytes()),
            top_level=dict(metainfo.items),
            paths=tuple(["/".join(file.path) for file in metainfo.info.files]),
            directories=_directories([file.path for file in metainfo.info.files]),
        )

    def value(self, key: bytes) -> bencode.Value | None:
        """The decoded value of a top-level key."""
        raw = self.top_level.get(key)
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


def private_without_tracker(subject: Subject) -> Violations:
    if subject.metainfo.info.private and not subject.metainfo.trackers:
        yield Violation("", "private without a tracker: peers cannot find it")


def dht_nodes_in_private(subject: Subject) -> Violations:
    problem = rules.private_nodes(subject.metainfo.info.private, subject.metainfo.nodes)
    if problem is not None:
        yield Violation("nodes", problem.message)


def private_outside_info(subject: Subject) -> Violations:
    if b"private" in subject.top_level:
        yield Violation("private", "is outside the info dictionary, where clients ignore it")


def source_outside_info(subject: Subject) -> Violations:
    if b"source" in subject.top_level:
        yield Violation("source", "is outside the info dictionary, where it does not change the infohash")


# --- trackers and seeds ---


def no_tracker(subject: Subject) -> Violations:
    metainfo = subject.metainfo
    if not (metainfo.trackers or metainfo.info.private):
        yield Violation("", "no tracker: peers are found only through the DHT")


def tracker_malformed(subject: Subject) -> Violations:
    for tracker in _trackers(subject):
        yield from _url_violations("", rules.tracker_url(tracker))


def tracker_plain_http(subject: Subject) -> Violations:
    for tracker in _trackers(subject):
        if tracker.lower().startswith("http://"):
            yield Violation("", f"tracker {printable(tracker)}: announces are visible on the network")


def duplicate_tracker(subject: Subject) -> Violations:
    """Find trackers listed twice in the raw `announce-list` (BEP 12); the model holds each tracker once."""
    seen: set[bytes] = set()
    tiers = subject.value(b"announce-list")
    for number, tier in enumerate(tiers if isinstance(tiers, tuple) else ()):
        for tracker in tier if isinstance(tier, tuple) else ():
            if isinstance(tracker, bytes) and tracker in seen:
                yield Violation(f"announce-list[{number}]", f"{printable_bytes(tracker)} is listed already")
            elif isinstance(tracker, bytes):
                seen.add(tracker)


def announce_differs(subject: Subject) -> Violations:
    announce = subject.value(b"announce")
    trackers = _trackers(subject)
    if not isinstance(announce, bytes) or not announce or not trackers:
        return
    if announce.decode("utf-8", "surrogateescape") not in trackers:
        yield Violation("announce", f"{printable_bytes(announce)} is not in announce-list, so newer clients ignore it")


def nodes_with_trackers(subject: Subject) -> Violations:
    if subject.metainfo.nodes and subject.metainfo.trackers:
        yield Violation("nodes", "has DHT nodes beside trackers; they are meant for torrents without a tracker")


def web_seed_malformed(subject: Subject) -> Violations:
    for url in subject.metainfo.web_seeds:
        yield from _url_violations("", rules.web_seed_url(url))
    for url in subject.metainfo.http_seeds:
        yield from _url_violations("", rules.http_seed_url(url))


def web_seed_not_directory(subject: Subject) -> Violations:
    if subject.metainfo.info.single:
        return
    for url in subject.metainfo.web_seeds:
        if not url.endswith("/"):
            yield Violation("url-list", f"{printable(url)} does not end in a slash, though the torrent is a directory")


def http_seeds_unsupported(subject: Subject) -> Violations:
    if subject.metainfo.http_seeds:
        yield Violation("httpseeds", "few clients still use BEP 17 seeds; libtorrent 2.1 does not")


def update_url_malformed(subject: Subject) -> Violations:
    url = subject.metainfo.info.update_url
    if url is not None:
        yield from _url_violations("info.update-url", rules.update_url(url))


def _url_violations(path: str, problem: Problem | None) -> Violations:
    """A URL that is not UTF-8 is a finding of `text-not-utf-8` already, which reading notes."""
    if problem is not None and problem.code != "text-not-utf-8":
        yield Violation(path, problem.message)


def _trackers(subject: Subject) -> list[str]:
    return [tracker for tier in subject.metainfo.trackers for tracker in tier]


# --- pieces, sizes, versions ---


def piece_length_too_large(subject: Subject) -> Violations:
    length = subject.metainfo.info.piece_length
    if length > LIBTORRENT_PIECE_LENGTH:
        yield Violation("info.piece length", f"is {binary_size(length)}, more than libtorrent reads")
    elif length > MAX_PIECE_LENGTH:
        yield Violation("info.piece length", f"is {binary_size(length)}; creators make at most 128 MiB")


def piece_length_unusual(subject: Subject) -> Violations:
    length = subject.metainfo.info.piece_length
    if MAX_USUAL_PIECE_LENGTH < length <= MAX_PIECE_LENGTH:
        yield Violation("info.piece length", f"is {binary_size(length)}; many clients are not tested beyond 16 MiB")


def piece_length_too_small(subject: Subject) -> Violations:
    length = subject.metainfo.info.piece_length
    if length < MIN_PIECE_LENGTH:
        yield Violation("info.piece length", f"is {binary_size(length)}, less than the 16 KiB block of a request")


def piece_length_not_power_of_two(subject: Subject) -> Violations:
    length = subject.metainfo.info.piece_length
    if not is_power_of_two(length):
        yield Violation("info.piece length", f"is {length:,}; some clients accept only powers of two")


def too_many_pieces(subject: Subject) -> Violations:
    pieces = subject.metainfo.info.layout.piece_count
    if pieces > LIBTORRENT_PIECES:
        yield Violation("", f"{pieces:,} pieces; libtorrent reads at most {LIBTORRENT_PIECES:,}")


def too_large_for_libtorrent(subject: Subject) -> Violations:
    if subject.size > LIBTORRENT_SIZE:
        yield Violation("", f"the torrent file has {subject.size:,} bytes; libtorrent's limit is {LIBTORRENT_SIZE:,}")


def padding_large(subject: Subject) -> Violations:
    layout = subject.metainfo.info.layout
    share = layout.padding / layout.content_length
    if share > TOLERABLE_PADDING:
        yield Violation("", f"padding adds {layout.padding:,} bytes, {100 * share:,.1f} % of the content")


def hybrid_unreadable(subject: Subject) -> Violations:
    if subject.metainfo.version is TorrentVersion.HYBRID:
        yield Violation("", "Transmission 3 and older, aria2 1.36 and older refuse hybrids, or show their pad files")


def v2_unreadable(subject: Subject) -> Violations:
    if subject.metainfo.version is TorrentVersion.V2:
        yield Violation("", "v2 only: Transmission, rTorrent, aria2 and others cannot read it")


def single_file_directory(subject: Subject) -> Violations:
    """A single file at the root of a v2 tree makes a single-file torrent, whatever its name (BEP 52)."""
    info = subject.metainfo.info
    lone = info.version is TorrentVersion.V2 and len(info.files) == 1 and len(info.files[0].path) == 1
    if lone and not (info.single and info.files[0].path == (info.name,)):
        file = display_path(info.files[0].path)
        yield Violation(file, f"the only file of {printable(info.name)}/: a v2 torrent loses that directory")


def v1_order(subject: Subject) -> Violations:
    info = subject.metainfo.info
    if info.version is not TorrentVersion.V1:
        return
    keys = [canonical_key(file.path) for file in info.files]
    first = next((at for at in range(1, len(keys)) if keys[at] < keys[at - 1]), None)
    if first is not None:
        yield Violation(display_path(info.files[first].path), "follows a file whose path sorts later")


def deprecated_key(subject: Subject) -> Violations:
    for key in sorted(DEPRECATED_TOP_LEVEL & subject.top_level.keys()):
        yield Violation(key.decode(), "is a deprecated key that clients no longer read")
    raw = subject.metainfo.info.raw
    written = [key for key in (*DEPRECATED_INFO, *DEPRECATED_FILE) if b"%d:%b" % (len(key), key) in raw]
    # Most torrents have none, and are not decoded to find that out.
    inner = bencode.dictionary_spans(raw) if written else {}
    for key in sorted(DEPRECATED_INFO & inner.keys()):
        yield Violation(f"info.{key.decode()}", "is a deprecated key that clients no longer need")
    start, stop = inner.get(b"files", (0, 0))
    for key in DEPRECATED_FILE:
        if key in written and stop and (count := _files_with(raw[start:stop], key)):
            yield Violation(f"info.files[].{key.decode()}", f"is in {count:,} files; clients no longer need it")


def _files_with(raw: bytes, key: bytes) -> int:
    entries = bencode.decode_leniently(raw).value
    if not isinstance(entries, tuple):
        return 0
    return sum([isinstance(entry, bencode.Dictionary) and key in entry for entry in entries])


def date_implausible(subject: Subject) -> Violations:
    date = subject.metainfo.creation_date
    if date is not None and date > LATEST_DATE:
        yield Violation("creation date", f"is {date}: after the year 3000, or not in seconds")


def similar_not_20_bytes(subject: Subject) -> Violations:
    if any(map(rules.similar_torrent, subject.metainfo.similar)):
        yield Violation("similar", "contains an infohash that is not 20 bytes long, which libtorrent skips")
