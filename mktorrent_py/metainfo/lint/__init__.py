"""Everything wrong or unwise in a torrent, as named findings."""

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
"""Findings of one rule that are told one by one; the rest is counted."""

_NAME_PATHS = ("info.name", "info.files[", "info.file tree")
_SEVERITIES = list(Severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found.

    `path` is a key path (`info.private`), the path of a file of the content, or empty for the torrent as a whole.
    `reference` is the BEP, client or system that says so; `advice` says what to do.
    """

    rule: str
    severity: Severity
    path: str
    message: str
    advice: str
    reference: str


def lint(data: bytes, *, limits: Limits | None = None) -> tuple[Finding, ...]:
    """Findings about the bytes of a torrent file, the worst first; never raises, whatever the bytes are."""
    try:
        parsed = parse_metainfo(data, limits=limits)
    except LimitError as error:
        return (_finding(RULES["beyond-limits"], "", str(error)),)
    except BencodeError as error:
        return (_finding(RULES["not-bencode"], "", str(error)),)
    return lint_parsed(parsed)


def lint_parsed(parsed: ParseResult) -> tuple[Finding, ...]:
    """Findings about a torrent that was read, or could not be: then only what reading noticed."""
    errors = [_remarked(remark, Severity.ERROR) for remark in parsed.errors]
    warnings = [_remarked(remark, None) for remark in parsed.warnings]
    if parsed.metainfo is None:
        return _arranged([*errors, *warnings])
    # The check of names says the same of the model, in the words of paths.
    warnings = [each for each in warnings if each.rule != "text-not-utf-8" or not each.path.startswith(_NAME_PATHS)]
    return _arranged([*warnings, *_checked(parsed.metainfo)])


def lint_metainfo(metainfo: Metainfo) -> tuple[Finding, ...]:
    """Findings about a torrent that is in memory: one that was just made has no oddities of form."""
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


def _remarked(remark: Diagnostic, severity: Severity | None) -> Finding:
    at = f" (at byte {remark.offset:,})" if remark.offset is not None else ""
    return _finding(RULES[remark.rule], remark.path, remark.message + at, severity)


def _arranged(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The worst first, then by rule in the order of the table; of one rule so many, and how many more there are."""
    order = {rule: at for at, rule in enumerate(RULES)}
    ranked = sorted(findings, key=lambda each: (_SEVERITIES.index(each.severity), order[each.rule]))
    arranged: list[Finding] = []
    for (rule, severity), group in groupby(ranked, key=lambda each: (each.rule, each.severity)):
        same = list(group)
        arranged += same[:MAX_FINDINGS]
        if len(same) > MAX_FINDINGS:
            arranged.append(_finding(RULES[rule], "", f"and {len(same) - MAX_FINDINGS:,} more like it", severity))
    return tuple(arranged)
