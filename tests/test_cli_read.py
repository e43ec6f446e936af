"""`mkt inspect`, `mkt magnet` and `mkt diff`: text, tab lines, JSON."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from commands import MKT
from hypothesis import given
from hypothesis import strategies as st
from torrents import encode, hybrid, leaf, v1, v2

from mktorrent_py.cli import main
from mktorrent_py.cli.output.raw_json import raw_json
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.magnet.uri import Magnet

EVIL = "a\n\x1b[31m\u202etxt\u200b"


def saved(directory: Path, torrent: dict[str, Any], name: str = "x.torrent") -> str:
    path = directory / name
    path.write_bytes(encode(torrent))
    return str(path)


def on_terminal(words: list[str], columns: int, code: int = 0) -> str:
    """What `mkt` prints on a terminal of this width."""
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "dumb"}
    with subprocess.Popen([*MKT, *words], stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:  # how Linux says that the other side has closed
            pass
        assert process.wait() == code
    os.close(ours)
    return b"".join(parts).decode().replace("\r\n", "\n")


def test_json_has_everything_and_is_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torrent = hybrid() | {"comment": b"\xff", "creation date": 10**30, "nodes": [["::1", 5]], "odd": 1}
    assert main(["inspect", "--json", saved(tmp_path, torrent)]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["schema"] == 1
    assert facts["comment"] == "\udcff"
    assert facts["creation_date"] == 10**30
    assert facts["nodes"] == ["[::1]:5"]
    assert facts["unknown_keys"] == ["odd"]
    assert [file["path"] for file in facts["file_list"]] == ["d/a.txt", "e.bin"]
    assert [odd["rule"] for odd in facts["oddities"]] == ["text-not-utf-8"]


@pytest.mark.parametrize("options", [[], ["--json"], ["--raw"], ["--field", "name"]])
def test_no_output_format_passes_on_control_characters(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torrent = v1() | {"comment": EVIL, "announce": EVIL}
    torrent["info"] |= {"name": EVIL, "source": EVIL, EVIL: 1}
    torrent["info"]["files"][0]["path"] = [EVIL, EVIL]
    assert main(["inspect", *options, saved(tmp_path, torrent)]) == 0
    out = capsys.readouterr().out
    assert not re.search("[\x1b\u202e\u200b]", out)


@pytest.mark.parametrize("columns", [40, 80, 300])
def test_text_fits_the_terminal_and_is_harmless(columns: int, tmp_path: Path) -> None:
    torrent = v2() | {"comment": EVIL + " word" * 50, "creation date": 10**30}
    torrent["info"]["file tree"]["d"]["深" * 100 + ".txt"] = leaf(0)
    shown = on_terminal(["inspect", saved(tmp_path, torrent)], columns)
    assert not re.search("[\x1b\u202e\u200b]", shown)
    tree = shown.split("\n\n")[-1]
    assert all(len(line) + line.count("深") <= columns for line in tree.splitlines())
    assert "…" in tree if columns < 200 else "深" in tree


def test_a_refused_torrent_ends_with_4_but_is_shown_raw(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, {"info": {"name": ".."}})
    assert main(["inspect", path]) == 4
    assert "info.name" in capsys.readouterr().err
    assert main(["inspect", "--raw", path]) == 0
    assert json.loads(capsys.readouterr().out) == {"info": {"name": ".."}}


def test_inspect_reads_magnets_and_bare_infohashes(capsys: pytest.CaptureFixture[str]) -> None:
    for word in ("ab" * 20, "magnet:?xt=urn:btih:" + "AB" * 20):
        assert main(["inspect", word, "--field", "infohash.v1"]) == 0
        assert capsys.readouterr().out == "ab" * 20 + "\n"


def test_standard_input_holds_a_torrent_or_a_magnet() -> None:
    for data in (encode(v1()), b"magnet:?xt=urn:btih:" + b"ab" * 20 + b"&dn=n\n"):
        done = subprocess.run(
            [*MKT, "inspect", "-", "--field", "name"],
            input=data,
            capture_output=True,
            check=True,
        )
        assert done.stdout == b"n\n"


def test_limits_are_the_callers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    path = saved(tmp_path, v1() | {"x": deep})
    assert main(["inspect", path]) == 4
    assert "--limit" in capsys.readouterr().err
    assert main(["inspect", "--limit", "depth=200", path]) == 0
    assert main(["inspect", "--limit", "breadth=1", path]) == 2


def from_raw(value: Any) -> Any:
    """What `--raw` printed, as bencode would have it."""
    if isinstance(value, list):
        return tuple(map(from_raw, value))
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, dict):
        if list(value) == ["$hex"]:
            return bytes.fromhex(value["$hex"])
        return {
            bytes.fromhex(key[5:]) if key.startswith("$hex:") else key.encode(): from_raw(item)
            for key, item in value.items()
        }
    return value


TEXTS = st.binary(max_size=6) | st.sampled_from([b"$hex", b"$hex:ff", b"\xc3\xa9", b"\x1b"])
TREES = st.recursive(
    TEXTS | st.integers(),
    lambda inner: st.lists(inner, max_size=4).map(tuple) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(TREES)
def test_raw_loses_nothing(value: Any) -> None:
    decoded = bencode.decode(bencode.encode(value))
    assert from_raw(json.loads("".join(raw_json(decoded)))) == value


@pytest.mark.parametrize(
    ("words", "selected"),
    [
        ([], ()),
        (["--select", "0"], (0,)),
        (["--select", "1"], (2,)),
        (["--select", "0-1"], ()),
        (["--select-file", "*.bin"], (2,)),
        (["--select-file", "d/"], (0,)),
    ],
)
@pytest.mark.parametrize("make", [v2, hybrid])
def test_selected_files_are_numbered_with_their_pads(
    make: Any, words: list[str], selected: tuple[int, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["magnet", saved(tmp_path, make()), *words]) == 0
    assert Magnet.parse(capsys.readouterr().out.strip()).select_only == selected


@pytest.mark.parametrize(
    "words",
    [
        ["--select", "2"],
        ["--select", "1-0"],
        ["--select", "x"],
        ["--select", ""],
        ["--select-file", "nothing"],
        ["--peer", "nowhere"],
        ["second.torrent"],
    ],
)
def test_what_cannot_be_in_a_magnet(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["magnet", saved(tmp_path, v1()), *words]) == 2
    assert capsys.readouterr().out == ""


def test_the_parts_of_a_magnet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, v1() | {"announce": "http://t", "url-list": "http://w"})
    assert main(["magnet", path, "--no-trackers", "--web-seeds", "--peer", "[::1]:5"]) == 0
    magnet = Magnet.parse(capsys.readouterr().out.strip())
    assert (magnet.trackers, magnet.web_seeds, magnet.peers) == ((), ("http://w",), ("[::1]:5",))


def test_qr_codes_are_drawn_and_written_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, v1())
    assert main(["magnet", path, "--qr"]) == 0
    assert set(capsys.readouterr().out) == set(" ▄▀█\n")
    for name, start in (("c.svg", b"<?xml"), ("c.png", b"\x89PNG")):
        picture = tmp_path / name
        assert main(["magnet", path, "--qr", str(picture)]) == 0
        assert picture.read_bytes().startswith(start)
        assert main(["magnet", path, "--qr", str(picture)]) == 5


def test_diff_says_no_with_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = saved(tmp_path, v1()), saved(tmp_path, v1() | {"comment": "x"}, "y.torrent")
    assert main(["diff", one, one]) == 0
    capsys.readouterr()
    assert main(["diff", "--json", one, other]) == 1
    facts = json.loads(capsys.readouterr().out)
    assert (facts["same"], facts["fields"]) == (False, [{"field": "comment", "old": None, "new": "x"}])
    assert main(["diff", "-q", one, other]) == 1
    assert capsys.readouterr().out == ""


def test_diff_measures_for_people_and_counts_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = saved(tmp_path, hybrid() | {"creation date": 0}, "one.torrent")
    other = saved(tmp_path, v1() | {"creation date": 86400}, "other.torrent")
    shown = on_terminal(["diff", one, other], 120, code=1)
    assert "date         1970-01-01 00:00:00 UTC -> 1970-01-02 00:00:00 UTC\n" in shown
    assert "padding      32.8 kB (32,762 bytes) -> 0 bytes\n" in shown
    assert main(["diff", one, other, "--field", "fields"]) == 1
    assert "padding\t32762\t0\n" in capsys.readouterr().out


def test_padding_is_measured_as_create_measures_it(tmp_path: Path) -> None:
    torrent = hybrid()
    assert "padding 32.8 kB (100 %)\n" in on_terminal(["inspect", saved(tmp_path, torrent)], 120)
