"""The tracker protocols over HTTP and UDP, as bytes and values. Pure."""
