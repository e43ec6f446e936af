"""Magnet URIs (BEP 9, 53)."""

from mktorrent_py.metainfo.magnet.uri import Magnet as Magnet
