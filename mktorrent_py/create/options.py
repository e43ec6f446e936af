"""The options of a new torrent, and the rules that bind them to each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mktorrent_py.content.scan import ListedPath, ScanOptions, SortOrder
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.hashing.checksums import ALGORITHMS
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.paths import unsafe_reason
from mktorrent_py.metainfo.piece_length import check_piece_length
from mktorrent_py.metainfo.typecheck import (
    check_bool,
    check_byte_strings,
    check_choice,
    check_instance,
    check_int,
    check_items,
    check_nodes,
    check_optional_int,
    check_optional_text,
    check_texts,
    check_tiers,
)
from mktorrent_py.metainfo.write.top_level import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateOptions:
    """What to create. Everything that depends on the day, the machine or the user is an argument here.

    `piece_length` is in bytes; None chooses one (see `choose_piece_length`) of at most `max_piece_length` bytes, for
    about `target_pieces` pieces. `trackers` are tiers, each a sequence of URLs. `similar` are infohashes of 20 bytes.
    `name` replaces the content's own. `creation_date` is in Unix seconds. `checksums` names algorithms for whole files
    (`sha256`, `blake3`), computed in the same read. `file_list` restricts a directory to these paths, relative to it.
    `threads` 0 uses as many as pay on this machine.

    Sequences are kept as tuples, and `version` may be its value (`"v1"`). Raises TypeError for a value of the wrong
    type; `check_options` is for values that no torrent may have.
    """

    version: TorrentVersion = TorrentVersion.HYBRID
    piece_length: int | None = None
    max_piece_length: int | None = None
    target_pieces: int | None = None
    trackers: Sequence[Sequence[str]] = ()
    web_seeds: Sequence[str] = ()
    http_seeds: Sequence[str] = ()
    nodes: Sequence[Node] = ()
    similar: Sequence[bytes] = ()
    collections: Sequence[str] = ()
    update_url: str | None = None
    name: str | None = None
    comment: str | None = None
    source: str | None = None
    private: bool = False
    created_by: str | None = None
    creation_date: int | None = None
    scan: ScanOptions = field(default_factory=ScanOptions)
    file_list: Sequence[ListedPath] | None = None
    checksums: Sequence[str] = ()
    threads: int = 0

    def __post_init__(self) -> None:
        for name, check in _TYPES.items():
            object.__setattr__(self, name, check(getattr(self, name), name))


def _check_length(value: object, what: str) -> int | None:
    return None if value is None else check_instance(value, int, what, "an int (bytes) or None")


def _check_file_list(value: object, what: str) -> tuple[bytes, ...] | None:
    if value is None:
        return None
    paths: tuple[Any, ...] = check_items(value, object, what, "a path")
    return tuple([os.fsencode(path) for path in paths])


_TYPES: Mapping[str, Callable[[object, str], object]] = {
    "version": lambda value, what: check_choice(value, TorrentVersion, what),
    **dict.fromkeys(("piece_length", "max_piece_length"), _check_length),
    **dict.fromkeys(("target_pieces", "creation_date"), check_optional_int),
    "trackers": check_tiers,
    **dict.fromkeys(("web_seeds", "http_seeds", "collections", "checksums"), check_texts),
    "nodes": check_nodes,
    "similar": check_byte_strings,
    **dict.fromkeys(("update_url", "name", "comment", "source", "created_by"), check_optional_text),
    "private": check_bool,
    "scan": lambda value, what: check_instance(value, ScanOptions, what, "ScanOptions"),
    "file_list": _check_file_list,
    "threads": check_int,
}
"""How each option is checked when the options are made."""


def check_options(options: CreateOptions) -> None:
    """Raise UsageError for options that contradict each other or a BEP."""
    _check_lengths(options)
    _check_values(options)
    if options.version.has_v2 and options.scan.sort is not SortOrder.PATH:
        raise UsageError(
            f"files of v2 and hybrid torrents are sorted by path (BEP 52), not by {options.scan.sort}",
            code="sort-needs-v1",
        )
    if options.private and options.nodes:
        raise UsageError("a private torrent must not name DHT nodes (BEP 27)", code="private-with-nodes")
    for algorithm in options.checksums:
        if algorithm not in ALGORITHMS:
            raise UsageError(
                f"unknown checksum {quoted(algorithm)}",
                code="checksum-unknown",
                hint=f"Use {' or '.join(ALGORITHMS)}.",
                algorithm=algorithm,
            )


def _check_lengths(options: CreateOptions) -> None:
    length, maximum, target = options.piece_length, options.max_piece_length, options.target_pieces
    for each in (length, maximum):
        if each is not None:
            check_piece_length(each, options.version)
    if target is not None and target < 1:
        raise UsageError(
            f"the target number of pieces must be at least 1, not {target:,}", code="target-pieces-invalid"
        )
    if length is not None and target is not None:
        raise UsageError(
            "a piece length and a target number of pieces cannot be combined", code="piece-length-with-target"
        )
    if length is not None and maximum is not None and length > maximum:
        raise UsageError(
            f"piece length {length:,} is larger than the maximum of {maximum:,} bytes",
            code="piece-length-above-maximum",
            length=length,
            maximum=maximum,
        )


def _check_values(options: CreateOptions) -> None:
    """Refuse to write what would be malformed in what is read."""
    for host, port in options.nodes:
        if not host or not 0 < port < 1 << 16:
            raise UsageError(f"{quoted(f'{host}:{port}')} is not a host and a port")
    if any(len(infohash) != 20 for infohash in options.similar):
        raise UsageError("a similar torrent is named by an infohash of 20 bytes (BEP 38)")
    if options.creation_date is not None and options.creation_date < 0:
        raise UsageError(f"the creation date {options.creation_date} is before 1970, which it cannot say")
    if not all(options.trackers):
        raise UsageError("a tier has no trackers")
    if not all(_listed_texts(options)) or options.update_url == "":
        raise UsageError("a URL or the name of a collection is empty")
    for text in _texts(options):
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise UsageError(f"{quoted(text)} is not UTF-8, as all text in a torrent is") from None


def _texts(options: CreateOptions) -> list[str]:
    """All text that goes into the torrent, but for its name, which may be kept as raw bytes."""
    single = (options.update_url, options.comment, options.source, options.created_by)
    return [text for text in single if text is not None] + _listed_texts(options)


def _listed_texts(options: CreateOptions) -> list[str]:
    lists = (options.web_seeds, options.http_seeds, options.collections, *options.trackers)
    return [text for texts in lists for text in texts]


def check_name(name: str) -> None:
    """Raise UsageError for a torrent name that is not a valid file name on every system."""
    if not name:
        raise UsageError("the content has no name of its own", code="torrent-name-invalid", name=name)
    reason = unsafe_reason(name)
    if reason is not None:
        raise UsageError(f"the name {quoted(name)} {reason}", code="torrent-name-invalid", name=name)
