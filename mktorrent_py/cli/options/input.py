"""Sources of metainfo named on the command line: torrent files, magnets, standard input."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from mktorrent_py.cli.options.types import STANDARD_STREAM, read_stdin_bytes
from mktorrent_py.errors import LimitError, MetainfoError, UsageError, reading
from mktorrent_py.formatting import quoted
from mktorrent_py.metainfo import Limits, Magnet, Metainfo, parse_size
from mktorrent_py.torrentfile import collector_paused, read_bytes

LimitOption = Annotated[
    list[str],
    typer.Option(
        "--limit",
        metavar="WHAT=N",
        help="Raise a limit of the reader: size=128MiB, depth=128, tokens=16000000 (the defaults); repeatable.",
        show_default=False,
    ),
]

_MAGNET = re.compile(r"(?:stream-)?magnet:", re.IGNORECASE)
_URL = re.compile(r"https?://", re.IGNORECASE)
_BARE_INFOHASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|[a-z2-7]{32}", re.IGNORECASE)


def parse_limits(texts: list[str]) -> Limits:
    """Parse `size=1GiB`, `depth=500`, `tokens=50000000`; limits that are not named keep their defaults."""
    given: dict[str, int] = {}
    for text in texts:
        what, mark, number = text.partition("=")
        if not mark or what not in ("size", "depth", "tokens"):
            raise UsageError(f"{quoted(text)} is not a limit", hint="Examples: size=1GiB, depth=500, tokens=50000000.")
        given[what] = parse_size(number)
    return Limits(**given)


def read_source(text: str, limits: Limits) -> bytes | Magnet:
    """Read a torrent file or standard input, or parse a magnet: a URI, or a bare infohash that is not a file."""
    if text == str(STANDARD_STREAM):
        return _read_stdin(limits)
    word = text.strip()
    if _MAGNET.match(word) or (_BARE_INFOHASH.fullmatch(word) and not Path(text).exists()):
        return Magnet.parse(word)
    if _URL.match(word) and not Path(text).exists():
        raise UsageError(
            f"{quoted(text)} is a URL; this command reads local files only",
            hint="mkt fetch URL --metadata-only -o FILE downloads the torrent file.",
        )
    return read_bytes(Path(text), limits=limits)


def read_torrent(text: str, limits: Limits) -> bytes:
    """Read a torrent file or standard input. Raises UsageError for a magnet, which holds no metainfo."""
    source = read_source(text, limits)
    if isinstance(source, Magnet):
        raise UsageError(
            "expected a torrent file, got a magnet URI",
            hint="mkt fetch MAGNET --metadata-only downloads the torrent file.",
        )
    return source


def read_metainfo_from(text: str, limits: Limits) -> Metainfo:
    """Read and parse a torrent file or standard input; an error hints at how to look closer."""
    data = read_torrent(text, limits)
    with with_hint(text), collector_paused():
        return Metainfo.from_bytes(data, limits=limits)


def source_name(text: str) -> str:
    """Return what a message calls this source."""
    return "standard input" if text == str(STANDARD_STREAM) else text


@contextmanager
def with_hint(source: str) -> Iterator[None]:
    """Add the source and a hint at other verbs to any MetainfoError of the body."""
    try:
        with reading(source_name(source)):
            yield
    except MetainfoError as error:
        error.hint = error.hint or "mkt lint lists all problems; mkt inspect --raw shows the content."
        raise


def _read_stdin(limits: Limits) -> bytes | Magnet:
    data = read_stdin_bytes(limits.size)
    if len(data) > limits.size:
        raise LimitError(f"standard input is larger than {limits.size:,} bytes, the limit for a torrent file")
    text = data.strip().decode("utf-8", "surrogateescape")
    return Magnet.parse(text) if _MAGNET.match(text) or _BARE_INFOHASH.fullmatch(text) else data
