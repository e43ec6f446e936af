"""A running tracker: sockets, store, torrents and snapshots, from start to stop."""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from mktorrent_py.errors import ContentError, UsageError
from mktorrent_py.tracker.connection_id import KEY_LENGTH, ConnectionIds
from mktorrent_py.tracker.http_server import HttpServer
from mktorrent_py.tracker.proxies import Network
from mktorrent_py.tracker.rate import RateLimit
from mktorrent_py.tracker.snapshot import capture, read_snapshot, write_snapshot
from mktorrent_py.tracker.sockets import Bound, bind_all
from mktorrent_py.tracker.store import MemoryStore, Store
from mktorrent_py.tracker.swarms import Limits, Swarms
from mktorrent_py.tracker.tracker import Tracker
from mktorrent_py.tracker.udp_codec import UdpCodec
from mktorrent_py.tracker.udp_server import UdpServer
