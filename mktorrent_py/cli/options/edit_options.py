"""Options of `mkt edit` that say what changes in a torrent."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

import typer

from mktorrent_py.cli.options import types
from mktorrent_py.cli.options.groups import Group, flag, option, repeatable
from mktorrent_py.cli.options.key_values import parse_setting
from mktorrent_py.cli.options.types import Text, Texts
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import UNCHANGED, Encodable, ListChange, Node, TierChange, Unchanged, rules

Value = TypeVar("Value")
ListOptions = tuple[str, Texts, Texts, Texts, bool]
"""Name of the replacing option of a list; its values; what to add; what to remove; whether to remove all."""


class TrackerOptions(Group):
    """Changes to the trackers."""

    heading = "Trackers"

    add_tracker: Texts = repeatable(
        "--add-tracker", metavar="URL[,URL...]", help="Add a tier at the end; commas share one; repeatable."
    )
    add_to_tier: Texts = repeatable(
        "--add-to-tier", metavar="N=URL[,URL...]", help="Add trackers to tier N, from 1; repeatable."
    )
    remove_tracker: Texts = repeatable("--remove-tracker", metavar="URL", help="Remove a tracker; repeatable.")
    remove_tier: list[int] = repeatable("--remove-tier", metavar="N", help="Remove a tier, from 1; repeatable.")
    tracker: Texts = repeatable(
        "-t", "--tracker", metavar="URL[,URL...]", help="Replace all trackers; each use is a tier; repeatable."
    )
    no_trackers: bool = flag("--no-trackers", help="Remove all trackers.")

    def change(self) -> TierChange:
        """Raises UsageError."""
        tiers = [parse_tier(tier) for tier in self.tracker]
        return TierChange(
            replace=_replacement("--tracker", "--no-trackers", tiers, self.no_trackers),
            remove=tuple(self.remove_tracker),
            remove_tiers=tuple(self.remove_tier),
            add_to_tier=tuple([pair for text in self.add_to_tier for pair in parse_tier_addition(text)]),
            add=tuple([parse_tier(tier) for tier in self.add_tracker]),
        )


class TextOptions(Group):
    """Changes to texts outside the info dictionary."""

    heading = "Description"

    comment: Text = option("-c", "--comment", help="Set the comment.")
    no_comment: bool = flag("--no-comment", help="Remove the comment.")
    creator: Text = option("--creator", help="Set the creating program (`created by`).")
    no_creator: bool = flag("--no-creator", help="Remove the creating program.")
    date: Text = option("--date", metavar="WHEN", help="Set the creation date: 2026-11-22, Unix seconds or now.")
    no_date: bool = flag("--no-date", help="Remove the creation date.")

    def creation_date(self) -> int | Unchanged | None:
        """Raises UsageError."""
        if self.date is not None and self.no_date:
            raise UsageError("--date and --no-date cannot be combined")
        if self.date is not None:
            return types.parse_date(self.date, time.time())
        return None if self.no_date else UNCHANGED


class SourceOptions(Group):
    """Changes to web seeds, HTTP seeds and DHT nodes."""

    heading = "Web seeds and nodes"

    add_web_seed: Texts = repeatable("--add-web-seed", metavar="URL", help="Add a web seed (BEP 19); repeatable.")
    remove_web_seed: Texts = repeatable("--remove-web-seed", metavar="URL", help="Remove a web seed; repeatable.")
    web_seed: Texts = repeatable("-w", "--web-seed", metavar="URL", help="Replace all web seeds; repeatable.")
    no_web_seeds: bool = flag("--no-web-seeds", help="Remove all web seeds.")
    add_http_seed: Texts = repeatable("--add-http-seed", metavar="URL", help="Add an HTTP seed (BEP 17); repeatable.")
    remove_http_seed: Texts = repeatable("--remove-http-seed", metavar="URL", help="Remove an HTTP seed; repeatable.")
    http_seed: Texts = repeatable("--http-seed", metavar="URL", help="Replace all HTTP seeds; repeatable.")
    no_http_seeds: bool = flag("--no-http-seeds", help="Remove all HTTP seeds.")
    add_node: Texts = repeatable("--add-node", metavar="HOST:PORT", help="Add a DHT node (BEP 5); repeatable.")
    remove_node: Texts = repeatable("--remove-node", metavar="HOST:PORT", help="Remove a DHT node; repeatable.")
    node: Texts = repeatable("--node", metavar="HOST:PORT", help="Replace all DHT nodes; repeatable.")
    no_nodes: bool = flag("--no-nodes", help="Remove all DHT nodes.")

    def web_seeds(self) -> ListChange[str]:
        given = "web-seed", self.web_seed, self.add_web_seed, self.remove_web_seed, self.no_web_seeds
        return _list_change(given, _url_parser(rules.web_seed_url), str)

    def http_seeds(self) -> ListChange[str]:
        given = "http-seed", self.http_seed, self.add_http_seed, self.remove_http_seed, self.no_http_seeds
        return _list_change(given, _url_parser(rules.http_seed_url), str)

    def nodes(self) -> ListChange[Node]:
        given = "node", self.node, self.add_node, self.remove_node, self.no_nodes
        return _list_change(given, types.parse_node, types.parse_node)


class RelatedOptions(Group):
    """Changes to the lists of related torrents."""

    heading = "Related torrents (BEP 38)"

    add_similar: Texts = repeatable("--add-similar", metavar="INFOHASH", help="Add a similar torrent; repeatable.")
    remove_similar: Texts = repeatable("--remove-similar", metavar="INFOHASH", help="Remove one; repeatable.")
    similar: Texts = repeatable("--similar", metavar="INFOHASH", help="Replace all similar torrents; repeatable.")
    no_similar: bool = flag("--no-similar", help="Remove all similar torrents.")
    add_collection: Texts = repeatable("--add-collection", metavar="NAME", help="Add a collection; repeatable.")
    remove_collection: Texts = repeatable("--remove-collection", metavar="NAME", help="Remove one; repeatable.")
    collection: Texts = repeatable("--collection", metavar="NAME", help="Replace all collections; repeatable.")
    no_collections: bool = flag("--no-collections", help="Remove all collections.")

    def similar_torrents(self) -> ListChange[bytes]:
        given = "similar", self.similar, self.add_similar, self.remove_similar, self.no_similar
        return _list_change(given, types.parse_infohash, parse_any_infohash)

    def collections(self) -> ListChange[str]:
        given = "collection", self.collection, self.add_collection, self.remove_collection, self.no_collections
        return _list_change(given, _not_empty, _not_empty)


class KeyOptions(Group):
    """Changes to keys of any name."""

    heading = "Other keys"

    set_key: Texts = repeatable(
        "--set", metavar="KEY=TEXT|KEY:=JSON", help="Set any other key; info.KEY is one inside info; repeatable."
    )
    unset_key: Texts = repeatable("--unset", metavar="KEY", help="Remove any key; repeatable.")

    def keys(self) -> tuple[tuple[str, Encodable | None], ...]:
        return (*[parse_setting(text) for text in self.set_key], *[(key, None) for key in self.unset_key])


class InfoOptions(Group):
    """Changes that the infohash covers, and the permission for them."""

    heading = "Changes of the infohash (need --new-infohash)"

    name: Text = option("-n", "--name", help="Set the name.")
    private: bool | None = typer.Option(
        None, "--private/--no-private", help="Allow peers from the trackers only (BEP 27).", show_default=False
    )
    source: Text = option("-s", "--source", help="Set the source tag.")
    no_source: bool = flag("--no-source", help="Remove the source tag.")
    update_url: Text = option("--update-url", metavar="URL", help="Set the URL of newer versions (BEP 39).")
    no_update_url: bool = flag("--no-update-url", help="Remove the update URL.")
    new_infohash: bool = flag("--new-infohash", help="Allow a new infohash; peers of the old torrent are lost.")

    def update_url_change(self) -> str | Unchanged | None:
        url = self.update_url and _url_parser(rules.update_url)(self.update_url)
        return text_change("update-url", url, self.no_update_url)


def text_change(name: str, text: str | None, remove: bool) -> str | Unchanged | None:
    """Return what a text becomes: the text, None (also for an empty text), or UNCHANGED. Raises UsageError."""
    if text is not None and remove:
        raise UsageError(f"--{name} and --no-{name} cannot be combined")
    return text or None if text is not None or remove else UNCHANGED


def parse_tier(text: str) -> tuple[str, ...]:
    """Parse the trackers of one tier. Raises UsageError for an empty one, which would remove all trackers."""
    return types.split_tier(_not_empty(text.strip(", ")))


def parse_tier_addition(text: str) -> list[tuple[int, str]]:
    """Parse `2=udp://tracker.example:80` into tier 2 and each tracker."""
    number, mark, urls = text.partition("=")
    if not mark or not re.fullmatch("[0-9]{1,9}", number):
        raise UsageError(
            f"{quoted(text)} is not a tier and its trackers", hint="Example: 2=udp://tracker.example.org:80/announce"
        )
    return [(int(number), url) for url in parse_tier(urls)]


def parse_any_infohash(text: str) -> bytes:
    """Parse 20 or 32 bytes in hex: some tools write those of v2 torrents too, which must be removable."""
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    return types.parse_infohash(text)


def _not_empty(text: str) -> str:
    if not text:
        raise UsageError("empty value", hint="Use the --remove and --no options to remove something.")
    return text


def _url_parser(rule: Callable[[str], rules.Problem | None]) -> Callable[[str], str]:
    return lambda url: types.check_url(url, rule)


def _replacement(replace: str, clear: str, values: Sequence[Value], is_cleared: bool) -> tuple[Value, ...] | None:
    """Return what a list becomes: the values, nothing, or None for what it is."""
    if values and is_cleared:
        raise UsageError(f"{replace} and {clear} cannot be combined")
    return tuple(values) if values or is_cleared else None


def _list_change(
    given: ListOptions, parse: Callable[[str], Value], parse_removed: Callable[[str], Value]
) -> ListChange[Value]:
    """Build a ListChange; removals are parsed less strictly than additions."""
    name, replacing, added, removed, is_cleared = given
    clear = "--no-similar" if name == "similar" else f"--no-{name}s"
    return ListChange(
        replace=_replacement(f"--{name}", clear, [parse(text) for text in replacing], is_cleared),
        remove=tuple([parse_removed(text) for text in removed]),
        add=tuple([parse(text) for text in added]),
    )
