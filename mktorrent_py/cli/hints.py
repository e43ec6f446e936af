"""What to do next, for each kind of error, in the words of the command line.

The library's errors carry a code and data, and never name an option or a verb. This is the one table that does: for a
code the hint, in which `{name}` stands for an item of the error's data, and `{name:q}` for one quoted for a shell. An
error whose code has no row here keeps the hint of its own.
"""

from __future__ import annotations

from typing import Any

from mktorrent_py.errors import TorrentError

HINTS: dict[str, str] = {
    # Files and output
    "overwrite-refused": "Use --force to overwrite it, or write to another path.",
    # Content: scanning, selection, links
    "entry-permission-denied": (
        "Nothing was written. Exclude it with --exclude {pattern:q}, or run as a user who can read it."
    ),
    "entry-path-too-long": (
        "Nothing was written. Exclude it with --exclude {pattern:q}, or start from a directory nearer to it."
    ),
    "entry-unreadable": "Nothing was written. Exclude it with --exclude {pattern:q}.",
    "content-changed": "Nothing was written. Try again once nothing is changing these files.",
    "name-not-utf-8": "Rename it, exclude it with --exclude, or keep its bytes with --raw-names.",
    "name-unsafe": "Rename it, or exclude it with --exclude {pattern:q}.",
    "names-differ-in-normalization": (
        "Many systems cannot distinguish them. Rename one of them, or exclude one with --exclude."
    ),
    "listed-path-outside": "Paths in --files-from are relative to CONTENT.",
    # Creating: formats, piece lengths, names
    "sort-needs-v1": "Omit --sort, or add --v1.",
    "piece-length-with-target": "Omit --piece-length or --target-pieces.",
    "piece-length-above-maximum": "Omit --piece-length or --max-piece-length.",
    "target-pieces-of-stream": "Omit --target-pieces, or pass a file instead of standard input.",
    # Metainfo: reading, limits, rules
    "tracker-malformed": "Use {schemes}; udp needs a port, and a comma inside a URL is written %2C.",
    "web-seed-malformed": "Use {schemes}: https://mirror.example/pub/.",
    "update-url-malformed": "Use {schemes}: https://example.org/release.torrent.",
    "tier-empty": "Write https://tracker.example/announce, or omit the option.",
    "node-malformed": "Write router.example.org:6881, 192.0.2.7:6881 or [2001:db8::1]:6881.",
    "infohash-invalid": "Use mkt inspect FILE --field infohash.v1 to print the one of a torrent.",
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
    "no-file-matches": "Use mkt inspect --files to list the files of a torrent.",
    # Seeding and downloading
    "bind-needs-address": "Use an address with --bind.",
    "bind-unavailable": "Use another address or interface with --bind.",
    "content-differs": "Use --force to repair it, or --directory to download somewhere else.",
    "content-mismatch": "mkt verify lists everything that is wrong; only content that matches is seeded.",
    "content-newer": "Run without --trust to verify it.",
    "directory-unusable": "Use another with --directory.",
    "download-stalled": "Try again later, or name a peer with --peer HOST:PORT; what was downloaded is kept.",
    "metadata-stalled": (
        "Try again later, or name a peer with --peer. Metadata above {limit:,} bytes is refused;"
        " use --max-metadata to raise the limit."
    ),
    "part-too-long": "Remove it, or use --force to truncate and repair it.",
    "peer-name-with-proxy": "Resolve it where the proxy is not needed, and use the address with --peer.",
    "proxy-login-refused": "Check user name and password: --proxy socks5://USER:PASSWORD@HOST:PORT.",
    "proxy-unreachable": "Nothing was sent past it. Start it, or use another with --proxy.",
    "proxy-with-bind": "Use --proxy alone; the system's routing decides how the proxy is reached.",
    "selection-empty": "mkt inspect --files lists the files.",
    "selection-incomplete": "Only a complete torrent can be seeded: omit --select or --seed-after.",
    "torrent-is-directory": "Use --content DIR for the place where the content of several torrents is.",
    "verification-failed": "Run again with --force to repair it.",
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
    return error.hint if row is None else row.format(**{name: _Item(value) for name, value in error.data.items()})


class _Item:
    """An item of an error's data in a hint."""

    def __init__(self, value: Any) -> None:
        self._value = value

    def __format__(self, form: str) -> str:
        if form != "q":
            return format(self._value, form)
        import shlex

        return shlex.quote(str(self._value))
