"""Swarms in memory, in a shared store and in snapshots."""
