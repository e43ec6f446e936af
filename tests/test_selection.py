"""Selection: globs, ignore files and junk; git itself is the judge of gitignore's rules."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mktorrent_py.content.file_stat import invalid_name_reason
from mktorrent_py.content.selection import Reason, Selection, escape_pattern, is_plain_name, only_matching
from mktorrent_py.errors import UsageError


def verdict(selection: Selection, path: str) -> Reason | None:
    """What a walk would say: the first directory on the way that is left out decides."""
    parts = tuple(path.rstrip("/").split("/"))
    for depth in range(1, len(parts) + 1):
        is_directory = depth < len(parts) or path.endswith("/")
        reason = selection.verdict(parts[:depth], is_directory)
        if reason is not None:
            return reason
    return None


@pytest.mark.parametrize(
    ("pattern", "matching", "others"),
    [
        ("*.txt", ["a.txt", "d/e/a.txt", ".txt"], ["a.txt.gz", "A.TXT", "txt"]),
        ("docs", ["docs", "docs/a", "x/docs/y/z"], ["mydocs", "docs2/a"]),
        ("docs/", ["docs/a", "x/docs/a"], ["docs"]),
        ("/docs", ["docs", "docs/a"], ["x/docs"]),
        ("docs/*.md", ["docs/a.md"], ["docs/x/a.md", "x/docs/a.md"]),
        ("docs/**/a", ["docs/a", "docs/x/a", "docs/x/y/a"], ["a", "x/docs/a"]),
        ("docs/**", ["docs/a", "docs/x/y"], ["docs2/a"]),
        ("**/a", ["a", "x/a", "x/y/a/z"], ["ab"]),
        ("*", ["a", "x/y", "\n"], []),
        ("a?c", ["abc", "a\nc"], ["ac", "a/c", "abbc"]),
        ("a[b-d]c", ["abc", "adc"], ["aec", "a/c"]),
        ("a[!b]c", ["acc"], ["abc", "a/c"]),
        ("*[!a]b", ["cb"], ["ab", "x/b"]),
        ("[[:digit:]]*", ["1", "2a"], ["a2", "d"]),
        ("\\*", ["*"], ["a"]),
        ("a\\ ", ["a "], ["a"]),
        ("#a", ["#a"], ["a"]),
        ("a ", ["a "], ["a"]),
        ("./a/b", ["a/b"], ["x/a/b"]),
        ("*.txt", ["x\ny/a.txt"], ["a.txt\n"]),
        ("\u00e9*", ["\u00e9t\u00e9"], ["e\u0301"]),
    ],
)
def test_one_rule_for_globs(pattern: str, matching: list[str], others: list[str]) -> None:
    excluding, including = Selection(exclude=(pattern,)), Selection(include=(pattern,))
    for path in matching:
        assert verdict(excluding, path) is Reason.EXCLUDED, path
        assert verdict(including, path) is None, path
    for path in others:
        assert verdict(excluding, path) is None, path
        assert verdict(including, path) is Reason.NOT_INCLUDED, path


@given(st.text(st.characters(exclude_characters="/\0", codec="utf-8"), min_size=1))
def test_an_escaped_name_matches_itself_alone(name: str) -> None:
    assume(name not in (".", ".."))
    selection = Selection(exclude=(escape_pattern(name),), keep_junk=True)
    assert verdict(selection, name) is Reason.EXCLUDED
    assert verdict(selection, f"x/{name}") is Reason.EXCLUDED
    assert verdict(selection, f"{name}x") is None
    assert verdict(selection, f"x{name}") is None


@pytest.mark.parametrize("pattern", ["", "/", "[a", "a\\", "!a", "   ", "[z-a]"])
@pytest.mark.parametrize("option", ["include", "exclude"])
def test_a_pattern_that_matches_nothing_is_refused(option: str, pattern: str) -> None:
    patterns = (pattern,)
    if pattern == "   ":
        assert verdict(Selection(exclude=patterns), "   ") is Reason.EXCLUDED
        return
    with pytest.raises(UsageError) as caught:
        Selection(include=patterns) if option == "include" else Selection(exclude=patterns)
    assert isinstance(caught.value, UsageError)
    assert caught.value.data == {"pattern": pattern}
    assert caught.value.hint


def test_exclude_beats_include() -> None:
    selection = Selection(include=("*.txt", "docs/"), exclude=("draft*",))
    assert verdict(selection, "a.txt") is None
    assert verdict(selection, "docs/a.md") is None
    assert verdict(selection, "docs/draft.txt") is Reason.EXCLUDED
    assert verdict(selection, "drafts/a.txt") is Reason.EXCLUDED
    assert verdict(selection, "a.md") is Reason.NOT_INCLUDED


def test_include_does_not_keep_the_walk_out_of_directories() -> None:
    assert Selection(include=("*.txt",)).verdict(("docs",), True) is None


def test_hidden() -> None:
    assert verdict(Selection(), ".git/config") is None
    assert verdict(Selection(hidden=False), ".git/config") is Reason.HIDDEN
    assert verdict(Selection(hidden=False), "a/.b") is Reason.HIDDEN
    assert verdict(Selection(hidden=False), "a.b") is None


@pytest.mark.parametrize(
    "path",
    [
        ".DS_Store", "a/.ds_store", "._a", "Thumbs.db", "THUMBS.DB", "desktop.ini", "Icon\r", ".directory",
        ".Trashes/1", "$RECYCLE.BIN/a", "System Volume Information/x", ".Trash-1000/files/a", "lost+found/x",
    ],
)  # fmt: skip
def test_junk(path: str) -> None:
    assert verdict(Selection(), path) is Reason.JUNK
    assert verdict(Selection(keep_junk=True), path) is None


@pytest.mark.parametrize(
    "path",
    [
        ".git/HEAD", ".gitignore", ".hg/x", ".svn/x", "a.part", "a.!ut", "a.crdownload", "a~", "recycler", "._dir/a",
        "DS_Store", "Thumbs.db.txt", "icon", "a.DS_Store", "$RECYCLE.BIN", "directory", "Thumbs.db/a", ".trash-can",
    ],
)  # fmt: skip
def test_what_somebody_could_miss_is_not_junk(path: str) -> None:
    assert verdict(Selection(), path) is None


def test_an_ignore_file() -> None:
    lines = (
        "# build products\n",
        "*.log\r\n",
        "!keep.log",
        "",
        "build/",
        "!build/keep",
        "docs/**",
        "!docs/keep",
        "[z-a]",
    )
    selection = Selection(ignore_lines=lines)
    assert verdict(selection, "a.log") is Reason.IGNORED
    assert verdict(selection, "x/keep.log") is None
    assert verdict(selection, "build/keep") is Reason.IGNORED
    assert verdict(selection, "build") is None
    assert verdict(selection, "docs/a") is Reason.IGNORED
    assert verdict(selection, "docs/keep") is None


def test_an_ignore_file_that_lists_what_to_keep() -> None:
    selection = Selection(ignore_lines=("*", "!*/", "!*.txt"))
    assert verdict(selection, "a/b/c.txt") is None
    assert verdict(selection, "a/b/c.dat") is Reason.IGNORED


def test_patterns_are_paid_for_only_when_there_are_some() -> None:
    program = (
        "import sys; from mktorrent_py.content.selection import Selection; Selection().verdict(('a',), False);"
        "assert 'pathspec' not in sys.modules; Selection(exclude=('a',)); assert 'pathspec' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


SEGMENTS = st.sampled_from(
    ["*", "**", "a", "b", "a b", "*.o", "?", "[ab]", "[!a]", "a[!b]c", "*[!a]b", "[[a]", "[z-a]", "[[:alpha:]]", "x*",
     "[|&&]", ".*", "\\a", "a\\ b", "\\#a", "#a", "\\!b", "[z]", "\\[z\\]", "[^b]", "a*b*"]
)  # fmt: skip
LINES = st.builds(
    lambda takes_back, anchor, segments, end: takes_back + anchor + "/".join(segments) + end,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/", "**/"]),
    st.lists(SEGMENTS, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", "/**", "/**/", " "]),
)
NAMES = {"a", "b", "ab", "abc", "a b", "x.o", ".o", "#a", "!b", "[z]", "c"}
FILES = (
    [f"{outer}/{inner}/{name}" for outer in ("a", "b", ".o") for inner in ("a", "abc", "a b") for name in NAMES]
    + [f"{outer}/{name}" for outer in ("a", "b", ".o") for name in NAMES - {"a", "abc", "a b"}]
    + list(NAMES - {"a", "b", ".o"})
)


@pytest.fixture(scope="module")
def work_tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    top = tmp_path_factory.mktemp("git")
    subprocess.run(["git", "init", "-q", str(top)], check=True, capture_output=True)
    for path in FILES:
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).touch()
    return top


@settings(max_examples=80)
@given(lines=st.lists(LINES, min_size=1, max_size=4))
def test_git_agrees_about_ignore_files(work_tree: Path, lines: list[str]) -> None:
    (work_tree / ".git/info/exclude").write_text("\n".join(lines) + "\n")
    listing = [
        "git",
        "-C",
        str(work_tree),
        "-c",
        "core.excludesFile=",
        "ls-files",
        "-z",
        "--others",
        "--exclude-standard",
    ]
    kept = set(subprocess.run(listing, check=True, capture_output=True, text=True).stdout.split("\0")) - {""}
    selection = Selection(ignore_lines=tuple(lines))
    assert {path for path in FILES if verdict(selection, path) is None} == kept


@given(name=st.text(st.characters(max_codepoint=0x7F), min_size=1, max_size=3) | st.from_regex(r"[a-z.:\\\\]{1,3}"))
def test_of_a_plain_name_no_rule_has_anything_to_say(name: str) -> None:
    if is_plain_name(name.encode()):
        assert Selection().verdict((name,), False) is None
        assert invalid_name_reason(name, allow_raw=False) is None
        assert not name.startswith(".")


@pytest.mark.parametrize("name", [b"a", b"track 01.flac", b"[group] show - 01 (1080p).mkv", b"-x", b"~", b"thumbs.dbx"])
def test_usual_names_are_plain(name: bytes) -> None:
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name", [b".a", b"Thumbs.DB", b"icon\r", b"Desktop.ini", b"a\\b", b"C:", b"a\n", b"\x7f", b"caf\xc3\xa9", b".."]
)
def test_names_with_something_to_say_of_them_are_not(name: bytes) -> None:
    assert not is_plain_name(name)


def test_every_pattern_and_no_hidden_files_end_the_short_way() -> None:
    assert Selection().takes_plain_names
    assert Selection(keep_junk=True).takes_plain_names
    for selection in (
        Selection(include=("a",)),
        Selection(exclude=("a",)),
        Selection(ignore_lines=("a",)),
        Selection(hidden=False),
    ):
        assert not selection.takes_plain_names


def test_only_matching_takes_junk_and_refuses_patterns_that_match_nothing() -> None:
    with pytest.raises(UsageError, match=r"^pattern '' cannot match any file") as caught:
        only_matching(("",))
    assert isinstance(caught.value, UsageError)
    assert (caught.value.code, caught.value.data) == ("pattern-matches-nothing", {"pattern": ""})
    assert verdict(only_matching(["Thumbs.db"]), "Thumbs.db") is None
