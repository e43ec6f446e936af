"""What may change somebody's mind about a torrent, told before the work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mktorrent_py.create import Draft
from mktorrent_py.formatting import binary_size, human_size, percent, plural
from mktorrent_py.metainfo.piece_length import MAX_USUAL_PIECE_LENGTH, TOLERABLE_PADDING

MAX_NAMED = 3


class Forewarning(NamedTuple):
    """What to mind, and what can be done. `rule` is the rule of `lint` that says the same afterwards, if one does."""

    message: str
    advice: str
    rule: str = ""


def forewarnings(draft: Draft) -> Iterator[Forewarning]:
    """Warnings about a draft; nothing here has read a byte of the content."""
    yield from _of_padding(draft)
    yield from _of_links(draft)
    yield from _of_lone_file(draft)
    if draft.options.private and not any(draft.options.trackers):
        yield Forewarning(
            "it is private and has no tracker: nobody can find it (BEP 27)",
            "Name one with --tracker.",
            "private-without-tracker",
        )
    target = draft.options.target_pieces
    if target is not None and draft.choice.pieces > target:
        yield Forewarning(
            f"no piece length allowed here makes {plural(target, 'piece')}: it will be {draft.choice.pieces:,}",
            "In v2 and hybrids every file has a piece of its own at least; --v1 has them share.",
        )
    if draft.layout.piece_length > MAX_USUAL_PIECE_LENGTH:
        length = binary_size(draft.layout.piece_length)
        yield Forewarning(f"many clients have never met pieces of {length}", "16 MiB is the longest that is usual.")


def _of_padding(draft: Draft) -> Iterator[Forewarning]:
    total = draft.content.total
    share = draft.choice.padding_share(total)
    if share <= TOLERABLE_PADDING:
        return
    better = "Say --v2, which has no padding, or --v1, where files share pieces."
    if draft.alternative is not None:
        length = binary_size(draft.alternative.piece_length).replace(" ", "")
        better = f"--piece-length {length} makes it {percent(draft.alternative.padding_share(total))}. {better}"
    yield Forewarning(
        f"padding adds {human_size(draft.choice.padding)}, {percent(share)} of the content:"
        f" every file is filled up to whole pieces of {binary_size(draft.layout.piece_length)}",
        better,
        "padding-large",
    )


def _of_links(draft: Draft) -> Iterator[Forewarning]:
    outside = draft.content.outside
    if not outside:
        return
    named = ", ".join(outside[:MAX_NAMED])
    more = f" and {len(outside) - MAX_NAMED:,} more" if len(outside) > MAX_NAMED else ""
    yield Forewarning(
        f"links that lead out of the content are followed: {named}{more}",
        "--symlinks skip leaves links out, --symlinks store keeps them as links.",
    )


def _of_lone_file(draft: Draft) -> Iterator[Forewarning]:
    files, layout = draft.content.files, draft.layout
    if layout.version.has_v1 or draft.content.single or len(files) != 1 or len(files[0].path) != 1:
        return
    yield Forewarning(
        "a v2 torrent cannot tell a directory with one file in it from that file: clients leave the directory out",
        "Name the file itself as CONTENT, or make it a hybrid.",
        "single-file-directory-in-v2",
    )
