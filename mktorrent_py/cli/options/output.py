"""How results are printed: the options for it, the same for every verb."""

from __future__ import annotations

from typing import Annotated

import typer

from mktorrent_py.cli.options.groups import Group, flag
from mktorrent_py.cli.output.printer import Printer
from mktorrent_py.cli.output.progress import ProgressMode
from mktorrent_py.errors import UsageError

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
FieldOption = Annotated[
    str | None,
    typer.Option("--field", metavar="NAME", help="Print only this value, e.g. infohash.v1.", show_default=False),
]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="Print errors only.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", "-v", help="Show hashing kernel, threads and read order.")]
ProgressOption = Annotated[
    ProgressMode,
    typer.Option(
        "--progress", help="Progress on stderr; auto, the default, is a bar on a terminal.", show_default=False
    ),
]
ThreadsOption = Annotated[
    int,
    typer.Option(
        "--threads",
        "-j",
        metavar="N",
        min=0,
        max=256,
        help="Hash with N threads; 0, the default, chooses a number.",
        show_default=False,
    ),
]


class JsonOptions(Group):
    """Output options of a verb without fields."""

    json: JsonOption = False
    quiet: QuietOption = False


class EventOptions(Group):
    """Output options of a verb that runs until it is stopped."""

    json: bool = flag("--json", help="Print events as JSON, one object a line.")
    quiet: QuietOption = False


class OutputOptions(JsonOptions):
    """Output options of a verb that ends with a result."""

    field: FieldOption = None

    def printer(self) -> Printer:
        """Make the printer for these options. Raises UsageError for --json with --field."""
        if self.json and self.field is not None:
            raise UsageError("--json and --field cannot be combined", hint="Use jq to pick one value from --json.")
        return Printer(json=self.json, field=self.field, quiet=self.quiet)


class HashingOptions(OutputOptions):
    """Output options of a verb that hashes content, and how it hashes."""

    verbose: VerboseOption = False
    progress: ProgressOption = ProgressMode.AUTO
    threads: ThreadsOption = 0

    def progress_mode(self) -> ProgressMode:
        """Return how progress is shown: not at all with --quiet, unless --progress asks for it."""
        is_silent = self.quiet and self.progress is ProgressMode.AUTO
        return ProgressMode.NONE if is_silent else self.progress
