"""`mkt edit`: parse what is to change; `edited` does it and tells of it."""

from __future__ import annotations

import json as json_format
import re
import time
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from mktorrent_py.cli import options
from mktorrent_py.cli.edited import EditFace, Target, edit_all
from mktorrent_py.cli.options import FieldOption, JsonOption, QuietOption, Text, Texts
from mktorrent_py.errors import UsageError
from mktorrent_py.metainfo.bencode import Encodable
from mktorrent_py.metainfo.edit import INFO_PREFIX, KEEP, Edit, Keep, ListChange, TierChange

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

Value = TypeVar("Value")

INTEGER_KEYS = frozenset({"creation date", "info.private"})
WEB_SCHEMES = ("http", "https", "ftp")


def option(*names: str, metavar: str = "TEXT", help: str) -> Any:
    """An option that takes a value and has no default worth showing."""
    return typer.Option(*names, metavar=metavar, help=help, show_default=False)


def flag(*names: str, help: str) -> Any:
    return typer.Option(*names, help=help)


@app.command()
def edit(
    torrents: Annotated[list[str], typer.Argument(metavar="TORRENT...", help="Torrent files; - for standard input.")],
    tracker: Annotated[
        Texts, option("-t", "--tracker", metavar="URL[,URL...]", help="Trackers anew; each use is a tier.")
    ] = [],
    add_tracker: Annotated[
        Texts, option("--add-tracker", metavar="URL[,URL...]", help="A new tier at the end; repeatable.")
    ] = [],
    add_to_tier: Annotated[
        Texts, option("--add-to-tier", metavar="N=URL[,URL...]", help="More trackers for tier N, from 1; repeatable.")
    ] = [],
    remove_tracker: Annotated[
        Texts, option("--remove-tracker", metavar="URL", help="Take a tracker out of its tier; repeatable.")
    ] = [],
    remove_tier: Annotated[
        list[int], option("--remove-tier", metavar="N", help="Take a whole tier away; repeatable.")
    ] = [],
    no_trackers: Annotated[bool, flag("--no-trackers", help="Take all trackers away.")] = False,
    web_seed: Annotated[Texts, option("-w", "--web-seed", metavar="URL", help="Web seeds anew (BEP 19).")] = [],
    add_web_seed: Annotated[Texts, option("--add-web-seed", metavar="URL", help="One more web seed.")] = [],
    remove_web_seed: Annotated[Texts, option("--remove-web-seed", metavar="URL", help="One web seed less.")] = [],
    no_web_seeds: Annotated[bool, flag("--no-web-seeds", help="No web seeds.")] = False,
    http_seed: Annotated[Texts, option("--http-seed", metavar="URL", help="HTTP seeds anew (BEP 17).")] = [],
    add_http_seed: Annotated[Texts, option("--add-http-seed", metavar="URL", help="One more HTTP seed.")] = [],
    remove_http_seed: Annotated[Texts, option("--remove-http-seed", metavar="URL", help="One HTTP seed less.")] = [],
    no_http_seeds: Annotated[bool, flag("--no-http-seeds", help="No HTTP seeds.")] = False,
    node: Annotated[Texts, option("--node", metavar="HOST:PORT", help="DHT nodes anew (BEP 5).")] = [],
    add_node: Annotated[Texts, option("--add-node", metavar="HOST:PORT", help="One more DHT node.")] = [],
    remove_node: Annotated[Texts, option("--remove-node", metavar="HOST:PORT", help="One DHT node less.")] = [],
    no_nodes: Annotated[bool, flag("--no-nodes", help="No DHT nodes.")] = False,
    similar: Annotated[Texts, option("--similar", metavar="INFOHASH", help="Similar torrents anew (BEP 38).")] = [],
    add_similar: Annotated[Texts, option("--add-similar", metavar="INFOHASH", help="One more similar torrent.")] = [],
    remove_similar: Annotated[Texts, option("--remove-similar", metavar="INFOHASH", help="One less.")] = [],
    no_similar: Annotated[bool, flag("--no-similar", help="No similar torrents.")] = False,
    collection: Annotated[Texts, option("--collection", metavar="NAME", help="Collections anew (BEP 38).")] = [],
    add_collection: Annotated[Texts, option("--add-collection", metavar="NAME", help="One more collection.")] = [],
    remove_collection: Annotated[Texts, option("--remove-collection", metavar="NAME", help="One less.")] = [],
    no_collections: Annotated[bool, flag("--no-collections", help="No collections.")] = False,
    comment: Annotated[Text, option("-c", "--comment", help="The comment.")] = None,
    no_comment: Annotated[bool, flag("--no-comment", help="No comment.")] = False,
    creator: Annotated[Text, option("--creator", help="Who made it (`created by`).")] = None,
    no_creator: Annotated[bool, flag("--no-creator", help="Do not say who made it.")] = False,
    date: Annotated[
        Text, option("--date", metavar="WHEN", help="Creation date: 2026-11-22, Unix seconds or now.")
    ] = None,
    no_date: Annotated[bool, flag("--no-date", help="No creation date.")] = False,
    set_key: Annotated[
        Texts, option("--set", metavar="KEY=TEXT|KEY:=JSON", help="Any other key; info.KEY for one inside info.")
    ] = [],
    unset_key: Annotated[Texts, option("--unset", metavar="KEY", help="Take any key away; repeatable.")] = [],
    name: Annotated[Text, option("-n", "--name", help="The name. Changes the infohash.")] = None,
    private: Annotated[
        bool | None, typer.Option("--private/--no-private", help="BEP 27. Changes the infohash.", show_default=False)
    ] = None,
    source: Annotated[Text, option("-s", "--source", help="The source tag. Changes the infohash.")] = None,
    no_source: Annotated[bool, flag("--no-source", help="No source tag. Changes the infohash.")] = False,
    update_url: Annotated[
        Text, option("--update-url", metavar="URL", help="Where newer versions are (BEP 39). Changes the infohash.")
    ] = None,
    no_update_url: Annotated[bool, flag("--no-update-url", help="No update URL. Changes the infohash.")] = False,
    new_infohash: Annotated[
        bool, flag("--new-infohash", help="Yes, change the infohash: the torrent gets another swarm.")
    ] = False,
    if_present: Annotated[
        bool, flag("--if-present", help="Do not mind when something to take away is not there.")
    ] = False,
    dry_run: Annotated[bool, flag("--dry-run", help="Say what would change, write nothing.")] = False,
    output: Annotated[
        Text, option("-o", "--output", metavar="PATH|DIR/|-", help="Write there, and leave the torrent as it is.")
    ] = None,
    force: Annotated[bool, flag("--force", "-f", help="Replace what stands at --output.")] = False,
    json: JsonOption = False,
    field: FieldOption = None,
    quiet: QuietOption = False,
) -> None:
    """Change torrents in place. The info dictionary is never touched without --new-infohash.

    Changes to a list happen in this order: set anew, remove, add. With several torrents, all are read and checked
    before the first is written.
    """
    web, http = _url("a web seed"), _url("an HTTP seed")
    wanted = Edit(
        trackers=TierChange(
            replace=_anew("tracker", [parse_tier(tier) for tier in tracker], no_trackers),
            remove=tuple(remove_tracker),
            remove_tiers=tuple(remove_tier),
            add_to_tier=tuple([pair for text in add_to_tier for pair in parse_tier_addition(text)]),
            add=tuple([parse_tier(tier) for tier in add_tracker]),
        ),
        web_seeds=_list("web-seed", web, web_seed, add_web_seed, remove_web_seed, no_web_seeds, str),
        http_seeds=_list("http-seed", http, http_seed, add_http_seed, remove_http_seed, no_http_seeds, str),
        nodes=_list("node", options.parse_node, node, add_node, remove_node, no_nodes),
        similar=_list(
            "similar", options.parse_infohash, similar, add_similar, remove_similar, no_similar, parse_any_infohash
        ),
        collections=_list("collection", _not_empty, collection, add_collection, remove_collection, no_collections),
        comment=_text("comment", comment, no_comment),
        created_by=_text("creator", creator, no_creator),
        creation_date=_date(date, no_date),
        name=KEEP if name is None else name,
        private=KEEP if private is None else private,
        source=_text("source", source, no_source),
        update_url=_text("update-url", update_url and _url("updates")(update_url), no_update_url),
        keys=(*[parse_setting(text) for text in set_key], *[(key, None) for key in unset_key]),
        new_infohash=new_infohash,
        if_present=if_present,
    )
    target = Target(output=output, force=force, dry_run=dry_run)
    edit_all(torrents, wanted, target, EditFace(json=json, field=field, quiet=quiet))


def parse_tier(text: str) -> tuple[str, ...]:
    """The trackers of one tier; an empty one, say from an unset variable, would silently take all trackers away."""
    return options.split_tier(_not_empty(text.strip(", ")))


def _not_empty(text: str) -> str:
    if not text:
        raise UsageError("an empty value was given", hint="To take something away, say --remove-... or --no-...")
    return text


def parse_tier_addition(text: str) -> list[tuple[int, str]]:
    """`2=udp://tracker.example:80` as tier 2 and each tracker."""
    number, mark, urls = text.partition("=")
    if not mark or not number.isascii() or not number.isdigit():
        raise UsageError(
            f"{text!r} is not a tier and its trackers", hint="Write 2=udp://tracker.example.org:80/announce."
        )
    return [(int(number), url) for url in parse_tier(urls)]


def parse_any_infohash(text: str) -> bytes:
    """20 or 32 bytes in hex: some tools write those of v2 torrents as well, and they have to be removable."""
    if re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        return bytes.fromhex(text)
    return options.parse_infohash(text)


def parse_setting(text: str) -> tuple[str, Encodable]:
    """`KEY=TEXT`, or `KEY:=JSON` for integers, lists and dictionaries."""
    key, mark, value = text.partition("=")
    is_json = key.endswith(":")
    key = key.removesuffix(":")
    if not mark or key in ("", INFO_PREFIX):
        raise UsageError(f"{text!r} is not a key and a value", hint="Write KEY=TEXT, or KEY:=JSON as in x-count:=5.")
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
        raise UsageError(f"the value of {text!r} is not JSON that bencode can hold", hint=hint) from None


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
        raise UsageError(f"{key!r} takes an integer, not {value!r}")
    return int(value)


def _url(what: str) -> Callable[[str], str]:
    return lambda url: options.check_url(url, what, WEB_SCHEMES)


def _anew(noun: str, values: list[Value], none: bool) -> tuple[Value, ...] | None:
    """What a list becomes: the values, nothing at all, or (None) what it is."""
    if values and none:
        raise UsageError(f"--{noun} makes the list anew and cannot go with taking it away")
    return tuple(values) if values or none else None


def _list(
    noun: str,
    parse: Callable[[str], Value],
    anew: list[str],
    add: list[str],
    remove: list[str],
    none: bool,
    parse_removed: Callable[[str], Value] | None = None,
) -> ListChange[Value]:
    """Changes to a list; what goes is not judged as strictly as what comes."""
    return ListChange(
        replace=_anew(noun, [parse(text) for text in anew], none),
        remove=tuple([(parse_removed or parse)(text) for text in remove]),
        add=tuple([parse(text) for text in add]),
    )


def _text(noun: str, text: str | None, none: bool) -> str | Keep | None:
    if text is not None and none:
        raise UsageError(f"--{noun} and --no-{noun} exclude each other")
    return text or None if text is not None or none else KEEP


def _date(date: str | None, none: bool) -> int | Keep | None:
    if date is not None and none:
        raise UsageError("--date and --no-date exclude each other")
    if date is not None:
        return options.parse_date(date, time.time())
    return None if none else KEEP
