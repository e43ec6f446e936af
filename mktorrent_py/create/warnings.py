"""Warnings about a draft: what may change the user's decision before the content is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mktorrent_py.create.draft import Draft
from mktorrent_py.formatting import binary_size, human_size, percent, plural
from mktorrent_py.metainfo.piece_length import MAX_USUAL_PIECE_LENGTH, TOLERABLE_PADDING

MAX_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftWarning:
    """One warning. `code` never changes, and is the lint rule's id where `lint` finds the same in the torrent.

    `data` holds the values it is about.
    """

    code: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict, compare=False)


def warnings_of(draft: Draft) -> tuple[DraftWarning, ...]:
    """Return the warnings about a draft."""
    return tuple(_warnings(draft))


def _warnings(draft: Draft) -> Iterator[DraftWarning]:
    options, choice, length = draft.options, draft.choice, draft.layout.piece_length
    yield from _padding_warnings(draft)
    outside = draft.content.outside
    if outside:
        more = f" and {len(outside) - MAX_NAMED:,} more" if len(outside) > MAX_NAMED else ""
        yield DraftWarning(
            code="links-outside-content",
            message=f"following links to targets outside the content: {', '.join(outside[:MAX_NAMED])}{more}",
            data={"links": outside},
        )
    if _is_directory_lost(draft):
        yield DraftWarning(
            code="single-file-directory-in-v2",
            message="a v2 torrent cannot represent a directory with a single file: clients save the file without it",
        )
    if options.private and not any(options.trackers):
        yield DraftWarning(
            code="private-without-tracker",
            message="a private torrent without a tracker has no way to find peers (BEP 27)",
        )
    target = options.target_pieces
    if target is not None and choice.pieces > target:
        yield DraftWarning(
            code="target-pieces-unreachable",
            message=f"no piece length allows {plural(target, 'piece')}; the torrent will have {choice.pieces:,}",
            data={"target": target, "pieces": choice.pieces},
        )
    if length > MAX_USUAL_PIECE_LENGTH:
        usual = binary_size(MAX_USUAL_PIECE_LENGTH)
        yield DraftWarning(
            code="piece-length-unusual",
            message=f"pieces of {binary_size(length)} are larger than many clients are tested with",
            data={"length": length, "usual": usual},
        )


def _padding_warnings(draft: Draft) -> Iterator[DraftWarning]:
    total, choice, alternative = draft.content.total, draft.choice, draft.alternative
    share = choice.padding_share(total)
    if share <= TOLERABLE_PADDING:
        return
    message = (
        f"padding adds {human_size(choice.padding)}, {percent(share)} of the content:"
        f" every file is padded to whole pieces of {binary_size(draft.layout.piece_length)}"
    )
    data: dict[str, Any] = {"padding": choice.padding}
    if alternative is not None:
        better = binary_size(alternative.piece_length).replace(" ", "")
        data |= {"better_length": better, "better_share": percent(alternative.padding_share(total))}
    yield DraftWarning(code="padding-large", message=message, data=data)


def _is_directory_lost(draft: Draft) -> bool:
    files = draft.content.files
    is_lone = not draft.content.single and len(files) == 1 and len(files[0].path) == 1
    return is_lone and not draft.layout.version.has_v1
