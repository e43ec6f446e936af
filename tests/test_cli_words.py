"""Rules that hold for the arguments and options of every verb: paths, numbers, output formats, sources."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from commands import MKT
from torrents import encode, hybrid, v1
from typer.models import TyperPath

from mktorrent_py.cli import app, main
from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.cli.options.click_types import reworded

NAMELESS = v1() | {"info": {key: value for key, value in v1()["info"].items() if key != "name"}}
DEEP = b"d1:a" + b"l" * 200 + b"e" * 200


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory with two torrents, one that is refused, and one that is nested too deep to be read by default."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.torrent").write_bytes(encode(v1()))
    (tmp_path / "b.torrent").write_bytes(encode(hybrid()))
    (tmp_path / "bad.torrent").write_bytes(encode(NAMELESS))
    (tmp_path / "deep.torrent").write_bytes(DEEP + encode(v1())[1:])
    return tmp_path


def parameters() -> Iterator[Any]:
    group: Any = typer.main.get_command(app.app)
    for verb in app.VERBS:
        for parameter in group.get_command(None, verb).params:
            yield pytest.param(parameter, id=f"{verb} {parameter.name}")


@pytest.mark.parametrize("parameter", [each for each in parameters() if isinstance(each.values[0].type, TyperPath)])
def test_parsing_does_not_check_whether_a_path_can_be_read(
    parameter: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    assert parameter.type(str(tmp_path), parameter, None) == str(tmp_path)


@pytest.mark.parametrize(
    "words",
    [
        ["create", ""],
        ["inspect", ""],
        ["verify", "a.torrent", ""],
        ["verify", "", "."],
        ["verify", "a.torrent", "--in", ""],
        ["edit", "", "-c", "x"],
        ["magnet", ""],
        ["lint", ""],
        ["diff", "a.torrent", ""],
        ["seed", ""],
        ["seed", "a.torrent", "--content", ""],
        ["fetch", ""],
        ["fetch", "a.torrent", "-d", ""],
        ["track", ""],
        ["track", "--state", ""],
        ["create", ".", "--ignore-file", ""],
        ["create", ".", "--files-from", ""],
    ],
)
def test_an_empty_path_is_not_the_current_directory(
    here: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == ExitCode.USAGE
    assert "is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", ".", "-j", "x"], "'x' is not a whole number"),
        (["create", ".", "--target-pieces", "1.5"], "'1.5' is not a whole number"),
        (["edit", "a.torrent", "--remove-tier", "x"], "'x' is not a whole number"),
        (["seed", "a.torrent", ".", "--ratio", "x"], "'x' is not a number"),
        (["track", "--port", "x"], "'x' is not a whole number"),
    ],
)
def test_errors_about_numbers_name_no_types(
    here: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == ExitCode.USAGE
    assert said in capsys.readouterr().err


def test_help_names_no_types_of_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    for verb in app.VERBS:
        assert main([verb, "--help"]) == ExitCode.DONE
    assert " range>" not in capsys.readouterr().out


def test_other_messages_stay_as_they_are() -> None:
    assert reworded("Option '-c' requires an argument.") == "Option '-c' requires an argument."


@pytest.mark.parametrize(
    "words",
    [
        ["create", "a.torrent", "--dry-run", "--field", "name"],
        ["inspect", "a.torrent", "--field", "name"],
        ["verify", "a.torrent", ".", "--field", "ok"],
        ["edit", "a.torrent", "-c", "x", "--field", "path"],
        ["magnet", "a.torrent", "--field", "name"],
        ["diff", "a.torrent", "b.torrent", "--field", "same"],
    ],
)
def test_json_and_field_cannot_be_combined(here: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    before = (here / "a.torrent").read_bytes()
    assert main([*words, "--json"]) == ExitCode.USAGE
    said = capsys.readouterr()
    assert "cannot be combined" in json.loads(said.out)["error"]["message"]
    assert main([*words[:-1], ""]) == ExitCode.USAGE
    assert "unknown field ''" in capsys.readouterr().err
    assert (here / "a.torrent").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["inspect", "bad.torrent"],
        ["magnet", "bad.torrent"],
        ["verify", "bad.torrent", "."],
        ["diff", "a.torrent", "bad.torrent"],
        ["diff", "bad.torrent", "a.torrent"],
    ],
)
def test_a_refused_torrent_is_named(here: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--json"]) == ExitCode.METAINFO
    said = capsys.readouterr()
    assert said.err.startswith("mkt: bad.torrent: info.name: is missing")
    assert "mkt lint" in said.err
    error = json.loads(said.out)["error"]
    assert (error["source"], error["path"], error["message"]) == ("bad.torrent", "info.name", "is missing")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("verb", ["inspect -", "magnet -", "lint -", "edit - -c x", "verify - .", "diff - a.torrent"])
def test_closed_standard_input_is_reported(here: Path, verb: str) -> None:
    script = f"{shlex.join(MKT)} {verb} <&-"
    done = subprocess.run(["sh", "-c", script], text=True, capture_output=True, cwd=here, timeout=60)
    assert done.returncode == ExitCode.CONTENT
    assert done.stderr == "mkt: cannot read standard input: it is closed\n"


@pytest.mark.parametrize("words", ["verify - .", "verify - --in .", "inspect -"])
def test_standard_input_is_named(here: Path, words: str) -> None:
    done = subprocess.run([*MKT, *words.split()], input="", text=True, capture_output=True, timeout=60)
    assert done.stderr.startswith("mkt: standard input: there is no data")


@pytest.mark.parametrize("verb", ["inspect", "magnet"])
def test_quiet_prints_only_the_requested_field(here: Path, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "a.torrent", "-q"]) == ExitCode.DONE
    assert capsys.readouterr() == ("", "")
    assert main([verb, "a.torrent", "-q", "--field", "name"]) == ExitCode.DONE
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    "words", [["inspect", "deep.torrent"], ["magnet", "deep.torrent"], ["verify", "deep.torrent", "deep.torrent"]]
)
def test_the_limit_that_a_hint_suggests_helps(here: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == ExitCode.METAINFO
    assert "--limit" in capsys.readouterr().err
    assert main([*words, "--limit", "depth=300"]) in (ExitCode.DONE, ExitCode.NO)


def test_lint_accepts_limits(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "deep.torrent"]) == ExitCode.NO
    assert main(["lint", "deep.torrent", "--limit", "depth=300"]) == ExitCode.DONE


def test_quiet_does_not_change_the_json_of_lint(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lint", "a.torrent", "-q", "--json"]) == ExitCode.DONE
    assert [each["path"] for each in json.loads(capsys.readouterr().out)["torrents"]] == ["a.torrent"]


@pytest.mark.parametrize("verb", ["lint", "magnet", "diff a.torrent", "verify --in ."])
def test_a_magnet_is_not_taken_for_a_file(here: Path, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([*verb.split(), f"magnet:?xt=urn:btih:{'a' * 40}"])
    assert code == ExitCode.USAGE
    assert "expected a torrent file, got a magnet URI" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["inspect", "lint", "magnet"])
def test_a_url_is_shown_as_it_was_given(here: Path, verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "http://127.0.0.1/x.torrent"]) == ExitCode.USAGE
    said = capsys.readouterr().err
    assert "'http://127.0.0.1/x.torrent' is a URL" in said
    assert "mkt fetch" in said


def test_a_qr_code_on_standard_output_excludes_other_formats(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["magnet", "a.torrent", "--qr", "--json"]) == ExitCode.USAGE
    capsys.readouterr()
    assert main(["magnet", "a.torrent", "--qr", "code.svg", "--json"]) == ExitCode.DONE
    assert json.loads(capsys.readouterr().out)["magnet"].startswith("magnet:?")
    assert (here / "code.svg").stat().st_size
    assert main(["magnet", "a.torrent", "--qr", "code.svg"]) == ExitCode.REFUSED
    assert "--output" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["verify", "a.torrent", ".", "--files"],
        ["magnet", "a.torrent", "--select-file"],
        ["create", ".", "--include"],
        ["create", ".", "--exclude"],
    ],
)
def test_a_pattern_is_blamed_on_its_own_option(
    here: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "["]) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith(f"mkt: {words[-1]}: pattern '[' cannot match any file")


def test_verbose_verify_prints_the_kernel_in_every_format(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ([], ["--json"], ["--field", "ok"]):
        main(["verify", "a.torrent", "a.torrent", "-v", *options])
        assert "SHA-1 by" in capsys.readouterr().err
    main(["verify", "a.torrent", "a.torrent", "-v", "-q"])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("digits", ["9" * 400, "9" * 5000])
@pytest.mark.parametrize(
    "words",
    [
        ["create", "a.torrent", "-l"],
        ["inspect", "a.torrent", "--limit", "size="],
        ["edit", "a.torrent", "--add-to-tier", "=http://t.example/"],
        ["seed", "a.torrent", ".", "--upload-limit"],
        ["seed", "a.torrent", ".", "--for"],
    ],
)
def test_a_number_of_many_digits_is_refused(
    here: Path, words: list[str], digits: str, capsys: pytest.CaptureFixture[str]
) -> None:
    last = words[-1]
    given = [*words[:-1], last + digits if last.endswith("=") else digits + last] if "=" in last else [*words, digits]
    assert main(given) == ExitCode.USAGE
    assert len(capsys.readouterr().err) < 500
