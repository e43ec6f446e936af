"""The rooms of the package, and who may import whom: read from the imports, so that a wrong door is a failed test."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import mktorrent_py

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mktorrent_py"

METAINFO = [
    "infohash",
    "_bencode",
    "bencode",
    "merkle",
    "layout",
    "paths",
    "filelist",
    "piece_length",
    "model",
    "remarks",
    "fields",
    "read_files",
    "read_info",
    "reading",
    "magnet",
    "edit",
    "changes",
    "lint_checks",
    "lint_names",
    "lint_rules",
    "lint",
    "summary",
    "fingerprint",
    "diff",
]
"""From the ground up: each may import the ones before it."""

METAINFO_ROOMS = {f"metainfo.{name}" for name in METAINFO}
LOWER = {"errors", *METAINFO_ROOMS}
HASHING = {
    "hashing.plan",
    "hashing.compare",
    "hashing.kernel",
    "hashing.checksums",
    "hashing.disk",
    "hashing.hasher",
    "hashing.stream",
    "hashing.cache",
}
CONTENT = {
    "content.selection",
    "content._listing",
    "content.listing",
    "content.walk",
    "content.scan",
    "content.survey",
    "content.locate",
}
TRACKER_PURE = {
    f"tracker.{name}"
    for name in [
        "connection_id",
        "feed",
        "http_codec",
        "listing",
        "metrics",
        "page_style",
        "pages",
        "protocol",
        "proxies",
        "query",
        "rate",
        "store",
        "swarm",
        "swarms",
        "udp_codec",
    ]
}
"""Bytes and values; the clock and the dice are arguments."""

BELOW_CREATE = LOWER | HASHING | CONTENT | {"torrentfile"}

MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "metainfo": set(),
    "hashing": set(),
    "content": set(),
    "swarm": set(),
    "tracker": set(),
    **{
        f"metainfo.{name}": {"errors"} | {f"metainfo.{lower}" for lower in METAINFO[:at]}
        for at, name in enumerate(METAINFO)
    },
    "hashing.plan": LOWER,
    "hashing.compare": LOWER | {"hashing.plan"},
    "hashing.kernel": {"errors", "metainfo.merkle"},
    "hashing.checksums": set(),
    "hashing.disk": set(),
    "hashing.hasher": LOWER | HASHING,
    "hashing.stream": LOWER | HASHING,
    "content.selection": LOWER,
    "content._listing": set(),
    "content.listing": {"content._listing"},
    "content.walk": {"errors", "metainfo.layout", "metainfo.paths", "content.selection", "content.listing"},
    "content.scan": {"errors", "metainfo.layout", "metainfo.paths", "content.selection", "content.walk"},
    "content.survey": {"errors", "metainfo.layout", "content.listing", "content.walk"},
    "content.locate": LOWER | {"content.walk", "content.survey"},
    **dict.fromkeys(TRACKER_PURE, LOWER | TRACKER_PURE),
    "torrentfile": LOWER,
    "create": BELOW_CREATE,
    "verdict": BELOW_CREATE,
    "verify": BELOW_CREATE | {"create", "verdict"},
}

PURE = METAINFO_ROOMS | TRACKER_PURE | {"errors", "metainfo", "hashing.plan", "hashing.compare", "content.selection"}
IMPURE_MODULES = {"asyncio", "io", "os", "pathlib", "socket", "subprocess", "sys", "threading", "time", "random"}
LAZY = {("metainfo.model", "metainfo.reading")}
"""`Metainfo.from_bytes` is the door to the reading room, which stands on the model: imported when it is called."""


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return "hashing.kernel" if parts[:2] == ("hashing", "kernel") else ".".join(parts)


SOURCES = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")]
MODULES = {path: room_of(path) for path in sorted(SOURCES) if room_of(path)}
"""Compiled modules stand here with their interfaces."""


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def our_rooms(path: Path) -> set[str]:
    """Rooms of this package that a module imports from."""
    known = set(MODULES.values())
    found = set()
    for name in imports(path):
        if not name.startswith("mktorrent_py."):
            continue
        parts = name.removeprefix("mktorrent_py.").split(".")
        rooms = [".".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
        found |= {next((room for room in rooms if room in known), "")} - {""}
    return found


@pytest.mark.parametrize("path", [path for path, room in MODULES.items() if room in MAY_IMPORT], ids=MODULES.get)
def test_a_room_imports_only_what_it_may(path: Path) -> None:
    room = MODULES[path]
    lazy = {other for ours, other in LAZY if ours == room}
    assert our_rooms(path) - MAY_IMPORT[room] - lazy - {room} == set()


@pytest.mark.parametrize("path", [path for path, room in MODULES.items() if room in PURE], ids=MODULES.get)
def test_a_pure_room_touches_no_disk_clock_or_thread(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)} & IMPURE_MODULES == set()


@pytest.mark.parametrize(
    "path", [path for path, room in MODULES.items() if not room.startswith("cli")], ids=MODULES.get
)
def test_nobody_imports_the_shell(path: Path) -> None:
    assert not {room for room in our_rooms(path) if room.startswith("cli")}


@pytest.mark.parametrize(
    "path", [path for path, room in MODULES.items() if not room.startswith("swarm")], ids=MODULES.get
)
def test_only_the_swarm_knows_libtorrent(path: Path) -> None:
    assert "libtorrent" not in {name.split(".")[0] for name in imports(path)}


def test_every_room_has_its_rule() -> None:
    free = {room for room in MODULES.values() if room.split(".")[0] in ("cli", "swarm", "tracker", "config")}
    assert set(MODULES.values()) - free - set(MAY_IMPORT) == set()


def test_the_version_is_said_once_in_code_and_once_in_packaging() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == mktorrent_py.__version__


def test_every_public_name_can_be_imported() -> None:
    for name in mktorrent_py.__all__:
        assert getattr(mktorrent_py, name) is not None
    assert set(dir(mktorrent_py)) == set(mktorrent_py.__all__)
    with pytest.raises(AttributeError):
        _ = mktorrent_py.no_such_name
