"""QR codes of magnets: drawn in the terminal, two modules a character, or written as a picture."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import segno

from mktorrent_py.cli.output import console, messages
from mktorrent_py.errors import UsageError
from mktorrent_py.torrentfile import write_atomically

BORDER = 4
"""Light modules around the code, as ISO 18004 wants them."""

BLOCKS = " ▄▀█"
"""Indexed by two for a light upper module, and one for a light lower one."""

SCALE = 8
LIGHT_ON_DARK, PLAIN = "\x1b[97;40m", "\x1b[0m"


def terminal_lines(text: str) -> Iterator[str]:
    """The code with light modules drawn, on black where colour is to be had; warns when it is too wide."""
    rows = [[not dark for dark in row] for row in make(text).matrix_iter(border=BORDER)]
    if len(rows) % 2:
        rows.append([True] * len(rows[0]))
    if console.is_terminal(sys.stdout) and len(rows[0]) > console.terminal_width():
        messages.warn(
            f"the code is {len(rows[0])} columns wide, the terminal {console.terminal_width()}",
            hint="--no-trackers makes it smaller; --qr FILE.svg draws it in a file.",
        )
    before, after = (LIGHT_ON_DARK, PLAIN) if console.has_colour(sys.stdout) else ("", "")
    for upper, lower in zip(rows[::2], rows[1::2], strict=True):
        yield before + "".join([BLOCKS[2 * up + low] for up, low in zip(upper, lower, strict=True)]) + after


def write_picture(text: str, path: Path, *, overwrite: bool) -> None:
    """Write the code as SVG or PNG, by the ending of the path."""
    picture = io.BytesIO()
    make(text).save(picture, kind=path.suffix.lower().removeprefix("."), scale=SCALE, border=BORDER)
    write_atomically(path, picture.getvalue(), overwrite=overwrite)


def make(text: str) -> segno.QRCode:
    """The code with the least error correction, so that long magnets fit. Raises UsageError for what does not fit."""
    try:
        return segno.make_qr(text, error="l", boost_error=False)
    except segno.DataOverflowError:
        raise UsageError(
            f"{len(text):,} characters do not fit in a QR code, which holds 2,953",
            hint="--no-trackers makes it shorter.",
        ) from None
