"""Seeds content through libtorrent."""
