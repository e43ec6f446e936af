"""The disk: what is there, and what of it belongs to the content."""
