"""What is noticed while a torrent is read.

Two kinds of trouble. An *error* makes the torrent unsafe, inconsistent or meaningless: no model comes out of it. An
*oddity* is a field of a wrong type or an unusual form that clients read around: the field is left out of the typed
view, stays in the raw bytes, and is told. Both are kept with the place they were seen at, so that all can be listed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain
from typing import Self

from mktorrent_py.errors import MetainfoError
from mktorrent_py.formatting import brief
from mktorrent_py.metainfo.layout import PathComponents, encode_component
from mktorrent_py.metainfo.paths import brief_path

MAX_DIAGNOSTICS = 1000
"""Remarks kept of each kind: a hostile torrent could break a rule in every entry."""

Step = str | int | bytes | PathComponents
"""One step into a metainfo: a key, a list index, a key that is a hash, or a way down the file tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing noticed: the rule's id, the steps to where it was seen, what is the matter, the byte if it is known."""

    rule: str
    steps: tuple[Step, ...] = ()
    message: str
    offset: int | None = None

    @property
    def path(self) -> str:
        """The key path for people: `info.files[3].length`, `info.file tree[docs/guide.txt].length`."""
        return "".join([_shown_step(step, is_first=not at) for at, step in enumerate(self.steps)])

    @property
    def keys(self) -> tuple[bytes | int, ...]:
        """The key path as bencode has it."""
        return tuple(chain.from_iterable([_keys_of(step) for step in self.steps]))

    def as_error(self) -> MetainfoError:
        return MetainfoError(self.message, path=self.path, offset=self.offset)


@dataclass(slots=True)
class Diagnostics:
    """Collects remarks; knows the place of what is being read.

    Nothing is formatted before it is asked for: naming the place of every file would take quadratic time where a
    directory's name is long.
    """

    errors: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    _where: list[Step] = field(default_factory=list)

    def at(self, step: Step) -> Self:
        """A context: everything noted inside happened below this step."""
        self._where.append(step)
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._where.pop()

    def error(self, rule: str, message: str, *steps: Step, offset: int | None = None) -> None:
        self._keep(self.errors, rule, message, steps, offset)

    def warning(self, rule: str, message: str, *steps: Step, offset: int | None = None) -> None:
        self._keep(self.warnings, rule, message, steps, offset)

    def _keep(
        self, remarks: list[Diagnostic], rule: str, message: str, steps: tuple[Step, ...], offset: int | None
    ) -> None:
        if len(remarks) < MAX_DIAGNOSTICS:
            remarks.append(Diagnostic(rule=rule, steps=(*self._where, *steps), message=message, offset=offset))


def _shown_step(step: Step, *, is_first: bool) -> str:
    if isinstance(step, str):
        return brief(step) if is_first else f".{brief(step)}"
    if isinstance(step, bytes):
        return f"[{brief(step[:64].hex())}]"
    return f"[{step}]" if isinstance(step, int) else f"[{brief_path(step).removesuffix('/')}]"


def _keys_of(step: Step) -> Iterable[bytes | int]:
    if isinstance(step, tuple):
        return [encode_component(component) for component in step]
    return [encode_component(step) if isinstance(step, str) else step]
