"""The options of a new torrent, and the rules that bind them to each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mktorrent_py.content.scan import ListedPath, ScanOptions, SortOrder
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.hashing.checksums import ALGORITHMS
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.keys import KEYS
from mktorrent_py.metainfo.node import Node
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
    rules.require(rules.private_nodes(options.private, options.nodes))
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
            rules.require(rules.piece_length(each, options.version))
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
    """Raise UsageError for a value that no torrent may have."""
    if not all(options.trackers):
        raise UsageError("a tracker tier is empty", code="tier-empty")
    for problem in _problems(options):
        rules.require(problem)


def _problems(options: CreateOptions) -> Iterator[rules.Problem | None]:
    """Yield the problems of every value but the name, which may be raw bytes and has `check_name`."""
    for row in KEYS:
        value = getattr(options, row.name, row.kind.empty)
        if value is not None:
            yield from row.problems(value)


def check_name(name: str) -> None:
    """Raise UsageError for a torrent name that is unsafe on some system, or empty."""
    if not name:
        raise UsageError("the content has no name of its own", code="name-missing")
    rules.require(rules.torrent_name(name))
