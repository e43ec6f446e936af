"""Options that several verbs share, and the words in which their values are given."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from typer.core import TyperCommand

from mktorrent_py.cli.options.groups import Group
from mktorrent_py.cli.output import streams
from mktorrent_py.cli.output.progress import ProgressMode
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import rules

T = TypeVar("T")
Text = str | None
Texts = list[str]

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
FieldOption = Annotated[
    str | None, typer.Option("--field", metavar="NAME", help="Print this value and nothing else, e.g. infohash.v1.")
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Say how it was done.")]
ProgressOption = Annotated[
    ProgressMode, typer.Option("--progress", help="How progress shows on stderr; auto is a bar on a terminal.")
]
ThreadsOption = Annotated[
    int,
    typer.Option("--threads", "-j", metavar="N", min=0, max=256, help="Hash with N threads; 0 for what pays here."),
]

STANDARD_STREAM = Path("-")


class Manner(Group):
    """How content is hashed, and how that is told."""

    threads: ThreadsOption = 0
    json: JsonOption = False
    field: FieldOption = None
    progress: ProgressOption = ProgressMode.AUTO
    quiet: QuietOption = False
    verbose: VerboseOption = False

    def progress_mode(self) -> ProgressMode:
        """--quiet means no bar either, unless one was asked for."""
        is_silent = self.quiet and self.progress is ProgressMode.AUTO
        return ProgressMode.NONE if is_silent else self.progress


class GroupedCommand(TyperCommand):
    """A command with so many options that its help lists them under headings: their `rich_help_panel`."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is not None:
                default = "Arguments" if parameter.param_type_name == "argument" else "Options"
                groups.setdefault(getattr(parameter, "rich_help_panel", None) or default, []).append(record)
        for heading, records in groups.items():
            with formatter.section(heading):
                formatter.write_dl(records)


def refuse_two_faces(*, json: bool, field: str | None) -> None:
    """Raises UsageError for --json with --field: standard output has one face."""
    if json and field is not None:
        raise UsageError("--json and --field exclude each other", hint="jq finds one value in --json.")


def read_stdin_bytes(limit: int) -> bytes:
    """All of standard input, up to `limit` bytes and one more. Raises ContentError if there is none."""
    return streams.binary_stdin().read(limit + 1)


def check_text(text: str, what: str) -> str:
    """Text that a torrent may hold. Raises UsageError for bytes that are not UTF-8."""
    rules.require(rules.text(text, what))
    return text


def check_not_empty(text: str, what: str) -> str:
    """Text with a character at least. Raises UsageError for an empty one, as an unset shell variable leaves it."""
    if not text:
        raise UsageError(f"{what} is empty", hint=f"Omit {what} or give it a value.")
    return check_text(text, what)


def split_tier(text: str) -> tuple[str, ...]:
    """The trackers of one `--tracker`: separated by commas, which a URL must write as %2C."""
    urls = tuple([url.strip() for url in text.split(",") if url.strip()])
    if not urls:
        raise UsageError(f"{quoted(text)} contains no tracker URL", code="tier-empty")
    return tuple([check_url(url, rules.tracker_url) for url in urls])


def check_url(url: str, rule: Callable[[str], rules.Problem | None]) -> str:
    """Return the URL if `rule` accepts it. Raises UsageError."""
    rules.require(rule(url))
    return url


def parse_node(text: str) -> tuple[str, int]:
    """A DHT node from `HOST:PORT` or `[IPV6]:PORT`."""
    return _valid(rules.parse_node(text))


def parse_infohash(text: str) -> bytes:
    """20 bytes from 40 hex digits."""
    return _valid(rules.parse_infohash(text))


def _valid(parsed: T | rules.Problem) -> T:
    if isinstance(parsed, rules.Problem):
        raise parsed.as_error()
    return parsed


def parse_date(text: str, now: float) -> int:
    """Unix seconds from `now`, Unix seconds, or an ISO date and time (UTC unless it says otherwise)."""
    word = text.strip()
    if word == "now":
        return int(now)
    moment = _iso_moment(word)
    if re.fullmatch(r"@?[0-9]{1,12}", word):
        if moment is not None:
            raise UsageError(
                f"{quoted(text)} may be a date or Unix seconds", hint=f"Write {moment.date().isoformat()}, or @{word}."
            )
        return int(word.removeprefix("@"))
    if moment is None:
        raise UsageError(
            f"{quoted(text)} is not a date", hint="Write 2026-11-22, 2026-11-22T21:50:00Z, Unix seconds, or now."
        )
    seconds = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
    rules.require(rules.creation_date(seconds))
    return seconds


def _iso_moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def source_date_epoch(environment: Mapping[str, str] = os.environ) -> int | None:
    """SOURCE_DATE_EPOCH, in Unix seconds, where it is set: builds that are to be repeated want no clock."""
    text = environment.get("SOURCE_DATE_EPOCH")
    if text is None or text == "":
        return None
    if not re.fullmatch(r"[0-9]{1,12}", text.strip()):
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {quoted(text)}, which is no number of seconds", hint="Unset it or mend it."
        )
    return int(text)
