"""What to do next, for each kind of error, in the words of the command line.

The library's errors carry a code and data, and never name an option or a verb. This is the one table that does: for a
code the hint, in which `{name}` stands for an item of the error's data, and `{name!q}` for one quoted for a shell. An
error whose code has no row here keeps the hint of its own.
"""

from __future__ import annotations

import shlex
import string
from typing import Any

from mktorrent_py.errors import TorrentError

HINTS: dict[str, str] = {
    # Files and output
    "overwrite-refused": "Use --force to overwrite it, or write to another path.",
    # Content: scanning, selection, links
    "entry-permission-denied": (
        "Nothing was written. Exclude it with --exclude {pattern!q}, or run as a user who can read it."
    ),
    "entry-path-too-long": (
        "Nothing was written. Exclude it with --exclude {pattern!q}, or start from a directory nearer to it."
    ),
    "entry-unreadable": "Nothing was written. Exclude it with --exclude {pattern!q}.",
    "content-changed": "Nothing was written. Try again once nothing is changing these files.",
    "name-not-utf-8": "Rename it, exclude it with --exclude, or keep its bytes with --raw-names.",
    "name-unsafe": "Rename it, or exclude it with --exclude {pattern!q}.",
    "names-differ-in-normalization": (
        "Many systems cannot tell them apart. Rename one of them, or exclude one with --exclude."
    ),
    "listed-path-outside": "Paths in --files-from are relative to CONTENT.",
    # Creating: formats, piece lengths, names
    "torrent-name-invalid": "Use --name to give the torrent another name.",
    "sort-needs-v1": "Omit --sort, or add --v1.",
    "private-with-nodes": "Omit --node or --private.",
    "piece-length-with-target": "Omit --piece-length or --target-pieces.",
    "piece-length-above-maximum": "Omit --piece-length or --max-piece-length.",
    "target-pieces-of-stream": "Omit --target-pieces, or pass a file instead of standard input.",
    # Metainfo: reading, limits, rules
    "limit-exceeded": "Use --limit to read more: size=1GiB, depth=500, tokens=50000000.",
    # Editing
    "infohash-change-refused": "Add --new-infohash to allow it.",
    # Verifying
    "no-file-matches": "Use mkt inspect --files to list the files of a torrent.",
    # Seeding and downloading
    # Tracking
}


def hint_for(error: TorrentError) -> str | None:
    """The hint that goes with an error: that of its code, or else its own."""
    row = HINTS.get(error.code)
    return error.hint if row is None else _HintFormatter().vformat(row, (), error.data)


class _HintFormatter(string.Formatter):
    def convert_field(self, value: Any, conversion: str | None) -> Any:
        return shlex.quote(str(value)) if conversion == "q" else super().convert_field(value, conversion)
