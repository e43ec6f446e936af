"""The rule book: what a value of a torrent or a magnet must be, one function a rule.

A rule takes a value and returns what is wrong with it as a `Problem`, or None. Creating, editing, linting, reading and
magnets call the same rules, so that none of them refuses what another accepts; they differ in what follows. Code
that writes a value calls `require`, which raises. Reading keeps what it can and notes a warning. Lint
reports a finding.
"""

from mktorrent_py.metainfo.rules.fields import collection as collection
from mktorrent_py.metainfo.rules.fields import creation_date as creation_date
from mktorrent_py.metainfo.rules.fields import is_v2_piece_length as is_v2_piece_length
from mktorrent_py.metainfo.rules.fields import parse_infohash as parse_infohash
from mktorrent_py.metainfo.rules.fields import piece_length as piece_length
from mktorrent_py.metainfo.rules.fields import private_nodes as private_nodes
from mktorrent_py.metainfo.rules.fields import similar_torrent as similar_torrent
from mktorrent_py.metainfo.rules.fields import text as text
from mktorrent_py.metainfo.rules.fields import torrent_name as torrent_name
from mktorrent_py.metainfo.rules.hosts import node as node
from mktorrent_py.metainfo.rules.hosts import parse_host_port as parse_host_port
from mktorrent_py.metainfo.rules.hosts import parse_node as parse_node
from mktorrent_py.metainfo.rules.problem import Problem as Problem
from mktorrent_py.metainfo.rules.problem import require as require
from mktorrent_py.metainfo.rules.urls import http_seed_url as http_seed_url
from mktorrent_py.metainfo.rules.urls import tracker_url as tracker_url
from mktorrent_py.metainfo.rules.urls import update_url as update_url
from mktorrent_py.metainfo.rules.urls import web_seed_url as web_seed_url
from mktorrent_py.metainfo.rules.urls import web_url as web_url
