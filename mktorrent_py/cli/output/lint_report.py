"""What `mkt lint` prints of findings, and the warnings other verbs make of them."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from mktorrent_py.cli.hints import hint_for
from mktorrent_py.cli.lint_advice import ADVICE
from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.cli.output.printer import Printer, Result
from mktorrent_py.errors import TorrentError
from mktorrent_py.formatting import plural, printable
from mktorrent_py.metainfo import Finding, Judgement, Rule, Severity

STYLES: dict[Severity, console.Style] = {
    Severity.ERROR: "bad",
    Severity.WARNING: "warning",
    Severity.INFO: "dim",
}
SEVERITY_WIDTH = 9


def finding_facts(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as data."""
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
    """Return `1 error, 2 warnings`, or `no problems`."""
    severities = [finding.severity for finding in findings]
    parts = [
        plural(number, severity if severity is not Severity.INFO else "note")
        for severity in Severity
        if (number := severities.count(severity))
    ]
    return ", ".join(parts) or "no problems"


def judgement_result(source: str, judgement: Judgement) -> Result:
    """Make the result for the torrent read from `source`."""
    severities = [finding.severity for finding in judgement.findings]
    facts = {
        "path": source,
        "errors": severities.count(Severity.ERROR),
        "warnings": severities.count(Severity.WARNING),
        "denied": list(judgement.denied),
        "findings": finding_facts(judgement.findings),
    }
    return Result(facts=facts, lines=_lines(source, judgement.findings))


def error_result(source: str, error: TorrentError) -> Result:
    """Make the result for a torrent that could not be read; only JSON shows it, since stderr has the message."""
    facts = {"path": source, "error": {"message": str(error), "hint": hint_for(error)}}
    return Result(facts=facts, tab_lines=(), is_partial=True)


def _lines(source: str, findings: Sequence[Finding]) -> Iterator[str]:
    """Yield for each finding its severity and rule, what is wrong and by which source, and per rule the advice."""
    yield f"{console.paint(printable(source), 'path', sys.stdout)}: {counted(findings)}"
    for at, finding in enumerate(findings):
        severity = console.pad_to(str(finding.severity), SEVERITY_WIDTH)
        yield f"{table.MARGIN}{console.paint(severity, STYLES[finding.severity], sys.stdout)}{finding.rule}"
        yield from _wrapped(f"{_sentence(finding)} ({finding.reference})")
        if at + 1 == len(findings) or findings[at + 1].rule != finding.rule:
            yield from _wrapped(ADVICE.get(finding.rule, finding.advice))


def warn_of(findings: Iterable[Finding], label: str) -> None:
    """Warn on stderr of problems in a torrent that was just written."""
    for finding in findings:
        if finding.severity is not Severity.INFO:
            messages.warn(
                f"{label}: {_sentence(finding)} ({finding.rule}, {finding.reference})",
                hint=ADVICE.get(finding.rule, finding.advice),
            )


def print_rules(rules: Sequence[Rule], printer: Printer) -> None:
    """Print the table of rules."""
    facts = [
        {
            "rule": rule.id,
            "severity": str(rule.severity),
            "reference": rule.reference,
            "summary": rule.summary,
            "advice": ADVICE.get(rule.id, rule.advice),
        }
        for rule in rules
    ]
    tab_lines = ["\t".join(fact.values()) for fact in facts]
    printer.print(Result(facts={"rules": facts}, lines=_rule_lines(rules), tab_lines=tab_lines))


def _rule_lines(rules: Sequence[Rule]) -> Iterator[str]:
    width = max([len(rule.id) for rule in rules]) + 2
    is_wide = console.terminal_width() >= width + 60
    for rule in rules:
        end = f"{rule.summary} ({rule.reference})"
        yield f"{rule.severity:9}{rule.id:{width}}{end}" if is_wide else f"{rule.severity:9}{rule.id}\n         {end}"


def _sentence(finding: Finding) -> str:
    return f"{finding.path}: {finding.message}" if finding.path else finding.message


def _wrapped(text: str) -> list[str]:
    indent = " " * (len(table.MARGIN) + SEVERITY_WIDTH)
    room = max(console.terminal_width() - len(indent), 20)
    return [indent + line for line in textwrap.wrap(text, room, break_on_hyphens=False)]
