"""Exit codes, and every way a verb can fail: as a message and an exit code."""

from __future__ import annotations

import json
import os
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from mktorrent_py.cli.hints import hint_for
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
    """The exit code that an error ends the command with: that of the nearest class with one."""
    return next((_EXIT_CODES[kind] for kind in type(error).__mro__ if kind in _EXIT_CODES), ExitCode.NO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What happened and to what, what to do next, and the code to end with.

    `source` is the torrent, `path` where in it and `offset` at which byte it happened; `said` is the message with all.
    """

    message: str
    code: int
    hint: str | None = None
    said: str | None = None
    source: str | None = None
    path: str | None = None
    offset: int | None = None

    def facts(self) -> dict[str, Any]:
        """As JSON tells it; `source` where one torrent is to blame."""
        facts = {
            "exit": int(self.code),
            "message": self.message,
            "hint": self.hint,
            "path": self.path,
            "offset": self.offset,
        }
        return facts if self.source is None else {**facts, "source": self.source}


def end_with(error: BaseException, words: Sequence[str], *, debug: bool) -> int:
    """Tell of the error and return the exit code."""
    # Whoever closed our output wants no more of it: that is their answer, not a failure of ours.
    if isinstance(error, BrokenPipeError):
        streams.hush_stdout()
        return ExitCode.DONE
    if debug:
        traceback.print_exception(error)
    failure = failure_of(error, words)
    if "--json" in words:
        _print_json(failure)
    messages.fail(failure.said or failure.message, failure.hint)
    streams.hush_stdout()
    return int(failure.code)


def failure_of(error: BaseException, words: Sequence[str]) -> Failure:
    """The failure that an exception stands for; one that nobody foresaw is a defect, and says so."""
    match error:
        case TorrentError():
            return _of_ours(error)
        case KeyboardInterrupt() | EOFError():
            return Failure(message="interrupted", code=ExitCode.INTERRUPTED)
        case OSError():
            return _of_system(error)
        case MemoryError():
            return Failure(message="there is not enough memory for this", code=ExitCode.CONTENT)
    return Failure(
        message=f"this is a defect of mkt: {type(error).__name__}: {error}",
        code=ExitCode.DEFECT,
        hint=f"To report it: mkt --debug {' '.join(words)}",
    )


def _of_ours(error: TorrentError) -> Failure:
    return Failure(
        message=error.message,
        code=exit_code_of(error),
        hint=hint_for(error),
        said=str(error),
        source=error.source or None,
        path=error.path or None,
        offset=error.offset,
    )


def _of_system(error: OSError) -> Failure:
    reason = (error.strerror or str(error)).lower()
    if not error.filename:
        return Failure(message=f"cannot write the result: {reason}", code=ExitCode.CONTENT)
    name = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else str(error.filename)
    named = f"cannot use {name}: {reason}"
    return Failure(message=named, code=ExitCode.CONTENT)


def _print_json(failure: Failure) -> None:
    """The failure as an object on stdout: `schema`, and `error`, which holds its facts."""
    try:
        print(json.dumps({"schema": 1, "error": failure.facts()}), flush=True)
    except OSError:
        streams.hush_stdout()
