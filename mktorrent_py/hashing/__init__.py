"""Content bytes to digests."""
