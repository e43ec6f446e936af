"""`mkt lint`: look at torrents and say everything that is wrong or unwise."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any

import typer

from mktorrent_py.cli.exit import ExitCode, exit_code_of
from mktorrent_py.cli.lint_advice import ADVICE
from mktorrent_py.cli.options.input import LimitOption, parse_limits, read_torrent
from mktorrent_py.cli.options.types import JsonOption, QuietOption, Texts
from mktorrent_py.cli.output import console, messages, table
from mktorrent_py.cli.output.lint_report import counted, finding_facts, print_findings
from mktorrent_py.errors import ContentError, LimitError, UsageError
from mktorrent_py.formatting import printable, quoted
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.lint import Finding, lint
from mktorrent_py.metainfo.lint.table import RULES, Rule, Severity
from mktorrent_py.torrentfile import collector_paused

app = typer.Typer(context_settings={"help_option_names": ["-h", "--help"]})

WARNINGS = "warnings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A torrent and what was found in it; `denied` are the rules that make the answer no. Or why it was not read."""

    source: str
    findings: tuple[Finding, ...] = ()
    denied: tuple[str, ...] = ()
    error: ContentError | LimitError | None = None

    @property
    def exit_code(self) -> ExitCode:
        if self.error is not None:
            return exit_code_of(self.error)
        return ExitCode.NO if self.denied else ExitCode.DONE


@app.command(name="lint")
def lint_torrents(
    torrents: Annotated[
        list[str] | None, typer.Argument(metavar="TORRENT...", help="Torrent files; - for standard input.")
    ] = None,
    allow: Annotated[Texts, typer.Option("--allow", metavar="ID", help="Do not speak of it; repeatable.")] = [],
    deny: Annotated[
        Texts, typer.Option("--deny", metavar="ID|warnings", help="Exit with 1 if it is found; repeatable.")
    ] = [],
    list_rules: Annotated[bool, typer.Option("--list", help="List all rules.")] = False,
    json: JsonOption = False,
    quiet: QuietOption = False,
    limit: LimitOption = [],
) -> ExitCode:
    """List what is wrong or unwise in torrents. Exits with 1 on an error or a denied finding.

    Of several torrents the highest code counts; one that cannot be read stops nobody.
    """
    allowed = {_rule_id(word) for word in allow}
    denied = {word if word == WARNINGS else _rule_id(word) for word in deny}
    if list_rules:
        _print_rules(list(RULES.values()), json)
        return ExitCode.DONE
    if not torrents:
        raise UsageError("no torrent to look at", hint="mkt lint TORRENT..., or mkt lint --list.")
    limits = parse_limits(limit)
    sources = list(dict.fromkeys(torrents))
    judge = _judge if len(sources) == 1 else _attempt
    judged = [judge(source, limits, allowed, denied) for source in sources]
    _tell([_only_denied(each) for each in judged if each.exit_code] if quiet and not json else judged, json)
    return max([each.exit_code for each in judged])


def _rule_id(word: str) -> str:
    if word in RULES:
        return word
    close = difflib.get_close_matches(word, RULES, n=1)
    raise UsageError(
        f"no rule is called {quoted(word)}",
        hint=f"Did you mean {close[0]}?" if close else "mkt lint --list names them all.",
    )


def _attempt(source: str, limits: Limits, allowed: set[str], denied: set[str]) -> Judged:
    """As one of several: what cannot be read is told of beside what could be."""
    try:
        return _judge(source, limits, allowed, denied)
    except (ContentError, LimitError) as error:
        return Judged(source=source, error=error)


def _judge(source: str, limits: Limits, allowed: set[str], denied: set[str]) -> Judged:
    data = read_torrent(source, limits)
    with collector_paused():
        found = lint(data, limits=limits)
    findings = tuple([finding for finding in found if finding.rule not in allowed])
    bad = [finding.rule for finding in findings if _is_denied(finding, denied)]
    return Judged(source=source, findings=findings, denied=tuple(dict.fromkeys(bad)))


def _only_denied(judged: Judged) -> Judged:
    return replace(judged, findings=tuple([each for each in judged.findings if each.rule in judged.denied]))


def _is_denied(finding: Finding, denied: set[str]) -> bool:
    if finding.severity is Severity.ERROR or finding.rule in denied:
        return True
    return finding.severity is Severity.WARNING and WARNINGS in denied


def _tell(judged: Sequence[Judged], json: bool) -> None:
    facts = [_facts(each) for each in judged]
    if json:
        table.print_json({"torrents": facts})
    for each, fact in zip(judged, facts, strict=True):
        if each.error is not None:
            messages.fail(str(each.error), each.error.hint)
        elif json:
            continue
        elif console.is_terminal(sys.stdout):
            print(f"{console.paint(printable(each.source), 'path', sys.stdout)}: {counted(each.findings)}")
            print_findings(each.findings)
        else:
            table.print_tab_lines(fact)


def _facts(judged: Judged) -> dict[str, Any]:
    if judged.error is not None:
        return {"path": judged.source, "error": {"message": str(judged.error), "hint": judged.error.hint}}
    severities = [finding.severity for finding in judged.findings]
    return {
        "path": judged.source,
        "errors": severities.count(Severity.ERROR),
        "warnings": severities.count(Severity.WARNING),
        "denied": list(judged.denied),
        "findings": finding_facts(judged.findings),
    }


def _print_rules(rules: Sequence[Rule], json: bool) -> None:
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
    if json:
        table.print_json({"rules": facts})
    elif not console.is_terminal(sys.stdout):
        sys.stdout.write("".join(["\t".join(fact.values()) + "\n" for fact in facts]))
    else:
        _print_rule_table(rules)


def _print_rule_table(rules: Sequence[Rule]) -> None:
    width = max([len(rule.id) for rule in rules]) + 2
    for rule in rules:
        end = f"{rule.summary} ({rule.reference})"
        wide = console.terminal_width() >= width + 60
        print(f"{rule.severity:9}{rule.id:{width}}{end}" if wide else f"{rule.severity:9}{rule.id}\n         {end}")
