"""What a rule reports.

Four types describe something wrong, with different knowledge. A `Problem` is about one value and knows the
rule it breaks, not where the value came from. An `Irregularity` is bencode in a form that is not canonical, at a byte.
A `Diagnostic` is what reading a torrent noticed, a problem or an irregularity among it, with its key path. A `Finding`
is what lint reports, with the severity, the reference and the advice of its rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mktorrent_py.errors import UsageError


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a value.

    `code` is the id of the lint rule that reports the same in a torrent, where one does. `subject` names the value as
    a message does (`tracker URL 'udp://t.example'`), `reason` follows it (`has no port`). `data` goes into the error.
    """

    code: str
    subject: str
    reason: str
    data: Mapping[str, Any] = field(default_factory=dict)

    @property
    def message(self) -> str:
        return f"{self.subject} {self.reason}"

    def as_error(self) -> UsageError:
        return UsageError(self.message, code=self.code, **self.data)


def require(problem: Problem | None) -> None:
    """Raise the problem, if there is one, as a UsageError."""
    if problem is not None:
        raise problem.as_error()
