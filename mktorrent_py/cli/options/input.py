"""What a person may name on the command line when a torrent is wanted: a torrent file, a magnet, standard input."""

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
from mktorrent_py.metainfo.bencode import Limits
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.piece_length import parse_size
from mktorrent_py.torrentfile import collector_paused, read_bytes

LimitOption = Annotated[
    list[str],
    typer.Option(
        "--limit",
        metavar="WHAT=N",
        help="Read more than by default: size=128MiB, depth=128 or tokens=16000000; repeatable.",
        show_default=False,
    ),
]

_MAGNET = re.compile(r"(?:stream-)?magnet:", re.IGNORECASE)
_URL = re.compile(r"https?://", re.IGNORECASE)
_BARE_INFOHASH = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}|[a-z2-7]{32}", re.IGNORECASE)


def parse_limits(texts: list[str]) -> Limits:
    """Limits from `size=1GiB`, `depth=500`, `tokens=50000000`; the defaults for what is not said."""
    given: dict[str, int] = {}
    for text in texts:
        what, mark, number = text.partition("=")
        if not mark or what not in ("size", "depth", "tokens"):
            raise UsageError(f"{quoted(text)} is not a limit", hint="Write size=1GiB, depth=500 or tokens=50000000.")
        given[what] = parse_size(number)
    return Limits(**given)


def read_source(text: str, limits: Limits) -> bytes | Magnet:
    """The bytes of a torrent file or of standard input, or a magnet: a URI, or a bare infohash that is no file."""
    with _hinting_at_limits():
        return _read(text, limits)


def _read(text: str, limits: Limits) -> bytes | Magnet:
    if text == str(STANDARD_STREAM):
        return _read_stdin(limits)
    word = text.strip()
    if _MAGNET.match(word) or (_BARE_INFOHASH.fullmatch(word) and not Path(text).exists()):
        return Magnet.parse(word)
    if _URL.match(word) and not Path(text).exists():
        raise UsageError(
            f"{quoted(text)} is a URL, and nothing is fetched here",
            hint="mkt fetch URL --metadata-only -o FILE gets a torrent file.",
        )
    return read_bytes(Path(text), limits=limits)


def read_torrent(text: str, limits: Limits) -> bytes:
    """The bytes of a torrent file or of standard input. Raises UsageError for a magnet, which holds no metainfo."""
    source = read_source(text, limits)
    if isinstance(source, Magnet):
        raise UsageError("a magnet only names a torrent", hint="mkt fetch gets its torrent file.")
    return source


def read_metainfo_from(text: str, limits: Limits) -> Metainfo:
    """The torrent of a torrent file or of standard input; an error says where to look next."""
    data = read_torrent(text, limits)
    with hinting(text), collector_paused():
        return Metainfo.from_bytes(data, limits=limits)


def shown_source(text: str) -> str:
    """What a message calls it."""
    return "standard input" if text == str(STANDARD_STREAM) else text


@contextmanager
def hinting(source: str) -> Iterator[None]:
    """Tell whoever meets a refused torrent which it is, and where to look next."""
    try:
        with reading(shown_source(source)), _hinting_at_limits():
            yield
    except MetainfoError as error:
        error.hint = error.hint or "mkt lint lists all that is wrong; mkt inspect --raw shows what is there."
        raise


def _read_stdin(limits: Limits) -> bytes | Magnet:
    data = read_stdin_bytes(limits.size)
    if len(data) > limits.size:
        raise LimitError(f"standard input is larger than {limits.size:,} bytes, the limit for a torrent file")
    text = data.strip().decode("utf-8", "surrogateescape")
    return Magnet.parse(text) if _MAGNET.match(text) or _BARE_INFOHASH.fullmatch(text) else data


@contextmanager
def _hinting_at_limits() -> Iterator[None]:
    try:
        yield
    except LimitError as error:
        error.hint = error.hint or "Say --limit to read more: size=1GiB, depth=500, tokens=50000000."
        raise
