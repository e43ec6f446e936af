"""The metainfo of torrents and magnets. Pure: bytes and values in, bytes and values out; no clock, disk or threads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.metainfo import bencode as bencode
    from mktorrent_py.metainfo import rules as rules
    from mktorrent_py.metainfo.bencode import Dictionary as Dictionary
    from mktorrent_py.metainfo.bencode import Encodable as Encodable
    from mktorrent_py.metainfo.bencode import Limits as Limits
    from mktorrent_py.metainfo.bencode import Value as Value
    from mktorrent_py.metainfo.diff import Differences as Differences
    from mktorrent_py.metainfo.diff import differences_facts as differences_facts
    from mktorrent_py.metainfo.diff.fields import Change as Change
    from mktorrent_py.metainfo.edit import INFO_PREFIX as INFO_PREFIX
    from mktorrent_py.metainfo.edit import UNCHANGED as UNCHANGED
    from mktorrent_py.metainfo.edit import Edit as Edit
    from mktorrent_py.metainfo.edit import ListChange as ListChange
    from mktorrent_py.metainfo.edit import TierChange as TierChange
    from mktorrent_py.metainfo.edit import Unchanged as Unchanged
    from mktorrent_py.metainfo.edit_result import EditResult as EditResult
    from mktorrent_py.metainfo.edit_result import edit_torrent as edit_torrent
    from mktorrent_py.metainfo.info import Info as Info
    from mktorrent_py.metainfo.infohash import TorrentVersion as TorrentVersion
    from mktorrent_py.metainfo.keys import DATE as DATE
    from mktorrent_py.metainfo.keys import FLAG as FLAG
    from mktorrent_py.metainfo.keys import KEYS as KEYS
    from mktorrent_py.metainfo.keys import TRACKERS as TRACKERS
    from mktorrent_py.metainfo.keys import Key as Key
    from mktorrent_py.metainfo.layout import File as File
    from mktorrent_py.metainfo.layout import PathComponents as PathComponents
    from mktorrent_py.metainfo.lint import Finding as Finding
    from mktorrent_py.metainfo.lint import lint_metainfo as lint_metainfo
    from mktorrent_py.metainfo.lint.policy import Judgement as Judgement
    from mktorrent_py.metainfo.lint.policy import LintPolicy as LintPolicy
    from mktorrent_py.metainfo.lint.table import RULES as RULES
    from mktorrent_py.metainfo.lint.table import Rule as Rule
    from mktorrent_py.metainfo.lint.table import Severity as Severity
    from mktorrent_py.metainfo.magnet.uri import Magnet as Magnet
    from mktorrent_py.metainfo.metainfo import Metainfo as Metainfo
    from mktorrent_py.metainfo.node import Node as Node
    from mktorrent_py.metainfo.node import host_port as host_port
    from mktorrent_py.metainfo.parse.document import ParseResult as ParseResult
    from mktorrent_py.metainfo.parse.document import parse_metainfo as parse_metainfo
    from mktorrent_py.metainfo.paths import display_path as display_path
    from mktorrent_py.metainfo.piece_length import parse_size as parse_size
    from mktorrent_py.metainfo.summary import file_facts as file_facts
    from mktorrent_py.metainfo.summary import infohash_facts as infohash_facts
    from mktorrent_py.metainfo.summary import layout_facts as layout_facts
    from mktorrent_py.metainfo.summary import summarize as summarize
    from mktorrent_py.metainfo.summary import summarize_magnet as summarize_magnet

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "": (
            "bencode",
            "rules",
        ),
        "bencode": (
            "Dictionary",
            "Encodable",
            "Limits",
            "Value",
        ),
        "diff": (
            "Differences",
            "differences_facts",
        ),
        "diff.fields": ("Change",),
        "edit": (
            "Edit",
            "INFO_PREFIX",
            "ListChange",
            "TierChange",
            "UNCHANGED",
            "Unchanged",
        ),
        "edit_result": (
            "EditResult",
            "edit_torrent",
        ),
        "info": ("Info",),
        "infohash": ("TorrentVersion",),
        "keys": (
            "DATE",
            "FLAG",
            "KEYS",
            "Key",
            "TRACKERS",
        ),
        "layout": (
            "File",
            "PathComponents",
        ),
        "lint": (
            "Finding",
            "lint_metainfo",
        ),
        "lint.policy": (
            "Judgement",
            "LintPolicy",
        ),
        "lint.table": (
            "RULES",
            "Rule",
            "Severity",
        ),
        "magnet.uri": ("Magnet",),
        "metainfo": ("Metainfo",),
        "node": (
            "Node",
            "host_port",
        ),
        "parse.document": (
            "ParseResult",
            "parse_metainfo",
        ),
        "paths": ("display_path",),
        "piece_length": ("parse_size",),
        "summary": (
            "file_facts",
            "infohash_facts",
            "layout_facts",
            "summarize",
            "summarize_magnet",
        ),
    },
)
