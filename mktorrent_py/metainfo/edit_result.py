"""Edits the bytes of a torrent file, and reports what that changed and brought about."""

from __future__ import annotations

from dataclasses import dataclass, field

from mktorrent_py.errors import reading
from mktorrent_py.metainfo.diff.fields import Change, changes_between, consequences
from mktorrent_py.metainfo.edit import Edit, edit_metainfo
from mktorrent_py.metainfo.lint import Finding, lint, lint_parsed
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.parse.document import parse_metainfo


@dataclass(frozen=True, slots=True, kw_only=True)
class EditResult:
    """A torrent before and after an edit.

    `data` are the new bytes; `changes` the fields that differ, `consequences` their side effects as sentences.
    `old_findings` are those of lint before the edit, `findings` those after it.
    """

    before: Metainfo
    after: Metainfo
    data: bytes = field(repr=False)
    changes: tuple[Change, ...]
    consequences: tuple[str, ...]
    old_findings: tuple[Finding, ...]
    findings: tuple[Finding, ...]

    @property
    def changes_infohash(self) -> bool:
        return self.before.infohashes != self.after.infohashes

    @property
    def new_findings(self) -> tuple[Finding, ...]:
        return tuple([finding for finding in self.findings if finding not in self.old_findings])


def edit_torrent(data: bytes, edit: Edit, *, label: str) -> EditResult:
    """Apply an edit to the bytes of a torrent file, which messages call `label`.

    Bytes of a torrent that the edit does not change stay as they are. Raises MetainfoError with a `source` for bytes
    that are not a torrent, and whatever `edit_metainfo` raises.
    """
    with reading(label):
        parsed = parse_metainfo(data)
        before = parsed.require()
    after = edit_metainfo(before, edit, label=label)
    new_data = data if after is before else after.to_bytes()
    old_findings = lint_parsed(parsed)
    return EditResult(
        before=before,
        after=after,
        data=new_data,
        changes=changes_between(before, after),
        consequences=consequences(before, after),
        old_findings=old_findings,
        findings=old_findings if after is before else lint(new_data),
    )
