"""A torrent before hashing: the content as scanned, its layout and its piece length. Reads names and sizes only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mktorrent_py.content.scan import Content, scan_content, scan_file_list
from mktorrent_py.create.options import CreateOptions, check_name, check_options
from mktorrent_py.errors import UsageError
from mktorrent_py.formatting import printable
from mktorrent_py.metainfo.layout import File, Layout
from mktorrent_py.metainfo.piece_length import (
    PieceLengthChoice,
    choose_piece_length,
    evaluate,
    with_less_padding,
)

MAX_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """What will be hashed and how: the content as scanned, its layout, the piece length with its pieces and padding.

    `alternative` is a piece length with tolerable padding, where the chosen one pads more than 5 %.
    """

    options: CreateOptions
    content: Content
    layout: Layout
    choice: PieceLengthChoice
    alternative: PieceLengthChoice | None

    @property
    def name(self) -> str:
        """The torrent's name."""
        return self.content.name


def draft_torrent(content: Path, options: CreateOptions) -> Draft:
    """Scan the content and lay it out. Raises UsageError and ContentError as `create_torrent` does."""
    check_options(options)
    if options.file_list is None:
        scanned = scan_content(content, options.scan, name=options.name)
    else:
        scanned = scan_file_list(content, options.file_list, options.scan, name=options.name)
    check_name(scanned.name)
    if not scanned.total:
        raise _no_content(content, scanned)
    lengths = [file.length for file in scanned.files]
    if options.piece_length is not None:
        choice = evaluate(lengths, options.version, options.piece_length)
    else:
        choice = choose_piece_length(
            lengths, options.version, longest=options.max_piece_length, target_pieces=options.target_pieces
        )
    return Draft(
        options=options,
        content=scanned,
        layout=Layout.of(scanned.files, choice.piece_length, options.version),
        choice=choice,
        alternative=with_less_padding(lengths, options.version, choice),
    )


def draft_of_stream(length: int, piece_length: int, options: CreateOptions) -> Draft:
    """Return the draft of a file of `length` bytes, read from a stream and called `options.name`."""
    name = options.name or ""
    content = Content(root=Path(), name=name, single=True, files=(File((name,), length),), disk=())
    return Draft(
        options=options,
        content=content,
        layout=Layout.of(content.files, piece_length, options.version),
        choice=evaluate([length], options.version, piece_length),
        alternative=None,
    )


def _no_content(path: Path, content: Content) -> UsageError:
    shown = printable(str(path))
    if not content.files:
        left = "; everything in it was left out" if content.left_out else ""
        named = [f"{left.path} ({left.reason.value})" for left in content.left_out[:MAX_NAMED]]
        more = ", …" if len(content.left_out) > MAX_NAMED else ""
        hint = f"Left out: {', '.join(named)}{more}" if named else None
        return UsageError(f"{shown} contains no files for a torrent{left}", code="content-empty", hint=hint, file=shown)
    empty = "the file is empty" if content.single else "every file in it is empty"
    return UsageError(
        f"{shown} has no bytes: {empty}",
        code="content-empty",
        hint="Clients reject torrents without content.",
        file=shown,
    )
