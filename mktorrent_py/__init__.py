"""Create, inspect, verify, edit, seed, fetch and track torrents: v1, v2 and hybrid."""

__version__ = "0.1.0"
