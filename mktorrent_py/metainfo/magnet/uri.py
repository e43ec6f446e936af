"""Magnet URIs: BEP 9 (the form), BEP 52 (btmh), BEP 53 (so), BEP 46 (btpk).

Reading is lenient, as links are typed, pasted and mangled: only the infohash or public key must be valid. Any other
malformed parameter is dropped and listed in `Magnet.ignored`. What is written every client can read.
"""

from __future__ import annotations

import re
from base64 import b32decode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

from mktorrent_py.errors import MagnetError, UsageError
from mktorrent_py.metainfo import rules, typecheck
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.infohash import Infohashes
from mktorrent_py.metainfo.magnet.parameters import (
    MAX_FILE_INDEX,
    decoded,
    expand_ranges,
    percent_encoded,
    read_keywords,
    read_length,
    read_node,
    read_selection,
    read_tracker,
    read_url,
    read_web_seed,
    read_words,
    selection_text,
)
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.node import host_port
from mktorrent_py.metainfo.parse.files import listed_positions

T = TypeVar("T")

MAX_SALT_LENGTH = 64
"""Bytes of salt that the DHT stores (BEP 44)."""


_SEQUENCES: dict[str, Callable[[object, str], object]] = {
    **dict.fromkeys(("trackers", "web_seeds", "peers", "keywords", "ignored"), typecheck.check_texts),
    **dict.fromkeys(("exact_sources", "acceptable_sources"), typecheck.check_texts),
    "select_only": lambda value, name: typecheck.check_items(value, int, name, "an int"),
    "dht": typecheck.check_nodes,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Magnet:
    """The content of a magnet URI. Text that was not UTF-8 is held as surrogate escapes.

    `infohashes` has neither when `public_key` (32 bytes, BEP 46) names a mutable torrent instead. `select_only` holds
    ascending file indices, pad files counted (BEP 53); empty means all. `length` is in bytes. `peers` are `host:port`
    or `[v6]:port`, `dht` nodes are (host, port). `ignored` are the parameters dropped as malformed, as written. A
    value of the wrong type is a TypeError.
    """

    infohashes: Infohashes = field(default_factory=Infohashes)
    name: str | None = None
    trackers: tuple[str, ...] = ()
    web_seeds: tuple[str, ...] = ()
    peers: tuple[str, ...] = ()
    select_only: tuple[int, ...] = ()
    length: int | None = None
    keywords: tuple[str, ...] = ()
    exact_sources: tuple[str, ...] = ()
    acceptable_sources: tuple[str, ...] = ()
    dht: tuple[tuple[str, int], ...] = ()
    public_key: bytes | None = None
    salt: bytes | None = None
    ignored: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        typecheck.check_instance(self.infohashes, Infohashes, "infohashes", "an Infohashes")
        typecheck.check_optional_text(self.name, "name")
        typecheck.check_optional_int(self.length, "length")
        typecheck.check_optional_bytes(self.public_key, "public_key")
        typecheck.check_optional_bytes(self.salt, "salt")
        for name, check in _SEQUENCES.items():
            object.__setattr__(self, name, check(getattr(self, name), name))

    @classmethod
    def parse(cls, text: str) -> Magnet:
        """Read a magnet URI, or a bare infohash: 40 hex or 32 base32 digits (v1), 64 hex digits (v2).

        Raises MagnetError when no torrent, or more than one, is named.
        """
        bare = _bare_infohash(text)
        if bare is not None:
            return cls(infohashes=bare)
        query = _Query.parse(text)
        infohashes = Infohashes(v1=_named(query, "xt", "btih", _v1), v2=_named(query, "xt", "btmh", _v2))
        public_key = _named(query, "xs", "btpk", _key)
        if infohashes == Infohashes() and public_key is None:
            raise _nothing_named(query)
        return cls(
            infohashes=infohashes,
            name=query.first("dn", read_words),
            trackers=query.every("tr", read_tracker),
            web_seeds=query.every("ws", read_web_seed),
            peers=tuple(dict.fromkeys(host_port(peer) for peer in query.every("x.pe", read_node))),
            select_only=expand_ranges(chain.from_iterable(query.every("so", read_selection))),
            length=query.first("xl", read_length),
            keywords=tuple(dict.fromkeys(chain.from_iterable(query.every("kt", read_keywords)))),
            exact_sources=tuple(url for url in query.every("xs", read_url) if not _is_urn(url, "btpk")),
            acceptable_sources=query.every("as", read_url),
            dht=query.every("dht", read_node),
            public_key=public_key,
            salt=_salt(query) if public_key else None,
            ignored=tuple(query.ignored),
        )

    @classmethod
    def from_metainfo(
        cls,
        metainfo: Metainfo,
        *,
        peers: Iterable[str] = (),
        select: Iterable[int] | None = None,
        trackers: bool = True,
        web_seeds: bool = False,
    ) -> Magnet:
        """Build the magnet of a torrent: infohashes, name, and the trackers of every tier in order.

        `peers` are `host:port` or `[v6]:port`. `select` numbers files of `metainfo.info.files` from 0; with None, or
        all of them, nothing is selected (BEP 53). Raises UsageError for an invalid peer or file number.
        """
        if isinstance(peers, str):
            raise TypeError("peers must be a sequence of strings, not str")
        return cls(
            infohashes=metainfo.infohashes,
            name=metainfo.info.name,
            trackers=tuple(chain.from_iterable(metainfo.trackers)) if trackers else (),
            web_seeds=metainfo.web_seeds if web_seeds else (),
            peers=tuple(dict.fromkeys(map(_check_peer, peers))),
            select_only=() if select is None else _given_selection(metainfo.info, set(select)),
        )

    def __str__(self) -> str:
        """The magnet URI. Raises MagnetError where neither an infohash nor a public key names a torrent."""
        if self.infohashes == Infohashes() and self.public_key is None:
            raise MagnetError("a magnet URI needs an infohash or a public key", code="magnet-names-nothing")
        return "magnet:?" + "&".join(f"{key}={value}" for key, value in self._parameters())

    def _parameters(self) -> Iterator[tuple[str, str]]:
        """Keys and encoded values. Infohashes come first and keep their colons, as some clients search for them so."""
        if self.infohashes.v1 is not None:
            yield "xt", f"urn:btih:{self.infohashes.v1.hex()}"
        if self.infohashes.v2 is not None:
            yield "xt", f"urn:btmh:{_MULTIHASH_SHA256}{self.infohashes.v2.hex()}"
        if self.public_key is not None:
            yield "xs", f"urn:btpk:{self.public_key.hex()}"
        if self.salt:
            yield "s", self.salt.hex()
        if self.name:
            yield "dn", percent_encoded(self.name)
        if self.length is not None:
            yield "xl", str(self.length)
        yield from (("tr", percent_encoded(url)) for url in self.trackers)
        yield from (("ws", percent_encoded(url)) for url in self.web_seeds)
        yield from (("as", percent_encoded(url)) for url in self.acceptable_sources)
        yield from (("xs", percent_encoded(url)) for url in self.exact_sources)
        yield from (("x.pe", peer) for peer in self.peers)
        yield from (("dht", host_port(node)) for node in self.dht)
        if self.select_only:
            yield "so", selection_text(self.select_only)
        if self.keywords:
            yield "kt", "+".join(map(percent_encoded, self.keywords))


# The query


_MAGNET = re.compile(r"(?:stream-)?magnet:(?:///?)?\?", re.IGNORECASE)
_NUMBER_SUFFIX = re.compile(r"\.[0-9]+\Z")
_NOT_BYTES = re.compile("[\ud800-\udc7f\udd00-\udfff]")


class _Query:
    """The parameters of a magnet URI, still encoded, by lower-case key; and those found malformed so far."""

    def __init__(self, values: dict[str, list[str]]) -> None:
        self.values = values
        self.ignored: list[str] = []

    @classmethod
    def parse(cls, text: str) -> _Query:
        scheme = _MAGNET.match(text)
        if scheme is None:
            raise MagnetError(
                "this is not a magnet URI", hint="A magnet URI starts with magnet:?xt=urn:btih: or magnet:?xt=urn:btmh:"
            )
        values: dict[str, list[str]] = {}
        for parameter in _NOT_BYTES.sub("\ufffd", text[scheme.end() :]).split("&"):
            key, _, value = parameter.partition("=")
            if value:
                values.setdefault(_NUMBER_SUFFIX.sub("", key.lower()), []).append(value)
        return cls(values)

    def every(self, key: str, read: Callable[[str], T | None]) -> tuple[T, ...]:
        """Read each value, without repetitions; `read` returns None for a malformed one."""
        found: dict[T, None] = {}
        for value in self.values.get(key, ()):
            parsed = read(value)
            if parsed is None:
                self.ignored.append(f"{key}={value}")
            else:
                found[parsed] = None
        return tuple(found)

    def first(self, key: str, read: Callable[[str], T | None]) -> T | None:
        return next(iter(self.every(key, read)), None)


# Which torrent


_MULTIHASH_SHA256 = "1220"
_HEX_20 = re.compile(r"[0-9a-f]{40}", re.IGNORECASE | re.ASCII)
_HEX_32 = re.compile(r"[0-9a-f]{64}", re.IGNORECASE | re.ASCII)
_HEX_SALT = re.compile(r"(?:[0-9a-f]{2})+", re.IGNORECASE | re.ASCII)
_BASE32_20 = re.compile(r"[a-z2-7]{32}", re.IGNORECASE | re.ASCII)
_FORMS = {
    "btih": "urn:btih: is followed by 40 hexadecimal or 32 base32 digits.",
    "btmh": "urn:btmh: is followed by 1220 and 64 hexadecimal digits.",
    "btpk": "urn:btpk: is followed by 64 hexadecimal digits.",
}


def _bare_infohash(text: str) -> Infohashes | None:
    if v1 := _v1(text):
        return Infohashes(v1=v1)
    return Infohashes(v2=_key(text)) if _key(text) else None


def _v1(digits: str) -> bytes | None:
    if _HEX_20.fullmatch(digits):
        return bytes.fromhex(digits)
    return b32decode(digits, casefold=True) if _BASE32_20.fullmatch(digits) else None


def _v2(digits: str) -> bytes | None:
    return _key(digits[4:]) if digits.startswith(_MULTIHASH_SHA256) else None


def _key(digits: str) -> bytes | None:
    return bytes.fromhex(digits) if _HEX_32.fullmatch(digits) else None


def _named(query: _Query, key: str, kind: str, read: Callable[[str], bytes | None]) -> bytes | None:
    """Read the `urn:kind:` among the values of `key`, which must be valid, unlike the rest of a magnet URI."""
    urns = [urn for urn in map(decoded, query.values.get(key, ())) if _is_urn(urn, kind)]
    parsed = [read(urn.split(":", 2)[2]) for urn in urns]
    if None in parsed:
        urn = urns[parsed.index(None)]
        raise MagnetError(f"{urn[:100]!a} is malformed", code="magnet-urn-malformed", hint=_FORMS[kind], urn=urn)
    if len(set(parsed)) > 1:
        message = f"the magnet URI names more than one torrent by urn:{kind}:"
        raise MagnetError(message, code="magnet-ambiguous", hint="A magnet URI names one torrent.")
    return parsed[0] if parsed else None


def _is_urn(text: str, kind: str) -> bool:
    return text[:9].lower() == f"urn:{kind}:"


def _salt(query: _Query) -> bytes | None:
    """Read the salt, which identifies a mutable torrent together with its key, and so must be valid."""
    salts = {decoded(value).lower() for value in query.values.get("s", ())}
    if not salts:
        return None
    salt = salts.pop()
    if salts or not _HEX_SALT.fullmatch(salt) or len(salt) > 2 * MAX_SALT_LENGTH:
        hint = f"A salt is up to {MAX_SALT_LENGTH} bytes in hexadecimal, once."
        raise MagnetError("the salt s is malformed", code="magnet-salt-malformed", hint=hint)
    return bytes.fromhex(salt)


def _nothing_named(query: _Query) -> MagnetError:
    others = [decoded(value)[:80] for value in query.values.get("xt", ())]
    found = f"its xt is {others[0]!a}" if others else "it has no xt"
    return MagnetError(
        f"the magnet URI names no torrent: {found}",
        code="magnet-names-nothing",
        hint="A torrent is named by xt=urn:btih: (v1) or xt=urn:btmh: (v2).",
    )


# Peers and files of a magnet URI that is created


def _check_peer(text: str) -> str:
    node = rules.parse_node(text)
    if isinstance(node, rules.Problem):
        raise node.as_error()
    return host_port(node)


def _given_selection(info: Info, numbers: set[int]) -> tuple[int, ...]:
    """File numbers as clients count them: in a list that includes the pad files, even implied ones (BEP 53)."""
    if not numbers:
        raise UsageError("no file is selected", code="selection-empty")
    if not 0 <= min(numbers) <= max(numbers) < len(info.files):
        wrong = max(numbers) if min(numbers) >= 0 else min(numbers)
        hint = f"The files are 0 to {len(info.files) - 1:,}."
        raise UsageError(f"there is no file {wrong:,}", code="file-number-invalid", hint=hint, number=wrong)
    if len(numbers) == len(info.files):
        return ()
    positions = listed_positions(info)
    selected = sorted([positions[number] for number in numbers])
    if selected[-1] > MAX_FILE_INDEX:
        message = f"a magnet can select among the first {MAX_FILE_INDEX + 1:,} files only, pad files counted"
        raise UsageError(message, code="file-number-too-high")
    return tuple(selected)
