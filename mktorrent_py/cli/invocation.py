"""What is known of the command line that runs, for the report of how it ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, kw_only=True)
class Invocation:
    """One command line: its words, and what parsing has found in them so far.

    `json` and `debug` are options of a verb, `debug` also of `mkt` itself; they decide how a failure is reported.
    """

    words: tuple[str, ...] = ()
    verb: str = ""
    json: bool = False
    debug: bool = False

    def record(self, options: Mapping[str, Any]) -> None:
        """Take note of the options that parsing has found."""
        self.json = self.json or bool(options.get("json"))
        self.debug = self.debug or bool(options.get("debug"))
