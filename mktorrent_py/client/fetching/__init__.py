"""Downloads content and metadata through libtorrent."""
