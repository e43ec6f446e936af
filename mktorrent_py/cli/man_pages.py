"""Writes the man pages from the help of the commands and the help topics.

    python -m mktorrent_py.cli.man_pages mktorrent_py/man

The pages are part of the source, so that installing needs no extra step; a test compares them with what is written
here. They hold the version and no date: the same source gives the same bytes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer

from mktorrent_py import __version__
from mktorrent_py.cli.app import PROGRAM, VERBS, app
from mktorrent_py.cli.commands.help import TOPICS, topic_text

SUMMARY = "create, inspect, verify, edit, seed, download and track torrents"
TOPIC_HEADINGS = {"exit-codes": "EXIT STATUS", "environment": "ENVIRONMENT"}
"""Headings that man pages have a usual name for."""

KEPT = "\b"
"""The first line of a paragraph whose lines are kept as they are, in the help of a command."""

_ESCAPES = str.maketrans({"\\": "\\e", "'": "\\(aq", "`": "\\(ga", "^": "\\(ha", "~": "\\(ti"})
_OPTION = re.compile(r"(?<![\w-])--?[A-Za-z0-9][\w-]*")


class RoffFormatter:
    """Takes what a command writes into its help and keeps it as roff.

    It has the methods of click's `HelpFormatter` that commands use. Text before the options is the description, text
    after them the notes.
    """

    width = 78
    current_indent = 0

    def __init__(self) -> None:
        self.usage = ""
        self.description: list[str] = []
        self.notes: list[str] = []
        self.sections: dict[str, list[str]] = {}
        self._section: list[str] | None = None

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        self.usage = f"{bold(prog)} {_as_written(args)}"

    def write_text(self, text: str) -> None:
        place = self.notes if self.sections else self.description
        place += paragraphs(text)

    def write_dl(self, rows: Iterable[tuple[str, str]], *_: Any, **__: Any) -> None:
        for names, text in rows:
            self._lines().extend([".TP", _option_names(names), _guarded(inline(text))])

    def write(self, string: str) -> None:
        self._lines().extend([".PP", ".nf", _guarded(_as_written(string.strip())), ".fi"])

    def write_paragraph(self) -> None:
        """Paragraphs are separated anyway."""

    @contextmanager
    def indentation(self) -> Iterator[None]:
        yield

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        self._section = self.sections.setdefault(name, [])
        yield
        self._section = None

    def _lines(self) -> list[str]:
        return self.description if self._section is None else self._section


def bold(text: str) -> str:
    return f"\\fB{_as_written(text)}\\fR"


def inline(text: str) -> str:
    """Running text: options keep their hyphens, so that they can be copied."""
    return _OPTION.sub(lambda found: found[0].replace("-", "\\-"), text.translate(_ESCAPES))


def paragraphs(text: str) -> list[str]:
    """Paragraphs, one-line headings and indented blocks, which blank lines separate: the form of the help topics."""
    lines: list[str] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        rows = block.split("\n")
        if rows[0].strip() == KEPT or block.startswith("  "):
            kept = [row.removeprefix("  ") for row in rows if row.strip() != KEPT]
            lines += [".PP", ".nf", *[_guarded(_as_written(row)) for row in kept], ".fi"]
        elif len(rows) == 1 and block[-1] not in ".:":
            lines.append(f".SS {_as_written(block)}")
        else:
            lines += [".PP", *[_guarded(inline(row)) for row in rows]]
    return lines


def _as_written(text: str) -> str:
    return text.translate(_ESCAPES).replace("-", "\\-")


def _guarded(line: str) -> str:
    """A line of text that roff does not take for a request."""
    return f"\\&{line}" if line.startswith((".", "\\(aq")) else line


def _option_names(names: str) -> str:
    words = []
    for word in names.split(" "):
        if word.startswith("-") and len(word) > 1:
            words.append(bold(word.removesuffix(",")) + ("," if word.endswith(",") else ""))
        else:
            words.append(word if word in ("/", "") else f"\\fI{_as_written(word)}\\fR")
    return " ".join(words)


def pages() -> dict[str, str]:
    """All man pages by file name."""
    group: Any = typer.main.get_command(app)
    context = group.context_class(group, info_name=PROGRAM, **group.context_settings)
    written = {f"{PROGRAM}.1": _main_page(group, context)}
    for verb, summary in VERBS.items():
        command = group.get_command(context, verb)
        inner = command.context_class(command, info_name=verb, parent=context, **command.context_settings)
        written[f"{PROGRAM}-{verb}.1"] = _verb_page(command, inner, verb, summary)
    return written


def _main_page(group: Any, context: Any) -> str:
    formatter = RoffFormatter()
    group.format_help(context, formatter)
    commands = formatter.sections.pop("Commands", [])
    # The page of each command is named as `man` finds it.
    commands = [re.sub(r"^\\fI(.*)\\fR$", rf"\\fB{PROGRAM}\\-\1\\fR(1)", line) for line in commands]
    lines = [
        *_head(PROGRAM, SUMMARY, formatter),
        *(".SH COMMANDS", *commands),
        *_options(formatter),
    ]
    for topic in sorted(TOPICS, key=lambda each: each in TOPIC_HEADINGS):
        title, _, text = topic_text(topic).partition("\n")
        lines += [f".SH {TOPIC_HEADINGS.get(topic) or title.partition(':')[0].upper()}", *paragraphs(text)]
    return _joined([*lines, ".SH SEE ALSO", ",\n".join([f"{bold(f'{PROGRAM}-{verb}')}(1)" for verb in VERBS])])


def _verb_page(command: Any, context: Any, verb: str, summary: str) -> str:
    formatter = RoffFormatter()
    command.format_help(context, formatter)
    examples = formatter.sections.pop("Examples", [])
    return _joined([
        *_head(f"{PROGRAM}-{verb}", summary[:1].lower() + summary[1:], formatter),
        *_options(formatter),
        *([".SH EXAMPLES", *examples] if examples else []),
        *([".SH NOTES", *formatter.notes] if formatter.notes else []),
        *(".SH EXIT STATUS", f"See {bold(PROGRAM)}(1)."),
        *(".SH SEE ALSO", f"{bold(PROGRAM)}(1)"),
    ])  # fmt: skip


def _head(name: str, summary: str, formatter: RoffFormatter) -> list[str]:
    return [
        f'.\\" Generated by mktorrent_py.cli.man_pages; change the help instead.\n.TH {_as_written(name.upper())} 1'
        f' "" "mktorrent_py {__version__}" "User Commands"',
        *(".SH NAME", f"{_as_written(name)} \\- {inline(summary)}"),
        *(".SH SYNOPSIS", formatter.usage),
        *(".SH DESCRIPTION", *formatter.description),
    ]


def _options(formatter: RoffFormatter) -> list[str]:
    headed = [line for name, rows in formatter.sections.items() if rows for line in (f".SS {_as_written(name)}", *rows)]
    return [".SH OPTIONS", *headed]


def _joined(lines: Iterable[str]) -> str:
    """The page. A paragraph begins after every heading, so that a request for one there is redundant."""
    return re.sub(r"(\n\.S[HS] [^\n]*)\n\.PP\n", r"\1\n", "\n".join(lines)) + "\n"


def main(directory: str) -> None:
    """Write all pages into `directory`, and remove pages of commands that are no more."""
    target = Path(directory)
    target.mkdir(parents=True, exist_ok=True)
    written = pages()
    for path in target.glob("*.1"):
        if path.name not in written:
            path.unlink()
    for name, page in written.items():
        (target / name).write_text(page, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m mktorrent_py.cli.man_pages DIRECTORY")
    main(sys.argv[1])
