"""Proxies, and which traffic may go where."""
