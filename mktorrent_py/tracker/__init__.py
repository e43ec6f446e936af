"""A BitTorrent tracker over HTTP and UDP, with a web page that lists its torrents.

    async with Tracker(TrackerOptions(folder="torrents")) as tracker:
        print(tracker.announce_urls)
        async for event in tracker.events():
            ...

`protocol` and `swarms` turn bytes into answers and do no I/O; `web` makes the pages; `server` owns the sockets. The
names below are imported when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mktorrent_py.lazy import lazy_exports

if TYPE_CHECKING:
    from mktorrent_py.tracker.events import TrackerEvent as TrackerEvent
    from mktorrent_py.tracker.events import TrackerNote as TrackerNote
    from mktorrent_py.tracker.events import TrackerStarted as TrackerStarted
    from mktorrent_py.tracker.events import TrackerStatus as TrackerStatus
    from mktorrent_py.tracker.events import TrackerStopping as TrackerStopping
    from mktorrent_py.tracker.options import TrackerOptions as TrackerOptions
    from mktorrent_py.tracker.server import Tracker as Tracker

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "events": ("TrackerEvent", "TrackerNote", "TrackerStarted", "TrackerStatus", "TrackerStopping"),
        "options": ("TrackerOptions",),
        "server": ("Tracker",),
    },
)
