"""Finds the verb, runs it, and turns every way it can end into words and an exit code.

A verb is a module of this package that holds a `typer.Typer` called `app` with one command. It is imported only when it
is asked for, so that no verb pays for another.
"""

from __future__ import annotations

import difflib
import json
import os
import signal
import sys
import traceback
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException

from mktorrent_py.cli import messages
from mktorrent_py.errors import ContentError, ExitCode, TorrentError, UsageError

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
}

EPILOG = "Every command explains itself: mkt COMMAND --help"


class VerbGroup(TyperGroup):
    """The verbs by name; each module is imported when its verb is wanted."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in VERBS:
            close = difflib.get_close_matches(cmd_name, VERBS, n=1)
            hint = f"Did you mean {close[0]!r}?" if close else f"There are {', '.join(VERBS)}."
            raise UsageError(f"no command {cmd_name!r}. {hint}")
        command = typer.main.get_command(import_module(f"mktorrent_py.cli.{cmd_name}").app)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


app = typer.Typer(
    name="mkt",
    cls=VerbGroup,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
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
    signal.signal(signal.SIGTERM, _terminate)
    try:
        result = app(words, prog_name="mkt", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _leave_closed_pipe()
    except (KeyboardInterrupt, Abort):
        return _end("interrupted", ExitCode.INTERRUPTED, words, debug)
    except TyperException as error:
        return _end_usage(error, words, debug)
    except TorrentError as error:
        return _end(str(error), error.exit_code, words, debug, hint=error.hint, error=error)
    except OSError as error:
        return _end_os_error(error, words, debug)
    return int(result) if isinstance(result, int) else ExitCode.DONE


def _end_usage(error: TyperException, words: list[str], debug: bool) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        print(error.format_message())
        return ExitCode.USAGE
    verb = next((word for word in words if word in VERBS), "")
    return _end(
        _as_sentence(error.format_message()),
        ExitCode.USAGE,
        words,
        debug,
        hint=f"mkt {verb} --help lists what it takes.".replace("  ", " "),
    )


def _as_sentence(message: str) -> str:
    """Messages of ours start small and end without a full stop."""
    return message[:1].lower() + message[1:].rstrip(".")


def _end_os_error(error: OSError, words: list[str], debug: bool) -> int:
    reason = (error.strerror or str(error)).lower()
    where = f" {error.filename}" if error.filename else " the result"
    return _end(
        f"cannot write{where}: {reason}" if not error.filename else f"{error.filename}: {reason}",
        ContentError.exit_code,
        words,
        debug,
    )


def _end(
    message: str,
    code: int,
    words: list[str],
    debug: bool,
    *,
    hint: str | None = None,
    error: TorrentError | None = None,
) -> int:
    if debug:
        traceback.print_exc()
    if "--json" in words:
        _print_json_error(message, code, hint, error)
    messages.fail(message, hint)
    if not sys.stdout.closed:
        _quiet_stdout()
    return int(code)


def _print_json_error(message: str, code: int, hint: str | None, error: TorrentError | None) -> None:
    """The failure as an object on stdout: `schema`, and `error` with exit, message, path, offset, hint."""
    facts: dict[str, Any] = {"exit": int(code), "message": error.message if error else message, "hint": hint}
    if error is not None:
        facts |= {"path": error.path or None, "offset": error.offset}
    try:
        print(json.dumps({"schema": 1, "error": facts}, ensure_ascii=False), flush=True)
    except OSError:
        _quiet_stdout()


def _leave_closed_pipe() -> int:
    """Whoever reads our output wants no more of it: that is their answer, not a failure of ours."""
    _quiet_stdout()
    return ExitCode.DONE


def _quiet_stdout() -> None:
    """Keep the interpreter from complaining about a stdout that cannot be flushed any more."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _terminate(number: int, frame: Any) -> None:
    raise KeyboardInterrupt
