"""The table of rules: id, severity, reference, what a finding means, and what to do about it.

`error` breaks a BEP, or makes the torrent unusable. `warning` causes trouble with some clients or systems. `info` is
worth knowing. A rule without a check is reported by reading. Advice here names no option; the command line has its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mktorrent_py.metainfo.lint import checks as checks
from mktorrent_py.metainfo.lint import name_checks as names
from mktorrent_py.metainfo.lint.checks import Subject, Violations


class Severity(StrEnum):
    """How serious a finding is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `reference` is a BEP, a client or a system; `advice` is what to do about a finding."""

    id: str
    severity: Severity
    reference: str
    summary: str
    advice: str
    check: Callable[[Subject], Violations] | None = None


_RECREATE = "Create the torrent again from its content, or ask its author to."
_RETYPE = "Set the key again, or remove it."
_RENAME = "Rename it and create the torrent again, if it is for other systems too."
_TREE = "The v2 part is broken: create the torrent again."

# fmt: off
_TABLE = (
    # The file as a whole
    Rule("not-bencode", ERROR, "BEP 3", "not bencode", "This is not a torrent file; download it again."),
    Rule("beyond-limits", ERROR, "mkt", "larger or deeper than is safe to read", "Do not trust this file."),
    Rule("not-a-dictionary", ERROR, "BEP 3", "not a dictionary", "This is not a torrent file."),
    Rule("trailing-data", WARNING, "BEP 3", "bytes after the end of the torrent", "Any edit removes them."),
    Rule("unsorted-keys", WARNING, "BEP 3", "unsorted keys", "Most clients write keys sorted."),
    Rule("duplicate-key", WARNING, "BEP 3", "duplicate key",
         "Clients differ on which one counts; here it is the first."),
    Rule("leading-zero", WARNING, "BEP 3", "number with leading zeros", "Some clients refuse it."),
    Rule("negative-zero", WARNING, "BEP 3", "number written as minus zero", "Some clients refuse it."),
    Rule("unsorted-info", ERROR, "BEP 3", "unsorted keys in the info dictionary",
         "Tools that encode it again get another infohash, rTorrent refuses it. " + _RECREATE),
    Rule("info-duplicate-key", ERROR, "BEP 3", "duplicate key in the info dictionary",
         "Clients differ on which one counts. " + _RECREATE),
    Rule("info-leading-zero", ERROR, "BEP 3", "number with leading zeros in the info dictionary", _RECREATE),
    Rule("info-negative-zero", ERROR, "BEP 3", "minus zero in the info dictionary", _RECREATE),
    Rule("field-missing", ERROR, "BEP 3, 52", "missing required key", _RECREATE),
    Rule("field-wrong-type", WARNING, "BEP 3", "value of the wrong type", _RETYPE),
    Rule("value-out-of-range", ERROR, "BEP 3", "number out of range", _RECREATE),
    Rule("text-not-utf-8", WARNING, "BEP 3", "text that is not UTF-8", _RETYPE),
    Rule("torrent-too-large-for-libtorrent", WARNING, "libtorrent", "torrent file over 10,000,000 bytes",
         "Use longer pieces or fewer files; qBittorrent and Deluge cannot open it.", checks.too_large_for_libtorrent),
    Rule("deprecated-key", INFO, "BEP 3", "deprecated key",
         "Remove it; inside info that changes the infohash.", checks.deprecated_key),

    # Versions: the v1 part and the v2 part
    Rule("meta-version-unknown", ERROR, "BEP 52", "unknown meta version",
         "No client reads it yet; ask for a v1 or v2 torrent."),
    Rule("bep30-merkle", ERROR, "BEP 30", "Merkle torrent of the abandoned BEP 30", _RECREATE),
    Rule("v1-half-incomplete", WARNING, "BEP 52", "incomplete v1 part", _RECREATE),
    Rule("halves-differ", ERROR, "BEP 52", "v1 and v2 parts that describe different files", _RECREATE),
    Rule("files-or-length", ERROR, "BEP 3", "both or neither of `files` and `length`", _RECREATE),
    Rule("no-content", ERROR, "BEP 3", "no content", "Clients refuse it."),
    Rule("hybrid-unreadable-by-old-clients", INFO, "BEP 52", "hybrid torrent",
         "Old clients need a v1 torrent.", checks.hybrid_unreadable),
    Rule("v2-unreadable-by-many-clients", INFO, "BEP 52", "torrent without a v1 part",
         "Far more clients read a hybrid.", checks.v2_unreadable),
    Rule("single-file-directory-in-v2", WARNING, "BEP 52", "v2 directory with a single file",
         "Make it a hybrid, or a torrent of the file alone.", checks.single_file_directory),
    Rule("v1-order-not-canonical", INFO, "BEP 52", "v1 files in another order than that of v2",
         "Clients read it; tools that sort by path get another infohash for the same files.", checks.v1_order),

    # Pieces
    Rule("piece-length-invalid", ERROR, "BEP 52", "piece length that v2 does not allow", _RECREATE),
    Rule("piece-length-too-large", WARNING, "libtorrent", "pieces longer than 128 MiB",
         "Create it again with pieces of 16 MiB or less.", checks.piece_length_too_large),
    Rule("piece-length-unusual", INFO, "clients", "pieces longer than 16 MiB",
         "Use 16 MiB unless the torrent file gets too large.", checks.piece_length_unusual),
    Rule("piece-length-too-small", WARNING, "BEP 3", "pieces shorter than 16 KiB",
         "Create it again with pieces of 16 KiB or more.", checks.piece_length_too_small),
    Rule("piece-length-not-power-of-two", WARNING, "BEP 3", "piece length that is not a power of two",
         "Create it again with a power of two.", checks.piece_length_not_power_of_two),
    Rule("too-many-pieces", WARNING, "libtorrent", "more than 2,097,152 pieces",
         "Create it again with longer pieces.", checks.too_many_pieces),
    Rule("pieces-invalid", ERROR, "BEP 3", "not one SHA-1 for each piece", _RECREATE),
    Rule("pieces-root-invalid", ERROR, "BEP 52", "invalid pieces root", _TREE),
    Rule("piece-layer-invalid", ERROR, "BEP 52", "piece layer that does not match its file", _TREE),
    Rule("piece-layers-missing", WARNING, "BEP 52", "missing piece layers",
         "Clients have to download the layers from peers first. " + _RECREATE),
    Rule("padding-large", WARNING, "BEP 47", "padding over 5 % of the content",
         "Shorter pieces pad less, down to 16 KiB; v2 has no padding, and in v1 files share pieces.",
         checks.padding_large),

    # Files and names
    Rule("unsafe-path", ERROR, "BEP 3", "path that could lead out of its directory", "Do not trust this torrent."),
    Rule("duplicate-path", WARNING, "BEP 3", "two files with the same path",
         "Clients rename or refuse one. " + _RECREATE),
    Rule("path-clash", WARNING, "BEP 3", "file and directory with the same path", _RECREATE),
    Rule("file-tree-shape", ERROR, "BEP 52", "malformed file tree", _TREE),
    Rule("pad-file-in-tree", ERROR, "BEP 47, 52", "pad file in the file tree", _TREE),
    Rule("empty-directory", INFO, "BEP 52", "directory without files", "Clients do not create it."),
    Rule("sha1-malformed", INFO, "BEP 47", "malformed `sha1` of a file", "Clients ignore it."),
    Rule("empty-file-with-root", WARNING, "BEP 52", "empty file with a pieces root", _RECREATE),
    Rule("path-not-portable", WARNING, "Windows", "name that Windows does not allow",
         _RENAME, names.path_not_portable),
    Rule("path-too-long", WARNING, "systems", "name over 255 bytes or path over 259 characters",
         _RENAME, names.path_too_long),
    Rule("tree-too-deep", WARNING, "Transmission 4", "v2 tree nested too deep", _RENAME, names.tree_too_deep),
    Rule("case-collision", WARNING, "Windows, macOS", "paths that differ only in case",
         "One of them is lost on systems that ignore case. " + _RENAME, names.case_collision),
    Rule("name-not-nfc", WARNING, "Unicode", "name in decomposed form",
         "Rename it to NFC, so that all systems find it.", names.name_not_nfc),
    Rule("normalization-collision", ERROR, "Unicode", "names that differ only in Unicode normalization",
         "One of them is lost on macOS. " + _RENAME, names.normalization_collision),
    Rule("name-not-utf-8", ERROR, "BEP 3", "name that is not UTF-8", _RENAME, names.name_not_utf8),
    Rule("invisible-characters", WARNING, "Unicode", "name with invisible characters",
         "Such a name can pass for another one. " + _RENAME, names.invisible_characters),
    Rule("symlink-target-missing", WARNING, "BEP 47", "symbolic link to a path outside the torrent",
         _RECREATE, names.symlink_target_missing),

    # Trackers, seeds, nodes
    Rule("no-tracker", INFO, "BEP 5", "no tracker", "Add one unless the DHT is enough.", checks.no_tracker),
    Rule("tracker-malformed", WARNING, "BEP 3, 15", "tracker URL that clients cannot use",
         "Remove or correct it.", checks.tracker_malformed),
    Rule("tracker-plain-http", INFO, "BEP 3", "tracker without TLS",
         "Use https:// if the tracker supports it.", checks.tracker_plain_http),
    Rule("duplicate-tracker", WARNING, "BEP 12", "duplicate tracker", "Replace the list.", checks.duplicate_tracker),
    Rule("announce-differs-from-announce-list", WARNING, "BEP 12", "announce that is not in announce-list",
         "Replace the trackers, which sets both.", checks.announce_differs),
    Rule("announce-list-empty", WARNING, "BEP 12", "announce-list without a tracker", "Remove `announce-list`."),
    Rule("web-seed-malformed", WARNING, "BEP 19", "web seed URL that clients cannot use",
         "Remove or correct it.", checks.web_seed_malformed),
    Rule("web-seed-not-directory", WARNING, "BEP 19", "web seed of a directory without a trailing slash",
         "Add the slash.", checks.web_seed_not_directory),
    Rule("http-seeds-unsupported", INFO, "BEP 17", "HTTP seeds (BEP 17)",
         "Add a web seed (BEP 19).", checks.http_seeds_unsupported),
    Rule("node-malformed", WARNING, "BEP 5", "malformed DHT node", "Replace the nodes."),
    Rule("nodes-with-trackers", INFO, "BEP 5", "DHT nodes beside trackers",
         "Remove the nodes.", checks.nodes_with_trackers),
    Rule("update-url-malformed", WARNING, "BEP 39", "update URL that clients cannot use",
         "Set another, which changes the infohash.", checks.update_url_malformed),

    # Private torrents
    Rule("private-without-tracker", ERROR, "BEP 27", "private torrent without a tracker",
         "Add a tracker.", checks.private_without_tracker),
    Rule("dht-nodes-in-private", ERROR, "BEP 27", "private torrent with DHT nodes",
         "Remove the nodes.", checks.dht_nodes_in_private),
    Rule("private-not-0-or-1", WARNING, "BEP 27", "private that is neither 0 nor 1",
         "Set it to 1, which changes the infohash."),
    Rule("private-outside-info", WARNING, "BEP 27", "private outside the info dictionary",
         "It has no effect there: remove it, or set it inside info.", checks.private_outside_info),
    Rule("source-outside-info", INFO, "private trackers", "source outside the info dictionary",
         "It has no effect there: remove it, or set it inside info.", checks.source_outside_info),

    # The rest
    Rule("date-out-of-range", WARNING, "BEP 3", "creation date before 1970", "Set or remove the date."),
    Rule("date-implausible", WARNING, "BEP 3", "creation date that is not in seconds",
         "Set or remove the date.", checks.date_implausible),
    Rule("similar-not-20-bytes", INFO, "BEP 38", "similar torrent that is not named by 20 bytes",
         "Replace the similar torrents.", checks.similar_not_20_bytes),
)
# fmt: on

RULES = {rule.id: rule for rule in _TABLE}
