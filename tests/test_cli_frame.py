"""The frame of the command: verbs, failures, closed streams, signals. What holds for every verb."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from commands import MKT

import mktorrent_py
from mktorrent_py.cli import app, main, signals
from mktorrent_py.cli.exit import ExitCode, failure_of
from mktorrent_py.cli.invocation import Invocation
from mktorrent_py.errors import ContentError, MetainfoError, RefusedError, UsageError

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")


def mkt(*words: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*MKT, *words], text=True, capture_output=True, timeout=60, **options)


def shell(script: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """A script in which `mkt` is the command."""
    command = f'mkt() {{ {shlex.join(MKT)} "$@"; }}\n{script}'
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], text=True, capture_output=True, cwd=directory, timeout=60
    )


@pytest.fixture
def content(tmp_path: Path) -> Path:
    (tmp_path / "content").write_bytes(bytes(100_000))
    return tmp_path


def test_version_prints_only_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"mkt {mktorrent_py.__version__}\n"


def test_the_version_imports_none_of_the_work() -> None:
    script = (
        "import sys; from mktorrent_py.cli import main; main(['--version']);"
        "print(sorted({'typer', 'tqdm', 'json.decoder', 'mktorrent_py.create', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True)
    assert set(json.loads(done.stdout.splitlines()[-1].replace("'", '"'))) <= {"json.decoder"}


def test_creating_imports_no_heavy_library(content: Path) -> None:
    script = (
        "import sys; from mktorrent_py.cli import main; main(['create', 'content', '-q']);"
        "print([name for name in ('rich', 'pydantic', 'tqdm', 'pathspec', 'libtorrent', 'asyncio', 'blake3')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True, check=True, cwd=content)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(("words", "is_taken_apart"), [("inspect --help", False), ("track --help", True)])
def test_only_verbs_that_run_for_long_collect_garbage(words: str, is_taken_apart: bool) -> None:
    script = (
        "import atexit, gc; atexit.register(lambda: print('end', gc.isenabled()));"
        "from mktorrent_py.cli import entry; entry()"
    )
    done = subprocess.run([sys.executable, "-c", script, *words.split()], text=True, capture_output=True, check=True)
    assert "Usage" in done.stdout
    assert done.stdout.endswith("end True\n") == is_taken_apart
    assert done.stderr == ""


@POSIX
@pytest.mark.parametrize("words", ["", "--help", "create --help", "inspect missing.torrent", "--version"])
def test_the_command_ends_with_the_code_of_main_whatever_becomes_of_its_output(words: str, tmp_path: Path) -> None:
    expected = mkt(*words.split(), cwd=tmp_path).returncode
    told = shell(f"mkt {words} > /dev/null 2>&1; echo $?; mkt {words} > out 2> err; cat out err | wc -c", tmp_path)
    code, size = told.stdout.split()
    assert int(code) == expected
    assert int(size) > 0
    closed = shell(f"mkt {words} >&- 2>&-; echo $?", tmp_path)
    assert int(closed.stdout) == expected
    assert closed.stderr == ""


def test_verbose_version_names_the_kernel(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version", "-v"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[:3]] == ["mkt", "SHA-1", "SHA-256"]


def test_a_kernel_that_cannot_be_had_is_refused() -> None:
    done = mkt("--version", "-v", env={**os.environ, "MKT_KERNEL": "abacus"})
    assert done.returncode == ExitCode.USAGE
    assert "abacus" in done.stderr


@pytest.mark.parametrize(("words", "code"), [([], 2), (["--help"], 0), (["-h"], 0)])
def test_without_a_verb_there_is_help(words: list[str], code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == code
    said = capsys.readouterr()
    for verb, about in app.VERBS.items():
        assert f"{verb} " in said.out
        assert about in said.out


def test_a_verb_explains_itself_in_plain_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "--help"]) == 0
    out = capsys.readouterr().out
    assert "--piece-length" in out
    assert not set(out) & set("╭│╰─")


def test_an_unknown_command_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["creat", "dir"]) == ExitCode.USAGE
    assert capsys.readouterr().err == "mkt: unknown command 'creat'. Did you mean 'create'?\n"


@pytest.mark.parametrize(
    "words", [["create"], ["create", "a", "b"], ["create", "a", "--nix"], ["create", "a", "-j", "x"], ["--nix"]]
)
def test_a_usage_error_names_the_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    first, second = said.err.splitlines()
    assert first.startswith("mkt: ")
    assert not first.endswith(".")
    assert re.fullmatch(r" {5}See mkt( create)? --help\.", second)


def test_an_error_of_the_system_names_the_file() -> None:
    for name in ("f\udce9", b"f\xe9"):
        assert (
            failure_of(FileNotFoundError(2, "No such file", name), Invocation()).message
            == f"cannot access f\udce9: {os.strerror(2).lower()}"
        )
    full = failure_of(OSError(28, "No space left"), Invocation()).message
    assert full == f"cannot write the result: {os.strerror(28).lower()}"


def test_failures_are_json_with_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["create", "nowhere", "--json"]) == ExitCode.CONTENT
    said = capsys.readouterr()
    told = json.loads(said.out)
    assert told["schema"] == 1
    assert told["error"].keys() == {"exit", "message", "hint", "path", "offset"}
    assert told["error"]["exit"] == ExitCode.CONTENT
    assert told["error"]["message"] in said.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (ContentError("x"), 3),
        (MetainfoError("x"), 4),
        (RefusedError("x"), 5),
        (KeyboardInterrupt(), 130),
        (EOFError(), 130),
        (OSError(28, "No space left on device"), 3),
        (PermissionError(13, "Permission denied", "f"), 3),
        (MemoryError(), 3),
        (ValueError("x"), 70),
    ],
)
def test_every_end_has_its_code(error: BaseException, code: int) -> None:
    failure = failure_of(error, Invocation())
    assert failure.code == code
    assert "Errno" not in failure.message


def test_an_internal_error_shows_a_traceback_only_for_debug(
    content: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.chdir(content)
    monkeypatch.setattr("mktorrent_py.cli.commands.create.hash_draft", fail)
    assert main(["create", "content"]) == ExitCode.DEFECT
    err = capsys.readouterr().err
    assert err.startswith("mkt: internal error (a bug in mkt): ZeroDivisionError: oops\n")
    assert "Run mkt --debug create content" in err
    assert "Traceback" not in err
    for words in (["--debug", "create", "content"], ["create", "content", "--debug"], ["create", "--debug", "content"]):
        assert main(words) == ExitCode.DEFECT
        assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "is_json"),
    [
        (["create", "nowhere", "--json"], True),
        (["create", "--json", "--no-such"], True),
        (["create", "--no-such", "--json"], True),
        (["create", "--json", "-c"], True),
        (["create", "--json", "-j", "x", "nowhere"], True),
        (["create", "--json", "a", "b"], True),
        (["create", "--json"], True),
        (["verify", "a", "b", "c", "--json"], True),
        (["track", "--json", "--port", "x"], True),
        (["create", "nowhere", "-c", "--json"], False),
        (["create", "-c", "--json", "--no-such"], False),
        (["create", "--comment=--json", "nowhere"], False),
        (["create", "--", "--json"], False),
        (["--", "--json"], False),
        (["--json"], False),
        (["create", "nowhere"], False),
    ],
)
def test_an_error_is_json_if_json_is_an_option_of_the_verb(
    words: list[str], is_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(words)
    assert code in (ExitCode.USAGE, ExitCode.CONTENT)
    out, err = capsys.readouterr()
    assert err.startswith("mkt: ")
    if is_json:
        assert json.loads(out)["error"]["exit"] == code
    else:
        assert out == ""


def test_words_that_look_like_options_can_be_names_and_values(
    content: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(content)
    Path("--debug").write_bytes(b"x")
    assert main(["create", "-q", "--", "--debug"]) == ExitCode.DONE
    assert Path("--debug.torrent").exists()
    assert main(["create", "content", "-q", "-c", "--debug"]) == ExitCode.DONE
    assert main(["inspect", "content.torrent", "--field", "comment"]) == ExitCode.DONE
    assert capsys.readouterr().out == "--debug\n"


@POSIX
@pytest.mark.parametrize("number", signals._ENDING)
def test_a_signal_interrupts_once(number: int) -> None:
    before = signal.getsignal(number)
    try:
        with pytest.raises(KeyboardInterrupt), signals.interrupting_once():
            try:
                signal.raise_signal(number)
            finally:
                signal.raise_signal(number)
    finally:
        for each in signals._ENDING:
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)
        signal.signal(number, before)


def test_a_signal_ignored_from_the_start_stays_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals.interrupting_once():
            signal.raise_signal(signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in signals._ENDING]
    assert main(["create", "nowhere"]) == ExitCode.CONTENT
    assert [signal.getsignal(number) for number in signals._ENDING] == before


@POSIX
@pytest.mark.parametrize(
    ("script", "code"),
    [
        ("mkt create content >&-", 0),
        ("mkt create content 2>&-", 0),
        ("mkt create content <&-", 0),
        ("mkt create nowhere 2>&-", 3),
        ("mkt create content -o - >&-", 3),
        ("mkt create - -n x -o x.torrent <&-", 3),
        ("mkt create content >/dev/full", 3),
        ("mkt create content -o - >/dev/full", 3),
        ("mkt create content | true", 0),
        ("mkt create content -o - | true", 0),
        ("mkt create content --json | head -c 1 >/dev/null", 0),
        ("mkt create --help | true", 0),
        ("mkt --version | true", 0),
        ("mkt --version >/dev/full", 3),
        ("mkt create content 2>&1 >/dev/null | true", 0),
    ],
)
def test_streams_that_are_closed_full_or_gone(script: str, code: int, content: Path) -> None:
    if "/dev/full" in script and not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    done = shell(script, content)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    if "2>&-" in script:
        assert "mkt: " not in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "koi8-r", "utf-8", "cp1252"])
def test_stdout_can_have_any_encoding(encoding: str, content: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    done = subprocess.run(
        [*MKT, "create", "content", "-n", "h\u00e9\u20ac\U0001f600", "--json"],
        capture_output=True,
        cwd=content,
        env=environment,
        timeout=60,
    )
    assert done.returncode == 0
    assert json.loads(done.stdout.decode(encoding))["name"] == "h\u00e9\u20ac\U0001f600"


@POSIX
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_reports_it_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    words = ["create", "-", "-n", "x", "-o", "x.torrent", "--progress", "json"]
    with subprocess.Popen(
        [*MKT, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path
    ) as process:
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(number)
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert json.loads(first)["event"] == "progress"
    assert process.returncode == ExitCode.INTERRUPTED
    assert out == ""
    assert err.splitlines()[-1] == "mkt: interrupted"
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_verb_may_answer_with_a_code(monkeypatch: pytest.MonkeyPatch) -> None:
    answer: Callable[..., int] = lambda *_: 1  # noqa: E731 - stands in for a method
    monkeypatch.setattr(app.VerbGroup, "perform", answer)
    assert main(["verify", "x"]) == ExitCode.NO


@pytest.mark.parametrize(
    ("line", "suggestion"),
    [("mkt cr", "create"), ("mkt create --pi", "--piece-length"), ("mkt edit --add-to", "--add-to-tier")],
)
def test_the_shell_completes_verbs_and_options(line: str, suggestion: str) -> None:
    words = {"_MKT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    assert suggestion in mkt(env={**os.environ, **words}).stdout.split()


@pytest.mark.parametrize("words", [["--version", "create", "x"], ["-V", "--debug"]])
def test_version_among_other_words_prints_the_version(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == ExitCode.DONE
    assert capsys.readouterr().out == f"mkt {mktorrent_py.__version__}\n"
