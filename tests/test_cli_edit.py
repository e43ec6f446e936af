"""`mkt edit` and `mkt lint`: output, files, exit codes."""

from __future__ import annotations

import io
import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import reference

from mktorrent_py.cli import main
from mktorrent_py.cli.lint_advice import ADVICE
from mktorrent_py.errors import RefusedError
from mktorrent_py.metainfo.lint.table import RULES

A, B = "https://a.example/announce", "udp://b.example:80/announce"
INFO = {"length": 5, "name": "five", "piece length": 16384, "pieces": b"p" * 20}
UNSORTED = b"d4:name4:five6:lengthi5e12:piece lengthi16384e6:pieces20:" + b"p" * 20 + b"e"


class Ran:
    """Exit code and output of a run of `mkt`."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def mkt(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(tmp_path)

    def run(*words: str) -> Ran:
        code = main(words)
        return Ran(code, *capsys.readouterr())

    return run


def write(name: str, info: bytes | None = None, **outer: Any) -> Path:
    raw = info or reference.bencode(INFO)
    items = sorted([(b"info", raw), *[(key.encode(), reference.bencode(value)) for key, value in outer.items()]])
    path = Path(name)
    path.write_bytes(b"d%be" % b"".join([reference.bencode(key) + value for key, value in items]))
    return path


def outer(path: str | Path) -> dict[bytes, Any]:
    """The keys of a torrent file, `info` left out."""
    fields: dict[bytes, Any] = reference.bdecode(Path(path).read_bytes())
    return {key: value for key, value in fields.items() if key != b"info"}


def test_an_edit_in_place_keeps_mode_and_info(mkt: Any) -> None:
    path = write("x.torrent", UNSORTED, announce=A, unknown=[1])
    path.chmod(0o640)
    ran = mkt("edit", "x.torrent", "--add-tracker", B, "--comment", "hello", "--date", "2026-11-22")
    assert ran.code == 0
    assert outer(path) == {
        b"announce": A.encode(),
        b"announce-list": [[A.encode()], [B.encode()]],
        b"comment": b"hello",
        b"creation date": 1795305600,
        b"unknown": [1],
    }
    assert UNSORTED in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert "infohash_changed\tfalse" in ran.out
    assert list(Path().iterdir()) == [path]


def test_a_new_infohash_needs_its_option(mkt: Any) -> None:
    path = write("x.torrent", announce=A)
    before = path.read_bytes()
    was = reference.infohashes(before)[0].hex()
    ran = mkt("edit", "x.torrent", "--private")
    assert (ran.code, ran.out, path.read_bytes()) == (5, "", before)
    assert "changes the infohash of x.torrent, so peers of the current torrent are lost\n" in ran.err
    assert f"     current infohash  {was}\n" in ran.err
    assert "--new-infohash" in ran.err
    ran = mkt("edit", "x.torrent", "--private", "--source", "S", "--new-infohash", "--json")
    (told,) = ran.json["torrents"]
    now = reference.infohashes(path.read_bytes())[0].hex()
    assert (told["old_infohash"]["v1"], told["infohash"]["v1"], told["infohash_changed"]) == (was, now, True)
    assert told["changes"] == [
        {"field": "private", "old": False, "new": True},
        {"field": "source", "old": None, "new": "S"},
    ]


def test_all_are_checked_before_the_first_is_written(mkt: Any) -> None:
    first, second = write("1.torrent", announce=A), write("2.torrent", announce=B)
    before = first.read_bytes(), second.read_bytes()
    ran = mkt("edit", "1.torrent", "2.torrent", "--remove-tracker", A)
    assert ran.code == 2
    assert "2.torrent has no tracker" in ran.err
    Path("3.torrent").write_bytes(b"junk")
    assert mkt("edit", "1.torrent", "3.torrent", "--comment", "x").code == 4
    assert mkt("edit", "1.torrent", "4.torrent", "--comment", "x").code == 3
    assert (first.read_bytes(), second.read_bytes()) == before
    assert mkt("edit", "1.torrent", "2.torrent", "--remove-tracker", A, "--if-present").code == 0
    assert (outer(first), outer(second)) == ({}, {b"announce": B.encode()})


def test_a_dry_run_shows_and_does_not_write(mkt: Any) -> None:
    path = write("x.torrent", comment="old")
    before = path.read_bytes()
    ran = mkt("edit", "x.torrent", "--no-comment", "--dry-run")
    assert (ran.code, path.read_bytes()) == (0, before)
    assert "changes\tcomment\told\t\n" in ran.out and "dry_run\ttrue" in ran.out


def test_output(mkt: Any) -> None:
    path = write("x.torrent")
    before = path.read_bytes()
    Path("there").mkdir()
    for output, made in (("y.torrent", "y.torrent"), ("there", "there/x.torrent")):
        assert mkt("edit", "x.torrent", "--comment", "c", "-o", output).code == 0
        assert outer(made) == {b"comment": b"c"}
        assert mkt("edit", "x.torrent", "--comment", "d", "-o", output).code == 5
        assert outer(made) == {b"comment": b"c"}
        assert mkt("edit", "x.torrent", "--comment", "d", "-o", output, "--force").code == 0
        assert outer(made) == {b"comment": b"d"}
    assert mkt("edit", "x.torrent", "--comment", "c", "-o", "nowhere/").code == 3
    assert path.read_bytes() == before


def test_two_torrents_do_not_share_an_output(mkt: Any) -> None:
    Path("d").mkdir()
    write("x.torrent"), write("d/x.torrent")
    Path("out").mkdir()
    for output in ("y.torrent", "out", "-"):
        assert mkt("edit", "x.torrent", "d/x.torrent", "--comment", "c", "-o", output).code == 2
    assert list(Path("out").iterdir()) == []


def test_streams(mkt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write("x.torrent").read_bytes()
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, write_through=True))
    assert main(["edit", "-", "--comment", "c"]) == 0
    assert reference.bdecode(written.getvalue())[b"comment"] == b"c"


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (["--set", "x=5"], b"x", b"5"),
        (["--set", "x:=5"], b"x", 5),
        (["--set", "x=a=b"], b"x", b"a=b"),
        (["--set", "x="], b"x", b""),
        (["--set", 'x:=["a", {"b": -1}]'], b"x", [b"a", {b"b": -1}]),
        (["--set", "creation date=7"], b"creation date", 7),
        (["--tracker", f"{A}, {B}", "-t", "ws://c"], b"announce-list", [[A.encode(), B.encode()], [b"ws://c"]]),
        (["--tracker", A, "--add-to-tier", f"1={B}"], b"announce-list", [[A.encode(), B.encode()]]),
        (["--no-trackers", "--add-tracker", A], b"announce", A.encode()),
        (["--add-web-seed", "http://w/"], b"url-list", b"http://w/"),
        (["--node", "[::1]:5", "--add-node", "h:6"], b"nodes", [[b"::1", 5], [b"h", 6]]),
        (["--add-similar", "aa" * 20], b"similar", [b"\xaa" * 20]),
        (["--collection", "c"], b"collections", [b"c"]),
        (["--http-seed", "http://w/"], b"httpseeds", [b"http://w/"]),
        (["--creator", "me"], b"created by", b"me"),
        (["--date", "@0"], b"creation date", 0),
    ],
)
def test_options_set_keys(mkt: Any, words: list[str], key: bytes, value: Any) -> None:
    path = write("x.torrent")
    assert mkt("edit", "x.torrent", *words).code == 0
    assert outer(path)[key] == value


def test_options_set_keys_inside_info(mkt: Any) -> None:
    path = write("x.torrent")
    assert mkt("edit", "x.torrent", "--set", "info.x=1").code == 5
    assert mkt("edit", "x.torrent", "--set", "info.x=1", "--set", "info.private=1", "--new-infohash").code == 0
    assert reference.bdecode(path.read_bytes())[b"info"][b"private"] == 1
    assert mkt("edit", "x.torrent", "--unset", "info.x", "--no-private", "--new-infohash").code == 0
    assert reference.raw_info(path.read_bytes()) == reference.bencode(INFO)


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--new-infohash"],
        ["--tracker", ""],
        ["--tracker", A, "--no-trackers"],
        ["--web-seed", "http://w/", "--no-web-seeds"],
        ["--comment", "c", "--no-comment"],
        ["--date", "now", "--no-date"],
        ["--date", "soon"],
        ["--add-tracker", "t.example"],
        ["--add-to-tier", A],
        ["--add-to-tier", f"x={A}"],
        ["--add-to-tier", "1="],
        ["--remove-tier", "1"],
        ["--collection", ""],
        ["--set", "x"],
        ["--set", "=x"],
        ["--set", "info.=x"],
        ["--set", "x:=1.5"],
        ["--set", "x:=true"],
        ["--set", "x:=[null]"],
        ["--set", "x:={"],
        ["--set", 'x:="\\ud800"'],
        ["--set", 'x:={"\\udc80": 1}'],
        ["--set", f"x:={'[' * 50_000}"],
        ["--set", "creation date=soon"],
        ["--set", "info.pieces=x", "--new-infohash"],
        ["--unset", "info"],
        ["--unset", "x"],
        ["--name", "a/b", "--new-infohash"],
        ["--comment", "c", "-o", "-", "--json"],
        ["--comment", "c", "--field", "nothing"],
    ],
)
def test_invalid_options_change_nothing(mkt: Any, words: list[str]) -> None:
    path = write("x.torrent", announce="") if "--remove-tier" not in words else write("x.torrent")
    before = path.read_bytes()
    ran = mkt("edit", "x.torrent", *words)
    assert ran.code == 2
    assert ran.err.startswith("mkt: ")
    assert path.read_bytes() == before


def test_one_field(mkt: Any) -> None:
    path = write("x.torrent")
    ran = mkt("edit", "x.torrent", "--comment", "c", "--field", "infohash.v1")
    assert ran.out == reference.infohashes(path.read_bytes())[0].hex() + "\n"


def test_an_edit_warns_of_its_side_effects(mkt: Any) -> None:
    write("x.torrent", reference.bencode({**INFO, "private": 1}), announce="udp://nowhere")
    ran = mkt("edit", "x.torrent", "--comment", "c")
    assert "still has 1 warning, unrelated to this edit" in ran.err and "tracker-malformed" not in ran.err
    ran = mkt("edit", "x.torrent", "--no-trackers", "--json")
    assert "private-without-tracker" in ran.err
    assert [finding["rule"] for finding in ran.json["torrents"][0]["findings"]] == ["private-without-tracker"]
    assert mkt("edit", "x.torrent", "--comment", "d", "-q").err == ""


# --- lint ---


def test_lint_denies_by_its_exit_code(mkt: Any) -> None:
    write("good.torrent", announce=A)
    write("warned.torrent", announce="udp://nowhere")
    write("bad.torrent", reference.bencode({**INFO, "private": 1}))
    Path("junk.torrent").write_bytes(b"junk")
    assert mkt("lint", "good.torrent").code == 0
    assert mkt("lint", "warned.torrent").code == 0
    assert mkt("lint", "warned.torrent", "--deny", "warnings").code == 1
    assert mkt("lint", "warned.torrent", "--deny", "tracker-malformed").code == 1
    assert mkt("lint", "warned.torrent", "--deny", "warnings", "--allow", "tracker-malformed").code == 0
    assert mkt("lint", "warned.torrent", "--deny", "no-tracker").code == 0
    assert mkt("lint", "good.torrent", "bad.torrent").code == 1
    assert mkt("lint", "bad.torrent", "--allow", "private-without-tracker").code == 0
    assert mkt("lint", "junk.torrent").code == 1
    assert mkt("lint", "nowhere.torrent").code == 3


def test_lint_in_tab_lines_and_json(mkt: Any) -> None:
    write("x.torrent", reference.bencode({**INFO, "private": 1}))
    ran = mkt("lint", "x.torrent")
    assert "findings\terror\tprivate-without-tracker\t\tprivate without a tracker" in ran.out
    ran = mkt("lint", "x.torrent", "--json")
    assert ran.code == 1 and ran.json["schema"] == 1
    (told,) = ran.json["torrents"]
    assert (told["path"], told["errors"], told["warnings"]) == ("x.torrent", 1, 0)
    assert told["findings"][0] == {
        "severity": "error",
        "rule": "private-without-tracker",
        "path": "",
        "message": "private without a tracker: peers cannot find it",
        "advice": ADVICE["private-without-tracker"],
        "reference": "BEP 27",
    }
    assert told["denied"] == ["private-without-tracker"]


def test_quiet_lint_shows_what_is_denied_alone(mkt: Any) -> None:
    write("good.torrent")
    write("bad.torrent", reference.bencode({**INFO, "private": 1}), url="x", **{"url-list": "nowhere"})
    ran = mkt("lint", "-q", "good.torrent", "bad.torrent")
    assert "private-without-tracker" in ran.out
    assert "good.torrent" not in ran.out and "web-seed-malformed" not in ran.out


def test_lint_knows_its_rules(mkt: Any) -> None:
    ran = mkt("lint", "x.torrent", "--deny", "case-colision")
    assert ran.code == 2
    assert "Did you mean case-collision?" in ran.err
    assert mkt("lint").code == 2
    assert [line.split("\t")[0] for line in mkt("lint", "--list").out.splitlines()] == list(RULES)
    assert [rule["rule"] for rule in mkt("lint", "--list", "--json").json["rules"]] == list(RULES)


@pytest.mark.parametrize("columns", ["40", "200"])
def test_people_see_everything(mkt: Any, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr("mktorrent_py.cli.output.console.is_terminal", lambda stream: True)
    write("x.torrent", reference.bencode({**INFO, "private": 1}), comment="old\x1b[31m")
    ran = mkt("lint", "x.torrent", "x.torrent")
    assert ran.out.startswith("x.torrent: 1 error\n  error    private-without-tracker\n")
    assert all(len(line) <= int(columns) for line in ran.out.splitlines())
    ran = mkt("edit", "x.torrent", "--add-tracker", A, "--no-comment", "--name", "new", "--new-infohash")
    assert ran.out.startswith("x.torrent   new infohash\n")
    for words in (f"+ tier 1   {A}", '"old\\u001b[31m" -> none', '"five" -> "new"', "now "):
        assert words in ran.out
    assert "\x1b" not in ran.out
    ran = mkt("lint", "--list")
    assert "private-without-tracker" in ran.out


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_no_torrent_goes_to_a_terminal(mkt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write("x.torrent")
    monkeypatch.setattr("sys.stdout", Terminal())
    ran = mkt("edit", "x.torrent", "-c", "x", "-o", "-")
    assert ran.code == 2 and "refusing to write a torrent to the terminal" in ran.err


def test_a_dry_run_names_the_output(mkt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("x.torrent", announce="odd")
    ran = mkt("edit", "x.torrent", "-c", "x", "-o", "-", "--dry-run", "--json")
    assert ran.code == 0
    assert [(each["output"], each["changes"][0]["new"]) for each in ran.json["torrents"]] == [("-", "x")]
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(path.read_bytes())))
    ran = mkt("edit", "-", "-c", "x", "--dry-run", "--field", "output")
    assert ran.out == "-\n"
    assert ran.err.startswith("mkt: standard input still has 1 warning, unrelated to this edit\n")


def test_every_place_is_found_writable_before_the_first_is_written(mkt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("locked").mkdir()
    first, second = write("x.torrent"), write("locked/y.torrent")
    before = first.read_bytes()
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked" and allowed(path, mode))
    ran = mkt("edit", str(first), str(second), "-c", "x")
    assert ran.code == 3 and "locked/y.torrent: permission denied" in ran.err
    assert first.read_bytes() == before


def test_a_torrent_that_cannot_be_read_does_not_stop_the_others(mkt: Any) -> None:
    write("x.torrent", announce="odd")
    ran = mkt("lint", "x.torrent", "missing.torrent", "junk", "--json")
    assert (ran.code, ran.err.splitlines()[0]) == (3, "mkt: cannot read missing.torrent: no such file or directory")
    told = {each["path"]: each for each in ran.json["torrents"]}
    assert told["x.torrent"]["warnings"] == 1
    assert told["missing.torrent"]["error"]["message"].startswith("cannot read missing.torrent")
    ran = mkt("lint", "missing.torrent", "x.torrent")
    assert ran.code == 3 and "path\tx.torrent\n" in ran.out
    ran = mkt("lint", "missing.torrent", "x.torrent", "-q")
    assert (ran.code, ran.out) == (3, "") and "cannot read" in ran.err
    assert "error" in mkt("lint", "missing.torrent", "--json").json


def test_a_write_that_fails_names_how_many_were_written(mkt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    write("1.torrent"), write("2.torrent")

    def fail_at_second(path: Path, data: bytes, *, overwrite: bool) -> None:
        if path.name == "2.torrent":
            raise RefusedError("no", code="overwrite-refused", path=str(path))

    monkeypatch.setattr("mktorrent_py.cli.commands.edit.write_atomically", fail_at_second)
    ran = mkt("edit", "1.torrent", "2.torrent", "-c", "x")
    assert ran.code == 5 and "(1 of 2 torrents had already been written)" in ran.err


def test_a_torrent_that_an_edit_would_break_is_named_once(mkt: Any) -> None:
    write("x.torrent")
    ran = mkt("edit", "x.torrent", "--set", "info.name:=5", "--new-infohash")
    assert ran.code in (2, 4) and ran.err.splitlines()[0].count("x.torrent") == 1
