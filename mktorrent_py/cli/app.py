"""Finds the verb, runs it, and ends with its exit code.

A verb is a module of this package that holds a `typer.Typer` called `app` with one command. It is imported only when it
is asked for, so that no verb pays for another.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Exit, TyperException

from mktorrent_py.cli import signals
from mktorrent_py.cli.exit import ExitCode, end_with
from mktorrent_py.cli.options.click_types import prepare, reworded
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted

VERBS = {
    "create": "Make a torrent of a file or directory",
    "inspect": "Show everything a torrent file or magnet says",
    "verify": "Check content on disk against torrents",
    "edit": "Change torrents without changing their infohash",
    "magnet": "Print the magnet URI of a torrent",
    "lint": "List what is wrong or unwise in torrents",
    "diff": "Compare two torrents",
    "seed": "Give content to others",
    "fetch": "Get content by torrent file or magnet",
    "track": "Run a tracker that lists your torrents",
    "help": "Show help for a topic or a command",
}

PROGRAM = "mkt"
COMPLETION = ("install_completion", "show_completion")
EPILOG = "Every command explains itself: mkt COMMAND --help"


class VerbGroup(TyperGroup):
    """The verbs by name; each module is imported when its verb is wanted."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            import difflib

            close = difflib.get_close_matches(cmd_name, VERBS, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(VERBS)}."
            raise UsageError(f"no command {quoted(cmd_name)}. {hint}")
        command: Any = typer.main.get_command(import_module(f"mktorrent_py.cli.commands.{cmd_name}").app)
        command.name = cmd_name
        command.rich_markup_mode = None
        # Completion is the program's, not a verb's.
        command.params = [each for each in command.params if each.name not in COMPLETION]
        prepare(command)
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def perform(self, words: list[str]) -> Any:
        """Run the verb that the words name and return what it returns.

        typer's own `main` would swallow interrupts and closed pipes, which are told of in one place, `cli.failure`.
        """
        self._main_shell_completion({}, PROGRAM)
        try:
            with self.make_context(PROGRAM, words) as context:
                return self.invoke(context)
        except Exit as ended:
            return ended.exit_code


app = typer.Typer(
    name=PROGRAM,
    cls=VerbGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


@app.callback()
def mkt(
    version: bool = typer.Option(False, "--version", "-V", help="Print the version; with -v the hashing kernel too."),
    debug: bool = typer.Option(False, "--debug", help="Show a traceback when something fails."),
) -> None:
    """Create, inspect, verify, edit, seed, fetch and track torrents: v1, v2 and hybrid."""


def run(words: list[str]) -> int:
    """Run `mkt` with these words and return its exit code; says on stderr what went wrong, if anything did."""
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    with signals.interrupting_once():
        return _run(words, debug)


def _run(words: list[str], debug: bool) -> int:
    group: Any = typer.main.get_command(app)
    try:
        result = group.perform(list(words))
        sys.stdout.flush()
    except TyperException as error:
        return _end_usage(error, words, debug)
    except (Exception, KeyboardInterrupt) as error:
        return end_with(error, words, debug=debug)
    return int(result) if isinstance(result, int) else ExitCode.DONE


def _end_usage(error: TyperException, words: list[str], debug: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return ExitCode.USAGE
    verb = next((word for word in words if word in VERBS), "")
    hint = f"mkt {verb} --help lists what it takes.".replace("  ", " ")
    usage = UsageError(_as_sentence(reworded(error.format_message())), hint=hint)
    return end_with(usage, words, debug=debug)


def _as_sentence(message: str) -> str:
    """Messages of ours start small and end without a full stop."""
    return message[:1].lower() + message[1:].rstrip(".")
