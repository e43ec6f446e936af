"""QR codes (ISO 18004) of magnet URIs: as SVG for pages, as lines for terminals, as picture files.

A code holds 2,953 bytes. Of a longer magnet the parameters that only help to find peers are left out, the last ones
first, until the rest fits; what names the torrent always stays.
"""

from __future__ import annotations

import io
from typing import Literal

import segno

from mktorrent_py.errors import UsageError

MAX_BYTES = 2953
"""Capacity of version 40 at the lowest error correction, in byte mode."""

BORDER = 4
"""Light modules around the code, as the standard asks for."""

SCALE = 8
"""Pixels per module of a picture file."""

BLOCKS = " ▄▀█"
"""Two modules per character: index 2 for a light upper module, plus 1 for a light lower one."""

_OPTIONAL = ("tr=", "ws=", "as=", "x.pe=", "dht=")


def fit_magnet(magnet: str) -> str:
    """The magnet without as many trackers, web seeds and peer addresses as do not fit in a QR code."""
    first, *parameters = magnet.split("&")
    size = len(magnet.encode("utf-8", "surrogateescape"))
    for position in reversed(range(len(parameters))):
        if size <= MAX_BYTES:
            break
        if parameters[position].startswith(_OPTIONAL):
            size -= len(parameters.pop(position).encode("utf-8", "surrogateescape")) + 1
    return "&".join([first, *parameters])


def make_qr_code(magnet: str) -> segno.QRCode:
    """The code of `fit_magnet(magnet)`. Raises UsageError where even that is too long."""
    text = fit_magnet(magnet)
    try:
        return segno.make_qr(text, error="l")
    except segno.DataOverflowError as error:
        raise UsageError(
            f"{len(text):,} characters do not fit in a QR code, which holds {MAX_BYTES:,}",
            code="qr-too-long",
            length=len(text),
        ) from error


def qr_svg(magnet: str) -> str:
    """The code as an `<svg>` element of no fixed size, dark on white; empty where the magnet is too long for one."""
    try:
        code = make_qr_code(magnet)
    except UsageError:
        return ""
    svg = io.BytesIO()
    code.save(svg, kind="svg", xmldecl=False, border=BORDER, light="#fff", omitsize=True, nl=False)
    return svg.getvalue().decode("ascii")


def qr_picture(magnet: str, kind: Literal["svg", "png"]) -> bytes:
    """The code as a picture file, dark on white. Raises UsageError."""
    picture = io.BytesIO()
    make_qr_code(magnet).save(picture, kind=kind, scale=SCALE, border=BORDER, light="#fff")
    return picture.getvalue()


def qr_terminal_lines(magnet: str) -> list[str]:
    """The code as lines of block characters that draw its light modules. Raises UsageError."""
    rows = [[not dark for dark in row] for row in make_qr_code(magnet).matrix_iter(border=BORDER)]
    if len(rows) % 2:
        rows.append([True] * len(rows[0]))
    return [
        "".join([BLOCKS[2 * upper + lower] for upper, lower in zip(*pair, strict=True)])
        for pair in zip(rows[::2], rows[1::2], strict=True)
    ]
