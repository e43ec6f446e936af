"""Stateless connection ids of BEP 15: proof that a client receives what is sent to its address.

An id is the low 16 bits of the second in which it was made and 48 bits of a keyed hash of that second and the address.
Trackers that share a key accept each other's ids.
"""

from __future__ import annotations

import hashlib

KEY_LENGTH = 32
LIFETIME = 120
"""Seconds for which an id is valid."""

MAX_CLOCK_SKEW = 5
"""Seconds by which the clocks of trackers that share a key may differ."""

_SECONDS_MASK = 0xFFFF


class ConnectionIds:
    """Makes and checks connection ids; `ip` is the packed address, `now` in whole seconds."""

    __slots__ = ("_keyed",)

    def __init__(self, key: bytes) -> None:
        self._keyed = hashlib.blake2s(key=key, digest_size=6)

    def make(self, ip: bytes, now: int) -> int:
        keyed = self._keyed.copy()
        # Signed: a machine whose clock starts in 1970 may be sent an id that claims to be older.
        keyed.update(now.to_bytes(8, "big", signed=True) + ip)
        return (now & _SECONDS_MASK) << 48 | int.from_bytes(keyed.digest(), "big")

    def check(self, connection_id: int, ip: bytes, now: int) -> bool:
        """Whether this id was made for `ip` at most two minutes ago."""
        latest = now + MAX_CLOCK_SKEW
        age = (latest - (connection_id >> 48)) & _SECONDS_MASK
        return age <= LIFETIME + MAX_CLOCK_SKEW and self.make(ip, latest - age) == connection_id
