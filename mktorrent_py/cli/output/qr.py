"""Output of QR codes: drawn on standard output, or written as a picture file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from mktorrent_py.cli.output import console, messages
from mktorrent_py.formatting import plural
from mktorrent_py.torrentfile import write_atomically
from mktorrent_py.web import fit_magnet, qr_picture, qr_terminal_lines

LIGHT_ON_DARK, PLAIN = "\x1b[97;40m", "\x1b[0m"


def terminal_lines(magnet: str) -> Iterator[str]:
    """The code as lines for standard output, coloured where it shows colour; warns when it is too wide."""
    lines = qr_terminal_lines(magnet)
    _warn_of_omissions(magnet)
    if console.is_terminal(sys.stdout) and len(lines[0]) > console.terminal_width():
        messages.warn(
            f"the QR code is {len(lines[0])} columns wide, the terminal {console.terminal_width()}",
            hint="Use --no-trackers to make it smaller, or --qr FILE.svg to write it to a file.",
        )
    before, after = (LIGHT_ON_DARK, PLAIN) if console.has_colour(sys.stdout) else ("", "")
    yield from (f"{before}{line}{after}" for line in lines)


def write_picture(magnet: str, path: Path, *, overwrite: bool) -> None:
    """Write the code as SVG or PNG, by the extension of `path`."""
    kind: Literal["svg", "png"] = "svg" if path.suffix.lower() == ".svg" else "png"
    picture = qr_picture(magnet, kind)
    _warn_of_omissions(magnet)
    write_atomically(path, picture, overwrite=overwrite)


def _warn_of_omissions(magnet: str) -> None:
    omitted = magnet.count("&") - fit_magnet(magnet).count("&")
    if omitted:
        messages.warn(
            f"the magnet is too long for a QR code; {plural(omitted, 'parameter')} left out of the code",
            hint="The code lacks trackers, web seeds or peer addresses at the end of the magnet.",
        )
