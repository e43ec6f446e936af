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
    "bind-needs-address": "Use an address with --bind.",
    "bind-unavailable": "Use another address or interface with --bind.",
    "content-differs": "Use --force to repair it, or --directory to download somewhere else.",
    "content-mismatch": "mkt verify lists everything that is wrong; only content that matches is seeded.",
    "content-newer": "Run without --trust to verify it.",
    "directory-unusable": "Use another with --directory.",
    "download-stalled": "Try again later, or name a peer with --peer HOST:PORT; what was downloaded is kept.",
    "metadata-stalled": (
        "Try again later, or name a peer with --peer. Above {limit:,} bytes it is not accepted (--max-metadata)."
    ),
    "part-too-long": "Remove it, or use --force to truncate and repair it.",
    "peer-name-with-proxy": "Resolve it where the proxy is not needed, and use the address with --peer.",
    "port-forbidden": "Use another with --port, 1024 or above.",
    "port-in-use": "Use another with --port; 0 picks any free port.",
    "proxy-login-refused": "Check user name and password: --proxy socks5://USER:PASSWORD@HOST:PORT.",
    "proxy-unreachable": "Nothing was sent past it. Start it, or use another with --proxy.",
    "proxy-with-bind": "Use --proxy alone; the system's routing decides how the proxy is reached.",
    "selection-empty": "mkt inspect --files lists the files.",
    "selection-incomplete": "Only a complete torrent can be seeded: omit --select or --seed-after.",
    "torrent-is-directory": "Use --content DIR for the place where the content of several torrents is.",
    "verification-failed": "Run again with --force to repair it.",
    # Tracking
}


def hint_for(error: TorrentError) -> str | None:
    """The hint that goes with an error: that of its code, or else its own."""
    row = HINTS.get(error.code)
    return error.hint if row is None else row.format(**error.data)
