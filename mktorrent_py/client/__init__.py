"""Seeding and fetching: the only rooms that know libtorrent."""
