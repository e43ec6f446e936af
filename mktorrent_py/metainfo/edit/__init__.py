"""Changes to a torrent that leave everything else as it is, byte for byte."""

from mktorrent_py.metainfo.edit.apply import changes_infohash as changes_infohash
from mktorrent_py.metainfo.edit.apply import check_edit as check_edit
from mktorrent_py.metainfo.edit.apply import edit_metainfo as edit_metainfo
from mktorrent_py.metainfo.edit.changes import UNCHANGED as UNCHANGED
from mktorrent_py.metainfo.edit.changes import Edit as Edit
from mktorrent_py.metainfo.edit.changes import ListChange as ListChange
from mktorrent_py.metainfo.edit.changes import TierChange as TierChange
from mktorrent_py.metainfo.edit.changes import Unchanged as Unchanged
from mktorrent_py.metainfo.keys import INFO_PREFIX as INFO_PREFIX
