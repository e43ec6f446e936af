"""The pages of the tracker: the torrent list, its feed, metrics."""
