"""Options in groups, and commands whose help shows them under headings.

typer reads the options of a command from the parameters of a function. `in_groups` makes such a function of a command
that takes groups: the options of all of them become its parameters, and the command receives one value per group. So
each group is declared and interpreted in one place.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, Signature
from typing import Any, ClassVar, TypeVar, get_type_hints

import typer
from typer.core import TyperCommand
from typer.models import OptionInfo

from mktorrent_py.cli.invocation import Invocation

Result = TypeVar("Result")

ARGUMENTS = "Arguments"
GENERAL = "General"
"""The heading of options without one, such as --help; it is the last."""

_RANGE = r"; (\d+<=)?x[<>]=\d+(?=\])| +\[(\d+<=)?x[<>]=\d+\]"
"""The range of a number, which typer adds to its help: the error names it."""


class Group:
    """Options that belong together: the annotated fields of a subclass, declared as typer wants its parameters.

    A subclass inherits the options of its base. The help shows them under `heading`.
    """

    heading = GENERAL

    def __init__(self, values: Mapping[str, Any]) -> None:
        """Take the values of these options out of those of all options."""
        for kind in type(self).__mro__[:-2]:
            self.__dict__.update({name: values[name] for name in inspect.get_annotations(kind)})

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
        if isinstance(declared, OptionInfo) and declared.rich_help_panel is None:
            declared = copy.copy(declared)
            declared.rich_help_panel = cls.heading
        return declared


def in_groups(command: Callable[..., Result]) -> Callable[..., Result]:
    """Turn a command whose parameters are groups, or a `typer.Context`, into the function that typer can read."""
    kinds = {name: kind for name, kind in get_type_hints(command).items() if name != "return"}
    groups = {name: kind for name, kind in kinds.items() if issubclass(kind, Group)}
    contexts = [
        Parameter(name, Parameter.KEYWORD_ONLY, annotation=kinds[name]) for name in kinds.keys() - groups.keys()
    ]

    @wraps(command)
    def with_options(**values: Any) -> Result:
        given = {parameter.name: values[parameter.name] for parameter in contexts}
        return command(**given, **{name: kind(values) for name, kind in groups.items()})

    parameters = contexts + [parameter for kind in groups.values() for parameter in kind.parameters()]
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    vars(with_options)["__signature__"] = Signature(parameters)
    return with_options


class GroupedCommand(TyperCommand):
    """A command that shows examples first, its options under their headings, and metavars without braces.

    It records whether JSON or a traceback is asked for, also when its words cannot be parsed.
    """

    examples: ClassVar[tuple[str, ...]] = ()

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        invocation = ctx.obj if isinstance(ctx.obj, Invocation) else Invocation()
        invocation.verb = ctx.info_name or ""
        words = list(args)
        try:
            rest: list[str] = super().parse_args(ctx, args)
        except Exception:
            invocation.record(options_given(self, ctx, words))
            raise
        invocation.record(ctx.params)
        # Added to every verb, for the report of a failure: no verb takes it.
        ctx.params.pop("debug", None)
        return rest

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        arguments = [each for each in self.get_params(ctx) if each.param_type_name == "argument"]
        return ["[OPTIONS]", *[each.make_metavar(ctx) for each in arguments]]

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        super().format_help_text(ctx, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")

    def format_options(self, ctx: Any, formatter: Any) -> None:
        sections: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx)
            if record is None:
                continue
            name, text = record[0], re.sub(_RANGE, "", record[1])
            if parameter.param_type_name == "argument":
                # The usage line shows which arguments are optional.
                sections.setdefault(ARGUMENTS, []).append((name, text.removesuffix("[required]").rstrip()))
            else:
                heading = getattr(parameter, "rich_help_panel", None) or GENERAL
                sections.setdefault(heading, []).append((name, text))
        general = sections.pop(GENERAL, [])
        for heading, records in [*sections.items(), (GENERAL, general)]:
            with formatter.section(heading):
                formatter.write_dl(records)


def with_examples(*examples: str) -> type[GroupedCommand]:
    """Make a command class whose help begins with these command lines."""
    return type("GroupedCommand", (GroupedCommand,), {"examples": examples})


def options_given(command: Any, ctx: Any, args: list[str]) -> dict[str, Any]:
    """Parse options by name without complaint, up to the first one that ends the parsing."""
    lenient = copy.copy(ctx)
    lenient.resilient_parsing = lenient.ignore_unknown_options = True
    options: dict[str, Any] = command.make_parser(lenient).parse_args(list(args))[0]
    return options


def option(*names: str, metavar: str = "TEXT", help: str) -> Any:
    """Declare an option that takes a value; it is None when the option is not used."""
    return typer.Option(None, *names, metavar=metavar, help=help, show_default=False)


def repeatable(*names: str, metavar: str, help: str) -> Any:
    """Declare an option that can be used more than once: a list of values."""
    return typer.Option([], *names, metavar=metavar, help=help, show_default=False)


def flag(*names: str, help: str) -> Any:
    """Declare an option without a value."""
    return typer.Option(False, *names, help=help)
