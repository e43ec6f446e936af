"""Which findings make a torrent fail: errors, and what the caller denies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mktorrent_py.metainfo.lint import Finding
from mktorrent_py.metainfo.lint.table import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The findings that count, and the rules among them that are denied, in order of the findings."""

    findings: tuple[Finding, ...]
    denied: tuple[str, ...]

    @property
    def denied_findings(self) -> tuple[Finding, ...]:
        return tuple([finding for finding in self.findings if finding.rule in self.denied])


@dataclass(frozen=True, slots=True, kw_only=True)
class LintPolicy:
    """Ids of rules to ignore and to deny. Errors are always denied, unless their rule is ignored."""

    allowed: frozenset[str] = frozenset()
    denied: frozenset[str] = frozenset()
    deny_warnings: bool = False

    def judge(self, findings: Iterable[Finding]) -> Judgement:
        """Drop what is allowed and name the rules that are denied."""
        kept = tuple([finding for finding in findings if finding.rule not in self.allowed])
        denied = [finding.rule for finding in kept if self._denies(finding)]
        return Judgement(findings=kept, denied=tuple(dict.fromkeys(denied)))

    def _denies(self, finding: Finding) -> bool:
        if finding.severity is Severity.ERROR or finding.rule in self.denied:
            return True
        return finding.severity is Severity.WARNING and self.deny_warnings
