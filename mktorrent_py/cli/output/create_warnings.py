"""Warnings about a torrent that is about to be created."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mktorrent_py.create import Draft
from mktorrent_py.formatting import binary_size, human_size, percent, plural
from mktorrent_py.metainfo.piece_length import LONGEST_USUAL, TOLERABLE_PADDING

MAX_NAMED = 3


class DraftWarning(NamedTuple):
    """What may be unwise, and what to do. `rule` is the lint rule that would report the same afterwards, if any."""

    message: str
    advice: str
    rule: str = ""


def draft_warnings(draft: Draft) -> Iterator[DraftWarning]:
    """Yield warnings about a draft, before any content is read."""
    yield from _of_padding(draft)
    yield from _of_links(draft)
    yield from _of_lone_file(draft)
    if draft.options.private and not any(draft.options.trackers):
        yield DraftWarning(
            "the torrent is private but has no tracker: peers cannot find each other (BEP 27)",
            "Add one with --tracker.",
            "private-without-tracker",
        )
    target = draft.options.target_pieces
    if target is not None and draft.choice.pieces > target:
        yield DraftWarning(
            f"--target-pieces {target} cannot be reached; the torrent will have {plural(draft.choice.pieces, 'piece')}",
            "In v2 and hybrid torrents every file has at least one piece of its own; with --v1 files share pieces.",
        )
    if draft.layout.piece_length > LONGEST_USUAL:
        length = binary_size(draft.layout.piece_length)
        yield DraftWarning(
            f"pieces of {length} are larger than many clients are tested with", "16 MiB is the common maximum."
        )


def _of_padding(draft: Draft) -> Iterator[DraftWarning]:
    total = draft.content.total
    share = draft.choice.padding_share(total)
    if share <= TOLERABLE_PADDING:
        return
    better = "Use --v2, which has no padding, or --v1, where files share pieces."
    if draft.alternative is not None:
        length = binary_size(draft.alternative.piece_length).replace(" ", "")
        better = f"--piece-length {length} reduces it to {percent(draft.alternative.padding_share(total))}. {better}"
    yield DraftWarning(
        f"padding adds {human_size(draft.choice.padding)}, {percent(share)} of the content:"
        f" every file is padded to whole pieces of {binary_size(draft.layout.piece_length)}",
        better,
        "padding-large",
    )


def _of_links(draft: Draft) -> Iterator[DraftWarning]:
    outside = draft.content.outside
    if not outside:
        return
    named = ", ".join(outside[:MAX_NAMED])
    more = f" and {len(outside) - MAX_NAMED:,} more" if len(outside) > MAX_NAMED else ""
    yield DraftWarning(
        f"following links that point outside the content: {named}{more}",
        "Use --symlinks skip to leave links out, --symlinks store to keep them as links.",
    )


def _of_lone_file(draft: Draft) -> Iterator[DraftWarning]:
    files, layout = draft.content.files, draft.layout
    if layout.version.has_v1 or draft.content.single or len(files) != 1 or len(files[0].path) != 1:
        return
    yield DraftWarning(
        "in a v2 torrent a directory with one file looks like that file: clients will not create the directory",
        "Use the file itself as CONTENT, or create a hybrid.",
        "single-file-directory-in-v2",
    )
