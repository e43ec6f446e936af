"""Infohashes: SHA-1 (v1, BEP 3) and SHA-256 (v2, BEP 52) over the raw bytes of the info dictionary."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class TorrentVersion(StrEnum):
    """Which parts of the metainfo a torrent has."""

    V1 = "v1"
    V2 = "v2"
    HYBRID = "hybrid"

    @property
    def has_v1(self) -> bool:
        return self is not TorrentVersion.V2

    @property
    def has_v2(self) -> bool:
        return self is not TorrentVersion.V1


@dataclass(frozen=True, slots=True, kw_only=True)
class Infohashes:
    """The v1 infohash (20 bytes) and the v2 infohash (32 bytes) of one info dictionary, of which a hybrid has both.

    As text they are hexadecimal, those of a hybrid as `v1, v2`.
    """

    v1: bytes | None = None
    v2: bytes | None = None

    @classmethod
    def of(cls, raw_info: bytes, version: TorrentVersion) -> Infohashes:
        """Hash the info dictionary as it is in the file, never a re-encoding of it."""
        return cls(
            v1=hashlib.sha1(raw_info, usedforsecurity=False).digest() if version.has_v1 else None,
            v2=hashlib.sha256(raw_info).digest() if version.has_v2 else None,
        )

    def __str__(self) -> str:
        return ", ".join([digest.hex() for digest in (self.v1, self.v2) if digest is not None])

    @property
    def swarm_keys(self) -> tuple[bytes, ...]:
        """The 20-byte infohashes that trackers and the DHT use, v1 first; v2 is truncated (BEP 52)."""
        keys = [self.v1] if self.v1 is not None else []
        return tuple(keys + ([self.v2[:20]] if self.v2 is not None else []))
