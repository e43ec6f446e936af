"""The table of metainfo keys: what each holds, and how it is read, written, judged, shown and edited.

A row names the attribute of `Metainfo` or `Info` with the value, which is also the key of the summary. Parsing,
building, editing, comparing and summaries walk the table, so that a new key takes a row here and an attribute there.
Keys that describe the content (`pieces`, `file tree`) are not rows: they are read together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any

from mktorrent_py.metainfo import rules, typecheck
from mktorrent_py.metainfo.bencode import Encodable
from mktorrent_py.metainfo.node import host_port
from mktorrent_py.metainfo.parse import values
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics
from mktorrent_py.metainfo.parse.fields import Fields, optional_text
from mktorrent_py.metainfo.rules import Problem
from mktorrent_py.metainfo.trackers import distinct_tiers, tracker_fields
from mktorrent_py.metainfo.write.top_level import web_seed_fields

INFO_PREFIX = "info."
"""Marks the name of a key inside the info dictionary."""

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
Read = Callable[[Fields, str, Diagnostics], Any]
Write = Callable[[str, Any], dict[str, Encodable]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kind:
    """A type of value and what is done with it.

    `check` returns a value of the right type in its usual form, or raises TypeError; `empty` is the value of a key
    that is absent. `read` takes the value from decoded fields. `write` returns the bencode by key: nothing for an
    empty value; it is None for keys that are only read. `show` returns what JSON has, of the JSON schema `schema`.
    `items` are the parts that a rule judges. A text with `has_twin` may also be under `KEY.utf-8`.
    """

    check: Callable[[Any, str], Any]
    read: Read
    write: Write | None
    schema: dict[str, Any]
    show: Callable[[Any], Json] = lambda value: value
    show_item: Callable[[Any], str] = str
    items: Callable[[Any], Iterable[Any]] = lambda value: () if value is None else (value,)
    empty: Any = None
    has_twin: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Key:
    """A row of the table.

    `name` is the attribute. `bencode` are the keys it is read from, the one that is written first. `label` is the
    name in output, `noun` one item of a list. `rule` checks each item to be written. `in_info` is for keys
    of the info dictionary. With `compare_raw` the value shown is not the whole value.
    """

    name: str
    bencode: tuple[str, ...]
    kind: Kind
    label: str = ""
    noun: str = ""
    description: str = ""
    rule: Callable[[Any], Problem | None] | None = None
    in_info: bool = False
    compare_raw: bool = False

    @property
    def key(self) -> str:
        return self.bencode[0]

    def problems(self, value: Any) -> Iterator[Problem | None]:
        """Apply the rule to each item of a value."""
        return map(self.rule, self.kind.items(value)) if self.rule is not None else iter(())


def _write_filled(key: str, value: Any) -> dict[str, Encodable]:
    return {key: value} if value else {}


def _list_kind(
    check: Callable[[Any, str], Any],
    read: Read,
    *,
    write: Write | None = _write_filled,
    show_item: Callable[[Any], str] = str,
) -> Kind:
    return Kind(
        check=check,
        read=read,
        write=write,
        schema={"type": "array", "items": {"type": "string"}},
        show=lambda value: [show_item(item) for item in value],
        show_item=show_item,
        items=lambda value: value,
        empty=(),
    )


# fmt: off
TEXT = Kind(
    check=lambda value, name: typecheck.check_optional_text(value, name) or None,
    read=optional_text,
    write=_write_filled,
    schema={"type": ["string", "null"]},
    has_twin=True,
)
DATE = Kind(
    check=typecheck.check_optional_int,
    read=values.read_date,
    write=lambda key, value: {} if value is None else {key: value},
    schema={"type": ["integer", "null"]},
)
FLAG = Kind(
    check=typecheck.check_bool,
    read=values.read_private,
    write=lambda key, value: {key: 1} if value else {},
    schema={"type": "boolean"},
    empty=False,
)
TRACKERS = Kind(
    check=lambda value, name: distinct_tiers(typecheck.check_tiers(value, name)),
    read=values.read_trackers,
    write=lambda _, tiers: tracker_fields(tiers),
    schema={"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
    show=lambda tiers: [list(tier) for tier in tiers],
    items=chain.from_iterable,
    empty=(),
)
TEXTS = _list_kind(typecheck.check_texts, values.read_texts)
WEB_SEEDS = _list_kind(
    typecheck.check_texts,
    values.read_text_or_list,
    write=lambda _, urls: web_seed_fields(urls),
)
NODES = _list_kind(typecheck.check_nodes, values.read_nodes, show_item=host_port)
INFOHASHES = _list_kind(typecheck.check_byte_strings, values.read_infohashes, show_item=bytes.hex)
ENCODING = Kind(check=TEXT.check, read=values.read_any_text, write=None, schema=TEXT.schema)
NAMES_OF_SIGNERS = _list_kind(typecheck.check_texts, values.read_keys, write=None)

KEYS: tuple[Key, ...] = (
    Key(name="private", bencode=("private",), kind=FLAG, label="private", in_info=True,
        description="Whether peers come from the trackers only (BEP 27)."),
    Key(name="source", bencode=("source", "source.utf-8"), kind=TEXT, label="source", in_info=True,
        description="The tag of a private tracker.", rule=lambda text: rules.text(text, "source")),
    Key(name="trackers", bencode=("announce", "announce-list"), kind=TRACKERS, label="trackers", noun="tracker",
        description="Tiers, each a list of tracker URLs (BEP 12).", rule=rules.tracker_url),
    Key(name="web_seeds", bencode=("url-list",), kind=WEB_SEEDS, label="web seeds", noun="web seed",
        description="Web seed URLs (BEP 19).", rule=rules.web_seed_url),
    Key(name="http_seeds", bencode=("httpseeds",), kind=TEXTS, label="http seeds", noun="HTTP seed",
        description="HTTP seed URLs (BEP 17).", rule=rules.http_seed_url),
    Key(name="nodes", bencode=("nodes",), kind=NODES, label="nodes", noun="node", compare_raw=True,
        description="DHT nodes, each host:port or [ipv6]:port (BEP 5).", rule=lambda node: rules.node(*node)),
    Key(name="comment", bencode=("comment", "comment.utf-8"), kind=TEXT, label="comment",
        description="A comment.", rule=lambda text: rules.text(text, "comment")),
    Key(name="created_by", bencode=("created by", "created by.utf-8"), kind=TEXT, label="created by",
        description="The program that created the torrent.", rule=lambda text: rules.text(text, "creator")),
    Key(name="creation_date", bencode=("creation date",), kind=DATE, label="created",
        description="Unix seconds.", rule=rules.creation_date),
    Key(name="encoding", bencode=("encoding",), kind=ENCODING, label="encoding",
        description="The encoding that the torrent claims; nothing is decoded by it."),
    Key(name="similar", bencode=("similar",), kind=INFOHASHES, label="similar", noun="similar torrent",
        description="Infohashes of similar torrents (BEP 38).", rule=rules.similar_torrent),
    Key(name="collections", bencode=("collections",), kind=TEXTS, label="collections", noun="collection",
        description="Collections the torrent belongs to (BEP 38).", rule=rules.collection),
    Key(name="update_url", bencode=("update-url",), kind=TEXT, label="update url", in_info=True,
        description="Where newer versions are (BEP 39).", rule=rules.update_url),
    Key(name="signatures", bencode=("signatures",), kind=NAMES_OF_SIGNERS, label="signed by", compare_raw=True,
        description="Names of the signers (BEP 35); signatures are not checked."),
)
"""In the order in which they are shown."""

_MERGED = (
    Key(name="similar", bencode=("similar",), kind=INFOHASHES, in_info=True),
    Key(name="collections", bencode=("collections",), kind=TEXTS, in_info=True),
)
"""May be in the info dictionary as well (BEP 38); `Metainfo` merges both places."""
# fmt: on


def check_values(values: Mapping[str, Any], rows: Iterable[Key]) -> dict[str, Any]:
    """Return a value for each row, `empty` where there is none. Raises TypeError for a wrong type or name."""
    rest = dict(values)
    checked = {}
    for row in rows:
        value = rest.pop(row.name, row.kind.empty) if row.kind.write is not None else row.kind.empty
        checked[row.name] = row.kind.check(value, row.name)
    if rest:
        raise TypeError(f"no such metainfo key, or one that is only read: {', '.join(rest)}")
    return checked


TOP_LEVEL_KEYS = tuple([row for row in KEYS if not row.in_info])
INFO_KEYS = (*[row for row in KEYS if row.in_info], *_MERGED)

_CONTENT = {"info", "piece layers"}
_CONTENT_IN_INFO = {"name", "name.utf-8", "piece length", "pieces", "length", "files", "meta version", "file tree"}
_CONTENT_IN_INFO |= {"symlink path"}
_UNREAD = {"magnet-uri"}
_UNREAD_IN_INFO = {"attr", "md5sum", "mtime", "originator", "sha1"}


def _encoded(rows: Iterable[Key], others: Iterable[str]) -> frozenset[bytes]:
    return frozenset([key.encode() for key in chain(*[row.bencode for row in rows], others)])


KNOWN_TOP_LEVEL = _encoded(TOP_LEVEL_KEYS, _CONTENT | _UNREAD)
KNOWN_INFO = _encoded(INFO_KEYS, _CONTENT_IN_INFO | _UNREAD_IN_INFO)
"""Keys that a BEP or common use defines; any other is listed as unknown."""

SHOWN_TOP_LEVEL = _encoded([row for row in TOP_LEVEL_KEYS if not row.compare_raw], _CONTENT)
SHOWN_INFO = _encoded(INFO_KEYS, _CONTENT_IN_INFO)
"""Keys whose values the summary shows in full."""
