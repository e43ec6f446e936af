"""The rooms of the package, and who may import whom: read from the imports, so that a wrong door is a failed test."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Collection, Iterator, Sequence
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mktorrent_py

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mktorrent_py"

METAINFO = [
    "infohash",
    "_bencode",
    "bencode.limits",
    "bencode.values",
    "bencode.faults",
    "bencode.decoding",
    "bencode.spans",
    "bencode.encoding",
    "bencode",
    "merkle",
    "layout",
    "paths",
    "filelist",
    "piece_length",
    "info",
    "outer",
    "remarks",
    "fields",
    "read_files",
    "read_info",
    "read_outer",
    "read_form",
    "model",
    "magnet_values",
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
}
CONTENT = {
    "content.selection",
    "content._listing",
    "content.listing",
    "content.looks",
    "content.walk",
    "content.scan",
    "content.survey",
    "content.locate",
}
TRACKER_PURE = [
    "connection_id",
    "protocol",
    "proxies",
    "query",
    "rate",
    "page_style",
    "listing",
    "feed",
    "pages",
    "http_codec",
    "udp_codec",
    "swarm",
    "swarms",
    "store",
    "metrics",
]
"""Bytes and values; the clock and the dice are arguments. From the ground up, as all lists of rooms here."""
TRACKER = [
    *TRACKER_PURE,
    "sockets",
    "catalogue",
    "snapshot",
    "redis_store",
    "tracker",
    "http_server",
    "udp_server",
    "site",
    "server",
]
SWARM_PURE = ["names", "peers", "events"]
SWARM = [
    *SWARM_PURE,
    "page",
    "guard",
    "proofs",
    "landlock",
    "binding",
    "parameters",
    "proxy",
    "route",
    "session",
    "reach",
    "metadata",
    "source",
    "torrents",
    "announces",
    "check",
    "targets",
    "fetch",
    "seed",
    "library",
    "status",
]

BELOW_CREATE = LOWER | HASHING | CONTENT | {"torrentfile"}
BELOW_SWARM = LOWER | CONTENT | {"hashing.compare", "hashing.hasher", "torrentfile", "verdict", "verify"}


def upwards(package: str, names: Sequence[str], below: Collection[str]) -> dict[str, set[str]]:
    """The rule of a package whose rooms stand in order: each may import what lies below all of them or before it."""
    rooms = [f"{package}.{name}" for name in names]
    return {room: {*below, *rooms[:at]} for at, room in enumerate(rooms)}


MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "metainfo": set(),
    "hashing": set(),
    "content": set(),
    "swarm": set(),
    "tracker": set(),
    **upwards("metainfo", METAINFO, {"errors"}),
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
    "content.looks": {"metainfo.paths", "content.listing"},
    "content.walk": LOWER | {"content.selection", "content.listing", "content.looks"},
    "content.scan": LOWER | {"content.selection", "content.looks", "content.walk"},
    "content.survey": LOWER | {"content.listing", "content.looks"},
    "content.locate": LOWER | {"content.looks", "content.survey"},
    "torrentfile": LOWER,
    "create": BELOW_CREATE,
    "verdict": BELOW_CREATE,
    "verify": BELOW_CREATE | {"create", "verdict"},
    **upwards("tracker", TRACKER, LOWER | {"torrentfile"}),
    **upwards("swarm", SWARM, BELOW_SWARM),
}
"""Every room but those of the shell, which may import whatever it likes."""

PURE = {
    "errors",
    "metainfo",
    *METAINFO_ROOMS,
    "hashing.plan",
    "hashing.compare",
    "content.selection",
    *[f"tracker.{name}" for name in TRACKER_PURE],
    *[f"swarm.{name}" for name in SWARM_PURE],
}
IMPURE_MODULES = {"asyncio", "io", "os", "pathlib", "socket", "subprocess", "sys", "threading", "time", "random"}

CATCH_ALLS = {"common", "constants", "helper", "helpers", "misc", "shared", "util", "utils"}
"""Names that say nothing of what a file holds: a constant lives beside the rule that needs it."""

MOST_LINES_OF_FUNCTION = 60
MOST_LINES_OF_FILE = 400
LONG_FUNCTIONS: dict[str, str] = {}
LONG_FILES: dict[str, str] = {}
"""What is longer than that, and why it may be: at present nothing."""


def room_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return "hashing.kernel" if parts[:2] == ("hashing", "kernel") else ".".join(parts)


SOURCES = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")]
MODULES = {path: room_of(path) for path in sorted(SOURCES) if room_of(path)}
"""Compiled modules stand here with their interfaces."""


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports(path: Path) -> Iterator[str]:
    """Full names of what a module imports, wherever in it."""
    for node in nodes(path):
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
    assert our_rooms(path) - MAY_IMPORT[room] - {room} == set()


def test_no_room_stands_on_itself() -> None:
    """Not even by way of others: there is an order in which all of them can be read."""
    graph = {room: set[str]() for room in MODULES.values()}
    for path, room in MODULES.items():
        graph[room] |= {other for other in our_rooms(path) if other != room}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("path", [path for path, room in MODULES.items() if room in PURE], ids=MODULES.get)
def test_a_pure_room_touches_no_disk_clock_or_thread(path: Path) -> None:
    assert {name.split(".")[0] for name in imports(path)} & IMPURE_MODULES == set()
    assert our_rooms(path) - PURE == set()


def is_in(room: str, package: str) -> bool:
    return room.split(".")[0] == package


@pytest.mark.parametrize("path", [path for path in SOURCES if not is_in(room_of(path), "cli")], ids=room_of)
def test_nobody_imports_the_shell(path: Path) -> None:
    assert not {room for room in our_rooms(path) if is_in(room, "cli")}


@pytest.mark.parametrize("path", [path for path in SOURCES if not is_in(room_of(path), "swarm")], ids=room_of)
def test_only_the_swarm_knows_libtorrent(path: Path) -> None:
    assert "libtorrent" not in {name.split(".")[0] for name in imports(path)}


def test_every_room_has_its_rule_and_every_rule_its_room() -> None:
    assert {room for room in MODULES.values() if not is_in(room, "cli")} == set(MAY_IMPORT)
    assert set(MODULES.values()) >= PURE.union(*MAY_IMPORT.values())


def test_every_file_is_named_after_what_it_holds() -> None:
    assert {path.name for path in PACKAGE.rglob("*") if path.stem.strip("_") in CATCH_ALLS} == set()


def length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines from `def` to the end, the docstring left out."""
    first, last = function.body[0], function.body[-1]
    docstring = ast.get_docstring(function) and (first.end_lineno or 0) - first.lineno + 1
    return (last.end_lineno or 0) - function.lineno + 1 - (docstring or 0)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_long_functions_have_a_reason_and_no_other_has() -> None:
    assert {
        f"{path.relative_to(PACKAGE).as_posix()} {function.name}"
        for path in PACKAGE.rglob("*.py")
        for function in functions(path)
        if length(function) > MOST_LINES_OF_FUNCTION
    } == set(LONG_FUNCTIONS)


def test_long_files_have_a_reason_and_no_other_has() -> None:
    ours = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".pyi", ".c", ".h")]
    assert {
        path.relative_to(PACKAGE).as_posix() for path in ours if len(path.read_text().splitlines()) > MOST_LINES_OF_FILE
    } == set(LONG_FILES)


def test_the_version_is_said_once_in_code_and_once_in_packaging() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == mktorrent_py.__version__


def test_every_public_name_can_be_imported() -> None:
    for name in mktorrent_py.__all__:
        assert getattr(mktorrent_py, name) is not None
    assert set(dir(mktorrent_py)) == set(mktorrent_py.__all__)
    with pytest.raises(AttributeError):
        _ = mktorrent_py.no_such_name
