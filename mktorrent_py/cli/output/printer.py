"""Prints results on stdout in the format that was asked for: JSON, one field, nothing, text, or tab lines."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from mktorrent_py.cli.output import console, table
from mktorrent_py.cli.output.table import Facts


class Format(Enum):
    """The output formats."""

    JSON = auto()
    FIELD = auto()
    QUIET = auto()
    TEXT = auto()
    TAB = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a verb found or did, ready for every output format.

    `facts` are for JSON and single fields. `lines` are the text for a terminal and `tab_lines` the lines for a pipe,
    by default `facts` as `key<TAB>value`; both are iterated only when they are printed, so a generator costs nothing
    elsewhere. With `field_facts`, single fields come from these. With `event`, JSON is one line of a stream of events.
    `is_partial` marks a result that lacks facts which others of its verb have: such a field prints nothing.
    """

    facts: Facts
    lines: Iterable[str] = ()
    tab_lines: Iterable[str] | None = None
    field_facts: Facts | None = None
    event: str = ""
    is_partial: bool = False


class Printer:
    """Prints the results of one command in one format."""

    def __init__(self, *, json: bool = False, field: str | None = None, quiet: bool = False) -> None:
        self.field = field
        if json:
            self.format = Format.JSON
        elif field is not None:
            self.format = Format.FIELD
        elif quiet:
            self.format = Format.QUIET
        else:
            self.format = Format.TEXT if console.is_terminal(sys.stdout) else Format.TAB

    @property
    def is_text(self) -> bool:
        """Whether a person reads the result on a terminal."""
        return self.format is Format.TEXT

    def check_field(self, known: Sequence[str]) -> None:
        """Raise UsageError, before the work, if --field asks for a name that no result can have."""
        if self.field is not None:
            table.check_field_name(self.field, known)

    def check(self, result: Result) -> None:
        """Raise UsageError if --field asks for what this result lacks, for verbs that know before they write."""
        if self.field is not None:
            list(table.field_lines(result.facts, self.field))

    def print(self, result: Result) -> None:
        """Print one result. Raises UsageError for a field that it does not have."""
        match self.format:
            case Format.JSON if result.event:
                table.print_json_line({"event": result.event, **result.facts})
            case Format.JSON:
                table.print_json(result.facts)
            case Format.FIELD:
                self._print_field(result)
            case Format.TEXT:
                _write_lines(result.lines)
            case Format.TAB:
                _write_lines(table.tab_lines(result.facts) if result.tab_lines is None else result.tab_lines)

    def print_list(self, results: Iterable[Result], enclose: Callable[[list[Facts]], Facts]) -> None:
        """Print each result as it comes; as JSON, print one object at the end, which `enclose` makes of all facts."""
        if self.format is Format.JSON:
            table.print_json(enclose([result.facts for result in results]))
            return
        for result in results:
            self.print(result)

    def _print_field(self, result: Result) -> None:
        facts, field = result.field_facts or result.facts, self.field or ""
        if not result.is_partial or field.partition(".")[0] in facts:
            _write_lines(table.field_lines(facts, field))


def _write_lines(lines: Iterable[str]) -> None:
    # One write: each would be a system call of its own on a terminal.
    sys.stdout.write("".join([f"{line}\n" for line in lines]))
