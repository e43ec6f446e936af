"""The pages of the tracker: the torrent list, its feeds, and metrics."""
