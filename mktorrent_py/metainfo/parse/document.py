"""Reads a whole torrent file into the model, and lists everything that is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.bencode import Dictionary, Limits, Value
from mktorrent_py.metainfo.frozen import make
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.keys import TOP_LEVEL_KEYS
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.parse.canonical_form import note_form
from mktorrent_py.metainfo.parse.diagnostics import Diagnostic, Diagnostics
from mktorrent_py.metainfo.parse.fields import Fields, kind_of
from mktorrent_py.metainfo.parse.info import read_info
from mktorrent_py.metainfo.parse.piece_layers import read_piece_layers


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseResult:
    """What reading found: the model, or None after an error; all errors and warnings, in the order of the keys."""

    metainfo: Metainfo | None
    errors: tuple[Diagnostic, ...]
    warnings: tuple[Diagnostic, ...]

    def require(self) -> Metainfo:
        """Return the model; raise the first error where there is none."""
        if self.metainfo is None:
            raise self.errors[0].as_error()
        return self.metainfo


def parse_metainfo(data: bytes, *, limits: Limits | None = None) -> ParseResult:
    """Read a torrent file as far as possible. Raises BencodeError only where the bytes are not bencode."""
    diagnostics = Diagnostics()
    document = bencode.decode_leniently(data, limits=limits or Limits())
    metainfo = _read_document(document, data, diagnostics)
    errors = [_with_offset(first, data) for first in diagnostics.errors[:1]] + diagnostics.errors[1:]
    return ParseResult(
        metainfo=None if errors else metainfo, errors=tuple(errors), warnings=tuple(diagnostics.warnings)
    )


def _with_offset(diagnostic: Diagnostic, data: bytes) -> Diagnostic:
    """Add the byte where the value starts that the diagnostic is about, or the nearest value around it."""
    for stop in range(len(diagnostic.keys), 0, -1):
        offset = bencode.locate(data, diagnostic.keys[:stop]) if diagnostic.offset is None else diagnostic.offset
        if offset is not None:
            return replace(diagnostic, offset=offset)
    return diagnostic


def _read_document(document: bencode.Document, data: bytes, diagnostics: Diagnostics) -> Metainfo | None:
    fields = document.value
    if not isinstance(fields, Dictionary):
        diagnostics.error("not-a-dictionary", f"a torrent file is a dictionary; this is {kind_of(fields)}", offset=0)
        return None
    # Spans are walked twice rather than kept: a torrent may have a million keys.
    items = tuple([(key, data[start:stop]) for key, start, stop in document.members(data)])
    info = None
    if b"info" in fields:
        start, stop = next((start, stop) for key, start, stop in document.members(data) if key == b"info")
        info = _read_info(document, fields[b"info"], data[start:stop], start, diagnostics)
    else:
        only = ": this file contains only a magnet URI" if b"magnet-uri" in fields else ""
        diagnostics.error("field-missing", f"is missing{only}", "info")
    return _read_top_level(fields, items, info, diagnostics)


def _read_info(
    document: bencode.Document, value: Value, raw: bytes, start: int, diagnostics: Diagnostics
) -> Info | None:
    with diagnostics.at("info"):
        info = read_info(value, raw, diagnostics)
    has_v2 = isinstance(value, Dictionary) and value.get(b"meta version") == 2
    note_form(document.irregularities, raw, start, diagnostics, has_v2=has_v2)
    return info


def _read_top_level(
    fields: Fields, items: tuple[tuple[bytes, bytes], ...], info: Info | None, diagnostics: Diagnostics
) -> Metainfo | None:
    """Read all keys but `info`; None where that could not be read."""
    values = {row.name: row.kind.read(fields, row.key, diagnostics) for row in TOP_LEVEL_KEYS}
    if info is None:
        return None
    for name in ("similar", "collections"):
        values[name] = tuple(dict.fromkeys(getattr(info, name) + values[name]))
    layers = read_piece_layers(fields, info, diagnostics)
    return make(Metainfo, info=info, items=items, piece_layers=layers, **values)
