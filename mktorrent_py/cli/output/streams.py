"""Standard input, output and error, which may be closed, full, gone, or in an encoding of their own."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import os
import sys
from typing import BinaryIO, TextIO

from mktorrent_py.errors import ContentError

ESCAPED = "mkt-escaped"
"""Name of the error handler that escapes what an encoding lacks as JSON does: `\\u20ac`, in JSON and text alike."""

_MODES = {"stdin": "r", "stdout": "w", "stderr": "w"}


def prepare() -> None:
    """Make the standard streams safe to use, whatever they are.

    A closed one is replaced by the null device: otherwise the next file that is opened would get its number, and with
    it the messages. Characters that the encoding of stdout lacks are escaped.
    """
    for name, mode in _MODES.items():
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - stays open for good
    codecs.register_error(ESCAPED, _escape)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors=ESCAPED)


def _escape(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


def binary_stdin() -> BinaryIO:
    """Return standard input as a binary stream. Raises ContentError if it is closed."""
    _refuse_closed("stdin", "read standard input")
    return sys.stdin.buffer


def write_binary_stdout(data: bytes) -> None:
    """Write all of `data` to standard output. Raises ContentError if it is closed."""
    _refuse_closed("stdout", "write to standard output")
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def hush_stdout() -> None:
    """Flush stdout, and drop what cannot be written, which the interpreter would report when it ends."""
    _hush(sys.stdout)


def hush_stderr() -> None:
    """Do the same for stderr."""
    _hush(sys.stderr)


def _hush(stream: TextIO) -> None:
    try:
        stream.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _refuse_closed(name: str, action: str) -> None:
    if getattr(getattr(sys, name), "name", None) == os.devnull:
        raise ContentError(f"cannot {action}: it is closed")
