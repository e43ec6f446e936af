"""BEP 52 tree arithmetic.

A file is cut into blocks of 16 KiB; a leaf is the SHA-256 of one block (the last block is short, never zero padded).
The nodes of a level are handled as one bytes object, 32 bytes a node, as in `piece layers`:

    leaves of a file no longer than a piece:  padded with zero hashes to the next power of two of their count
    leaves of one piece of a longer file:     padded with zero hashes to piece length / 16 KiB
    piece layer of a longer file:             padded with the root of an all-padding piece to the next power of two

So the root of a file does not depend on the piece length.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

BLOCK_LENGTH = 16384
NODE_LENGTH = 32
PAD_LEAF = bytes(NODE_LENGTH)

HashPairs = Callable[[bytes], bytes]


def ceil_div(length: int, step: int) -> int:
    """How many steps cover `length`."""
    return -(-length // step)


def power_of_two_at_least(number: int) -> int:
    """The next power of two; 1 for 0 and 1."""
    return 1 << max(number - 1, 0).bit_length()


def is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def tree_width(file_length: int, piece_length: int) -> int:
    """How many leaves are below one node of this file's pieces: the width its leaf hashes are padded to."""
    if file_length > piece_length:
        return piece_length // BLOCK_LENGTH
    return power_of_two_at_least(ceil_div(file_length, BLOCK_LENGTH))


def hash_pairs(nodes: bytes) -> bytes:
    """One level up: the SHA-256 of every two neighbouring nodes."""
    sha256 = hashlib.sha256
    step = 2 * NODE_LENGTH
    return b"".join([sha256(nodes[at : at + step]).digest() for at in range(0, len(nodes), step)])


def padding_root(width: int) -> bytes:
    """The root over `width` zero leaves: the node of a piece beyond the end of the file."""
    node = PAD_LEAF
    while width > 1:
        node = hashlib.sha256(node + node).digest()
        width //= 2
    return node


def merkle_root(nodes: bytes, *, pad: bytes = PAD_LEAF, hash_pairs: HashPairs = hash_pairs) -> bytes:
    """The root over a level of nodes, padded with `pad` to the next power of two; at least one node.

    The padding is grown level by level beside the nodes, so a wide and nearly empty level costs nothing.
    """
    while len(nodes) > NODE_LENGTH:
        if len(nodes) % (2 * NODE_LENGTH):
            nodes += pad
        nodes = hash_pairs(nodes)
        pad = hashlib.sha256(pad + pad).digest()
    return nodes


def subtree_root(leaves: bytes, width: int, *, hash_pairs: HashPairs = hash_pairs) -> bytes:
    """The root over leaf hashes padded with zero hashes to `width`, a power of two."""
    pad = PAD_LEAF
    while width > 1:
        if len(leaves) % (2 * NODE_LENGTH):
            leaves += pad
        leaves = hash_pairs(leaves)
        pad = hashlib.sha256(pad + pad).digest()
        width //= 2
    return leaves


def root_of_layer(layer: bytes, piece_length: int, *, hash_pairs: HashPairs = hash_pairs) -> bytes:
    """The pieces root of a file from its piece layer (32 bytes a piece, more than one piece)."""
    return merkle_root(layer, pad=padding_root(piece_length // BLOCK_LENGTH), hash_pairs=hash_pairs)
