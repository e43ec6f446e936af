"""`mkt lint`: report what is wrong or unwise in torrents."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import typer

from mktorrent_py import lint
from mktorrent_py.cli.exit import ExitCode, exit_code_of
from mktorrent_py.cli.hints import hint_for
from mktorrent_py.cli.options.groups import Group, flag, in_groups, repeatable, with_examples
from mktorrent_py.cli.options.input import LimitOption, parse_limits, read_torrent
from mktorrent_py.cli.options.output import JsonOptions
from mktorrent_py.cli.options.types import Texts
from mktorrent_py.cli.output import messages
from mktorrent_py.cli.output.lint_report import error_result, judgement_result, print_rules
from mktorrent_py.cli.output.printer import Printer, Result
from mktorrent_py.errors import ContentError, LimitError, UsageError
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import RULES, Judgement, LintPolicy

WARNINGS = "warnings"

app = typer.Typer()


class LintOptions(Group):
    """Which torrents are checked, and which rules decide the exit code."""

    heading = "Rules"

    torrents: list[str] | None = typer.Argument(
        None, metavar="[TORRENT...]", help="Torrent files, or - for standard input."
    )
    deny: Texts = repeatable("--deny", metavar="ID|warnings", help="Exit with 1 if this rule matches; repeatable.")
    allow: Texts = repeatable("--allow", metavar="ID", help="Ignore this rule; repeatable.")
    list_rules: bool = flag("--list", help="List all rules and exit.")
    limit: LimitOption = []  # noqa: RUF012 - declared for typer, and never held

    def policy(self) -> LintPolicy:
        """Raises UsageError for an unknown rule."""
        return LintPolicy(
            allowed=frozenset([_rule_id(word) for word in self.allow]),
            denied=frozenset([_rule_id(word) for word in self.deny if word != WARNINGS]),
            deny_warnings=WARNINGS in self.deny,
        )


@app.command(
    name="lint",
    cls=with_examples(
        "mkt lint release.torrent",
        "mkt lint *.torrent --deny warnings --allow no-tracker",
        "mkt lint --list",
    ),
)
@in_groups
def lint_torrents(options: LintOptions, output: JsonOptions) -> int:
    """Report what is wrong or unwise in torrents.

    Exits with 1 if there is an error or a denied finding. With several torrents the highest exit code counts, and one
    that cannot be read does not stop the others. --quiet prints only what is denied.
    """
    policy = options.policy()
    printer = Printer(json=output.json)
    if options.list_rules:
        print_rules(list(RULES.values()), printer)
        return ExitCode.DONE
    if not options.torrents:
        raise UsageError("missing argument TORRENT", hint="mkt lint --list lists the rules.")
    limits = parse_limits(options.limit)
    sources = list(dict.fromkeys(options.torrents))
    codes = []

    def results() -> Iterator[Result]:
        for source in sources:
            try:
                judgement = policy.judge(lint(read_torrent(source, limits), limits=limits))
            except (ContentError, LimitError) as error:
                if len(sources) == 1:
                    raise
                codes.append(exit_code_of(error))
                messages.fail(str(error), hint_for(error))
                yield error_result(source, error)
                continue
            codes.append(ExitCode.NO if judgement.denied else ExitCode.DONE)
            if output.quiet and not output.json:
                if not judgement.denied:
                    continue
                judgement = Judgement(findings=judgement.denied_findings, denied=judgement.denied)
            yield judgement_result(source, judgement)

    printer.print_list(results(), lambda facts: {"torrents": facts})
    return max(codes)


def _rule_id(word: str) -> str:
    if word in RULES:
        return word
    close = difflib.get_close_matches(word, RULES, n=1)
    raise UsageError(
        f"unknown rule {quoted(word)}",
        hint=f"Did you mean {close[0]}?" if close else "mkt lint --list lists the rules.",
    )
