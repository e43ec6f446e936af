"""What is asked of the words of a command line before a verb gets them, the same for every verb.

typer would look at paths by itself, and refuse in words and with a code of its own what cannot be read: whoever reads a
file says so, and says it is content. An empty word, say from a variable that is not set, would stand for the current
directory.
"""

from __future__ import annotations

import copy
import re
from typing import Any

from typer.models import TyperPath

from mktorrent_py.errors import UsageError

_REWORDED = (
    (re.compile(r"is not a valid int(eger)?( range)?\b"), "is not a whole number"),
    (re.compile(r"is not a valid float( range)?\b"), "is not a number"),
)


def prepare(command: Any) -> None:
    """Have the arguments and paths of a verb looked at in our way."""
    for parameter in command.params:
        if isinstance(parameter.type, TyperPath) or parameter.param_type_name == "argument":
            parameter.type = _of_words(parameter.type, _name(parameter))


def reworded(message: str) -> str:
    """What typer says of a number, without the names of types."""
    for pattern, words in _REWORDED:
        message = pattern.sub(words, message)
    return message


def _name(parameter: Any) -> str:
    is_option = parameter.param_type_name == "option"
    return max(parameter.opts, key=len) if is_option else "an argument"


def _of_words(kind: Any, name: str) -> Any:
    """The same type of value, which takes no empty word and does not try a path."""
    untried, judged = copy.copy(kind), copy.copy(kind)
    untried.readable = False

    def convert(value: Any, parameter: Any, context: Any) -> Any:
        if value == "":
            raise UsageError(f"{name} is empty", hint="Is a variable not set? The current directory is called `.`.")
        return untried.convert(value, parameter, context)

    judged.convert = convert
    return judged
