"""Exit codes, and how a failure is reported: an exception becomes a message, a hint and an exit code."""

from __future__ import annotations

import json
import os
import traceback
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from mktorrent_py.cli.hints import hint_for
from mktorrent_py.cli.invocation import Invocation
from mktorrent_py.cli.output import messages, streams
from mktorrent_py.errors import (
    CancelledError,
    ContentError,
    MetainfoError,
    NetworkError,
    RefusedError,
    TorrentError,
    UsageError,
)


class ExitCode(IntEnum):
    """What `mkt` returns to the shell."""

    DONE = 0
    NO = 1
    USAGE = 2
    CONTENT = 3
    METAINFO = 4
    REFUSED = 5
    NETWORK = 6
    DEFECT = 70
    INTERRUPTED = 130


_EXIT_CODES: dict[type[TorrentError], ExitCode] = {
    UsageError: ExitCode.USAGE,
    ContentError: ExitCode.CONTENT,
    CancelledError: ExitCode.INTERRUPTED,
    MetainfoError: ExitCode.METAINFO,
    RefusedError: ExitCode.REFUSED,
    NetworkError: ExitCode.NETWORK,
}


def exit_code_of(error: TorrentError) -> ExitCode:
    """Return the exit code of an error: that of the nearest class with one."""
    return next((_EXIT_CODES[kind] for kind in type(error).__mro__ if kind in _EXIT_CODES), ExitCode.NO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """An error as it is reported: what is wrong with what, what to do next, the exit code.

    `source` is the torrent, `path` the place in it and `offset` the byte where it happened; `text` is the message with
    all of them.
    """

    message: str
    code: int
    hint: str | None = None
    text: str | None = None
    source: str | None = None
    path: str | None = None
    offset: int | None = None

    def facts(self) -> dict[str, Any]:
        """Return the failure as data; `source` only if a torrent is to blame."""
        facts = {
            "exit": int(self.code),
            "message": self.message,
            "hint": self.hint,
            "path": self.path,
            "offset": self.offset,
        }
        return facts if self.source is None else {**facts, "source": self.source}


def end_with(error: BaseException, invocation: Invocation) -> int:
    """Report the error and return the exit code."""
    # A closed pipe means that the reader has enough: not a failure.
    if isinstance(error, BrokenPipeError):
        streams.hush_stdout()
        return ExitCode.DONE
    if invocation.debug:
        traceback.print_exception(error)
    failure = failure_of(error, invocation)
    if invocation.json:
        _print_json(failure)
    messages.fail(failure.text or failure.message, failure.hint)
    streams.hush_stdout()
    return int(failure.code)


def failure_of(error: BaseException, invocation: Invocation) -> Failure:
    """Return how an exception is reported; one that is not expected is an internal error."""
    match error:
        case TorrentError():
            return _of_ours(error)
        case KeyboardInterrupt() | EOFError():
            return Failure(message="interrupted", code=ExitCode.INTERRUPTED)
        case OSError():
            return _of_system(error)
        case MemoryError():
            return Failure(message="out of memory", code=ExitCode.CONTENT)
    import shlex

    return Failure(
        message=f"internal error (a bug in mkt): {type(error).__name__}: {error}",
        code=ExitCode.DEFECT,
        hint=f"Run mkt --debug {shlex.join(invocation.words)} for the details to report.",
    )


def _of_ours(error: TorrentError) -> Failure:
    return Failure(
        message=error.message,
        code=exit_code_of(error),
        hint=hint_for(error),
        text=str(error),
        source=error.source or None,
        path=error.path or None,
        offset=error.offset,
    )


def _of_system(error: OSError) -> Failure:
    from mktorrent_py.torrentfile import reason_of

    reason = reason_of(error)
    if not error.filename:
        return Failure(message=f"cannot write the result: {reason}", code=ExitCode.CONTENT)
    name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else str(error.filename)
    return Failure(message=f"cannot access {name}: {reason}", code=ExitCode.CONTENT)


def _print_json(failure: Failure) -> None:
    """Print the failure as an object on stdout: `schema`, and `error` with its facts."""
    try:
        print(json.dumps({"schema": 1, "error": failure.facts()}), flush=True)
    except OSError:
        streams.hush_stdout()
