"""The table of keys: a new key takes a row there and an attribute on the model, and nothing else."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import mktorrent_py
from mktorrent_py.metainfo.info import Info
from mktorrent_py.metainfo.keys import INFO_KEYS, KEYS, TOP_LEVEL_KEYS
from mktorrent_py.metainfo.metainfo import Metainfo

PACKAGE = Path(mktorrent_py.__file__).parent

ROW = """    Key(name="publisher", bencode=("publisher",), kind=TEXT, label="publisher", description="The publisher."),
"""
TRY_IT = """
from mktorrent_py.cli.output.inspect_report import torrent_result
from mktorrent_py.metainfo.bencode import encode
from mktorrent_py.metainfo.diff import diff
from mktorrent_py.metainfo.diff.fields import changes_between
from mktorrent_py.metainfo.edit import Edit, edit_metainfo
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.parse.document import parse_metainfo
from mktorrent_py.metainfo.summary import summarize

info = {"name": "n", "piece length": 16384, "length": 5, "pieces": b"p" * 20}
metainfo = Metainfo.from_bytes(encode({"info": info, "publisher": "Someone"}))
assert metainfo.publisher == "Someone"
facts = summarize(metainfo)
assert facts["publisher"] == "Someone" and facts["unknown_keys"] == []
result = torrent_result("x", parse_metainfo(metainfo.to_bytes()), files=False, field=None)
assert any(line.split() == ["publisher", "Someone"] for line in result.lines)
assert Metainfo.build(info=metainfo.info, publisher="Someone") == metainfo
other = Metainfo.build(info=metainfo.info, publisher="Other")
assert [(change.field, change.old, change.new) for change in diff(metainfo, other).fields] == [
    ("publisher", "Someone", "Other")
]
edited = edit_metainfo(metainfo, Edit(keys=(("publisher", "Other"),)))
assert edited == other
assert [change.field for change in changes_between(metainfo, edited)] == ["publisher"]
try:
    Metainfo.build(info=metainfo.info, publisher=5)
except TypeError as error:
    assert "publisher" in str(error)
else:
    raise AssertionError("an int was taken for a text")
print("read, written, shown, compared and checked")
"""


def test_a_key_is_added_in_the_table_and_on_the_model(tmp_path: Path) -> None:
    copy = tmp_path / "mktorrent_py"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    table, model = copy / "metainfo/keys.py", copy / "metainfo/metainfo.py"
    start = '    Key(name="creation_date"'
    assert table.read_text().count(start) == 1
    table.write_text(table.read_text().replace(start, ROW + start))
    field = "    creation_date: int | None\n"
    model.write_text(model.read_text().replace(field, field + "    publisher: str | None\n"))
    ran = subprocess.run([sys.executable, "-c", TRY_IT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.stdout, ran.stderr) == ("read, written, shown, compared and checked\n", "")


def test_every_row_has_an_attribute_on_its_model() -> None:
    assert {row.name for row in TOP_LEVEL_KEYS} <= set(Metainfo.__dataclass_fields__)
    assert {row.name for row in INFO_KEYS} <= set(Info.__dataclass_fields__)


def test_every_shown_row_says_what_it_is() -> None:
    assert [row.name for row in KEYS if not (row.label and row.description.endswith("."))] == []
    assert [row.name for row in KEYS if row.kind.empty == () and row.kind.write is not None and not row.noun] == []


def test_a_key_without_options_is_named_in_the_table_and_on_the_model_only() -> None:
    """`signatures` and `encoding` have no option; a note about signatures that an edit breaks is no reading of them."""
    named = {
        path.relative_to(PACKAGE).as_posix()
        for path in (PACKAGE / "metainfo").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Constant) and node.value in ("encoding", b"encoding"))
        or (isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == "encoding")
    }
    assert named == {"metainfo/keys.py", "metainfo/metainfo.py"}


def test_the_schema_of_a_torrent_describes_every_key_as_the_table_does() -> None:
    schema = json.loads((PACKAGE / "schemas" / "parts" / "torrent.json").read_text())
    for row in KEYS:
        described = schema["properties"][row.name]
        assert described["description"] == row.description
        assert described["type"] == row.kind.schema["type"]
