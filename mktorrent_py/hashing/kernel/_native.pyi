from collections.abc import Sequence

from typing_extensions import Buffer

def kernels() -> dict[str, bool]: ...

class Engine:
    def __new__(cls, name: str = "native") -> Engine: ...
    @property
    def sha1(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    def sha1_pieces(self, data: Buffer, piece_length: int, /) -> bytes: ...
    def sha256_blocks(self, data: Buffer, block_length: int = 16384, /) -> bytes: ...
    def sha256_pairs(self, nodes: Buffer, /) -> bytes: ...
    def hash_unit(
        self,
        directory: int,
        paths: Sequence[bytes],
        stats: Buffer,
        rows: Buffer,
        piece_length: int,
        *,
        v1: bool,
        v2: bool,
        sequential: bool = False,
        progress: Buffer | None = None,
    ) -> tuple[bytes, bytes]: ...
