"""`mkt edit`: parse what is to change; `edited` does it and tells of it."""

from __future__ import annotations

import json as json_format
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

import typer

from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, repeatable
from mktorrent_py.cli.options.types import FieldOption, JsonOption, QuietOption, Text, Texts
from mktorrent_py.cli.output.edit_report import EditFace, Target, edit_all
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import rules
from mktorrent_py.metainfo.bencode import Encodable
from mktorrent_py.metainfo.edit import INFO_PREFIX, UNCHANGED, Edit, ListChange, TierChange, Unchanged
from mktorrent_py.metainfo.node import Node

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

Value = TypeVar("Value")
Said = tuple[Texts, Texts, Texts, bool]
"""Of one list: what it is anew, what to add, what to remove, and whether it goes altogether."""

INTEGER_KEYS = frozenset({"creation date", "info.private"})


class Trackers(Group):
    """What happens to the trackers."""

    tracker: Texts = repeatable("-t", "--tracker", metavar="URL[,URL...]", help="Trackers anew; each use is a tier.")
    add_tracker: Texts = repeatable("--add-tracker", metavar="URL[,URL...]", help="A new tier at the end; repeatable.")
    add_to_tier: Texts = repeatable(
        "--add-to-tier", metavar="N=URL[,URL...]", help="More trackers for tier N, from 1; repeatable."
    )
    remove_tracker: Texts = repeatable(
        "--remove-tracker", metavar="URL", help="Take a tracker out of its tier; repeatable."
    )
    remove_tier: list[int] = repeatable("--remove-tier", metavar="N", help="Take a whole tier away; repeatable.")
    no_trackers: bool = flag("--no-trackers", help="Take all trackers away.")

    def change(self) -> TierChange:
        return TierChange(
            replace=_anew("tracker", [parse_tier(tier) for tier in self.tracker], self.no_trackers),
            remove=tuple(self.remove_tracker),
            remove_tiers=tuple(self.remove_tier),
            add_to_tier=tuple([pair for text in self.add_to_tier for pair in parse_tier_addition(text)]),
            add=tuple([parse_tier(tier) for tier in self.add_tracker]),
        )


class Lists(Group):
    """What happens to the other lists: each is made anew, added to, taken from, or taken away."""

    web_seed: Texts = repeatable("-w", "--web-seed", metavar="URL", help="Web seeds anew (BEP 19).")
    add_web_seed: Texts = repeatable("--add-web-seed", metavar="URL", help="One more web seed.")
    remove_web_seed: Texts = repeatable("--remove-web-seed", metavar="URL", help="One web seed less.")
    no_web_seeds: bool = flag("--no-web-seeds", help="No web seeds.")
    http_seed: Texts = repeatable("--http-seed", metavar="URL", help="HTTP seeds anew (BEP 17).")
    add_http_seed: Texts = repeatable("--add-http-seed", metavar="URL", help="One more HTTP seed.")
    remove_http_seed: Texts = repeatable("--remove-http-seed", metavar="URL", help="One HTTP seed less.")
    no_http_seeds: bool = flag("--no-http-seeds", help="No HTTP seeds.")
    node: Texts = repeatable("--node", metavar="HOST:PORT", help="DHT nodes anew (BEP 5).")
    add_node: Texts = repeatable("--add-node", metavar="HOST:PORT", help="One more DHT node.")
    remove_node: Texts = repeatable("--remove-node", metavar="HOST:PORT", help="One DHT node less.")
    no_nodes: bool = flag("--no-nodes", help="No DHT nodes.")
    similar: Texts = repeatable("--similar", metavar="INFOHASH", help="Similar torrents anew (BEP 38).")
    add_similar: Texts = repeatable("--add-similar", metavar="INFOHASH", help="One more similar torrent.")
    remove_similar: Texts = repeatable("--remove-similar", metavar="INFOHASH", help="One less.")
    no_similar: bool = flag("--no-similar", help="No similar torrents.")
    collection: Texts = repeatable("--collection", metavar="NAME", help="Collections anew (BEP 38).")
    add_collection: Texts = repeatable("--add-collection", metavar="NAME", help="One more collection.")
    remove_collection: Texts = repeatable("--remove-collection", metavar="NAME", help="One less.")
    no_collections: bool = flag("--no-collections", help="No collections.")

    def web_seeds(self) -> ListChange[str]:
        said = self.web_seed, self.add_web_seed, self.remove_web_seed, self.no_web_seeds
        return _list("web-seed", said, _url(rules.web_seed_url), str)

    def http_seeds(self) -> ListChange[str]:
        said = self.http_seed, self.add_http_seed, self.remove_http_seed, self.no_http_seeds
        return _list("http-seed", said, _url(rules.http_seed_url), str)

    def nodes(self) -> ListChange[Node]:
        said = self.node, self.add_node, self.remove_node, self.no_nodes
        return _list("node", said, types.parse_node, types.parse_node)

    def similar_torrents(self) -> ListChange[bytes]:
        said = self.similar, self.add_similar, self.remove_similar, self.no_similar
        return _list("similar", said, types.parse_infohash, parse_any_infohash)

    def collections(self) -> ListChange[str]:
        said = self.collection, self.add_collection, self.remove_collection, self.no_collections
        return _list("collection", said, _not_empty, _not_empty)


class About(Group):
    """What the torrent says of itself beside the info dictionary."""

    comment: Text = option("-c", "--comment", help="The comment.")
    no_comment: bool = flag("--no-comment", help="No comment.")
    creator: Text = option("--creator", help="Who made it (`created by`).")
    no_creator: bool = flag("--no-creator", help="Do not say who made it.")
    date: Text = option("--date", metavar="WHEN", help="Creation date: 2026-11-22, Unix seconds or now.")
    no_date: bool = flag("--no-date", help="No creation date.")
    set_key: Texts = repeatable(
        "--set", metavar="KEY=TEXT|KEY:=JSON", help="Any other key; info.KEY for one inside info."
    )
    unset_key: Texts = repeatable("--unset", metavar="KEY", help="Take any key away; repeatable.")

    def creation_date(self) -> int | Unchanged | None:
        if self.date is not None and self.no_date:
            raise UsageError("--date and --no-date exclude each other")
        if self.date is not None:
            return types.parse_date(self.date, time.time())
        return None if self.no_date else UNCHANGED

    def keys(self) -> tuple[tuple[str, Encodable | None], ...]:
        return (*[parse_setting(text) for text in self.set_key], *[(key, None) for key in self.unset_key])


class Inside(Group):
    """What the infohash covers, and leave to change that."""

    name: Text = option("-n", "--name", help="The name. Changes the infohash.")
    private: bool | None = typer.Option(
        None, "--private/--no-private", help="BEP 27. Changes the infohash.", show_default=False
    )
    source: Text = option("-s", "--source", help="The source tag. Changes the infohash.")
    no_source: bool = flag("--no-source", help="No source tag. Changes the infohash.")
    update_url: Text = option(
        "--update-url", metavar="URL", help="Where newer versions are (BEP 39). Changes the infohash."
    )
    no_update_url: bool = flag("--no-update-url", help="No update URL. Changes the infohash.")
    new_infohash: bool = flag("--new-infohash", help="Yes, change the infohash: the torrent gets another swarm.")

    def checked_update_url(self) -> str | None:
        return types.check_url(self.update_url, rules.update_url) if self.update_url else self.update_url


class Files(Group):
    """Which torrent files, and what is written."""

    torrents: list[str] = typer.Argument(metavar="TORRENT...", help="Torrent files; - for standard input.")
    if_present: bool = flag("--if-present", help="Do not mind when something to take away is not there.")
    dry_run: bool = flag("--dry-run", help="Say what would change, write nothing.")
    output: Text = option("-o", "--output", metavar="PATH|DIR/|-", help="Write there, and leave the torrent as it is.")
    force: bool = flag("--force", "-f", help="Replace what stands at --output.")

    def target(self) -> Target:
        return Target(output=self.output, force=self.force, dry_run=self.dry_run)


class Telling(Group):
    """How it is told."""

    json: JsonOption = False
    field: FieldOption = None
    quiet: QuietOption = False

    def face(self) -> EditFace:
        return EditFace(json=self.json, field=self.field, quiet=self.quiet)


@app.command()
@in_groups
def edit(trackers: Trackers, lists: Lists, about: About, inside: Inside, files: Files, telling: Telling) -> None:
    """Change torrents in place. The info dictionary is never touched without --new-infohash.

    Changes to a list happen in this order: set anew, remove, add. With several torrents, all are read and checked
    before the first is written.
    """
    wanted = Edit(
        trackers=trackers.change(),
        web_seeds=lists.web_seeds(),
        http_seeds=lists.http_seeds(),
        nodes=lists.nodes(),
        similar=lists.similar_torrents(),
        collections=lists.collections(),
        comment=_text("comment", about.comment, about.no_comment),
        created_by=_text("creator", about.creator, about.no_creator),
        creation_date=about.creation_date(),
        name=UNCHANGED if inside.name is None else inside.name,
        private=UNCHANGED if inside.private is None else inside.private,
        source=_text("source", inside.source, inside.no_source),
        update_url=_text("update-url", inside.checked_update_url(), inside.no_update_url),
        keys=about.keys(),
        new_infohash=inside.new_infohash,
        if_present=files.if_present,
    )
    edit_all(files.torrents, wanted, files.target(), telling.face())


def parse_tier(text: str) -> tuple[str, ...]:
    """The trackers of one tier; an empty one, say from an unset variable, would silently take all trackers away."""
    return types.split_tier(_not_empty(text.strip(", ")))


def _not_empty(text: str) -> str:
    if not text:
        raise UsageError("an empty value was given", hint="To take something away, say --remove-... or --no-...")
    return text


def parse_tier_addition(text: str) -> list[tuple[int, str]]:
    """`2=udp://tracker.example:80` as tier 2 and each tracker."""
    number, mark, urls = text.partition("=")
    if not mark or not re.fullmatch("[0-9]{1,9}", number):
        raise UsageError(
            f"{quoted(text)} is not a tier and its trackers", hint="Write 2=udp://tracker.example.org:80/announce."
        )
    return [(int(number), url) for url in parse_tier(urls)]


def parse_any_infohash(text: str) -> bytes:
    """20 or 32 bytes in hex: some tools write those of v2 torrents as well, and they have to be removable."""
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    return types.parse_infohash(text)


def parse_setting(text: str) -> tuple[str, Encodable]:
    """`KEY=TEXT`, or `KEY:=JSON` for integers, lists and dictionaries."""
    key, mark, value = text.partition("=")
    is_json = key.endswith(":")
    key = key.removesuffix(":")
    if not mark or key in ("", INFO_PREFIX):
        raise UsageError(
            f"{quoted(text)} is not a key and a value", hint="Write KEY=TEXT, or KEY:=JSON as in x-count:=5."
        )
    if is_json:
        return key, _parse_json(value, text)
    if key in INTEGER_KEYS:
        return key, _parse_integer(value, key)
    return key, value


def _parse_json(value: str, text: str) -> Encodable:
    try:
        return _bencodable(json_format.loads(value))
    except (ValueError, RecursionError):
        hint = "Bencode has integers, texts, lists and dictionaries; no fractions, true, false or null."
        raise UsageError(f"the value of {quoted(text)} is not JSON that bencode can hold", hint=hint) from None


def _bencodable(value: Any) -> Encodable:
    """The same value if bencode has all of its types; ValueError if not."""
    if isinstance(value, list):
        return [_bencodable(item) for item in value]
    if isinstance(value, dict):
        return {_utf8(key): _bencodable(item) for key, item in value.items()}
    if isinstance(value, str):
        return _utf8(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(value)


def _utf8(text: str) -> str:
    """The text; ValueError for half of a surrogate pair, which JSON can hold and UTF-8 cannot."""
    text.encode("utf-8")
    return text


def _parse_integer(value: str, key: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,18}", value):
        raise UsageError(f"{quoted(key)} takes an integer, not {quoted(value)}")
    return int(value)


def _url(rule: Callable[[str], rules.Problem | None]) -> Callable[[str], str]:
    return lambda url: types.check_url(url, rule)


def _anew(noun: str, values: list[Value], none: bool) -> tuple[Value, ...] | None:
    """What a list becomes: the values, nothing at all, or (None) what it is."""
    if values and none:
        raise UsageError(f"--{noun} makes the list anew and cannot go with taking it away")
    return tuple(values) if values or none else None


def _list(
    noun: str, said: Said, parse: Callable[[str], Value], parse_removed: Callable[[str], Value]
) -> ListChange[Value]:
    """Changes to a list; what goes is not judged as strictly as what comes."""
    anew, add, remove, none = said
    return ListChange(
        replace=_anew(noun, [parse(text) for text in anew], none),
        remove=tuple([parse_removed(text) for text in remove]),
        add=tuple([parse(text) for text in add]),
    )


def _text(noun: str, text: str | None, none: bool) -> str | Unchanged | None:
    if text is not None and none:
        raise UsageError(f"--{noun} and --no-{noun} exclude each other")
    return text or None if text is not None or none else UNCHANGED
