"""What to do about each warning of a draft, in the options of `mkt create`."""

from __future__ import annotations

from mktorrent_py.create import DraftWarning

_LESS_PADDING = "Use --v2, which has no padding, or --v1, where files share pieces."

ADVICE: dict[str, str] = {
    "links-outside-content": "Use --symlinks skip to leave links out, --symlinks store to keep them as links.",
    "padding-large": _LESS_PADDING,
    "padding-reducible": f"--piece-length {{better_length}} reduces it to {{better_share}}. {_LESS_PADDING}",
    "piece-length-unusual": "{usual} is the common maximum.",
    "private-without-tracker": "Add one with --tracker.",
    "single-file-directory-in-v2": "Pass the file itself as CONTENT, or create a hybrid.",
    "target-pieces-unreachable": "In v2 and hybrids every file has at least one piece; with --v1 files share pieces.",
}
"""Advice by code; `{name}` stands for an item of the warning's data."""


def advice_for(warning: DraftWarning) -> str:
    """Return the advice that goes with a warning."""
    code = "padding-reducible" if "better_length" in warning.data else warning.code
    return ADVICE[code].format(**warning.data)
