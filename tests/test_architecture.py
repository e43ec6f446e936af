"""The packages and what each imports of the others, read from the source, so that a wrong import is a failed test."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from importlib import import_module
from pathlib import Path

import pytest

import mktorrent_py

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mktorrent_py"

PACKAGES: dict[str, set[str]] = {
    "errors": set(),
    "formatting": set(),
    "metainfo": {"errors", "formatting"},
    "hashing": {"errors", "metainfo"},
    "content": {"errors", "formatting", "metainfo"},
    "torrentfile": {"errors", "metainfo"},
    "create": {"errors", "formatting", "metainfo", "hashing", "content"},
    "verify": {"errors", "formatting", "metainfo", "hashing", "content", "torrentfile"},
    "web": {"errors", "formatting", "torrentfile"},
    "client": {"errors", "formatting", "metainfo", "hashing", "content", "torrentfile", "verify", "web"},
    "tracker": {"errors", "formatting", "metainfo", "torrentfile", "web"},
    "cli": {
        *("errors", "formatting", "metainfo", "hashing", "content", "torrentfile", "create", "verify"),
        *("web", "client", "tracker"),
    },
}
"""What each package imports of the others: exactly this, so that the table is also the map. From the ground up."""

PURE = (
    "errors",
    "formatting",
    "lazy",
    "metainfo",
    "hashing.plan",
    "hashing.compare",
    "content.selection",
    "client.seeding.events",
    "client.seeding.peers",
    "client.fetching.filenames",
    "tracker.protocol",
    "tracker.swarms.rate_limit",
    "tracker.swarms.registry",
    "tracker.swarms.store",
    "tracker.swarms.swarm",
    "tracker.web.feed",
    "tracker.web.metrics",
    "tracker.web.pages",
    "tracker.web.torrent_list",
    "web.metrics",
    "web.page",
    "web.security_headers",
)
"""Packages and modules of values alone: the clock, the dice and the disk are arguments."""

SHORTCUTS = {("metainfo.metainfo", "metainfo.parse.document"), ("metainfo.metainfo", "metainfo.magnet.uri")}
"""Methods of the model that lead to what is built on it; they import that when they are called."""

IMPURE_MODULES = {"asyncio", "gc", "io", "os", "pathlib", "socket", "subprocess", "sys", "threading", "time", "random"}

NEUTRAL = tuple(sorted(set(PACKAGES) - {"cli"}))
"""Packages whose strings, docstrings among them, name no option and no verb: callers need not have a command line."""

COMMAND_LINE_WORDS = re.compile(
    r"(?<![\w(-])--[a-z][a-z-]*+(?!:)|\bmkt (?:create|diff|edit|fetch|inspect|lint|magnet|seed|track|verify)\b"
)

CATCH_ALLS = {"common", "constants", "helper", "helpers", "misc", "shared", "util", "utils"}
"""Names that say nothing of what a file holds: a constant lives beside the rule that needs it."""

MAX_LINES_OF_FUNCTION = 60
MAX_LINES_OF_FILE = 400
LONG_FUNCTIONS: dict[str, str] = {}
LONG_FILES: dict[str, str] = {}
"""What is longer than that, and why it may be: at present nothing."""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.pyi")])}
"""Compiled modules stand here with their interfaces; the package itself is the empty name."""


def package_of(module: str) -> str:
    return module.split(".")[0]


def is_pure(module: str) -> bool:
    return any(module == pure or module.startswith(f"{pure}.") for pure in PURE)


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    return tuple(ast.walk(ast.parse(path.read_text())))


def imports(module: str) -> Iterator[str]:
    """Full names of what a module imports, wherever in it."""
    for node in nodes(MODULES[module]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def our_imports(module: str) -> set[str]:
    """Modules of this package that a module imports from; a name out of the package itself is none."""
    found = set()
    for name in imports(module):
        if name.startswith("mktorrent_py."):
            parts = name.removeprefix("mktorrent_py.").split(".")
            prefixes = [".".join(parts[:depth]) for depth in range(len(parts), 0, -1)]
            found |= {next((prefix for prefix in prefixes if prefix in MODULES), "")} - {""}
    return found - {module}


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_exactly_what_its_row_names(package: str) -> None:
    own = [module for module in MODULES if package_of(module) == package]
    imported = {package_of(other) for module in own for other in our_imports(module)}
    assert imported - {package, "lazy"} == PACKAGES[package]


ENTRY_POINTS = {*PACKAGES} - {"cli"}
"""What the command line imports from: packages, by their `__init__`, and single modules."""


@pytest.mark.parametrize("module", [module for module in MODULES if package_of(module) == "cli"])
def test_the_command_line_imports_only_what_packages_export(module: str) -> None:
    for node in nodes(MODULES[module]):
        if isinstance(node, ast.Import):
            assert not [alias.name for alias in node.names if alias.name.startswith("mktorrent_py.")]
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mktorrent_py."):
            source = (node.module or "").removeprefix("mktorrent_py.")
            if package_of(source) != "cli":
                assert source in ENTRY_POINTS
                exported = getattr(import_module(f"mktorrent_py.{source}"), "__all__", None)
                assert exported is None or {alias.name for alias in node.names} <= set(exported)


@pytest.mark.parametrize("package", ["", *[name for name in PACKAGES if name not in ("cli", "errors", "formatting")]])
def test_a_package_exports_what_it_declares_to_type_checkers(package: str) -> None:
    module = import_module(f"mktorrent_py.{package}".rstrip("."))
    if not hasattr(module, "__getattr__"):
        return
    declared = {
        alias.asname
        for node in nodes(MODULES[package])
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }
    # The client also exports functions of its own, and what they take.
    assert declared <= set(module.__all__)
    assert package == "client" or set(module.__all__) - declared <= {"__version__"}
    for name in module.__all__:
        assert getattr(module, name) is not None


def test_every_package_has_a_row_and_every_row_a_package() -> None:
    assert {package_of(module) for module in MODULES if module not in ("", "__main__", "lazy")} == set(PACKAGES)


def test_rows_name_only_the_packages_below_them() -> None:
    names = list(PACKAGES)
    assert all(PACKAGES[name] <= set(names[:at]) for at, name in enumerate(names))


def test_no_module_imports_itself_by_way_of_others() -> None:
    """There is an order in which all of them can be read; a package's `__init__` may gather what its modules hold."""
    assert all(above in our_imports(module) for module, above in SHORTCUTS)
    graph = {module: our_imports(module) - {above for name, above in SHORTCUTS if name == module} for module in MODULES}
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("module", [module for module in MODULES if is_pure(module)])
def test_a_pure_module_touches_no_disk_clock_or_thread(module: str) -> None:
    assert {name.split(".")[0] for name in imports(module)} & IMPURE_MODULES == set()
    assert {other for other in our_imports(module) if not is_pure(other)} == set()


def test_every_pure_name_is_a_module() -> None:
    assert {name for name in PURE if name not in MODULES} == set()


@pytest.mark.parametrize("module", [module for module in MODULES if package_of(module) in NEUTRAL])
def test_the_library_names_no_option_and_no_verb(module: str) -> None:
    literals = [node.value for node in nodes(MODULES[module]) if isinstance(node, ast.Constant)]
    assert [text for text in literals if isinstance(text, str) and COMMAND_LINE_WORDS.search(text)] == []


@pytest.mark.parametrize("module", [module for module in MODULES if package_of(module) != "client"])
def test_only_the_client_knows_libtorrent(module: str) -> None:
    assert "libtorrent" not in {name.split(".")[0] for name in imports(module)}


@pytest.mark.parametrize("text", ["Use --force to overwrite it.", "see mkt verify", "--v1 does it"])
def test_an_option_or_a_verb_is_recognised(text: str) -> None:
    assert COMMAND_LINE_WORDS.search(text)


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
        if length(function) > MAX_LINES_OF_FUNCTION
    } == set(LONG_FUNCTIONS)


def test_long_files_have_a_reason_and_no_other_has() -> None:
    ours = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".pyi", ".c", ".h")]
    assert {
        path.relative_to(PACKAGE).as_posix() for path in ours if len(path.read_text().splitlines()) > MAX_LINES_OF_FILE
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
