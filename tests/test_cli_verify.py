"""`mkt verify`: text, tab lines, JSON, exit codes."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
import reference
from trees import seeded_bytes, write_tree

from mktorrent_py.cli import main
from mktorrent_py.cli.output import console, table, verify_report
from mktorrent_py.cli.output.piece_map import map_cells
from mktorrent_py.hashing.compare import PieceState
from mktorrent_py.verify.report import FileStatus

PIECE = 1 << 14
SIZES = {"disc1.iso": 5 * PIECE, "disc2.iso": 4 * PIECE, "notes/readme.txt": 9, "ok": 3 * PIECE}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with `release`, and its torrent in each format."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    write_tree(Path("release"), SIZES)
    for version in ("v1", "v2", "hybrid"):
        torrent(version, Path("release"))
    return tmp_path


def torrent(version: reference.Version, root: Path, name: str = "") -> Path:
    path = Path(f"{name or version}.torrent")
    path.write_bytes(reference.create(root, version=version, piece_length=PIECE))
    return path


def damage() -> None:
    release = Path("release")
    data = bytearray((release / "disc1.iso").read_bytes())
    for piece in (1, 3, 4):
        data[piece * PIECE] ^= 1
    (release / "disc1.iso").write_bytes(data)
    with (release / "disc2.iso").open("r+b") as file:
        file.truncate(2 * PIECE)
    (release / "notes/readme.txt").unlink()
    (release / "Thumbs.db").write_bytes(b"")


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal of 100 columns; COLUMNS changes that."""
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", "100")
    return monkeypatch


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["verify", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def run_json(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, Any]:
    code, out, _ = run(capsys, *words, "--json")
    return code, json.loads(out)


def tab_lines(out: str) -> dict[str, list[str]]:
    facts: dict[str, list[str]] = {}
    for line in out.splitlines():
        key, _, value = line.partition("\t")
        facts.setdefault(key, []).append(value)
    return facts


@pytest.mark.parametrize("version", ["v1", "v2", "hybrid"])
def test_right_content_ends_with_0(version: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, f"{version}.torrent", "release")
    assert (code, err) == (0, "")
    facts = tab_lines(out)
    assert facts["ok"] == ["true"]
    assert facts["files"] == [f"ok\t{path}\t{length}\t{length}\t" for path, length in SIZES.items()]


def test_a_terminal_gets_a_line_for_each_bad_file(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch
) -> None:
    damage()
    code, out, err = run(capsys, "hybrid.torrent", "release", "--progress", "none")
    assert (code, err) == (1, "")
    lines = out.splitlines()
    assert lines[:6] == [
        "hybrid.torrent against release: 3 of 4 files do not match",
        "  corrupt      disc1.iso         3 of 5 pieces: bytes 16,384-32,767 and 1 more range",
        "  short        disc2.iso         32,768 of 65,536 bytes; the part that exists is valid",
        "  missing      notes/readme.txt",
        "  extra        Thumbs.db         not in the torrent",
        "  1 file matches",
    ]
    assert lines[6] == "  checked      164 kB, v1 and v2"
    assert lines[7].startswith("  took         ")


@pytest.mark.parametrize("columns", [40, 60, 80, 300])
def test_no_line_is_wider_than_the_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch
) -> None:
    damage()
    write_tree(Path("release"), {"long/" + "日本" * 30 + ".txt": 3})
    terminal.setenv("COLUMNS", str(columns))
    _, out, _ = run(capsys, "v1.torrent", ".", "--map", "-v", "--progress", "none")
    body = out.splitlines()[1:]
    assert [line for line in body if console.display_width(line) > columns] == []
    assert "disc1.iso" in out


def test_the_place_of_the_content_is_named(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    quiet = ("--progress", "none")
    assert "found" not in run(capsys, "v1.torrent", "release", *quiet)[1]
    assert "inside the given directory" in run(capsys, "v1.torrent", ".", *quiet)[1]
    Path("release").rename("other")
    assert "under another name (the torrent calls it release)" in run(capsys, "v1.torrent", "other", *quiet)[1]
    assert run_json(capsys, "v1.torrent", "other", *quiet)[1]["located"] == "renamed"
    Path("empty").mkdir()
    assert "no file of release found" in run(capsys, "v1.torrent", "empty", *quiet)[1]


def test_json_has_every_file_and_its_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    damage()
    code, facts = run_json(capsys, "v2.torrent", "release")
    assert code == 1
    assert (facts["schema"], facts["ok"], facts["contradiction"]) == (1, False, False)
    assert facts["files_by_status"] == {"ok": 1, "corrupt": 1, "short": 1, "missing": 1}
    assert [(file["status"], file["path"], file["length"], file["size"]) for file in facts["files"]] == [
        ("corrupt", "disc1.iso", 5 * PIECE, 5 * PIECE),
        ("short", "disc2.iso", 4 * PIECE, 2 * PIECE),
        ("missing", "notes/readme.txt", 9, None),
        ("ok", "ok", 3 * PIECE, 3 * PIECE),
    ]
    assert facts["files"][0]["bad"] == [
        {"offset": PIECE, "length": PIECE},
        {"offset": 3 * PIECE, "length": 2 * PIECE},
    ]
    assert facts["pieces"]["bad_runs"] == [{"first": 1, "count": 1}, {"first": 3, "count": 2}]
    assert facts["extras"] == ["Thumbs.db"]


def test_tab_lines_hold_the_bad_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    damage()
    facts = tab_lines(run(capsys, "v2.torrent", "release")[1])
    bad = f"{PIECE}+{PIECE},{3 * PIECE}+{2 * PIECE}"
    assert facts["files"][0] == f"corrupt\tdisc1.iso\t{5 * PIECE}\t{5 * PIECE}\t{bad}"
    assert facts["extras"] == ["Thumbs.db"]


def test_extras_fail_only_when_strict(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    write_tree(Path("release"), {"more/x": 1})
    assert run(capsys, "v1.torrent", "release")[0] == 0
    code, out, _ = run(capsys, "v1.torrent", "release", "--strict", "--progress", "none")
    assert code == 1
    assert "all 4 files match, 1 file is not in the torrent" in out


def test_the_torrent_itself_is_no_extra(capsys: pytest.CaptureFixture[str]) -> None:
    Path("v1.torrent").rename("release/v1.torrent")
    assert run(capsys, "release/v1.torrent", "release", "--strict")[0] == 0


def test_a_contradiction_is_its_own_message(capsys: pytest.CaptureFixture[str]) -> None:
    info, layers = reference.info_and_layers(Path("release"), version="hybrid", piece_length=PIECE)
    info["pieces"] = bytes(20) + info["pieces"][20:]
    Path("odd.torrent").write_bytes(reference.bencode({"info": info, "piece layers": layers}))
    code, out, err = run(capsys, "odd.torrent", "release")
    assert code == 4
    assert err.startswith("mkt: odd.torrent contradicts itself: 1 piece valid by v2 but not by v1\n")
    assert tab_lines(out)["contradiction"] == ["true"]
    assert run(capsys, "odd.torrent", "release", "-q")[1] == ""


def test_what_cannot_be_read_ends_with_3(capsys: pytest.CaptureFixture[str]) -> None:
    Path("release/ok").unlink()
    Path("release/ok").symlink_to("ok")
    code, facts = run_json(capsys, "hybrid.torrent", "release")
    assert code == 3
    assert facts["files_by_status"] == {"ok": 3, "unreadable": 1}
    assert run(capsys, "hybrid.torrent", "nowhere") == (
        3,
        "",
        "mkt: cannot read nowhere: no such file or directory\n",
    )


def test_a_bad_torrent_ends_with_4_and_bad_words_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.torrent").write_bytes(b"d4:infodee")
    assert run(capsys, "bad.torrent", "release")[0] == 4
    assert run(capsys, "v1.torrent")[0] == 2
    assert run(capsys, "v1.torrent", "v2.torrent", "release")[0] == 2
    assert run(capsys, "v1.torrent", "release", "--files", "*.nothing")[0] == 2


def test_several_torrents_find_their_content_in_several_places(capsys: pytest.CaptureFixture[str]) -> None:
    write_tree(Path("store/one"), {"x": 5})
    torrent("v2", Path("store/one"), "one")
    Path("store/lone.bin").write_bytes(seeded_bytes("lone", 3 * PIECE))
    torrent("hybrid", Path("store/lone.bin"), "lone")
    words = ("v1.torrent", "one.torrent", "lone.torrent", "--in", "store", "--in", ".")
    code, facts = run_json(capsys, *words)
    assert (code, facts["ok"]) == (0, True)
    assert [each["content"] for each in facts["torrents"]] == ["release", "store/one/x", "store/lone.bin"]
    damage()
    Path("broken.torrent").write_bytes(b"de")
    code, out, err = run(capsys, "broken.torrent", *words)
    assert code == 4
    assert err.startswith("mkt: broken.torrent: ")
    assert tab_lines(out)["ok"] == ["false", "false", "true", "true"]
    assert run(capsys, *words)[0] == 1


def test_a_torrent_from_standard_input(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("v1.torrent").read_bytes())))
    assert run(capsys, "-", "release", "--field", "ok") == (0, "true\n", "")


def test_part_of_the_files(capsys: pytest.CaptureFixture[str]) -> None:
    damage()
    code, facts = run_json(capsys, "v2.torrent", "release", "--files", "ok", "--files", "notes/")
    assert [(file["path"], file["status"]) for file in facts["files"]] == [
        ("notes/readme.txt", "missing"),
        ("ok", "ok"),
    ]
    assert (code, facts["extras"]) == (1, [])
    assert run(capsys, "v2.torrent", "release", "--files", "ok")[0] == 0


def test_quick_and_fail_fast(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    code, out, _ = run(capsys, "v1.torrent", "release", "--quick")
    assert code == 0
    assert "all 4 files have the right size" in out
    assert "names and sizes only" in out
    damage()
    code, facts = run_json(capsys, "v2.torrent", "release", "--fail-fast")
    assert (code, facts["bytes_read"]) == (1, 0)
    assert facts["files_by_status"] == {"short": 1, "missing": 1, "unchecked": 2}


def test_a_name_in_another_unicode_form_is_reported(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch
) -> None:
    nfc, nfd = unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")
    torrent("v1", write_tree(Path("x"), {nfc: 5}), "x")
    Path("x", nfc).rename(Path("x", nfd))
    code, out, _ = run(capsys, "x.torrent", "x", "--progress", "none")
    assert code == 0
    assert f"respelled    {nfc}  on disk in another Unicode form" in out
    assert run_json(capsys, "x.torrent", "x")[1]["respelled"] == [{"path": nfc, "on_disk": f"x/{nfd}"}]


def test_long_lists_are_cut_for_people_only(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    torrent("v2", write_tree(Path("many"), {f"{number:03}": 1 for number in range(120)}), "many")
    for path in sorted(Path("many").iterdir())[1:]:
        path.unlink()
    _, out, _ = run(capsys, "many.torrent", "many", "--progress", "none")
    assert out.count("  missing  ") == 50
    assert "and 69 more missing (-v lists them)" in out
    assert run(capsys, "many.torrent", "many", "-v", "--progress", "none")[1].count("  missing  ") == 119
    assert len(run_json(capsys, "many.torrent", "many")[1]["files"]) == 120


def test_names_cannot_harm_the_terminal(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    torrent("v2", write_tree(Path("evil"), {"a\x1b[2Jb": 3, "ok": 1}), "evil")
    Path("evil/a\x1b[2Jb").unlink()
    Path("evil/x\x07").write_bytes(b"")
    _, out, _ = run(capsys, "evil.torrent", "evil", "--progress", "none")
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "a\\x1b[2Jb" in out


def test_the_map_shows_every_kind_of_piece(capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch) -> None:
    damage()
    _, out, _ = run(capsys, "v2.torrent", "release", "--map", "--progress", "none")
    row = next(line for line in out.splitlines() if line.startswith("  pieces"))
    assert row.split() == ["pieces", "█▒█▒▒██░░░███"]
    assert "█ good  ░ missing  ▒ bad" in out


@pytest.mark.parametrize("width", [1, 7, 64, 1000])
def test_no_bad_piece_is_lost_in_a_small_map(width: int) -> None:
    for bad in range(100):
        pieces = bytearray([PieceState.GOOD] * 100)
        pieces[bad] = PieceState.BAD
        cells = map_cells(bytes(pieces), width)
        assert len(cells) == min(width, 100)
        assert cells.count(PieceState.BAD) == 1


def test_a_closed_pipe_is_no_failure() -> None:
    command = f"{sys.executable} -c 'from mktorrent_py.cli import entry; entry()' verify v2.torrent release"
    done = subprocess.run(["sh", "-c", f"{command} | true"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_unknown_field_is_refused_before_the_work(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "mktorrent_py.cli.commands.verify.run_verification", lambda *_, **__: pytest.fail("the content was hashed")
    )
    for name in ("nope", "files_by_status.nope", "pieces.nope", ""):
        code, out, err = run(capsys, "v1.torrent", "release", "--field", name)
        assert (code, out) == (2, "") and f"unknown field '{name}'" in err


def test_the_fields_are_those_of_every_outcome(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.torrent").write_bytes(b"de")
    _, facts = run_json(capsys, "hybrid.torrent", "bad.torrent", "--in", "release")
    names = [name for outcome in facts["torrents"] for name in table.field_names(outcome)]
    states = {f"files_by_status.{status.value}" for status in FileStatus}
    assert set(verify_report.FIELDS) == set(names) | states


def test_a_field_that_a_torrent_lacks_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.torrent").write_bytes(b"de")
    words = ("bad.torrent", "v1.torrent", "--in", "release", "--field")
    assert run(capsys, *words, "located")[:2] == (4, "itself\n")
    assert run(capsys, *words, "error.message")[:2] == (4, "bad.torrent: info: is missing\n")


def test_no_corrupt_file_is_a_number_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "v1.torrent", "release", "--field", "files_by_status.corrupt")[:2] == (0, "0\n")
    assert run(capsys, "v1.torrent", "release", "--field", "files_by_status.ok")[:2] == (0, f"{len(SIZES)}\n")
