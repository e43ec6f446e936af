"""Lint: everything wrong or questionable in a torrent, as named findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from mktorrent_py.errors import BencodeError, LimitError
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.lint.checks import Subject
from mktorrent_py.metainfo.lint.table import RULES, Rule, Severity
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.parse.diagnostics import Diagnostic
from mktorrent_py.metainfo.parse.document import ParseResult, parse_metainfo

MAX_FINDINGS = 10
"""Findings of one rule that are listed; the rest is counted."""

_NAME_PATHS = ("info.name", "info.files[", "info.file tree")
_SEVERITIES = list(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding.

    `path` is a key path (`info.private`), the path of a file of the content, or empty for the torrent as a whole.
    `reference` is the BEP, client or system it is based on; `advice` is what to do.
    """

    rule: str
    severity: Severity
    path: str
    message: str
    advice: str
    reference: str


def lint(data: bytes, *, limits: Limits | None = None) -> tuple[Finding, ...]:
    """Find everything wrong in the bytes of a torrent file, the worst first; never raises."""
    try:
        parsed = parse_metainfo(data, limits=limits)
    except LimitError as error:
        return (_finding(RULES["beyond-limits"], "", str(error)),)
    except BencodeError as error:
        return (_finding(RULES["not-bencode"], "", str(error)),)
    return lint_parsed(parsed)


def lint_parsed(parsed: ParseResult) -> tuple[Finding, ...]:
    """Find everything wrong in a torrent that was read; of one that could not be read, what reading noted."""
    errors = [_from_diagnostic(each, Severity.ERROR) for each in parsed.errors]
    warnings = [_from_diagnostic(each, None) for each in parsed.warnings]
    if parsed.metainfo is None:
        return _arranged([*errors, *warnings])
    # The check of names reports the same with file paths.
    warnings = [each for each in warnings if each.rule != "text-not-utf-8" or not each.path.startswith(_NAME_PATHS)]
    return _arranged([*warnings, *_checked(parsed.metainfo)])


def lint_metainfo(metainfo: Metainfo) -> tuple[Finding, ...]:
    """Find everything wrong in a torrent in memory, which has no warnings of reading."""
    return _arranged(_checked(metainfo))


def _checked(metainfo: Metainfo) -> Iterator[Finding]:
    subject = Subject.of(metainfo)
    for rule in RULES.values():
        if rule.check is not None:
            yield from [_finding(rule, problem.path, problem.message) for problem in rule.check(subject)]


def _finding(rule: Rule, path: str, message: str, severity: Severity | None = None) -> Finding:
    return Finding(
        rule=rule.id,
        severity=severity or rule.severity,
        path=path,
        message=message,
        advice=rule.advice,
        reference=rule.reference,
    )


def _from_diagnostic(diagnostic: Diagnostic, severity: Severity | None) -> Finding:
    at = f" (at byte {diagnostic.offset:,})" if diagnostic.offset is not None else ""
    return _finding(RULES[diagnostic.rule], diagnostic.path, diagnostic.message + at, severity)


def _arranged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sort by severity, then in the order of the table; after MAX_FINDINGS of one rule, only count."""
    order = {rule: at for at, rule in enumerate(RULES)}
    ranked = sorted(findings, key=lambda each: (_SEVERITIES.index(each.severity), order[each.rule]))
    arranged: list[Finding] = []
    for (rule, severity), group in groupby(ranked, key=lambda each: (each.rule, each.severity)):
        same = list(group)
        arranged += same[:MAX_FINDINGS]
        if len(same) > MAX_FINDINGS:
            arranged.append(_finding(RULES[rule], "", f"and {len(same) - MAX_FINDINGS:,} more like it", severity))
    return tuple(arranged)
