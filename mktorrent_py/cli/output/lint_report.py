"""How the findings of lint are told: as a list of their own, or beside something that was just written."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from mktorrent_py.cli.lint_advice import ADVICE
from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.formatting import plural
from mktorrent_py.metainfo.lint import Finding
from mktorrent_py.metainfo.lint.table import Severity

STYLES: dict[Severity, console.Style] = {
    Severity.ERROR: "bad",
    Severity.WARNING: "warning",
    Severity.INFO: "dim",
}
SEVERITY_WIDTH = 9


def finding_facts(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as JSON has them."""
    return [
        {
            "severity": str(finding.severity),
            "rule": finding.rule,
            "path": finding.path,
            "message": finding.message,
            "advice": ADVICE.get(finding.rule, finding.advice),
            "reference": finding.reference,
        }
        for finding in findings
    ]


def counted(findings: Iterable[Finding]) -> str:
    """`1 error, 2 warnings`, or `nothing to say`."""
    severities = [finding.severity for finding in findings]
    parts = [
        plural(number, severity if severity is not Severity.INFO else "remark")
        for severity in Severity
        if (number := severities.count(severity))
    ]
    return ", ".join(parts) or "nothing to say"


def print_findings(findings: Sequence[Finding]) -> None:
    """Severity and rule, what is the matter and who says so, and once a rule what to do."""
    for at, finding in enumerate(findings):
        severity = console.pad_to(str(finding.severity), SEVERITY_WIDTH)
        print(f"{table.MARGIN}{console.paint(severity, STYLES[finding.severity], sys.stdout)}{finding.rule}")
        is_last = at + 1 == len(findings) or findings[at + 1].rule != finding.rule
        _print_wrapped(f"{_sentence(finding)} ({finding.reference})")
        if is_last:
            _print_wrapped(ADVICE.get(finding.rule, finding.advice))


def warn_of(findings: Iterable[Finding], label: str) -> None:
    """Say on stderr what is wrong or troublesome in a torrent that was just written."""
    for finding in findings:
        if finding.severity is not Severity.INFO:
            messages.warn(
                f"{label}: {_sentence(finding)} ({finding.rule}, {finding.reference})",
                hint=ADVICE.get(finding.rule, finding.advice),
            )


def _sentence(finding: Finding) -> str:
    return f"{finding.path}: {finding.message}" if finding.path else finding.message


def _print_wrapped(text: str) -> None:
    indent = " " * (len(table.MARGIN) + SEVERITY_WIDTH)
    for line in textwrap.wrap(text, max(console.terminal_width() - len(indent), 20), break_on_hyphens=False):
        print(indent + line)
