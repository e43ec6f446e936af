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
    "sort-needs-v1": "Omit --sort, or use --v1.",
    "file-unreadable": "Nothing was written. Exclude it with --exclude, or run as a user who can read it.",
    # Metainfo: reading, limits, rules
    "tracker-malformed": "Use {schemes}; udp needs a port, and a comma inside a URL is written %2C.",
    "web-seed-malformed": "Use {schemes}: https://mirror.example/pub/.",
    "update-url-malformed": "Use {schemes}: https://example.org/release.torrent.",
    "tier-empty": "Write https://tracker.example/announce, or omit the option.",
    "node-malformed": "Write router.example.org:6881, 192.0.2.7:6881 or [2001:db8::1]:6881.",
    "infohash-invalid": "Write 40 hexadecimal digits.",
    "dht-nodes-in-private": "Omit the nodes (--no-nodes when editing), or leave it public.",
    "name-missing": "Name the torrent with --name.",
    "name-invalid": "Choose another name with --name.",
    "piece-length-too-small": "Omit --piece-length to have it chosen.",
    "piece-length-too-large": "Omit --piece-length to have it chosen.",
    "piece-length-not-power-of-two": "Use {shorter} or {longer}, or --v1.",
    "limit-exceeded": "Use --limit to read more: size=1GiB, depth=500, tokens=50000000.",
    # Editing
    "removal-not-found": "Add --if-present to ignore removals of missing items.",
    "content-key-not-editable": "Use mkt create to make a torrent of other content.",
    "tier-not-found": "Use --add-tracker to append a new tier.",
    "infohash-change-refused": "Add --new-infohash to allow it.",
    # Verifying
    # Seeding and downloading
    # Tracking
}


def hint_for(error: TorrentError) -> str | None:
    """The hint that goes with an error: that of its code, or else its own."""
    row = HINTS.get(error.code)
    return error.hint if row is None else row.format(**error.data)
