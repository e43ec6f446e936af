"""Reads bencoded metainfo into the model, and notes what is wrong with it."""
