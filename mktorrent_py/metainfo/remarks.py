"""What is noticed while a torrent is read.

Two kinds of trouble. An *error* makes the torrent unsafe, inconsistent or meaningless: no model comes out of it. An
*oddity* is a field of a wrong type or an unusual form that clients read around: the field is left out of the typed
view, stays in the raw bytes, and is told. Both are kept with the key path, so that all of them can be listed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mktorrent_py.errors import MetainfoError

MOST_REMARKS = 1000
"""Remarks kept of each kind: a hostile torrent could break a rule in every entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing noticed: the rule's id, the key path it was seen at, what is the matter."""

    rule: str
    path: str
    message: str
    offset: int | None = None

    def as_error(self) -> MetainfoError:
        return MetainfoError(self.message, path=self.path, offset=self.offset)


@dataclass(slots=True)
class Notes:
    """Collects remarks; knows the key path of what is being read."""

    errors: list[Remark] = field(default_factory=list)
    oddities: list[Remark] = field(default_factory=list)
    _where: list[str] = field(default_factory=list)

    @contextmanager
    def at(self, segment: str) -> Iterator[None]:
        """Everything noted inside happened below this key."""
        self._where.append(segment)
        try:
            yield
        finally:
            self._where.pop()

    def error(self, rule: str, message: str, segment: str = "", offset: int | None = None) -> None:
        self._keep(self.errors, rule, message, segment, offset)

    def oddity(self, rule: str, message: str, segment: str = "", offset: int | None = None) -> None:
        self._keep(self.oddities, rule, message, segment, offset)

    def _keep(self, remarks: list[Remark], rule: str, message: str, segment: str, offset: int | None) -> None:
        if len(remarks) < MOST_REMARKS:
            path = join_path([*self._where, segment] if segment else self._where)
            remarks.append(Remark(rule=rule, path=path, message=message, offset=offset))


def join_path(segments: list[str]) -> str:
    """`info`, `files`, `[3]`, `length` as `info.files[3].length`."""
    return "".join([part if part.startswith("[") or not at else f".{part}" for at, part in enumerate(segments)])
