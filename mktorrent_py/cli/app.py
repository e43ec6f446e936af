"""Finds the verb, runs it, and returns its exit code.

A verb is a module of `cli.commands` with a `typer.Typer` called `app` that has one command. It is imported only when it
is used, so that no verb waits for the imports of another.
"""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup, TyperOption
from typer.exceptions import Exit, TyperException

from mktorrent_py.cli import signals
from mktorrent_py.cli.exit import ExitCode, end_with
from mktorrent_py.cli.invocation import Invocation
from mktorrent_py.cli.options.click_types import prepare, reworded
from mktorrent_py.cli.options.groups import options_given
from mktorrent_py.cli.version import print_version
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted

VERBS = {
    "create": "Create a torrent of a file or directory",
    "inspect": "Show what a torrent file or magnet holds",
    "verify": "Check content against torrents",
    "edit": "Change trackers, comments and other keys of torrents",
    "magnet": "Print the magnet URI of a torrent",
    "lint": "Report what is wrong or unwise in torrents",
    "diff": "Compare two torrents",
    "seed": "Seed content",
    "fetch": "Download content by torrent file or magnet",
    "track": "Run a tracker that lists your torrents",
    "help": "Show help for a topic or a command",
}
LONG_LIVED = {"seed", "fetch", "track"}

PROGRAM = "mkt"
COMPLETION = ("install_completion", "show_completion")
EPILOG = "mkt COMMAND --help explains a command and its options."
DEBUG_HELP = "Show a traceback if something fails."


class VerbGroup(TyperGroup):
    """The verbs by name; the module of a verb is imported when it is used."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            import difflib

            close = difflib.get_close_matches(cmd_name, VERBS, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"The commands are {', '.join(VERBS)}."
            raise UsageError(f"unknown command {quoted(cmd_name)}. {hint}")
        if cmd_name in LONG_LIVED:
            # `entry` has turned it off, for verbs that end soon.
            gc.enable()
        command: Any = typer.main.get_command(import_module(f"mktorrent_py.cli.commands.{cmd_name}").app)
        command.name = cmd_name
        command.rich_markup_mode = None
        # Completion is an option of the program, not of a verb. --debug can be written at the end of the line.
        command.params = [each for each in command.params if each.name not in COMPLETION]
        command.params.append(TyperOption(param_decls=["--debug"], is_flag=True, default=False, help=DEBUG_HELP))
        prepare(command)
        return command

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        words = list(args)
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except Exception:
            if isinstance(ctx.obj, Invocation):
                ctx.obj.record(options_given(self, ctx, words))
            raise
        if isinstance(ctx.obj, Invocation):
            ctx.obj.record(ctx.params)
        return rest

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))

    def perform(self, invocation: Invocation) -> Any:
        """Run the verb that the words name and return what it returns.

        typer's own `main` would swallow interrupts and closed pipes, which `cli.exit` reports.
        """
        self._main_shell_completion({}, PROGRAM)
        try:
            with self.make_context(PROGRAM, list(invocation.words), obj=invocation) as context:
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


def _print_version(is_asked: bool) -> None:
    """Answer --version among other words; alone it is answered before this module is imported."""
    if is_asked:
        raise Exit(print_version(verbose=False))


@app.callback()
def mkt(
    version: bool = typer.Option(
        False,
        "--version",
        "-V",
        callback=_print_version,
        is_eager=True,
        help="Print the version; with -v also the hashing kernels.",
    ),
    debug: bool = typer.Option(False, "--debug", help=DEBUG_HELP),
) -> None:
    """Create, inspect, verify, edit, seed, fetch and track torrents: v1, v2 and hybrid."""


def run(words: list[str]) -> int:
    """Run `mkt` with these words and return its exit code; an error is reported on stderr."""
    group: Any = typer.main.get_command(app)
    invocation = Invocation(words=tuple(words))
    with signals.interrupting_once():
        try:
            result = group.perform(invocation)
            sys.stdout.flush()
        except TyperException as error:
            return _end_usage(error, invocation)
        except (Exception, KeyboardInterrupt) as error:
            return end_with(error, invocation)
    return int(result) if isinstance(result, int) else ExitCode.DONE


def _end_usage(error: TyperException, invocation: Invocation) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return ExitCode.USAGE
    message = reworded(error.format_message())
    command = f"{PROGRAM} {invocation.verb}".rstrip()
    # Our messages start small and end without a full stop.
    usage = UsageError(message[:1].lower() + message[1:].rstrip("."), hint=f"See {command} --help.")
    return end_with(usage, invocation)
