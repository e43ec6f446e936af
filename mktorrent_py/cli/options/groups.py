"""Options in groups, for commands that have many of them.

typer reads the options of a command from the parameters of a function. `in_groups` makes such a function of a command
that takes groups: the options of all of them are its parameters, and what was said on the command line reaches the
command as one value a group. So what belongs together is declared, and made sense of, in one place.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, TypeVar, get_type_hints

import typer
from typer.models import OptionInfo

Result = TypeVar("Result")


class Group:
    """Options that belong together: the annotated fields of a subclass, declared as typer wants its parameters.

    Where there is a `heading`, their help stands under it.
    """

    heading = ""

    def __init__(self, words: Mapping[str, Any]) -> None:
        """Take what was said of these options, among others."""
        self.__dict__.update({name: words[name] for name in type(self).__annotations__})

    @classmethod
    def parameters(cls) -> list[Parameter]:
        hints = get_type_hints(cls, include_extras=True)
        return [
            Parameter(name, Parameter.KEYWORD_ONLY, default=cls._declared(name), annotation=hint)
            for name, hint in hints.items()
        ]

    @classmethod
    def _declared(cls, name: str) -> Any:
        declared = getattr(cls, name, Parameter.empty)
        if cls.heading and isinstance(declared, OptionInfo):
            declared.rich_help_panel = cls.heading
        return declared


def in_groups(command: Callable[..., Result]) -> Callable[..., Result]:
    """The function that typer can read, for a command whose parameters are groups."""
    groups = {name: kind for name, kind in get_type_hints(command).items() if name != "return"}

    @wraps(command)
    def with_options(**words: Any) -> Result:
        return command(**{name: kind(words) for name, kind in groups.items()})

    parameters = [parameter for kind in groups.values() for parameter in kind.parameters()]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(with_options)["__signature__"] = Signature(parameters)
    return with_options


def option(*names: str, metavar: str = "TEXT", help: str) -> Any:
    """An option that takes a value, and None where it is not given."""
    return typer.Option(None, *names, metavar=metavar, help=help, show_default=False)


def repeatable(*names: str, metavar: str, help: str) -> Any:
    """An option that may be given more than once: a list of values."""
    return typer.Option([], *names, metavar=metavar, help=help, show_default=False)


def flag(*names: str, help: str) -> Any:
    return typer.Option(False, *names, help=help)
