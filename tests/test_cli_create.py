"""`mkt create`: what it prints, what it writes, what it refuses, and when."""

from __future__ import annotations

import gc
import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from commands import MKT
from trees import write_tree

from mktorrent_py import Metainfo
from mktorrent_py.cli import main
from mktorrent_py.cli.commands import create as create_command
from mktorrent_py.cli.output import console, create_report, table
from mktorrent_py.cli.output.create_report import shell_word

TREE = {"a.bin": 300_000, "docs/b.txt": 20_000, "docs/empty": 0}
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="names, modes and links that Windows has not")
PRIVILEGED = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with `release` in it, and a clock that stands still."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    write_tree(tmp_path / "release", TREE)
    yield tmp_path
    assert not list(tmp_path.rglob(".mkt-*"))


class Shell:
    """Runs `mkt create` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *words: str, code: int = 0) -> str:
        """Return stdout; `err` has stderr."""
        assert main(["create", *words]) == code, self._capsys.readouterr().err
        said = self._capsys.readouterr()
        self.err = said.err
        return said.out

    def refused(self, *words: str, code: int) -> str:
        """The message of a refusal, which wrote nothing."""
        before = sorted(str(path) for path in Path().rglob("*"))
        out = self(*words, code=code)
        assert out == "" or "--json" in words
        assert sorted(str(path) for path in Path().rglob("*")) == before
        assert len(self.err.splitlines()) <= 3
        return self.err


@pytest.fixture
def create(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(console, "is_terminal", lambda stream: True)
    return monkeypatch


def facts_of(text: str) -> dict[str, list[str]]:
    facts: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, _, value = line.partition("\t")
        facts.setdefault(key, []).append(value)
    return facts


def read(path: str = "release.torrent") -> Metainfo:
    return Metainfo.from_bytes(Path(path).read_bytes())


# --- output formats ---


def test_tab_lines_and_json_hold_the_same_facts(create: Shell) -> None:
    words = ["release", "-f", "-t", "http://a.example/x,udp://b.example:1", "-t", "udp://c.example:1", "-c", "hello"]
    lines = facts_of(create(*words))
    told: dict[str, Any] = json.loads(create(*words, "--json"))
    assert told["schema"] == 1
    assert lines["infohash.v1"] == [told["infohash"]["v1"]] == [read().infohashes.v1.hex()]
    assert lines["trackers.1"] + lines["trackers.2"] == [url for tier in told["trackers"] for url in tier]
    for key in ("name", "format", "comment", "magnet", "output"):
        assert lines[key] == [told[key]]
    for key in ("length", "files", "pieces", "piece_length", "padding"):
        assert lines[key] == [str(told[key])]


def test_every_field_can_be_asked_for_and_no_other(create: Shell) -> None:
    told = json.loads(create("release", "--json"))
    told.pop("schema")
    names = table.field_names(told)
    assert names == create_report.fields(dry_run=False)
    lines = facts_of(create("release", "-f"))
    for name in set(names) - {"seconds", "bytes_per_second"}:
        assert create("release", "-f", "--field", name) == "".join(f"{value}\n" for value in lines.get(name, []))


def test_every_field_of_a_dry_run(create: Shell) -> None:
    told = json.loads(create("release", "--dry-run", "--json"))
    assert list(told) == ["schema", *create_report.fields(dry_run=True)]
    assert create("release", "--dry-run", "--field", "pieces") == f"{told['pieces']}\n"
    assert not Path("release.torrent").exists()


def test_an_unknown_field_is_refused_before_the_work(create: Shell) -> None:
    assert "unknown field 'infohash.v3'" in create.refused("release", "--field", "infohash.v3", code=2)
    assert "unknown field 'magnet'" in create.refused("release", "--dry-run", "--field", "magnet", code=2)


def test_a_terminal_gets_text_and_the_next_steps(create: Shell, terminal: pytest.MonkeyPatch) -> None:
    out = create("release", "-t", "http://t.example/a", "--v2")
    assert out.startswith("release.torrent   v2\n")
    rows = [line[2:15].strip() for line in out.splitlines()[1:]]
    assert rows == ["name", "content", "pieces", "infohash v2", "trackers", "magnet", "took"]
    assert create.err.strip() == "Next: mkt verify release.torrent release\n      mkt seed release.torrent release"


def test_quiet_is_silent(create: Shell, terminal: pytest.MonkeyPatch) -> None:
    assert create("release", "-q", "-p") == ""
    assert create.err == ""


def test_verbose_prints_the_kernel_and_threads(create: Shell) -> None:
    create("release", "-v", "-j", "3")
    assert re.search(r"SHA-1 by \w+, SHA-256 by \w+, 3 threads, reading ", create.err)


def test_what_was_left_out_is_named_with_its_reason(create: Shell, terminal: pytest.MonkeyPatch) -> None:
    for number in range(8):
        Path(f"release/._{number}").touch()
    Path("release/broken").symlink_to("nowhere")
    out = create("release")
    assert "._0 (junk)" in out
    assert "and 4 more (-v lists them)" in out
    assert "broken (a broken link: to nowhere)" in create("release", "-f", "-v")


@POSIX
@pytest.mark.parametrize("name", ["a\nb", "\x1b[2J", "\u202ecod.exe", "tab\there", "it's", "-dash", "$(x)"])
def test_hostile_names_are_harmless_in_every_format(name: str, create: Shell, terminal: pytest.MonkeyPatch) -> None:
    Path("release").rename(name)
    create("--json", "-f", "--", name)
    text = create("-f", "--", name) + create.err
    terminal.setattr(console, "is_terminal", lambda stream: False)
    lines = create("-f", "--", name)
    assert json.loads(create("-f", "--json", "--", name))["name"] == name
    for char in "\x1b\u202e":
        assert char not in text + lines
    assert len(lines.splitlines()) == len(create("-f", "-n", "plain", "-o", "x.torrent", "--", name).splitlines())


@pytest.mark.skipif(sys.platform != "linux", reason="the bash of macOS is too old for \\u, and Windows has none")
@pytest.mark.parametrize(
    "path", ["plain", "a b", "it's", "-dash", "a\nb'c", "\x1b[2J\\", "\u202e", "\udcff", "$(x)", "`x`"]
)
def test_a_shown_path_can_be_pasted_into_a_shell(path: str) -> None:
    word = shell_word(path)
    assert word.isprintable()
    said = subprocess.run(
        ["bash", "-c", f"printf %s {word}"], capture_output=True, check=True, env={"LC_ALL": "C.UTF-8"}
    )
    assert os.fsdecode(said.stdout).removeprefix("./") == path


# --- where it goes ---


def test_output_to_a_directory_a_file_and_a_pipe(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    Path("out").mkdir()
    for output in ("out", "out/", "out/x.torrent"):
        assert main(["create", "release", "-q", "-f", "-o", output]) == 0
    assert main(["create", "release", "-o", "-"]) == 0
    data = capfdbinary.readouterr().out
    assert {path.name for path in Path("out").iterdir()} == {"release.torrent", "x.torrent"}
    assert {path.read_bytes() for path in Path("out").iterdir()} == {data}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["release", "-o", "missing/x.torrent"], 3, "directory missing does not exist"),
        (["release", "-o", "missing/"], 3, "directory missing does not exist"),
        (["release", "-n", "n" * 248], 3, "256 bytes, the maximum is 255"),
        (["release", "-n", "é" * 124], 3, "bytes, the maximum is 255"),
        (["release", "-o", ""], 2, "empty"),
        ([""], 2, "empty"),
        (["release", "-o", "-", "--checksums", "sha256"], 2, "--checksums cannot be combined with --output -"),
        (["release", "-o", "-", "--json"], 2, "cannot be combined with --json or --field"),
        (["release", "--json", "--field", "name"], 2, "cannot be combined"),
        (["release", "--checksums", "md5"], 2, "md5"),
        (["release", "-j", "257"], 2, "range"),
        (["release", "-j", "-1"], 2, "range"),
        (["release", "--v1", "--v2"], 2, "only one of --v1, --v2 and --hybrid"),
        (["release", "--creator", "x", "--no-creator"], 2, "cannot be combined"),
        (["release", "--date", "now", "--no-date"], 2, "cannot be combined"),
        (["release", "--date", "20261122"], 2, "could be a date or Unix seconds"),
        (["release", "--date", "yesterday"], 2, "is not a date"),
        (["release", "--date", "1969-12-31"], 2, "before 1970"),
        (["release", "-t", "tracker.example"], 2, "is not a URL"),
        (["release", "-t", "http://a\udcff/"], 2, "not UTF-8"),
        (["release", "-c", "\udcff"], 2, "not UTF-8"),
        (["release", "-s", "\udcff"], 2, "not UTF-8"),
        (["release", "--collection", "\udcff"], 2, "not UTF-8"),
        (["release", "--node", "host"], 2, "is not a valid HOST:PORT"),
        (["release", "--node", "host:65536"], 2, "is not a valid HOST:PORT"),
        (["release", "--similar", "abc"], 2, "is not an infohash"),
        (["release", "-l", "17KiB"], 2, "power of two"),
        (["release", "-l", "16383", "--v1"], 2, "below the minimum of 16 KiB"),
        (["release", "-0"], 2, "--files-from"),
        (["release", "--exclude", "*"], 2, "a.bin (excluded)"),
        (["release/docs/empty"], 2, "no bytes"),
        (["nowhere"], 3, "no such file"),
        (["-"], 2, "--name and --output"),
        (["-", "-n", "x", "-o", "x", "--dry-run"], 2, "--dry-run"),
        (["-", "-n", "x", "-o", "x", "--target-pieces", "5"], 2, "stream"),
        (["release", "--ignore-file", "missing"], 3, "cannot read missing"),
        (["release", "-t", ""], 2, "'' contains no tracker URL"),
        (["release", "-t", " , "], 2, "contains no tracker URL"),
        (["release", "--date", ""], 2, "'' is not a date"),
        (["release", "--date", "", "--no-date"], 2, "cannot be combined"),
        (["release", "--update-url", ""], 2, "update URL '' is empty"),
        (["release", "--max-piece-length", ""], 2, "'' is not a size"),
        (["release", "--collection", ""], 2, "--collection is empty"),
        (["release", "--checksums", ""], 2, "names no algorithm"),
        (["release", "--checksums", ","], 2, "names no algorithm"),
        (["release", "--field", ""], 2, "unknown field ''"),
        (["release", "-l", "32KiB", "--max-piece-length", "16KiB"], 2, "larger than the maximum"),
        (["release", "-l", "16KiB", "--target-pieces", "4"], 2, "cannot be combined"),
        (["release", "-n", "\udce9"], 2, r"'\xe9' cannot be the name"),
        (["release", "-n", "a\\b"], 2, r"'a\b' cannot be the name"),
    ],
)
def test_invalid_options_are_refused_before_the_work(
    words: list[str], code: int, message: str, create: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create_command, "hash_draft", lambda *_, **__: pytest.fail("the content was hashed"))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"data")))
    assert message in create.refused(*words, code=code)


def test_overwriting_is_refused_before_the_work(create: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("release.torrent").write_bytes(b"old")
    with monkeypatch.context() as patch:
        patch.setattr(create_command, "hash_draft", lambda *_, **__: pytest.fail("the content was hashed"))
        assert "already exists" in create.refused("release", code=5)
        Path("release.torrent").unlink()
        Path("SHA256SUMS").write_bytes(b"old")
        assert "SHA256SUMS already exists" in create.refused("release", "--checksums", "sha256", code=5)


def test_an_output_that_appears_meanwhile_is_not_overwritten(create: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    hash_draft = create_command.hash_draft

    def slowly(*words: Any, **options: Any) -> Any:
        Path("release.torrent").write_bytes(b"theirs")
        return hash_draft(*words, **options)

    monkeypatch.setattr(create_command, "hash_draft", slowly)
    assert create("release", "--checksums", "sha256", code=5) == ""
    assert Path("release.torrent").read_bytes() == b"theirs"
    assert not Path("SHA256SUMS").exists()


@POSIX
def test_force_keeps_the_mode_and_follows_the_link(create: Shell) -> None:
    Path("real").mkdir()
    Path("real/x.torrent").write_bytes(b"old")
    Path("real/x.torrent").chmod(0o600)
    Path("link.torrent").symlink_to("real/x.torrent")
    create("release", "-f", "-o", "link.torrent")
    assert Path("link.torrent").is_symlink()
    assert read("real/x.torrent").info.name == "release"
    assert stat.S_IMODE(Path("real/x.torrent").stat().st_mode) == 0o600


@pytest.mark.parametrize("start", ["release", "release/docs", "link"])
def test_what_is_written_is_never_content(start: str, create: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("link").symlink_to("release")
    content = os.path.relpath(Path("link").absolute(), Path(start).resolve())
    monkeypatch.chdir(start)
    words = [content, "--checksums", "sha256,blake3", "-f"]
    first = facts_of(create(*words))
    second = facts_of(create(*words))
    assert first["infohash.v1"] == second["infohash.v1"]
    assert first["files"] == second["files"] == ["3"]
    assert Path("link.torrent").exists()


def test_content_is_not_overwritten_by_its_torrent(create: Shell) -> None:
    assert "both the content and the torrent" in create.refused("release/a.bin", "-o", "release/a.bin", "-f", code=2)


def test_the_infohash_is_the_same_from_anywhere(create: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = create("release", "-f", "--field", "infohash")
    for content in ("release/", "./release", "release/.", "release/docs/..", str(Path("release").absolute())):
        assert create(content, "-f", "--field", "infohash") == expected
    monkeypatch.chdir("release/docs")
    assert create("..", "-o", "../../x.torrent", "--field", "infohash") == expected
    for threads in ("1", "3"):
        assert create("../../release", "-f", "-o", "../../x.torrent", "-j", threads, "--field", "infohash") == expected


@pytest.mark.parametrize(
    "environment",
    [{"LC_ALL": "C"}, {"LC_ALL": "ru_RU.KOI8-R"}, {"TZ": "Pacific/Kiritimati"}, {"PYTHONHASHSEED": "7"}, {}],
)
def test_the_bytes_are_the_same_in_any_environment(environment: dict[str, str], create: Shell) -> None:
    Path("release/\u00dcb").write_bytes(b"x")
    create("release", "-o", "x.torrent", "--date", "2026-11-22")
    bare = {"PATH": os.environ["PATH"], **environment}
    done = subprocess.run(
        [*MKT, "create", "release", "-o", "-", "--date", "2026-11-22"], capture_output=True, env=bare, timeout=60
    )
    assert done.stdout == Path("x.torrent").read_bytes()


# --- what is in it ---


@pytest.mark.parametrize(("value", "date"), [("0", 0), ("1700000000", 1700000000), ("", None)])
def test_source_date_epoch_is_the_date(
    value: str, date: int | None, create: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    create("release")
    written = read().creation_date
    assert written == date if date is not None else written is not None and written > 1_700_000_000


@pytest.mark.parametrize("value", ["x", "-1", "1.5", "1e9", " ", "0x10", "\u0661"])
def test_a_bad_source_date_epoch_is_an_error(value: str, create: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", value)
    assert "SOURCE_DATE_EPOCH" in create.refused("release", code=2)


@pytest.mark.parametrize(
    ("date", "seconds"),
    [
        ("2026-11-22", 1795305600),
        ("2026-11-22T21:50:00Z", 1795384200),
        ("2026-11-22T21:50:00+02:00", 1795377000),
        ("@20261122", 20261122),
        ("1700000001", 1700000001),
        ("0", 0),
    ],
)
def test_dates(date: str, seconds: int, create: Shell) -> None:
    create("release", "--date", date)
    assert read().creation_date == seconds


def test_empty_texts_are_no_texts(create: Shell) -> None:
    create("release", "--creator", "", "--comment", "", "--source", "", "--no-date")
    metainfo = read()
    assert (metainfo.created_by, metainfo.comment, metainfo.info.source, metainfo.creation_date) == (None,) * 4


def test_content_from_standard_input(create: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    data = Path("release/a.bin").read_bytes()
    create("release/a.bin", "-l", "64KiB", "-o", "file.torrent")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    create("-", "-n", "a.bin", "-o", "stream.torrent", "--max-piece-length", "64KiB", "--checksums", "sha256")
    assert Path("stream.torrent").read_bytes() == Path("file.torrent").read_bytes()
    assert Path("SHA256SUMS").read_text().endswith("  a.bin\n")


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_checksums_are_what_sha256sum_reads(create: Shell) -> None:
    Path("release/link").symlink_to("a.bin")
    create("release", "--checksums", "sha256,sha256,blake3", "--symlinks", "store")
    checked = subprocess.run(["sha256sum", "--strict", "-c", "SHA256SUMS"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert checked.stdout.splitlines() == [f"release/{name}: OK" for name in sorted(TREE)]
    assert len(Path("B3SUMS").read_text().splitlines()) == len(TREE)


# --- warnings, before the work ---


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["release", "-l", "1MiB"], "padding adds"),
        (["release", "-p"], "a private torrent without a tracker"),
        (["release", "-l", "32MiB", "--v1"], "pieces of 32 MiB are larger"),
        (["lone", "--v2"], "cannot represent a directory with a single file"),
        (["outside", "--v1"], "following links to targets outside the content: link"),
    ],
)
def test_warnings_come_before_the_work(words: list[str], message: str, create: Shell) -> None:
    write_tree(Path("lone"), {"only": 5})
    write_tree(Path("outside"), {"file": 5})
    Path("outside/link").symlink_to("../release/a.bin")
    create(*words, "--dry-run")
    assert message in create.err
    create(*words, "--dry-run", "-q")
    assert create.err == ""


@POSIX
def test_a_finding_of_lint_is_reported_once(create: Shell) -> None:
    write_tree(Path("odd"), {"what?": 5, "a:b": 5, "c": 5})
    create("odd", "-p", "-l", "1MiB")
    assert create.err.count("path-not-portable") == 1
    assert create.err.count("private torrent") == 1
    assert create.err.count("padding adds") == 1
    create("odd", "-f", "-q")
    assert create.err == ""


def test_a_good_torrent_causes_no_message(create: Shell) -> None:
    create("release", "--v1", "-t", "http://t.example/a")
    assert create.err == ""


# --- trouble with the system ---


def test_a_file_larger_than_allowed_leaves_nothing(here: Path) -> None:
    resource = pytest.importorskip("resource")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    done = subprocess.run([*MKT, "create", "release"], capture_output=True, text=True, preexec_fn=limit, timeout=60)
    assert done.returncode == 3
    assert "cannot write" in done.stderr
    assert [path.name for path in here.iterdir()] == ["release"]


def test_more_files_than_descriptors(here: Path) -> None:
    write_tree(here / "many", {f"{number:03}": 1 for number in range(300)})

    resource = pytest.importorskip("resource")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

    done = subprocess.run([*MKT, "create", "many"], capture_output=True, text=True, preexec_fn=limit, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(PRIVILEGED, reason="whoever may read everything is refused nothing")
@pytest.mark.parametrize("path", ["release/a.bin", "release/docs", "release"])
def test_what_may_not_be_read_is_named(path: str, create: Shell) -> None:
    mode = Path(path).stat().st_mode
    Path(path).chmod(0)
    try:
        create("release", code=3)
    finally:
        Path(path).chmod(mode)
    assert f"cannot read {path}: permission denied" in create.err
    assert not Path("release.torrent").exists()


@pytest.mark.skipif(PRIVILEGED, reason="whoever may write everywhere is refused nothing")
def test_a_directory_that_may_not_be_written_leaves_nothing(create: Shell) -> None:
    Path("out").mkdir(0o500)
    assert "permission denied" in create.refused("release", "-o", "out/", code=3)


@pytest.mark.parametrize("mode", ["auto", "plain", "json", "none", "bar"])
def test_progress_off_a_terminal_has_no_carriage_returns(mode: str, create: Shell) -> None:
    create("release", "--progress", mode, "--v1")
    assert "\r" not in create.err
    if mode == "json":
        assert [json.loads(line)["event"] for line in create.err.splitlines()][-1] == "done"


def test_a_directory_that_takes_no_files_is_found_out_before_the_work(
    create: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(create_command, "hash_draft", lambda *_, **__: pytest.fail("the content was hashed"))
    allowed = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and allowed(path, mode))
    assert "cannot write" in create.refused("release", code=3)
    assert "permission denied" in create.err


def test_a_target_that_no_length_reaches_causes_a_warning(create: Shell) -> None:
    assert create("release", "--target-pieces", "1", "--dry-run", "--field", "pieces") == "2\n"
    assert "no piece length allows 1 piece; the torrent will have 2" in create.err
    create("release", "--target-pieces", "2", "--dry-run")
    assert "no piece length" not in create.err


def test_create_collects_garbage_again_before_it_seeds(create: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("libtorrent")
    collected = []

    def seed(*_: object, **__: object) -> int:
        collected.append(gc.isenabled())
        return 0

    monkeypatch.setattr("mktorrent_py.cli.output.seed_events.seed_created", seed)
    gc.disable()
    try:
        create("release", "--v1", "-q")
        assert not gc.isenabled()
        create("release", "--v1", "-q", "-f", "--seed")
    finally:
        gc.enable()
    assert collected == [True]


def test_a_repeated_checksum_is_written_once(create: Shell) -> None:
    create("release", "--v1", "--checksums", "sha256, sha256", "--checksums", "sha256")
    assert {path.name for path in Path().iterdir()} == {"release", "release.torrent", "SHA256SUMS"}
