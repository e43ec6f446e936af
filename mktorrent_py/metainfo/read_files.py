"""Reads the two file lists of an info dictionary: v1 `length` or `files` (BEP 3, 47), v2 `file tree` (BEP 52)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mktorrent_py.metainfo.bencode import Dictionary, Value
from mktorrent_py.metainfo.fields import Fields, decode_text, key_name, kind_of, required_integer
from mktorrent_py.metainfo.layout import File, PathComponents
from mktorrent_py.metainfo.merkle import NODE_LENGTH
from mktorrent_py.metainfo.paths import printable, unsafe_reason
from mktorrent_py.metainfo.remarks import Notes

MOST_BYTES = 2**63 - 1
BITCOMET_PAD = "_____padding_file_"


@dataclass(frozen=True, slots=True, kw_only=True)
class V1Files:
    """The v1 list as read: content files, where each starts, how many pad entries lay between them, and the total."""

    files: tuple[File, ...]
    offsets: tuple[int, ...]
    pads: int
    length: int
    single: bool


def read_v1_files(info: Fields, name: str, notes: Notes) -> V1Files | None:
    """The v1 file list; None, and at least one error, where it cannot be read."""
    if (b"files" in info) == (b"length" in info):
        both = b"files" in info
        notes.error("files-or-length", "has both `files` and `length`" if both else "has neither `files` nor `length`")
        return None
    if b"length" in info:
        return _read_single(info, name, notes)
    entries = info[b"files"]
    if not isinstance(entries, tuple):
        notes.error("field-wrong-type", f"is {kind_of(entries)}, not a list", "files")
        return None
    with notes.at("files"):
        return _read_list(entries, notes)


def _read_single(info: Fields, name: str, notes: Notes) -> V1Files | None:
    length = required_integer(info, b"length", notes, least=0, most=MOST_BYTES)
    if length is None:
        return None
    file = File((name,), length, _attributes(info, notes), _symlink(info, notes))
    return V1Files(files=(file,), offsets=(0,), pads=0, length=length, single=True)


def _read_list(entries: tuple[Value, ...], notes: Notes) -> V1Files | None:
    files: list[File] = []
    offsets: list[int] = []
    position, pads, before = 0, 0, len(notes.errors)
    for at, entry in enumerate(entries):
        with notes.at(f"[{at}]"):
            file = _read_entry(entry, notes)
        if file is None:
            continue
        if _is_pad(file):
            pads += 1
        else:
            files.append(file)
            offsets.append(position)
        position += file.length
    if position > MOST_BYTES:
        notes.error("value-out-of-range", f"lengths add up to {position:,} bytes, more than 2^63 - 1")
    if len(notes.errors) > before:
        return None
    _note_shared_paths(files, notes)
    return V1Files(files=tuple(files), offsets=tuple(offsets), pads=pads, length=position, single=False)


def _is_pad(file: File) -> bool:
    return "p" in file.attributes or bool(file.path and file.path[-1].startswith(BITCOMET_PAD))


def _read_entry(entry: Value, notes: Notes) -> File | None:
    if not isinstance(entry, Dictionary):
        notes.error("field-wrong-type", f"is {kind_of(entry)}, not a dictionary")
        return None
    fields = dict(entry.items())
    attributes = _attributes(fields, notes)
    symlink = _symlink(fields, notes)
    if symlink is not None and b"length" not in fields:
        fields[b"length"] = 0
    length = required_integer(fields, b"length", notes, least=0, most=MOST_BYTES)
    if "p" in attributes:
        return File((), length, attributes) if length is not None else None
    path = _read_path(fields, notes)
    return None if length is None or path is None else File(path, length, attributes, symlink)


def _read_path(fields: Fields, notes: Notes) -> PathComponents | None:
    """`path.utf-8` where it is valid, otherwise `path`."""
    for key in (b"path.utf-8", b"path"):
        value = fields.get(key)
        if isinstance(value, tuple) and value and (key == b"path" or _is_utf8(value)):
            return _components(value, key_name(key), notes)
    value = fields.get(b"path")
    problem = "is missing" if value is None else f"is {kind_of(value)}, not a list of at least one string"
    notes.error("field-missing" if value is None else "field-wrong-type", problem, "path")
    return None


def _is_utf8(value: tuple[Value, ...]) -> bool:
    try:
        return all([isinstance(item, bytes) and item.decode("utf-8") for item in value])
    except UnicodeDecodeError:
        return False


def _components(value: tuple[Value, ...], segment: str, notes: Notes) -> PathComponents | None:
    components = []
    for at, item in enumerate(value):
        if not isinstance(item, bytes):
            notes.error("field-wrong-type", f"is {kind_of(item)}, not a string", f"{segment}[{at}]")
            return None
        component = read_component(item, f"{segment}[{at}]", notes)
        if component is None:
            return None
        components.append(component)
    return tuple(components)


def read_component(raw: bytes, segment: str, notes: Notes) -> str | None:
    """One path component; None, and an error, if it could lead out of its directory."""
    component = decode_text(raw, notes, segment)
    reason = unsafe_reason(component)
    if reason is None:
        return component
    notes.error("unsafe-path", f"{printable(repr(component))} {reason}", segment)
    return None


def _attributes(fields: Fields, notes: Notes) -> str:
    value = fields.get(b"attr", b"")
    if isinstance(value, bytes):
        return decode_text(value, notes, "attr")
    notes.oddity("field-wrong-type", f"is {kind_of(value)}, not a string", "attr")
    return ""


def _symlink(fields: Fields, notes: Notes) -> PathComponents | None:
    value = fields.get(b"symlink path")
    if value is None:
        return None
    if isinstance(value, tuple) and value:
        return _components(value, "symlink path", notes)
    notes.oddity("field-wrong-type", f"is {kind_of(value)}, not a list of at least one string", "symlink path")
    return None


def _note_shared_paths(files: list[File], notes: Notes) -> None:
    """Two files of one path, or a file where another needs a directory: clients rename one of them."""
    taken: set[PathComponents] = set()
    directories: set[PathComponents] = set()
    for file in files:
        if file.path in taken:
            notes.oddity("duplicate-path", f"two files are called {printable('/'.join(file.path))}")
        taken.add(file.path)
        parent = file.path[:-1]
        while parent and parent not in directories:
            directories.add(parent)
            parent = parent[:-1]
    for path in sorted(taken & directories):
        notes.oddity("path-clash", f"{printable('/'.join(path))} is a file and a directory")


def read_file_tree(tree: Value | None, notes: Notes) -> tuple[File, ...] | None:
    """The files of a `file tree` in tree order; None, and at least one error, where it cannot be read."""
    before = len(notes.errors)
    if not isinstance(tree, Dictionary):
        problem = "is missing" if tree is None else f"is {kind_of(tree)}, not a dictionary"
        notes.error("field-missing" if tree is None else "field-wrong-type", problem, "file tree")
        return None
    if b"" in tree:
        notes.error("file-tree-shape", "the root of the tree is a file", "file tree")
        return None
    files = tuple([file for path, leaf in _leaves(tree, notes) if (file := _read_leaf(path, leaf, notes)) is not None])
    return files if len(notes.errors) == before else None


def _leaves(tree: Dictionary, notes: Notes) -> Iterator[tuple[PathComponents, Dictionary]]:
    """Every leaf and its path, in tree order; walks with a stack of its own, whatever the depth."""
    stack: list[tuple[PathComponents, Iterator[tuple[bytes, Value]]]] = [((), iter(tree.items()))]
    while stack:
        path, items = stack[-1]
        for key, node in items:
            component = read_component(key, _tree_segment(path), notes)
            if component is None:
                continue
            below = (*path, component)
            leaf = _leaf_of(node, below, notes)
            if leaf is not None:
                yield below, leaf
            elif isinstance(node, Dictionary):
                stack.append((below, iter(node.items())))
                break
        else:
            stack.pop()


def _leaf_of(node: Value, path: PathComponents, notes: Notes) -> Dictionary | None:
    """The dictionary under the empty key when `node` is a file; None for a directory or a fault."""
    if not isinstance(node, Dictionary):
        notes.error("file-tree-shape", f"is {kind_of(node)}, not a dictionary", _tree_segment(path))
        return None
    leaf = node.get(b"")
    if leaf is None:
        if not node:
            notes.oddity("empty-directory", "is a directory without a file", _tree_segment(path))
        return None
    if len(node) > 1:
        notes.error("file-tree-shape", "is a file and a directory at once", _tree_segment(path))
    if not isinstance(leaf, Dictionary):
        notes.error("file-tree-shape", f"a file's entry is {kind_of(leaf)}, not a dictionary", _tree_segment(path))
        return Dictionary()
    return leaf


def _tree_segment(path: PathComponents) -> str:
    return f"file tree[{printable('/'.join(path))}]" if path else "file tree"


def _read_leaf(path: PathComponents, leaf: Dictionary, notes: Notes) -> File | None:
    fields = dict(leaf.items())
    with notes.at(_tree_segment(path)):
        attributes = _attributes(fields, notes)
        if "p" in attributes:
            notes.error("pad-file-in-tree", "a pad file has no place in the file tree", "attr")
        symlink = _symlink(fields, notes)
        if symlink is not None and b"length" not in fields:
            fields[b"length"] = 0
        length = required_integer(fields, b"length", notes, least=0, most=MOST_BYTES)
        if length is None:
            return None
        return File(path, length, attributes, symlink, _pieces_root(fields, length, notes))


def _pieces_root(fields: Fields, length: int, notes: Notes) -> bytes | None:
    root = fields.get(b"pieces root")
    if length == 0:
        if root is not None:
            notes.oddity("empty-file-with-root", "an empty file has a `pieces root`", "pieces root")
        return None
    if root is None:
        notes.error("field-missing", "is missing for a file that is not empty", "pieces root")
        return None
    if not isinstance(root, bytes) or len(root) != NODE_LENGTH or not any(root):
        notes.error("pieces-root-invalid", "is not a SHA-256 root of 32 bytes", "pieces root")
        return None
    return root
