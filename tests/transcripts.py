"""Transcripts of `mkt` on a terminal of 80 columns, to be compared with `tests/snapshots`.

A test runs command lines through a `Transcript` and compares its `text` with a snapshot, a `TextFile`: one file per
verb, so that its wording can be read as a whole. After a change, `pytest --snapshot-update` rewrites the files.
"""

from __future__ import annotations

import io
import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import pytest
from commands import MKT
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

import mktorrent_py
from mktorrent_py.cli import main
from mktorrent_py.cli.output import console, progress

DATE = "1700000000"
NEVER = 1e9

REPLACEMENTS = [
    (re.compile(re.escape(mktorrent_py.__version__)), "VERSION"),
    (re.compile(r"(?<=took {9})[0-9.,]+ \w+, [0-9.,]+ \w+/s"), "TIME, RATE"),
    (re.compile(r'(?<="seconds": )[0-9.]+'), "SECONDS"),
    (re.compile(r"(?<=\nseconds\t)[0-9.]+"), "SECONDS"),
    (re.compile(r'(?<=bytes_per_second": )[0-9]+'), "RATE"),
    (re.compile(r"(?<=\nbytes_per_second\t)[0-9]+"), "RATE"),
    (re.compile(r"SHA-1 by \w+, SHA-256 by \w+, \d+ threads?, reading .*"), "SHA-1 by KERNEL, ..."),
]
"""What differs from run to run or from machine to machine, and what stands for it."""


class TextFile(SingleFileSnapshotExtension):
    """A snapshot as a text file of its own, named after its test."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"


class Transcript:
    """Command lines, what they printed, and their exit codes; stderr is marked with `2> `."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self._capsys, self._monkeypatch = capsys, monkeypatch
        self._parts: list[str] = []
        for name, value in {"COLUMNS": "80", "NO_COLOR": "1", "SOURCE_DATE_EPOCH": DATE}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(progress, "APPEARS_AFTER", NEVER)

    @property
    def text(self) -> str:
        return "\n".join(self._parts)

    def section(self, title: str) -> None:
        """Begin a part of the document."""
        self._parts.append(f"== {title} ==\n")

    def run_process(self, lines: str) -> None:
        """Run command lines, one a line, as processes: for verbs that give up rights of theirs, and for a pipe."""
        for words in [shlex.split(line) for line in lines.strip().splitlines()]:
            done = subprocess.run([*MKT, *words], capture_output=True, text=True, timeout=60)
            self._record(words, done.stdout, done.stderr, done.returncode, " | cat")

    def run(self, *words: str, terminal: bool = True, stdin: bytes = b"") -> None:
        """Run `mkt` and record what a terminal, or else a pipe, gets."""
        with self._monkeypatch.context() as patch:
            patch.setattr(console, "is_terminal", lambda stream: terminal)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
            code = main(words)
        out, err = self._capsys.readouterr()
        self._record(words, out, err, code, "" if terminal else " | cat")

    def _record(self, words: Sequence[str], out: str, err: str, code: int, pipe: str) -> None:
        lines = [f"$ mkt {shlex.join(words)}{pipe}\n", out]
        lines += [f"2> {line}\n" for line in err.splitlines()]
        lines += [f"[exit {code}]\n"] if code else []
        text = "".join(lines)
        for pattern, replacement in REPLACEMENTS:
            text = pattern.sub(replacement, text)
        self._parts.append("".join([f"{line.rstrip()}\n" for line in text.splitlines()]))

    def show(self, printer: Any, views: Iterable[Any], *, title: str) -> None:
        """Record what an event printer prints of views."""
        for view in views:
            printer.show(view)
        out, err = self._capsys.readouterr()
        lines = [line for line in err.replace("\r\x1b[K", "\n").splitlines() if line]
        text = f"$ {title}\n{out}" + "".join([f"2> {line}\n" for line in lines])
        self._parts.append("".join([f"{line.rstrip()}\n" for line in text.splitlines()]))

    def run_each(self, lines: str, **options: Any) -> None:
        """Run several command lines, one a line, as a shell would split them."""
        for line in lines.strip().splitlines():
            self.run(*shlex.split(line), **options)
