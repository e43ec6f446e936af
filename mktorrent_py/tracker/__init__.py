"""A BitTorrent tracker over HTTP and UDP, with a web page that lists its torrents.

    async with Tracker(TrackerOptions(folder="torrents")) as tracker:
        print(tracker.announce_urls)
        async for event in tracker.events():
            ...

`protocol` and `swarms` turn bytes into answers and do no I/O; `web` makes the pages; `server` owns the sockets. The
names below are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mktorrent_py.tracker.events import TrackerEvent as TrackerEvent
    from mktorrent_py.tracker.events import TrackerNote as TrackerNote
    from mktorrent_py.tracker.events import TrackerStarted as TrackerStarted
    from mktorrent_py.tracker.events import TrackerStatus as TrackerStatus
    from mktorrent_py.tracker.events import TrackerStopping as TrackerStopping
    from mktorrent_py.tracker.options import TrackerOptions as TrackerOptions
    from mktorrent_py.tracker.server import Tracker as Tracker

_MODULES = {
    "Tracker": "server",
    "TrackerEvent": "events",
    "TrackerNote": "events",
    "TrackerOptions": "options",
    "TrackerStarted": "events",
    "TrackerStatus": "events",
    "TrackerStopping": "events",
}

__all__ = list(_MODULES)


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
