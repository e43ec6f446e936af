"""The conditions under which seeding stops by itself."""

from __future__ import annotations

from mktorrent_py.client.options import SeedOptions


def stop_reason(options: SeedOptions, *, ratio: float | None, seconds: float, peers_done: int) -> str | None:
    """Return why seeding is to stop, None while it is not; `ratio` is None while there is no torrent."""
    if options.ratio is not None and ratio is not None and ratio >= options.ratio:
        return f"ratio {options.ratio:g} reached"
    if options.duration is not None and seconds >= options.duration:
        return "time limit reached"
    if options.peers_done is not None and peers_done >= options.peers_done:
        return f"{options.peers_done:,} peers have everything"
    return None
