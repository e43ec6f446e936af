"""What to do about a finding of lint in the words of the command line; a rule without a row keeps its own advice."""

from __future__ import annotations

_RETYPE = "Set the key again with mkt edit, or remove it with --unset."

ADVICE: dict[str, str] = {
    "trailing-data": "Any change by mkt edit removes them.",
    "unsorted-keys": "mkt create and most clients write keys sorted.",
    "field-wrong-type": _RETYPE,
    "text-not-utf-8": _RETYPE,
    "deprecated-key": "Remove it with mkt edit --unset; inside info that changes the infohash.",
    "hybrid-unreadable-by-old-clients": "Use mkt create --v1 for those clients.",
    "v2-unreadable-by-many-clients": "mkt create makes hybrids by default, which far more clients read.",
    "no-tracker": "Add one with mkt edit --add-tracker.",
    "tracker-malformed": "Remove it with mkt edit --remove-tracker.",
    "duplicate-tracker": "Replace the list with mkt edit --tracker.",
    "announce-differs-from-announce-list": "mkt edit --tracker sets both.",
    "announce-list-empty": "Remove it with mkt edit --unset announce-list.",
    "web-seed-malformed": "Remove it with mkt edit --remove-web-seed.",
    "web-seed-not-directory": "Set it with a slash: mkt edit --web-seed.",
    "node-malformed": "Replace the nodes with mkt edit --node.",
    "nodes-with-trackers": "Remove them with mkt edit --no-nodes.",
    "update-url-malformed": "Set another with mkt edit --update-url, which changes the infohash.",
    "private-without-tracker": "Add one with mkt edit --add-tracker.",
    "dht-nodes-in-private": "Remove them with mkt edit --no-nodes.",
    "private-not-0-or-1": "mkt edit --private sets it to 1, which changes the infohash.",
    "private-outside-info": "It has no effect there: use mkt edit --unset private, or --private.",
    "source-outside-info": "It has no effect there: use mkt edit --unset source, or --source.",
    "date-out-of-range": "Use mkt edit --date or --no-date.",
    "date-implausible": "Use mkt edit --date or --no-date.",
    "similar-not-20-bytes": "Replace them with mkt edit --similar.",
}
