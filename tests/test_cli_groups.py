"""Commands that take their options in groups."""

from __future__ import annotations

import inspect

import pytest
import typer

from mktorrent_py.cli.options.groups import Group, flag, in_groups, option, repeatable, with_examples
from mktorrent_py.cli.options.output import JsonOption


class Size(Group):
    heading = "How large"

    what: str = typer.Argument(metavar="WHAT", help="The thing itself.")
    width: int = typer.Option(1, "--width", help="From left to right.")
    names: list[str] = repeatable("--name", metavar="NAME", help="What it is called.")


class Look(Group):
    colour: str | None = option("--colour", help="Any of them.")
    bright: bool = flag("--bright", help="Not dark.")
    json: JsonOption = False

    def words(self) -> str:
        return f"{'bright' if self.bright else 'dark'} {self.colour}"


@in_groups
def paint(size: Size, look: Look) -> str:
    """Paint it."""
    return f"{size.what} {size.width} {size.names} {look.words()} {look.json}"


def command() -> typer.core.TyperCommand:
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    app.command(cls=with_examples("paint box", "paint box --bright"))(paint)
    return typer.main.get_command(app)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["box"], "box 1 [] dark None False"),
        (["--bright", "box", "--width", "7", "--json"], "box 7 [] bright None True"),
        (["box", "--name", "a", "--colour", "red", "--name", "b"], "box 1 ['a', 'b'] dark red False"),
    ],
)
def test_each_group_has_the_values_of_its_options(words: list[str], said: str) -> None:
    assert command().main(words, standalone_mode=False) == said


def test_help_stands_under_the_headings_of_the_groups() -> None:
    words = command().get_help(typer.Context(command()))
    places = [
        words.index(part)
        for part in (
            "Paint it.",
            "Examples:\n  paint box\n  paint box --bright\n",
            "Arguments:",
            "WHAT  The thing",
            "How large:",
            "--width",
        )
    ]
    places += [words.index(part) for part in ("--name NAME", "General:", "--colour TEXT", "--json")]
    assert places == sorted(places)


def test_the_parameters_are_the_options_in_order() -> None:
    assert list(inspect.signature(paint).parameters) == ["what", "width", "names", "colour", "bright", "json"]


def test_no_option_can_stand_in_two_groups() -> None:
    def confused(one: Size, other: Size) -> None: ...

    with pytest.raises(ValueError, match="what"):
        in_groups(confused)
