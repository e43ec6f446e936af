"""What to do next, for each kind of error, in the words of the command line.

The library's errors carry a code and data, and never name an option or a verb. This is the one table that does: for a
code the hint, in which `{name}` stands for an item of the error's data. An error whose code has no row here keeps the
hint of its own.
"""

from __future__ import annotations

from mktorrent_py.errors import TorrentError

HINTS: dict[str, str] = {
    # Files and output
    "overwrite-refused": "Use --force to overwrite it, or --output to write somewhere else.",
    # Content: scanning, selection, links
    # Creating: formats, piece lengths, names
    # Metainfo: reading, limits, rules
    "limit-exceeded": "Use --limit to read more: size=1GiB, depth=500, tokens=50000000.",
    # Editing
    "infohash-change-refused": "Add --new-infohash to allow it.",
    # Verifying
    # Seeding and downloading
    # Tracking
    "port-in-use": "Use --port to choose another port; --port 0 picks a free one.",
    "port-not-permitted": "Use --port to choose a port above 1023.",
    "no-free-port": "Use --port to choose one.",
    "address-not-local": "List the addresses of this machine with: ip address",
    "state-with-store": "Omit --state or --store.",
    "state-unwritable": "Use --state to choose another file.",
    "state-invalid": "Move it away to start empty, or use --state to choose another file.",
}


def hint_for(error: TorrentError) -> str | None:
    """The hint that goes with an error: that of its code, or else its own."""
    row = HINTS.get(error.code)
    return error.hint if row is None else row.format(**error.data)
