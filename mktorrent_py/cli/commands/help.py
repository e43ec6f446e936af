"""`mkt help`: print a topic, the help of a command, or a JSON schema."""

from __future__ import annotations

import difflib
import json as json_module
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options.groups import Group, in_groups, with_examples
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import quoted

TOPICS = ("formats", "piece-length", "publishing", "seeding", "json", "exit-codes", "environment")
"""In the order in which they are listed; each is the name of a file in `help_topics`."""

SCHEMA = "schema"
_TOPIC_DIRECTORY = Path(__file__).parents[1] / "help_topics"
_SCHEMA_DIRECTORY = Path(__file__).parents[2] / "schemas"
_PART = re.compile(r'"\$ref": "urn:mktorrent-py:schema:1:parts:([a-z-]+)"')

app = typer.Typer()


class HelpOptions(Group):
    """What help is shown for."""

    topic: str | None = typer.Argument(
        None, metavar="[TOPIC|COMMAND]", help="A topic or a command; without one, a list of all."
    )
    name: str | None = typer.Argument(None, metavar="[NAME]", help="With the topic `schema`: the schema to print.")


@app.command(name="help", cls=with_examples("mkt help formats", "mkt help create", "mkt help schema create"))
@in_groups
def show_help(context: typer.Context, options: HelpOptions) -> int:
    """Show help for a topic or a command.

    The topic `schema` lists the JSON schemas of --json, and prints one: mkt help schema create.
    """
    topic, name = options.topic, options.name
    if name is not None and topic != SCHEMA:
        raise UsageError(f"unexpected argument {quoted(name)}", hint="mkt help takes one topic or command.")
    if topic is None:
        print(_overview(context.parent), end="")
    elif topic == SCHEMA:
        print(_schema_list() if name is None else json_module.dumps(bundled_schema(name), indent=2))
    elif topic in TOPICS:
        print(topic_text(topic), end="")
    else:
        _print_command_help(context.parent, topic)
    return ExitCode.DONE


def topic_text(topic: str) -> str:
    """The text of a topic: a title line, then paragraphs, one-line headings and indented blocks, in 80 columns."""
    return (_TOPIC_DIRECTORY / f"{topic}.txt").read_text(encoding="utf-8")


def topic_summary(topic: str) -> str:
    """What a topic is about: its title without the name before the colon."""
    return topic_text(topic).partition("\n")[0].partition(": ")[2]


def schema_names() -> list[str]:
    """Names of the JSON schemas, one for each kind of object that `mkt` prints."""
    return sorted([path.stem for path in _SCHEMA_DIRECTORY.glob("*.json")])


def bundled_schema(name: str) -> dict[str, Any]:
    """The schema with every part that it refers to under `$defs`, so that it stands alone.

    Raises UsageError if there is no such schema.
    """
    if name not in schema_names():
        raise UsageError(f"there is no schema {quoted(name)}", hint=_suggestion(name, schema_names()))
    schema = read_schema(name)
    parts: dict[str, Any] = {}
    waiting = [schema]
    while waiting:
        for part in _PART.findall(json_module.dumps(waiting.pop())):
            if part not in parts:
                parts[part] = read_schema(f"parts/{part}")
                waiting.append(parts[part])
    return schema if not parts else {**schema, "$defs": {**schema.get("$defs", {}), **parts}}


def read_schema(name: str) -> dict[str, Any]:
    """One schema file as it is shipped; `parts/NAME` is one that others refer to."""
    schema: dict[str, Any] = json_module.loads((_SCHEMA_DIRECTORY / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def _overview(parent: Any) -> str:
    """The help of `mkt` itself, with the topics below the commands."""
    group, formatter = parent.command, parent.make_formatter()
    group.format_usage(parent, formatter)
    group.format_help_text(parent, formatter)
    group.format_options(parent, formatter)
    with formatter.section("Topics"):
        formatter.write_dl([(topic, topic_summary(topic)) for topic in TOPICS])
    group.format_epilog(parent, formatter)
    return f"{formatter.getvalue().rstrip()}\n"


def _schema_list() -> str:
    names = schema_names()
    width = max([len(name) for name in names])
    return "\n".join([f"{name:{width}}  {read_schema(name)['title']}" for name in names])


def _print_command_help(parent: Any, name: str) -> None:
    known = parent.command.list_commands(parent)
    if name not in known:
        raise UsageError(
            f"there is no command or help topic {quoted(name)}", hint=_suggestion(name, [*known, *TOPICS, SCHEMA])
        )
    with parent.command.get_command(parent, name).make_context(name, ["--help"], parent=parent):
        """Making the context prints the help and raises Exit."""


def _suggestion(name: str, known: Sequence[str]) -> str:
    close: Iterable[str] = difflib.get_close_matches(name, known, n=1)
    return next((f"Did you mean {each}?" for each in close), f"Known: {', '.join(known)}.")
