"""Encodes the parts of a torrent file."""
