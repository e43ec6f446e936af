"""The changes that an edit consists of. A value of the wrong type is a TypeError when the change is made."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from mktorrent_py.metainfo import bencode, typecheck
from mktorrent_py.metainfo.keys import INFO_KEYS, TOP_LEVEL_KEYS, Key
from mktorrent_py.metainfo.node import Node
from mktorrent_py.metainfo.trackers import Tier

Item = TypeVar("Item")


class Unchanged(Enum):
    """The value of a field of `Edit` that stays as it is; None is for a field that is removed."""

    UNCHANGED = "keep"


UNCHANGED = Unchanged.UNCHANGED


def _set(change: object, name: str, value: object) -> None:
    """Set a field of a frozen dataclass that is being made."""
    object.__setattr__(change, name, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange(Generic[Item]):
    """Changes to a list, in this order: `replace` replaces all of it, `remove` is removed, `add` is appended.

    An item to add that the list already contains stays where it is.
    """

    replace: Sequence[Item] | None = None
    remove: Sequence[Item] = ()
    add: Sequence[Item] = ()

    def __post_init__(self) -> None:
        for name in ("replace", "remove", "add"):
            if getattr(self, name) is not None:
                _set(self, name, typecheck.check_items(getattr(self, name), object, name, "an item"))

    @property
    def added(self) -> tuple[Item, ...]:
        """The items to add, in order."""
        return (*(self.replace or ()), *self.add)


@dataclass(frozen=True, slots=True, kw_only=True)
class TierChange:
    """Changes to the trackers, in this order.

    `replace` replaces all tiers; the tiers numbered `remove_tiers` and the trackers `remove` are removed; each (tier,
    tracker) of `add_to_tier` joins its tier; the tiers of `add` are appended. Tiers count from 1, and keep their
    numbers until all is done. A tracker to add that is already there stays where it is. A flat sequence of URLs as
    `replace` or `add` is one tier.
    """

    replace: Sequence[Sequence[str]] | None = None
    remove: Sequence[str] = ()
    remove_tiers: Sequence[int] = ()
    add_to_tier: Sequence[tuple[int, str]] = ()
    add: Sequence[Sequence[str]] = ()

    def __post_init__(self) -> None:
        if self.replace is not None:
            _set(self, "replace", typecheck.check_tiers(self.replace, "replace"))
        _set(self, "add", typecheck.check_tiers(self.add, "add"))
        _set(self, "remove", typecheck.check_texts(self.remove, "remove"))
        _set(self, "remove_tiers", typecheck.check_items(self.remove_tiers, int, "remove_tiers", "an int"))
        pairs = typecheck.check_items(self.add_to_tier, tuple, "add_to_tier", "a pair of tier and tracker")
        for number, url in pairs:
            typecheck.check_int(number, "tier in add_to_tier")
            typecheck.check_text(url, "tracker in add_to_tier")
        _set(self, "add_to_tier", pairs)

    @property
    def added(self) -> tuple[Tier, ...]:
        """The trackers to add, in tiers."""
        tiers = [*(self.replace or ()), *self.add, *[(url,) for _, url in self.add_to_tier]]
        return tuple([tuple(tier) for tier in tiers])


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What to change in a torrent. `UNCHANGED` leaves a field alone, None removes it.

    `name`, `private`, `source`, `update_url` and `info.KEY` in `keys` change the infohash, which `new_infohash` has to
    allow. `keys` holds values for any other key, `info.KEY` for one inside the info dictionary; None removes the key.
    `creation_date` is in Unix seconds. With `if_present`, removing what is not there is no error.
    """

    trackers: TierChange = TierChange()
    web_seeds: ListChange[str] = ListChange()
    http_seeds: ListChange[str] = ListChange()
    nodes: ListChange[Node] = ListChange()
    similar: ListChange[bytes] = ListChange()
    collections: ListChange[str] = ListChange()
    comment: str | Unchanged | None = UNCHANGED
    created_by: str | Unchanged | None = UNCHANGED
    creation_date: int | Unchanged | None = UNCHANGED
    name: str | Unchanged = UNCHANGED
    private: bool | Unchanged = UNCHANGED
    source: str | Unchanged | None = UNCHANGED
    update_url: str | Unchanged | None = UNCHANGED
    keys: Sequence[tuple[str, bencode.Encodable | None]] = ()
    new_infohash: bool = False
    if_present: bool = False

    def __post_init__(self) -> None:
        typecheck.check_instance(self.trackers, TierChange, "trackers", "a TierChange")
        for row, change in self.changes():
            if isinstance(change, ListChange):
                for part in (change.replace or (), change.remove, change.add):
                    row.kind.check(part, row.name)
            elif row.kind.empty == () and row.name != "trackers":
                typecheck.check_instance(change, ListChange, row.name, "a ListChange")
            elif not isinstance(change, TierChange):
                row.kind.check(change, row.name)
        if self.name is not UNCHANGED:
            typecheck.check_text(self.name, "name")
        keys = typecheck.check_items(self.keys, tuple, "keys", "a pair of key and value")
        for key, _ in keys:
            typecheck.check_text(key, "key in keys")
        _set(self, "keys", keys)
        typecheck.check_bool(self.new_infohash, "new_infohash")
        typecheck.check_bool(self.if_present, "if_present")

    def changes(self) -> Iterator[tuple[Key, Any]]:
        """Yield the rows of the key table that this edit changes, each with its change."""
        for row in (*TOP_LEVEL_KEYS, *INFO_KEYS):
            change = getattr(self, row.name, UNCHANGED)
            if change is not UNCHANGED and change != ListChange() and not (row.in_info and row.kind.empty == ()):
                yield row, change
