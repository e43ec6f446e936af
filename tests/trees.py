"""Content to make torrents of: a maker with repeatable bytes, strategies, and a corpus of hand-made cases.

A tree is a mapping from paths (components joined by "/") to a size, whose bytes then follow from the path, or to the
bytes themselves. Content is a tree, or a lone size or bytes for a torrent of one file.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path

from hypothesis import strategies as st

from mktorrent_py import File, Selection, TorrentVersion
from mktorrent_py.metainfo.layout import Layout

Tree = Mapping[str, int | bytes]
Content = Tree | int | bytes

BLOCK = 16384
CORPUS_PIECE_LENGTH = 2 * BLOCK
"""The piece length that the sizes in the corpus play around; half and double of it are worth a try too."""


# --- making content ---


def seeded_bytes(seed: str, length: int) -> bytes:
    """`length` bytes that are always the same for `seed`, and look random."""
    return hashlib.shake_128(seed.encode()).digest(length)


def write_tree(directory: Path, tree: Tree) -> Path:
    """Write `tree` below `directory`, made if need be. A name the file system takes for another one is an error."""
    directory.mkdir(parents=True, exist_ok=True)
    for path, data in tree.items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as stream:
            stream.write(seeded_bytes(path, data) if isinstance(data, int) else data)
    return directory


def write_content(target: Path, content: Content) -> Path:
    """Write a tree as the directory `target`, anything else as the file `target`."""
    if isinstance(content, Mapping):
        return write_tree(target, content)
    write_tree(target.parent, {target.name: content})
    return target


def layout_of(lengths: Sequence[int], piece_length: int, version: TorrentVersion) -> Layout:
    """Return the layout of files of these lengths, called 00, 01 and so on."""
    return Layout.of([File((f"{number:02}",), length) for number, length in enumerate(lengths)], piece_length, version)


# --- the corpus ---


def boundary_lengths(piece_length: int) -> list[int]:
    """Lengths one below, at and one above all that is counted: blocks, pieces, powers of two of pieces."""
    marks = {0, BLOCK, 2 * BLOCK, piece_length, 2 * piece_length, 3 * piece_length, 4 * piece_length}
    return sorted({mark + step for mark in marks for step in (-1, 0, 1) if mark + step > 0})


ORDER_TRAPS: Tree = {"a/b": 70, "a b": 71, "a.b": 72, "a-b/c": 73, "a!": 74, "a0": 75, "aa": 76, "B": 77, "a-b.c": 78}
"""Names that sort one way by component and another as joined strings: "/" is above " ", "!", "-" and "."."""

TWINS: Tree = {"readme": 10, "README": 11, unicodedata.normalize("NFC", "é"): 12, unicodedata.normalize("NFD", "é"): 13}
"""Names that macOS and Windows take for one another: only for file systems that keep them apart."""

TREES: dict[str, Tree] = {
    "empty first": {"a": 0, "b": 100_000, "c": 5},
    "empty last": {"a": 100_000, "b": 5, "z": 0},
    "empties between": {"a": 5, "b": 0, "c": 0, "d/e": 0, "f": BLOCK, "g": 0, "h": 7},
    "empties only around": {"a": 0, "b": 0, "c": 3 * BLOCK + 1, "d": 0, "e": 0},
    "aligned then empty": {"a": CORPUS_PIECE_LENGTH, "b": 0, "c": 2 * CORPUS_PIECE_LENGTH},
    "one file": {"only": 50_000},
    "one file, aligned": {"only": 2 * CORPUS_PIECE_LENGTH},
    "one file below a directory": {"sub/only": 50_000},
    "one byte each": dict.fromkeys("abcdefg", 1),
    "every boundary": {f"{length:07}": length for length in boundary_lengths(CORPUS_PIECE_LENGTH)},
    "every boundary, empties too": {
        f"{index:02}": length * (index % 2) for index, length in enumerate(boundary_lengths(CORPUS_PIECE_LENGTH) * 2)
    },
    "identical files": {name: seeded_bytes("same", 100_000) for name in ("a", "b", "c/d", "z")},
    "identical small files": {name: seeded_bytes("same", 10) for name in ("a", "b", "c/d", "z")},
    "zeros": {"a": bytes(5 * BLOCK), "b": bytes(CORPUS_PIECE_LENGTH), "c": bytes(1)},
    "order traps": ORDER_TRAPS,
    "not ASCII": {
        "Ü": 10,
        "z": 11,
        "日本語/ファイル": 40_000,
        "e\N{COMBINING ACUTE ACCENT}": 12,
        "\N{GRINNING FACE}": 13,
    },
    "UTF-8 against UTF-16 order": {"\N{FULLWIDTH LATIN SMALL LETTER A}": 3, "\N{GRINNING FACE}": 4},
    "names of 255 bytes": {"n" * 255: 10, "é" * 127 + "x": 11, "d" * 255 + "/" + "f" * 255: 40_000},
    "60 levels": {"/".join(["deep"] * 60): 40_000, "deep/shallow": 3},
    "digits": {"1": 1, "10": 2, "2": 3, "02": 4},
    "hidden": {".hidden": 20, ".dir/file": 40_000, "seen": 21},
    "a real .pad": {".pad/32763": 32763, "a": 5, "b": 5},
    "5,000 tiny files": {f"{index % 50:02}/{index:04}": index % 7 for index in range(5000)},
}

FILES: dict[str, int] = {f"a file of {length} bytes": length for length in boundary_lengths(CORPUS_PIECE_LENGTH)}

CORPUS: dict[str, Content] = {**TREES, **FILES}


# --- strategies ---

_TRAP_NAMES = [
    "a",
    "a b",
    "a.b",
    "a-b",
    "a!",
    "a0",
    "aa",
    "B",
    "b",
    "Ü",
    "e\N{COMBINING ACUTE ACCENT}",
    "日本",
    "n" * 255,
]
_LETTERS = st.characters(categories=["L", "N"], exclude_characters="İı")


def is_kept(name: str) -> bool:
    """Whether no scan leaves out a file or directory of this name: Hypothesis also draws words from the package."""
    return all(Selection().verdict((name,), is_directory) is None for is_directory in (False, True))


names = st.sampled_from(_TRAP_NAMES) | st.text(_LETTERS, min_size=1, max_size=12).filter(is_kept)
"""Names that every file system can hold and every scan keeps: not hidden, reserved, junk, or above 255 bytes."""


def fold(name: str) -> str:
    """Equal for names that some file system takes for one another."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def lengths(piece_length: int) -> st.SearchStrategy[int]:
    """File lengths from empty to a few pieces, boundaries first."""
    return st.sampled_from([0, *boundary_lengths(piece_length)]) | st.integers(0, 3 * piece_length)


@st.composite
def trees(draw: st.DrawFn, piece_length: int = CORPUS_PIECE_LENGTH, max_files: int = 12) -> dict[str, int | bytes]:
    """Trees with at least one byte in them; some of their files are identical."""
    one_file = lengths(piece_length) | lengths(piece_length).map(lambda length: seeded_bytes("same", length))
    nested = st.recursive(one_file, _directories, max_leaves=max_files)
    tree = _flatten(draw(_directories(nested)))
    if not any(tree.values()):
        tree[next(iter(tree))] = draw(st.sampled_from(boundary_lengths(piece_length)))
    return tree


_Nested = int | bytes | dict[str, "_Nested"]


def _directories(entries: st.SearchStrategy[_Nested]) -> st.SearchStrategy[dict[str, _Nested]]:
    named = st.tuples(names, entries)
    return st.lists(named, min_size=1, max_size=5, unique_by=lambda entry: fold(entry[0])).map(dict)


def _flatten(nested: dict[str, _Nested], prefix: str = "") -> dict[str, int | bytes]:
    flat: dict[str, int | bytes] = {}
    for name, entry in nested.items():
        flat |= _flatten(entry, f"{prefix}{name}/") if isinstance(entry, dict) else {prefix + name: entry}
    return flat
