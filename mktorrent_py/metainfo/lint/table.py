"""The table of rules: what each finding is called, how much it matters, who says so, and what to do about it.

`error` breaks a BEP, or leaves a torrent that nobody can use. `warning` gives trouble to some clients or systems.
`info` is worth knowing. A rule without a check is noticed while the torrent is read.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from mktorrent_py.metainfo.lint import checks as checks
from mktorrent_py.metainfo.lint import name_checks as names
from mktorrent_py.metainfo.lint.checks import Subject, Violations


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing to look for. `reference` is a BEP, a client or a system; `advice` says what to do."""

    id: str
    severity: Severity
    reference: str
    summary: str
    advice: str
    check: Callable[[Subject], Violations] | None = None


_RECREATE = "Make the torrent anew from its content, or ask whoever made it to."
_RETYPE = "Set the key again with mkt edit, or --unset it."
_RENAME = "Rename it and make the torrent anew, if people on other systems are to have it."
_TREE = "The v2 half is broken: make the torrent anew."

# fmt: off
_TABLE = (
    # The file as a whole
    Rule("not-bencode", ERROR, "BEP 3", "the file is not bencode", "This is no torrent file; download it again."),
    Rule("beyond-limits", ERROR, "mkt", "the file is larger or deeper than is safe to read", "Do not trust this file."),
    Rule("not-a-dictionary", ERROR, "BEP 3", "the file holds no dictionary", "This is no torrent file."),
    Rule("trailing-data", WARNING, "BEP 3", "bytes follow the end of the torrent", "mkt edit writes it without them."),
    Rule("unsorted-keys", WARNING, "BEP 3", "keys are not in order", "mkt create and most clients write them sorted."),
    Rule("duplicate-key", WARNING, "BEP 3", "a key stands there twice",
         "Clients differ on which one counts: the first, here."),
    Rule("leading-zero", WARNING, "BEP 3", "a number is written with leading zeros", "Some clients refuse it."),
    Rule("negative-zero", WARNING, "BEP 3", "a number is written as minus zero", "Some clients refuse it."),
    Rule("unsorted-info", ERROR, "BEP 3", "keys inside the info dictionary are not in order",
         "Tools that write it anew get another infohash, rTorrent refuses it. " + _RECREATE),
    Rule("info-duplicate-key", ERROR, "BEP 3", "a key stands twice in the info dictionary",
         "Clients differ on which one counts. " + _RECREATE),
    Rule("info-leading-zero", ERROR, "BEP 3", "a number in the info dictionary has leading zeros", _RECREATE),
    Rule("info-negative-zero", ERROR, "BEP 3", "a number in the info dictionary is minus zero", _RECREATE),
    Rule("field-missing", ERROR, "BEP 3, 52", "a required key is missing", _RECREATE),
    Rule("field-wrong-type", WARNING, "BEP 3", "a value is of another type than its key wants", _RETYPE),
    Rule("value-out-of-range", ERROR, "BEP 3", "a number is impossible", _RECREATE),
    Rule("text-not-utf-8", WARNING, "BEP 3", "a text is not UTF-8", _RETYPE),
    Rule("torrent-too-large-for-libtorrent", WARNING, "libtorrent", "the torrent file has more than 10,000,000 bytes",
         "Take longer pieces or fewer files; qBittorrent and Deluge do not open it.", checks.too_large_for_libtorrent),
    Rule("deprecated-key", INFO, "BEP 3", "a key that nobody reads any more",
         "mkt edit --unset takes it away; inside info that changes the infohash.", checks.deprecated_key),

    # Versions and halves
    Rule("meta-version-unknown", ERROR, "BEP 52", "a newer or impossible version",
         "Nothing reads it yet; ask for a v1 or v2 torrent."),
    Rule("bep30-merkle", ERROR, "BEP 30", "a torrent of the abandoned Merkle kind", _RECREATE),
    Rule("v1-half-incomplete", WARNING, "BEP 52", "half of a v1 half", _RECREATE),
    Rule("halves-differ", ERROR, "BEP 52", "the v1 and v2 halves describe different files", _RECREATE),
    Rule("files-or-length", ERROR, "BEP 3", "both or neither of `files` and `length`", _RECREATE),
    Rule("no-content", ERROR, "BEP 3", "no byte of content", "No client takes it."),
    Rule("hybrid-unreadable-by-old-clients", INFO, "BEP 52", "a hybrid torrent",
         "mkt create --v1 reaches them.", checks.hybrid_unreadable),
    Rule("v2-unreadable-by-many-clients", INFO, "BEP 52", "a torrent without a v1 half",
         "mkt create makes hybrids, which far more clients read.", checks.v2_unreadable),
    Rule("single-file-directory-in-v2", WARNING, "BEP 52", "a v2 directory that holds one file",
         "Make it a hybrid, or a torrent of the file alone.", checks.single_file_directory),
    Rule("v1-order-not-canonical", INFO, "BEP 52", "v1 files in another order than v2 has",
         "Clients read it; tools that sort by path make another infohash of the same files.", checks.v1_order),

    # Pieces
    Rule("piece-length-invalid", ERROR, "BEP 52", "a piece length that v2 does not allow", _RECREATE),
    Rule("piece-length-too-large", WARNING, "libtorrent", "pieces longer than 128 MiB",
         "Make it anew with 16 MiB pieces or shorter.", checks.piece_length_too_large),
    Rule("piece-length-unusual", INFO, "clients", "pieces longer than 16 MiB",
         "Take 16 MiB unless the torrent file gets too large.", checks.piece_length_unusual),
    Rule("piece-length-too-small", WARNING, "BEP 3", "pieces shorter than 16 KiB",
         "Make it anew with 16 KiB pieces or longer.", checks.piece_length_too_small),
    Rule("piece-length-not-power-of-two", WARNING, "BEP 3", "a piece length that is no power of two",
         "Make it anew with a power of two.", checks.piece_length_not_power_of_two),
    Rule("too-many-pieces", WARNING, "libtorrent", "more than 2,097,152 pieces",
         "Make it anew with longer pieces.", checks.too_many_pieces),
    Rule("pieces-invalid", ERROR, "BEP 3", "not one SHA-1 for every piece", _RECREATE),
    Rule("pieces-root-invalid", ERROR, "BEP 52", "a pieces root that cannot be one", _TREE),
    Rule("piece-layer-invalid", ERROR, "BEP 52", "a piece layer that does not fit its file", _TREE),
    Rule("piece-layers-missing", WARNING, "BEP 52", "files without their piece layers",
         "Clients have to fetch the layers from peers first. " + _RECREATE),
    Rule("padding-large", WARNING, "BEP 47", "padding beyond 5 % of the content",
         "Shorter pieces pad less, down to 16 KiB; v2 has no padding, and in v1 files share pieces.",
         checks.padding_large),

    # Files and names
    Rule("unsafe-path", ERROR, "BEP 3", "a path that could lead out of its directory", "Do not trust this torrent."),
    Rule("duplicate-path", WARNING, "BEP 3", "two files of one path", "Clients rename or refuse one. " + _RECREATE),
    Rule("path-clash", WARNING, "BEP 3", "a file where another file needs a directory", _RECREATE),
    Rule("file-tree-shape", ERROR, "BEP 52", "a file tree that is none", _TREE),
    Rule("pad-file-in-tree", ERROR, "BEP 47, 52", "a pad file in the file tree", _TREE),
    Rule("empty-directory", INFO, "BEP 52", "a directory without a file", "Clients do not create it."),
    Rule("sha1-malformed", INFO, "BEP 47", "a file's `sha1` that is no SHA-1", "Clients pass over it."),
    Rule("empty-file-with-root", WARNING, "BEP 52", "an empty file with a pieces root", _RECREATE),
    Rule("path-not-portable", WARNING, "Windows", "a name that Windows does not take",
         _RENAME, names.path_not_portable),
    Rule("path-too-long", WARNING, "systems", "a name over 255 bytes or a path over 259 characters",
         _RENAME, names.path_too_long),
    Rule("tree-too-deep", WARNING, "Transmission 4", "directories nested too deep in a v2 tree",
         _RENAME, names.tree_too_deep),
    Rule("case-collision", WARNING, "Windows, macOS", "paths that differ in case alone",
         "One of them is lost where case does not count. " + _RENAME, names.case_collision),
    Rule("name-not-nfc", WARNING, "Unicode", "a name in decomposed form",
         "Rename it to NFC, so that all systems find it.", names.name_not_nfc),
    Rule("normalization-collision", ERROR, "Unicode", "two names that are equal in composed form",
         "One of them is lost on macOS. " + _RENAME, names.normalization_collision),
    Rule("name-not-utf-8", ERROR, "BEP 3", "a name that is not UTF-8", _RENAME, names.name_not_utf8),
    Rule("invisible-characters", WARNING, "Unicode", "a name with characters that do not show",
         "Do not trust what such a name seems to say. " + _RENAME, names.invisible_characters),
    Rule("symlink-target-missing", WARNING, "BEP 47", "a link to what the torrent does not hold",
         _RECREATE, names.symlink_target_missing),

    # Trackers, seeds, nodes
    Rule("no-tracker", INFO, "BEP 5", "no tracker", "mkt edit --add-tracker adds one.", checks.no_tracker),
    Rule("tracker-malformed", WARNING, "BEP 3, 15", "a tracker that clients cannot ask",
         "mkt edit --remove-tracker takes it away.", checks.tracker_malformed),
    Rule("tracker-plain-http", INFO, "BEP 3", "a tracker without TLS",
         "Use https:// if the tracker has it.", checks.tracker_plain_http),
    Rule("duplicate-tracker", WARNING, "BEP 12", "a tracker named twice",
         "mkt edit --tracker sets the list anew.", checks.duplicate_tracker),
    Rule("announce-differs-from-announce-list", WARNING, "BEP 12", "an announce that the list does not name",
         "mkt edit --tracker sets both.", checks.announce_differs),
    Rule("announce-list-empty", WARNING, "BEP 12", "an announce-list without a tracker",
         "mkt edit --unset announce-list."),
    Rule("web-seed-malformed", WARNING, "BEP 19", "a web seed that clients cannot ask",
         "mkt edit --remove-web-seed takes it away.", checks.web_seed_malformed),
    Rule("web-seed-not-directory", WARNING, "BEP 19", "a directory's web seed without a slash at its end",
         "mkt edit --web-seed sets it with one.", checks.web_seed_not_directory),
    Rule("http-seeds-unsupported", INFO, "BEP 17", "HTTP seeds of the old kind",
         "Add a web seed (BEP 19).", checks.http_seeds_unsupported),
    Rule("node-malformed", WARNING, "BEP 5", "a DHT node that is none", "mkt edit --node sets them anew."),
    Rule("nodes-with-trackers", INFO, "BEP 5", "DHT nodes beside trackers",
         "mkt edit --no-nodes takes them away.", checks.nodes_with_trackers),
    Rule("update-url-malformed", WARNING, "BEP 39", "an update-url that clients cannot ask",
         "mkt edit --update-url sets another, and with it another infohash.", checks.update_url_malformed),

    # Private torrents
    Rule("private-without-tracker", ERROR, "BEP 27", "private, but without a tracker",
         "mkt edit --add-tracker adds one.", checks.private_without_tracker),
    Rule("dht-nodes-in-private", ERROR, "BEP 27", "private, but with DHT nodes",
         "mkt edit --no-nodes takes them away.", checks.dht_nodes_in_private),
    Rule("private-not-0-or-1", WARNING, "BEP 27", "private is neither 0 nor 1",
         "mkt edit --private says 1, and makes another infohash."),
    Rule("private-outside-info", WARNING, "BEP 27", "private beside the info dictionary",
         "It does nothing there: mkt edit --unset private, or --private.", checks.private_outside_info),
    Rule("source-outside-info", INFO, "private trackers", "source beside the info dictionary",
         "It does nothing there: mkt edit --unset source, or --source.", checks.source_outside_info),

    # The rest
    Rule("date-out-of-range", WARNING, "BEP 3", "a creation date before 1970", "mkt edit --date or --no-date."),
    Rule("date-implausible", WARNING, "BEP 3", "a creation date that is not in seconds",
         "mkt edit --date or --no-date.", checks.date_implausible),
    Rule("similar-not-20-bytes", INFO, "BEP 38", "a similar torrent of another length than SHA-1 has",
         "mkt edit --similar sets them anew.", checks.similar_not_20_bytes),
)
# fmt: on

RULES = {rule.id: rule for rule in _TABLE}
