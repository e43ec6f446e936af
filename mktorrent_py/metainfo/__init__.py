"""The metainfo model. Pure: bytes and values in, bytes and values out; no clock, no disk, no threads."""
