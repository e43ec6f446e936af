"""The documents against the code: commands and programs in them run, and what they name exists."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer
from test_architecture import PACKAGES

from mktorrent_py.cli import main, man_pages
from mktorrent_py.cli.app import VERBS, app
from mktorrent_py.cli.commands.help import TOPICS, topic_text
from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.hashing.kernel import KERNEL_NAMES

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mktorrent_py"
MARKDOWN = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / ".github").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in MARKDOWN} | {name: topic_text(name) for name in TOPICS}

SWARM_VERBS = ("seed", "fetch", "track")
"""Their lines are checked and not run: they need peers, or do not end."""

OPTIONS_OF_OTHERS = {"--check", "--seconds", "--scale"}
"""Options of ruff, of the fuzzers and of the benchmarks."""


@cache
def options_of(verb: str) -> frozenset[str]:
    """Every option that a command takes."""
    group: Any = typer.main.get_command(app)
    context = group.context_class(group, info_name="mkt", **group.context_settings)
    command = group.get_command(context, verb) if verb else group
    parameters = command.get_params(command.context_class(command, parent=context, **command.context_settings))
    names = [name for each in parameters for name in [*each.opts, *each.secondary_opts]]
    return frozenset(name for name in names if name.startswith("-"))


def code_blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


def command_lines(text: str) -> list[list[str]]:
    """The words after every `mkt` in a text: in shell blocks, indented lines and inline code."""
    lines = [line for block in code_blocks(text, "sh") for line in block.replace("\\\n", " ").splitlines()]
    lines += [line.strip() for line in re.findall(r"^  .*", text.replace("\\\n", " "), re.MULTILINE)]
    lines += re.findall(r"`([^`\n]+)`", text)
    commands = [line.rpartition("&& ")[2].removeprefix(".venv/bin/") for line in lines]
    found = [command.removeprefix("mkt ") for command in commands if command.startswith("mkt ")]
    return [shlex.split(re.split(r"   |  #| \| ", command)[0]) for command in found]


def rows_of_table(text: str, first: str) -> list[list[str]]:
    """The cells of the Markdown table whose heading begins with `first`."""
    lines = text[text.index(f"| {first} |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


# ---- what documents name


@pytest.mark.parametrize("name", TEXTS)
def test_every_command_in_a_text_exists_with_its_options(name: str) -> None:
    for words in command_lines(TEXTS[name]):
        verb = words[0] if not words[0].startswith("-") else ""
        if verb == "COMMAND":
            continue
        assert verb in {*VERBS, ""}, words
        options = {word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
        assert options <= options_of(verb) | {"-v"}, words


def test_commands_are_found_in_texts() -> None:
    assert ["create", "release", "--field", "magnet"] in command_lines(README)
    assert ["create", "release", "--v1"] in command_lines(topic_text("formats"))
    assert ["help", "schema", "create"] in command_lines(README)
    assert ["verify", "release.torrent", "release"] in command_lines(topic_text("publishing"))


@pytest.mark.parametrize("name", TEXTS)
def test_every_option_named_alone_belongs_to_a_command(name: str) -> None:
    text = re.sub(r"^    .*$|pip install.*$|python tests/.*$", "", TEXTS[name], flags=re.MULTILINE)
    known = {option for verb in ["", *VERBS] for option in options_of(verb)}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*[a-z]", text)) <= known | OPTIONS_OF_OTHERS


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_to_one(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


@pytest.mark.parametrize("path", MARKDOWN, ids=lambda path: path.name)
def test_every_path_named_in_code_exists(path: Path) -> None:
    text = "\n".join([*re.findall(r"`([^`\n]+)`", path.read_text(encoding="utf-8"))])
    names = re.findall(r"(?<![\w./-])((?:mktorrent_py|tests|\.ci|\.github|fixtures)/[\w./-]+)", text)
    assert [name for name in names if "NAME" not in name and not (ROOT / name).exists()] == []


def test_the_table_of_packages_is_that_of_the_imports() -> None:
    assert [cells[0].strip("`") for cells in rows_of_table(CONTRIBUTING, "package")] == list(PACKAGES)


def test_exit_codes_are_explained_alike_and_are_those_of_the_code() -> None:
    listed = re.findall(r"^ {2,4}(\d+)  (.+)$", topic_text("exit-codes"), re.MULTILINE)
    assert rows_of_table(README, "exit") == [list(row) for row in listed]
    assert [int(code) for code, _ in listed] == list(ExitCode)


def test_every_environment_variable_that_is_read_is_explained() -> None:
    source = "\n".join([path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py")])
    read = set(re.findall(r"""environ(?:ment)?(?:\.get\(|\[)"(\w+)["]""", source))
    assert "NO_COLOR" in read
    assert {name for name in read if name not in topic_text("environment")} == set()
    assert {name for name in KERNEL_NAMES if name not in topic_text("environment")} == set()


def test_topics_fit_a_terminal_and_have_a_title() -> None:
    for topic in TOPICS:
        title, blank, *_ = topic_text(topic).split("\n")
        assert ": " in title
        assert blank == ""
        assert max([len(line) for line in topic_text(topic).splitlines()]) <= 80
        # Indented text is shown as it is in man pages, seven columns further in.
        assert max([len(line) for line in topic_text(topic).splitlines() if line.startswith("  ")]) <= 75
    assert sorted(TOPICS) == sorted([path.stem for path in (PACKAGE / "cli" / "help_topics").glob("*")])


# ---- what documents say can be run


def test_the_readme_names_the_command_that_ci_runs() -> None:
    assert re.findall(r"^python3 -m venv .*/pytest$", README, re.MULTILINE) == [
        "python3 -m venv .venv && .venv/bin/pip install '.[test]' && .venv/bin/pytest"
    ]


def test_the_first_command_of_the_readme_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = code_blocks(README, "sh")[0].strip()
    command, _, words = first.rpartition("/mkt ")
    assert command == "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin"
    shutil.copytree(ROOT / "fixtures" / "example", tmp_path / "fixtures" / "example")
    monkeypatch.chdir(tmp_path)
    assert main(words.split()) == 0
    assert (tmp_path / "aurora-1.2.torrent").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a POSIX shell")
@pytest.mark.parametrize("block", code_blocks(README, "sh")[2:])
def test_the_commands_of_the_readme_run_one_after_the_other(block: str, tmp_path: Path) -> None:
    plant(tmp_path / "release")
    main(["create", str(tmp_path / "release"), "-o", str(tmp_path / "old.torrent"), "-q"])
    (tmp_path / "new.torrent").write_bytes((tmp_path / "old.torrent").read_bytes())
    lines = [line for line in block.splitlines() if not re.match(rf"mkt ({'|'.join(SWARM_VERBS)})\b", line)]
    assert len(lines) >= 2
    entry = "from mktorrent_py.cli import entry; entry()"
    tools = f'mkt() {{ {shlex.quote(sys.executable)} -c {shlex.quote(entry)} "$@"; }}; jq() {{ cat; }}'
    script = "\n".join(["set -e -o pipefail", tools, *lines])
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(find_spec("libtorrent") is None, reason="needs libtorrent")
def test_the_programs_of_the_readme_run(tmp_path: Path) -> None:
    plant(tmp_path / "release")
    # What is there already is verified, and not downloaded.
    plant(tmp_path / "downloads" / "release")
    printed = []
    for program in code_blocks(README, "python"):
        done = subprocess.run(
            [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        printed.append(done.stdout.splitlines()[-1])
    assert re.search(r"[0-9a-f]{40}$", printed[0])
    assert printed[1] == "everything matches"
    assert Path(printed[2].rpartition(" ")[0]).parts[-2:] == ("downloads", "release")


def plant(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "a.bin").write_bytes(bytes(range(256)) * 1000)
    (directory / "b.txt").write_bytes(b"text")


# ---- man pages


def test_the_man_pages_are_those_of_the_help() -> None:
    """If this fails: python -m mktorrent_py.cli.man_pages mktorrent_py/man"""
    committed = {path.name: path.read_text(encoding="utf-8") for path in (PACKAGE / "man").glob("*")}
    assert committed == man_pages.pages()


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="needs mandoc")
@pytest.mark.parametrize("path", sorted((PACKAGE / "man").glob("*.1")), ids=lambda path: path.name)
def test_a_man_page_is_valid(path: Path) -> None:
    lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", path], capture_output=True, text=True)
    # Without a date the page is the same whenever it is written.
    assert [line for line in lint.stdout.splitlines() if "missing date" not in line] == []


def test_a_man_page_shows_every_option_of_its_command() -> None:
    for verb in VERBS:
        page = (PACKAGE / "man" / f"mkt-{verb}.1").read_text(encoding="utf-8").replace("\\-", "-")
        assert {option for option in options_of(verb) if f"\\fB{option}\\fR" not in page} == set()


# ---- mkt help


def printed_by(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_command_is_what_the_command_says(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed_by(["help", verb], capsys) == printed_by([verb, "--help"], capsys)


def test_help_lists_commands_and_topics(capsys: pytest.CaptureFixture[str]) -> None:
    listed = printed_by(["help"], capsys)
    assert {name for name in [*VERBS, *TOPICS] if not re.search(rf"^  {name} +\S", listed, re.MULTILINE)} == set()


@pytest.mark.parametrize("topic", TOPICS)
def test_help_prints_a_topic(topic: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert printed_by(["help", topic], capsys) == topic_text(topic)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["creat"], "Did you mean create?"),
        (["exit-code"], "Did you mean exit-codes?"),
        (["xyz"], "formats, piece-length"),
        (["formats", "json"], "unexpected argument 'json'"),
    ],
)
def test_help_of_what_is_unknown_suggests(words: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["help", *words]) == ExitCode.USAGE
    assert message in capsys.readouterr().err
