"""The table of error codes in `mktorrent_py.errors` against the source: each code is documented, each entry occurs."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import mktorrent_py
from mktorrent_py import errors
from mktorrent_py.content import file_stat
from mktorrent_py.metainfo.bencode import Limits, decode
from mktorrent_py.metainfo.lint.table import RULES

PACKAGE = Path(mktorrent_py.__file__).parent
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(PACKAGE.rglob("*.py"))}
NODES = [node for tree in TREES.values() for node in ast.walk(tree)]
DOCUMENTED = re.findall(r"^    ([a-z0-9]+(?:-[a-z0-9]+)*) {2,}\S", errors.__doc__ or "", re.MULTILINE)
READ_ERRORS = {
    f"{subject}-{kind}"
    for subject in ("content", "entry")
    for kind in ("unreadable", *[kind for kind, _ in file_stat._READ_ERRORS.values()])
}


def literals(node: ast.expr) -> Iterator[str]:
    """Yield the strings that an expression may be: a literal, or either side of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from literals(node.body)
        yield from literals(node.orelse)


def raised_codes() -> set[str]:
    """Return the codes that the source passes as `code`, to `Problem`, or sets as a default."""
    found = set(READ_ERRORS)
    for node in NODES:
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", "")
            values = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            values += node.args[:1] if name == "Problem" else []
            values += node.args[1:2] if name == "UrlKind" else []
            found |= {code for value in values for code in literals(value) if name != "DraftWarning"}
        elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            if any(isinstance(target, ast.Name) and target.id == "default_code" for target in targets):
                found |= set(literals(node.value))
    return found


def test_every_code_in_the_source_is_in_the_table() -> None:
    assert raised_codes() - set(DOCUMENTED) == set()


def test_every_code_in_the_table_occurs_in_the_source() -> None:
    library = [node for path, tree in TREES.items() if PACKAGE / "cli" not in path.parents for node in ast.walk(tree)]
    strings = {node.value for node in library if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    strings |= raised_codes()
    assert [code for code in DOCUMENTED if code not in strings | READ_ERRORS] == []


def test_the_table_has_each_code_once() -> None:
    assert len(DOCUMENTED) == len(set(DOCUMENTED))
    assert len(DOCUMENTED) > 100


@pytest.mark.parametrize("rule", ["piece-length-not-power-of-two", "dht-nodes-in-private", "similar-not-20-bytes"])
def test_a_code_that_lint_has_as_well_is_the_same_word(rule: str) -> None:
    assert rule in RULES
    assert rule in DOCUMENTED


@pytest.mark.parametrize(
    ("data", "limits", "expected"),
    [
        (b"lllleeee", Limits(depth=2), {"limit": "depth", "maximum": 2}),
        (b"li1ei2ei3ee", Limits(tokens=2), {"limit": "tokens", "maximum": 2}),
        (b"4:abcd", Limits(size=5), {"limit": "size", "maximum": 5}),
    ],
)
def test_an_exceeded_limit_is_named_in_the_data(data: bytes, limits: Limits, expected: dict[str, object]) -> None:
    with pytest.raises(errors.LimitError) as caught:
        decode(data, limits=limits)
    assert caught.value.code == "limit-exceeded"
    assert caught.value.data == expected
