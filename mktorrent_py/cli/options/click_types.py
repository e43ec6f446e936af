"""Types of arguments and options, the same for every verb.

typer would check paths by itself, and refuse unreadable ones with a message and an exit code of its own: the code that
reads a file reports that instead. An empty word, as from an unset shell variable, would mean the current directory.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from typer.models import TyperPath

from mktorrent_py.errors import UsageError

_REWORDED = (
    (r"is not a valid int(eger)?( range)?\b", "is not a whole number"),
    (r"is not a valid float( range)?\b", "is not a number"),
    (r"is not in the range (-?\d+)<=x<=(\d+)", r"is not in the range \1 to \2"),
    (r"is not in the range x>=(\d+)", r"is less than \1"),
    (r"^No such option: (\S+)", r"unknown option \1"),
    (r" \(Possible options: (.*)\)$", r"; similar: \1"),
    (r"^Got unexpected extra argument\(s\) \((.*)\)$", r"unexpected argument: \1"),
    (r"^Missing (argument|option) '(.*)'", r"missing \1 \2"),
)


def prepare(command: Any) -> None:
    """Replace the types of the arguments and paths of a verb."""
    for parameter in command.params:
        if isinstance(parameter.type, TyperPath) or parameter.param_type_name == "argument":
            parameter.type = _checked(parameter.type, _name(parameter))


def reworded(message: str) -> str:
    """Rewrite a message of typer: no names of types, no notation for ranges."""
    for pattern, words in _REWORDED:
        message = re.sub(pattern, words, message)
    return message


def _name(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    return max(parameter.opts, key=len) if is_option else f"argument {parameter.metavar or parameter.name}"


def _checked(kind: Any, name: str) -> Any:
    """Wrap a type: reject empty values, do not check whether a path is readable."""
    inner, wrapped = copy.copy(kind), copy.copy(kind)
    inner.readable = False

    def convert(value: Any, parameter: Any, context: Any) -> Any:
        if value == "":
            raise UsageError(f"{name} is empty", hint="Is a shell variable unset? Use . for the current directory.")
        return inner.convert(value, parameter, context)

    wrapped.convert = convert
    return wrapped
