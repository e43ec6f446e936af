"""Reads the two file lists of an info dictionary: v1 `length` or `files` (BEP 3, 47), v2 `file tree` (BEP 52)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import attrgetter
from typing import cast

from mktorrent_py.formatting import brief
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.bencode import Dictionary, Limits, Value
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.layout import File, PathComponents
from mktorrent_py.metainfo.merkle import NODE_LENGTH
from mktorrent_py.metainfo.parse.diagnostics import Diagnostics, Step
from mktorrent_py.metainfo.parse.fields import Fields, decode_text, is_text, kind_of, note_absence, required_integer
from mktorrent_py.metainfo.paths import brief_path, unsafe_reason

MAX_BYTES = 2**63 - 1
SHA1_LENGTH = 20
BITCOMET_PAD = "_____padding_file_"
_MAX_JOINED = 1000
"""Components of a path that are checked joined: joining takes 80 bytes for each."""

_FILE_KEYS = (b"length", b"path")
_PAD_KEYS = (b"attr", b"length", b"path")
_LEAF_KEYS = (b"length", b"pieces root")

KNOWN_ATTRIBUTES = frozenset("hlpx")


@dataclass(frozen=True, slots=True, kw_only=True)
class V1Files:
    """The v1 list: content files, where each starts, the number of pad entries, and the total length."""

    files: tuple[File, ...]
    offsets: tuple[int, ...]
    pads: int
    length: int
    single: bool


def read_v1_files(info: Fields, name: str, diagnostics: Diagnostics) -> V1Files | None:
    """The v1 file list; None, and at least one error, where it cannot be read."""
    if (b"files" in info) == (b"length" in info):
        both = b"files" in info
        diagnostics.error(
            "files-or-length", "has both `files` and `length`" if both else "has neither `files` nor `length`"
        )
        return None
    if b"length" in info:
        return _read_single(info, name, diagnostics)
    entries = info[b"files"]
    if not isinstance(entries, tuple):
        note_absence(entries, "a list", diagnostics, "files")
        return None
    with diagnostics.at("files"):
        return _read_list(entries, diagnostics)


def _read_single(info: Fields, name: str, diagnostics: Diagnostics) -> V1Files | None:
    length = required_integer(info, "length", diagnostics, minimum=0, maximum=MAX_BYTES)
    if length is None:
        return None
    _check_sha1(info, diagnostics)
    file = File((name,), length, _attributes(info, diagnostics), _symlink(info, diagnostics))
    return V1Files(files=(file,), offsets=(0,), pads=0, length=length, single=True)


def _read_list(entries: tuple[Value, ...], diagnostics: Diagnostics) -> V1Files | None:
    files: list[File] = []
    offsets: list[int] = []
    position, pads, before = 0, 0, len(diagnostics.errors)
    for at, entry in enumerate(entries):
        file = _plain_entry(entry)
        if file is None:
            with diagnostics.at(at):
                file = _read_entry(entry, diagnostics)
        if file is None:
            continue
        if is_pad(file):
            pads += 1
        else:
            files.append(file)
            offsets.append(position)
        position += file.length
    if position > MAX_BYTES:
        diagnostics.error("value-out-of-range", f"lengths add up to {position:,} bytes, more than 2^63 - 1")
    _note_shared_paths(files, diagnostics)
    if len(diagnostics.errors) > before:
        return None
    return V1Files(files=tuple(files), offsets=tuple(offsets), pads=pads, length=position, single=False)


def is_pad(file: File) -> bool:
    """Whether an entry of `files` is padding: by BEP 47's attribute, or by the names BitComet used before it."""
    return "p" in file.attributes or bool(file.path and file.path[-1].startswith(BITCOMET_PAD))


def _plain_entry(entry: Value) -> File | None:
    """Fast path of `_read_entry` for plain entries, which nearly all are; None if the slow path is needed."""
    if not isinstance(entry, Dictionary):
        return None
    keys, parts = entry.flat[::2], entry.flat[1::2]
    if keys == _FILE_KEYS and _is_length(parts[0]):
        text = _harmless_path(parts[1])
        return None if text is None else File(tuple(text.split("/")), parts[0])
    if keys == _PAD_KEYS and parts[0] == b"p" and _is_length(parts[1]):
        return File((), parts[1], "p")
    return None


def _is_length(value: Value) -> bool:
    return isinstance(value, int) and 0 <= value <= MAX_BYTES


def _read_entry(entry: Value, diagnostics: Diagnostics) -> File | None:
    if not isinstance(entry, Dictionary):
        note_absence(entry, "a dictionary", diagnostics)
        return None
    fields = dict(entry.items())
    attributes = _attributes(fields, diagnostics)
    symlink = _symlink(fields, diagnostics)
    length = _length(fields, symlink, diagnostics)
    _check_sha1(fields, diagnostics)
    if "p" in attributes:
        return None if length is None else File((), length, attributes)
    path = _read_path(fields, diagnostics)
    return None if length is None or path is None else File(path, length, attributes, symlink)


def listed_positions(info: Info) -> list[int]:
    """Return the number of each file in the list that clients use, which includes pad files.

    Clients pad a v2 torrent after every file that does not fill its last piece, as a hybrid is padded.
    """
    if info.version.has_v1:
        return _v1_positions(info.raw)
    pads = [file.length % info.piece_length > 0 for file in info.files]
    return [number + before for number, before in enumerate(accumulate(pads[:-1], initial=0))]


def _v1_positions(raw: bytes) -> list[int]:
    limits = Limits(size=len(raw), depth=len(raw), tokens=len(raw))
    fields = cast(Dictionary, bencode.decode_leniently(raw, limits=limits).value)
    entries = fields.get(b"files")
    if not isinstance(entries, tuple):
        return [0]
    files = [_read_entry(entry, Diagnostics()) for entry in entries]
    return [at for at, file in enumerate(files) if file is not None and not is_pad(file)]


def _length(fields: Fields, symlink: PathComponents | None, diagnostics: Diagnostics) -> int | None:
    """A link may leave its length out (BEP 47)."""
    if symlink is not None and b"length" not in fields:
        return 0
    return required_integer(fields, "length", diagnostics, minimum=0, maximum=MAX_BYTES)


def _read_path(fields: Fields, diagnostics: Diagnostics) -> PathComponents | None:
    """`path.utf-8` where it is valid, otherwise `path`."""
    preferred = fields.get(b"path.utf-8")
    if isinstance(preferred, tuple) and preferred and all(map(is_text, preferred)):
        return _components(preferred, "path.utf-8", diagnostics)
    value = fields.get(b"path")
    if isinstance(value, tuple) and value:
        return _components(value, "path", diagnostics)
    if value == ():
        diagnostics.error("unsafe-path", "is empty: the file has no name", "path")
    else:
        note_absence(value, "a list of strings", diagnostics, "path")
    return None


def _components(value: tuple[Value, ...], key: str, diagnostics: Diagnostics) -> PathComponents | None:
    text = _harmless_path(value)
    if text is not None:
        return tuple(text.split("/"))
    components = []
    for at, item in enumerate(value):
        if not isinstance(item, bytes):
            note_absence(item, "a string", diagnostics, key, at)
            return None
        component = read_component(item, diagnostics, key, at)
        if component is None:
            return None
        components.append(component)
    return tuple(components)


def _harmless_path(value: Value) -> str | None:
    """Return the joined path if a few checks of the whole find nothing; a torrent may have 100,000 paths."""
    if not isinstance(value, tuple) or len(value) > _MAX_JOINED:
        return None
    try:
        joined = b"/".join(cast(tuple[bytes, ...], value)).decode("utf-8")
    except (TypeError, UnicodeDecodeError):
        return None
    around = f"/{joined}/"
    suspect = (
        "//" in around or "/./" in around or "/../" in around or ":/" in around or "\\" in joined or "\0" in joined
    )
    return None if suspect or joined.count("/") != len(value) - 1 else joined


def read_component(raw: bytes, diagnostics: Diagnostics, *steps: Step) -> str | None:
    """One path component; None, and an error, if it could lead out of its directory."""
    component = decode_text(raw, diagnostics, *steps)
    reason = unsafe_reason(component)
    if reason is None:
        return component
    diagnostics.error("unsafe-path", f"'{brief(component)}' {reason}", *steps)
    return None


def _attributes(fields: Fields, diagnostics: Diagnostics) -> str:
    """Read the letters that BEP 47 defines; others are ignored."""
    value = fields.get(b"attr", b"")
    if isinstance(value, bytes):
        return "".join([letter for letter in value.decode("latin-1") if letter in KNOWN_ATTRIBUTES])
    diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a string", "attr")
    return ""


def _check_sha1(fields: Fields, diagnostics: Diagnostics) -> None:
    """The hint of BEP 47, which archive.org writes in hex; nothing here depends on it."""
    sha1 = fields.get(b"sha1")
    if sha1 is not None and not (isinstance(sha1, bytes) and len(sha1) == SHA1_LENGTH):
        diagnostics.warning("sha1-malformed", f"is not a SHA-1 of {SHA1_LENGTH} bytes", "sha1")


def _symlink(fields: Fields, diagnostics: Diagnostics) -> PathComponents | None:
    value = fields.get(b"symlink path")
    if value is None:
        return None
    if isinstance(value, tuple) and value:
        return _components(value, "symlink path", diagnostics)
    diagnostics.warning("field-wrong-type", f"is {kind_of(value)}, not a list of at least one string", "symlink path")
    return None


def _note_shared_paths(files: list[File], diagnostics: Diagnostics) -> None:
    """Note files with the same path, and a file where another needs a directory: clients rename one of them.

    In sorted order such paths are neighbours.
    """
    for path, following in pairwise(sorted(map(attrgetter("path"), files))):
        if path == following:
            diagnostics.warning("duplicate-path", f"two files are called {brief_path(path)}")
        elif path == following[: len(path)]:
            diagnostics.warning("path-clash", f"{brief_path(path)} is a file and a directory")


def read_file_tree(tree: Value | None, diagnostics: Diagnostics) -> tuple[File, ...] | None:
    """The files of a `file tree` in tree order; None, and at least one error, where it cannot be read."""
    if not isinstance(tree, Dictionary):
        note_absence(tree, "a dictionary", diagnostics, "file tree")
        return None
    before = len(diagnostics.errors)
    with diagnostics.at("file tree"):
        if b"" in tree:
            diagnostics.error("file-tree-shape", "the root of the tree is a file")
        found = [
            _plain_leaf(path, leaf) or _read_leaf(path, leaf, diagnostics) for path, leaf in _leaves(tree, diagnostics)
        ]
        files = tuple([file for file in found if file is not None])
        _check_roots(files, diagnostics)
    return files if len(diagnostics.errors) == before else None


def _leaves(tree: Dictionary, diagnostics: Diagnostics) -> Iterator[tuple[PathComponents, Dictionary]]:
    """Yield every leaf and its path, in tree order, without recursion, as the depth is not bounded."""
    stack: list[tuple[PathComponents, Iterator[tuple[bytes, Value]]]] = [((), iter(tree.items()))]
    while stack:
        above, items = stack[-1]
        for key, node in items:
            if not key:  # a file's own entry beside other keys, which was noted
                continue
            component = read_component(key, diagnostics, above)
            if component is None:
                continue
            path = (*above, component)
            if not isinstance(node, Dictionary):
                note_absence(node, "a dictionary", diagnostics, path)
                continue
            leaf = _leaf_of(node, path, diagnostics)
            if leaf is not None:
                yield path, leaf
            if leaf is None or len(node.flat) > 2:
                stack.append((path, iter(node.items())))
                break
        else:
            stack.pop()


def _leaf_of(node: Dictionary, path: PathComponents, diagnostics: Diagnostics) -> Dictionary | None:
    """The dictionary under the empty key when `node` is a file; None for a directory or a fault."""
    if not node.flat:
        diagnostics.warning("empty-directory", "is a directory without a file", path)
    if not node.flat or node.flat[0]:  # the empty key comes first
        return None
    leaf = node.flat[1]
    if len(node.flat) > 2:
        diagnostics.error("file-tree-shape", "is a file and a directory at once", path)
    if not isinstance(leaf, Dictionary):
        note_absence(leaf, "a dictionary", diagnostics, (*path, ""))
        return None
    return leaf


def _plain_leaf(path: PathComponents, leaf: Dictionary) -> File | None:
    """Fast path of `_read_leaf` for a leaf of a length and a root, which nearly all are; None if it has more."""
    if leaf.flat[::2] != _LEAF_KEYS:
        return None
    length, root = leaf.flat[1::2]
    is_plain = length and _is_length(length) and isinstance(root, bytes) and len(root) == NODE_LENGTH and any(root)
    return File(path, length, pieces_root=root) if is_plain else None


def _read_leaf(path: PathComponents, leaf: Dictionary, diagnostics: Diagnostics) -> File | None:
    fields = dict(leaf.items())
    with diagnostics.at((*path, "")):
        attributes = _attributes(fields, diagnostics)
        if "p" in attributes:
            diagnostics.error("pad-file-in-tree", "a pad file has no place in the file tree", "attr")
        symlink = _symlink(fields, diagnostics)
        length = _length(fields, symlink, diagnostics)
        if length is None:
            return None
        return File(path, length, attributes, symlink, _pieces_root(fields, length, diagnostics))


def _pieces_root(fields: Fields, length: int, diagnostics: Diagnostics) -> bytes | None:
    root = fields.get(b"pieces root")
    if length == 0:
        if root is not None:
            diagnostics.warning("empty-file-with-root", "an empty file has a `pieces root`", "pieces root")
        return None
    if root is None:
        diagnostics.error("field-missing", "is missing for a file that is not empty", "pieces root")
        return None
    if not isinstance(root, bytes) or len(root) != NODE_LENGTH or not any(root):
        diagnostics.error("pieces-root-invalid", "is not a SHA-256 root of 32 bytes", "pieces root")
        return None
    return root


def _check_roots(files: tuple[File, ...], diagnostics: Diagnostics) -> None:
    """Check that files with the same root have the same length."""
    lengths: dict[bytes, int] = {}
    for file in files:
        if file.pieces_root and lengths.setdefault(file.pieces_root, file.length) != file.length:
            problem = f"is that of a file of {lengths[file.pieces_root]:,} bytes; this one has {file.length:,}"
            diagnostics.error("pieces-root-invalid", problem, (*file.path, ""), "pieces root")
