"""Errors and warnings of reading a torrent.

An *error* makes the torrent unsafe, inconsistent or meaningless: there is no model of it. A *warning* is a field of a
wrong type or an unusual form that clients read around: the field is missing from the typed view, stays in the raw
bytes, and is reported. Both keep the place where they occurred, so that all can be listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain

from mktorrent_py.errors import MetainfoError
from mktorrent_py.formatting import brief
from mktorrent_py.metainfo.layout import PathComponents, encode_component
from mktorrent_py.metainfo.paths import brief_path

MAX_DIAGNOSTICS = 1000
"""Diagnostics kept of each kind: a hostile torrent could break a rule in every entry."""

Step = str | int | bytes | PathComponents
"""One step into a metainfo: a key, a list index, a key that is a hash, or a way down the file tree."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """An error or a warning: the rule's id, the steps to the place, a message, and the byte if it is known."""

    rule: str
    steps: tuple[Step, ...] = ()
    message: str
    offset: int | None = None

    @property
    def path(self) -> str:
        """The key path: `info.files[3].length`, `info.file tree[docs/guide.txt].length`."""
        return "".join([_shown_step(step, is_first=not at) for at, step in enumerate(self.steps)])

    @property
    def keys(self) -> tuple[bytes | int, ...]:
        """The key path as bencode has it."""
        return tuple(chain.from_iterable([_keys_of(step) for step in self.steps]))

    def as_error(self) -> MetainfoError:
        return MetainfoError(self.message, code=self.rule, path=self.path, offset=self.offset)


@dataclass(slots=True)
class Diagnostics:
    """Collects errors and warnings while knowing the place of what is being read.

    Places are formatted only on demand: formatting that of every file would take quadratic time where the name of a
    directory is long.
    """

    errors: list[Diagnostic] = field(default_factory=list)
    warnings: list[Diagnostic] = field(default_factory=list)
    _where: list[Step] = field(default_factory=list)

    @contextmanager
    def at(self, step: Step) -> Iterator[None]:
        """A context in which everything noted is below this step."""
        self._where.append(step)
        try:
            yield
        finally:
            self._where.pop()

    def error(self, rule: str, message: str, *steps: Step, offset: int | None = None) -> None:
        self._keep(self.errors, rule, message, steps, offset)

    def warning(self, rule: str, message: str, *steps: Step, offset: int | None = None) -> None:
        self._keep(self.warnings, rule, message, steps, offset)

    def _keep(
        self, kept: list[Diagnostic], rule: str, message: str, steps: tuple[Step, ...], offset: int | None
    ) -> None:
        if len(kept) < MAX_DIAGNOSTICS:
            kept.append(Diagnostic(rule=rule, steps=(*self._where, *steps), message=message, offset=offset))


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
