"""Lint: every rule finds what it is for and nothing beside it; every rule that reading notes is in the table."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import pytest
import reference
import trees
from hypothesis import given
from hypothesis import strategies as st

import mktorrent_py.metainfo as rooms
from mktorrent_py.metainfo import bencode
from mktorrent_py.metainfo.lint import MAX_FINDINGS, Finding, lint, lint_metainfo
from mktorrent_py.metainfo.lint.table import RULES, Severity
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.metainfo.parse import canonical_form

TRACKER = "https://t.example/announce"
KIB, MIB = 1 << 10, 1 << 20
INFO = {"length": 5, "name": "five", "piece length": 16384, "pieces": b"p" * 20}
QUIET = {"announce": TRACKER}
ROOT = b"r" * 32
FILE = {"length": 5, "path": ["a"]}
LINK = {"attr": "l", "length": 0, "path": ["b"], "symlink path": ["c"]}


def v1(outer: dict[str, Any] | None = None, **info: Any) -> bytes:
    """A v1 torrent of one file; keys of `info` with `_` for a space, None to leave one out."""
    fields = {**INFO, **{key.replace("_", " "): value for key, value in info.items()}}
    fields = {key: value for key, value in fields.items() if value is not None}
    return reference.bencode({**QUIET, **(outer or {}), "info": fields})


def v1_of(*paths: str | bytes, **info: Any) -> bytes:
    """A v1 torrent of a directory with these files, one byte each."""
    split = [path.split(b"/" if isinstance(path, bytes) else "/") for path in paths]
    files = [{"length": 1, "path": list(path)} for path in split]
    return v1(length=None, files=files, **info)


def v2_of(tree: dict[str, Any], name: str = "five", **info: Any) -> bytes:
    fields = {"name": name, "piece length": 16384, "meta version": 2, "file tree": tree, **info}
    return reference.bencode({**QUIET, "piece layers": {}, "info": fields})


def leaf(length: int = 5) -> dict[str, Any]:
    return {"": {"length": length, "pieces root": ROOT}}


def nested(depth: int) -> dict[str, Any]:
    """A tree with one file that has `depth` components."""
    tree = leaf()
    for number in range(depth):
        tree = {str(number): tree}
    return tree


def of_size(size: int) -> bytes:
    """A torrent file of so many bytes, between two and ten millions."""
    spare = size - len(v1({"x": b"x" * 1_000_000}))
    data = v1({"x": b"x" * (1_000_000 + spare)})
    assert len(data) == size
    return data


def hybrid(directory: Path, piece_length: int, content: trees.Content) -> bytes:
    root = trees.write_content(directory / "content", content)
    return reference.create(root, version="hybrid", piece_length=piece_length, trackers=[[TRACKER]])


def rules(data: bytes) -> set[str]:
    """What was found, without what is only worth knowing about a version."""
    versions = {"hybrid-unreadable-by-old-clients", "v2-unreadable-by-many-clients"}
    return {finding.rule for finding in lint(data)} - versions


def only(data: bytes, rule: str) -> list[Finding]:
    """The findings, all of which are of this rule."""
    findings = [finding for finding in lint(data) if not finding.rule.endswith("-clients")]
    assert {finding.rule for finding in findings} == {rule}
    return findings


def test_a_good_torrent_has_nothing_to_say() -> None:
    assert lint(v1()) == ()
    assert lint(v1_of("a", "b/c", "b/d", pieces=b"p" * 20)) == ()
    assert rules(v2_of({"a": leaf(), "b": leaf()})) == set()


BAD: list[tuple[str, bytes]] = [
    ("not-bencode", b""),
    ("not-bencode", b"<html>"),
    ("not-bencode", v1()[:-1]),
    ("beyond-limits", b"l" * 200 + b"e" * 200),
    ("not-a-dictionary", b"le"),
    ("field-missing", b"de"),
    ("field-missing", v1(name=None)),
    ("field-missing", v1(pieces=None)),
    ("field-wrong-type", v1(name=5)),
    ("field-wrong-type", v1({"comment": 5})),
    ("field-wrong-type", v1({"nodes": "flat"})),
    ("value-out-of-range", v1(piece_length=0)),
    ("text-not-utf-8", v1({"comment": b"\xff"})),
    ("trailing-data", v1() + b"\n"),
    ("unsorted-keys", b"d4:info%b8:announce%be" % (reference.bencode(INFO), reference.bencode(TRACKER))),
    ("duplicate-key", v1().replace(b"4:info", b"8:announce1:x4:info")),
    ("leading-zero", v1({"x": 5}).replace(b"i5ee", b"i05ee")),
    ("negative-zero", v1({"x": 5}).replace(b"1:xi5ee", b"1:xi-0ee")),
    ("info-leading-zero", v1().replace(b"lengthi5e", b"lengthi05e")),
    ("info-duplicate-key", v1().replace(b"4:name", b"6:lengthi5e4:name")),
    ("unsorted-info", v1().replace(b"6:lengthi5e4:name4:five", b"4:name4:five6:lengthi5e")),
    ("info-negative-zero", v1(x=5).replace(b"1:xi5e", b"1:xi-0e")),
    ("meta-version-unknown", v1(meta_version=3)),
    ("bep30-merkle", v1(pieces=None, root_hash=b"r" * 20)),
    ("files-or-length", v1(length=None)),
    ("no-content", v1(length=0, pieces=b"")),
    ("pieces-invalid", v1(pieces=b"p" * 40)),
    ("pieces-invalid", v1(pieces=b"p" * 21)),
    ("v1-half-incomplete", v2_of({"five": leaf()}, pieces=b"p" * 20)),
    ("piece-length-invalid", v2_of({"five": leaf()}, **{"piece length": 16383})),
    ("pieces-root-invalid", v2_of({"five": {"": {"length": 5, "pieces root": bytes(32)}}})),
    ("piece-layers-missing", v2_of({"five": leaf(16385)})),
    ("piece-layer-invalid", v2_of({"five": leaf()}).replace(b"layersde", b"layersd32:%b0:e" % ROOT)),
    ("file-tree-shape", v2_of({"": {"length": 5}})),
    ("pad-file-in-tree", v2_of({"a": leaf(), "b": {"": {"attr": "p", **leaf()[""]}}})),
    ("empty-directory", v2_of({"a": leaf(), "b": {}, "c": leaf()})),
    ("sha1-malformed", v1(length=None, files=[{**FILE, "sha1": "s" * 40}])),
    ("empty-file-with-root", v2_of({"a": leaf(), "b": leaf(0)})),
    ("unsafe-path", v1(name="..")),
    ("unsafe-path", v1_of("../up")),
    ("duplicate-path", v1_of("a", "a")),
    ("path-clash", v1_of("a", "a/b")),
    ("single-file-directory-in-v2", v2_of({"file": leaf()}, name="directory")),
    ("v1-order-not-canonical", v1_of("b", "a")),
    ("v1-order-not-canonical", v1_of("a b", "a/b")),
    ("piece-length-too-large", v1(piece_length=256 * MIB)),
    ("piece-length-too-large", v1(piece_length=1024 * MIB)),
    ("piece-length-unusual", v1(piece_length=32 * MIB)),
    ("piece-length-unusual", v1(piece_length=128 * MIB)),
    ("piece-length-too-small", v1(piece_length=8 * KIB)),
    ("piece-length-not-power-of-two", v1(piece_length=3 * 16384)),
    ("torrent-too-large-for-libtorrent", v1({"x": b"x" * 10_000_000})),
    ("path-not-portable", v1_of("what?")),
    ("path-too-long", v1_of("ä" * 128)),
    ("path-too-long", v1_of("/".join(["d" * 60] * 5))),
    ("tree-too-deep", v2_of(nested(29))),
    ("case-collision", v1_of("README", "readme")),
    ("case-collision", v1_of("DIR/x", "dir/y")),
    ("case-collision", v1_of("É", "é")),
    ("name-not-nfc", v1_of("e\u0301")),
    ("name-not-utf-8", v1_of(b"a\xff")),
    ("name-not-utf-8", v1(name=b"a\xff")),
    ("invisible-characters", v1_of("a\u202eb")),
    ("invisible-characters", v1(name="a\u200bb")),
    ("symlink-target-missing", v1(length=None, files=[FILE, LINK])),
    ("no-tracker", v1({"announce": ""})),
    ("tracker-malformed", v1({"announce": "t.example/announce"})),
    ("tracker-malformed", v1({"announce": "udp://t.example/announce"})),
    ("tracker-malformed", v1({"announce": "https:///announce"})),
    ("tracker-malformed", v1({"announce": "https://t.example/ announce"})),
    ("tracker-malformed", v1({"announce": "https://[::1/announce"})),
    ("tracker-malformed", v1({"announce": "https://t.example:99999/announce"})),
    ("tracker-malformed", v1({"announce": "wss+x://t.example/announce"})),
    ("tracker-plain-http", v1({"announce": "HTTP://t.example/announce"})),
    ("duplicate-tracker", v1({"announce-list": [[TRACKER], [TRACKER]]})),
    ("duplicate-tracker", v1({"announce-list": [[TRACKER, TRACKER]]})),
    ("announce-differs-from-announce-list", v1({"announce-list": [["https://other.example/announce"]]})),
    ("announce-list-empty", v1({"announce-list": []})),
    ("web-seed-malformed", v1({"url-list": "magnet:?x"})),
    ("web-seed-not-directory", v1({"url-list": "https://w.example/d"}, length=None, files=[FILE])),
    ("http-seeds-unsupported", v1({"httpseeds": ["https://w.example/"]})),
    ("node-malformed", v1({"nodes": [["h", 0]]})),
    ("nodes-with-trackers", v1({"nodes": [["h", 1]]})),
    ("update-url-malformed", v1(**{"update-url": "nowhere"})),
    ("private-without-tracker", v1({"announce": ""}, private=1)),
    ("private-not-0-or-1", v1(private=2)),
    ("private-outside-info", v1({"private": 1})),
    ("source-outside-info", v1({"source": "S"})),
    ("date-out-of-range", v1({"creation date": -1})),
    ("date-implausible", v1({"creation date": 32_503_680_001})),
    ("similar-not-20-bytes", v1({"similar": [b"s" * 32]})),
    ("deprecated-key", v1({"publisher": "p"})),
    ("deprecated-key", v1(md5sum="m" * 32)),
    ("deprecated-key", v1(length=None, files=[{**FILE, "path.utf-8": ["a"]}])),
]


@pytest.mark.parametrize(("rule", "data"), BAD, ids=[f"{rule}-{at}" for at, (rule, _) in enumerate(BAD)])
def test_a_rule_finds_what_it_is_for_and_no_other_rule_does(rule: str, data: bytes) -> None:
    for finding in only(data, rule):
        assert finding.message and finding.advice and finding.reference
        assert finding.message.isprintable() and finding.path.isprintable()


def test_halves_that_differ(tmp_path: Path) -> None:
    data = hybrid(tmp_path, 16384, {"a": 16384, "b": 16384})
    only(data.replace(b"4:pathl1:a", b"4:pathl1:c"), "halves-differ")


def test_padding(tmp_path: Path) -> None:
    at_most = {"a": 20 * 16384, "b": 19 * 16384 + 16384 // 2}
    assert rules(hybrid(tmp_path / "few", 16384, at_most)) == set()
    only(hybrid(tmp_path / "many", 16384, {"a": 100, "b": 100}), "padding-large")


def test_too_many_pieces() -> None:
    """So many digests make a file that is too large in any case."""
    most = 2_097_152
    assert rules(v1(length=16384 * most, pieces=b"p" * 20 * most)) == {"torrent-too-large-for-libtorrent"}
    found = rules(v1(length=16384 * most + 1, pieces=b"p" * 20 * (most + 1)))
    assert found == {"torrent-too-large-for-libtorrent", "too-many-pieces"}


def test_versions_are_worth_knowing(tmp_path: Path) -> None:
    found = {finding.rule: finding.severity for finding in lint(hybrid(tmp_path, 16384, 5))}
    assert found == {"hybrid-unreadable-by-old-clients": Severity.INFO}
    found = {finding.rule: finding.severity for finding in lint(v2_of({"five": leaf()}))}
    assert found == {"v2-unreadable-by-many-clients": Severity.INFO}


def test_nodes_in_private() -> None:
    assert rules(v1({"nodes": [["h", 1]]}, private=1)) == {"dht-nodes-in-private", "nodes-with-trackers"}


def test_names_that_are_equal_once_composed() -> None:
    assert rules(v1_of("e\u0301", "é")) == {"normalization-collision", "name-not-nfc"}
    assert rules(v1_of("E\u0301", "é")) == {"case-collision", "name-not-nfc"}


def test_every_rule_of_the_table_is_shown_by_a_test() -> None:
    elsewhere = {
        "halves-differ",
        "padding-large",
        "too-many-pieces",
        "hybrid-unreadable-by-old-clients",
        "v2-unreadable-by-many-clients",
        "dht-nodes-in-private",
        "normalization-collision",
    }
    assert {rule for rule, _ in BAD} | elsewhere == set(RULES)


def noted_rules() -> set[str]:
    """Every id that parsing passes to `error` or `warning`, and every form of irregular bencode."""
    found = set(canonical_form._INSIDE_INFO.values())
    for path in Path(rooms.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text())
        for call in [node for node in ast.walk(tree) if isinstance(node, ast.Call)]:
            called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
            if called in ("error", "warning", "_note"):
                rule = call.args[1 if called == "_note" else 0]
                words = [str(node.value) for node in ast.walk(rule) if isinstance(node, ast.Constant)]
                found |= {word for word in words if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", word)}
    return found


def test_every_rule_that_reading_notes_is_in_the_table() -> None:
    noted = noted_rules()
    assert len(noted) > 25
    assert {"halves-differ", "text-not-utf-8", "trailing-data"} <= noted
    assert noted <= set(RULES)


# --- boundaries ---


@pytest.mark.parametrize(
    ("name", "portable"),
    [
        *[(name, False) for name in ("CON", "con.txt", "NUL .tar.gz", "Com1", "lpt9.x", "COM¹", "CONIN$", "aux.")],
        *[(name, False) for name in ("a<b", "a>b", "a:b", 'a"b', "a|b", "a*b", "a\nb", "a\x1f", "a.", "a ", "...")],
        *[
            (name, True)
            for name in ("CONSOLE", "COM", "COM0", "COM10", "a con", "nul-", "xcon.txt", ".con", "a.b", " a")
        ],
    ],
)
@pytest.mark.parametrize("place", ["{}", "{}/file", "dir/{}"])
def test_names_on_windows(name: str, portable: bool, place: str) -> None:
    found = [finding for finding in lint(v1_of(place.format(name))) if finding.rule == "path-not-portable"]
    assert bool(found) is not portable
    found = [finding for finding in lint(v1(name=name)) if finding.rule == "path-not-portable"]
    assert bool(found) is not portable


def test_a_directory_is_found_once() -> None:
    paths = [f"a?/{number}" for number in range(5)]
    assert [finding.path for finding in only(v1_of(*paths), "path-not-portable")] == ["a?"]


@pytest.mark.parametrize(
    ("data", "found"),
    [
        (v1_of("d" * 255, name="n"), set()),
        (v1_of("d" * 254 + "/a", name="n" * 2), set()),
        (v1_of("d" * 254 + "/a", name="n" * 3), {"path-too-long"}),
        (v1_of("a", name="n" * 256), {"path-too-long"}),
        (v1_of("😀" * 63), set()),
        (v1_of("😀" * 64), {"path-too-long"}),
        (v2_of(nested(28)), set()),
        (v1_of("/".join("abcdefghijklmnopqrstuvwxyz" * 2)), set()),
        (v1(piece_length=16 * MIB), set()),
        (v1(piece_length=16 * KIB), set()),
        (v1({"creation date": 32_503_680_000}), set()),
        (of_size(10_000_000), set()),
        (of_size(10_000_001), {"torrent-too-large-for-libtorrent"}),
        (v1_of("strasse", "straße"), set()),
        (v1_of("\u0646\u200c\u0645", "👩\u200d💻"), set()),
        (v1({"url-list": "https://w.example/file"}), set()),
        (v1({"url-list": "https://w.example/"}, length=None, files=[FILE]), set()),
        (v1({"announce": "udp://[::1]:80"}), set()),
        (v1({"announce": "", "nodes": [["h", 1]]}), {"no-tracker"}),
        (v1({"announce-list": [[TRACKER], ["udp://t.example:1"]]}), set()),
    ],
)
def test_just_within_and_just_beyond(data: bytes, found: set[str]) -> None:
    assert rules(data) == found


def test_a_file_named_like_an_old_key_is_no_old_key() -> None:
    assert rules(v1_of("6:md5sum", "10:path.utf-8")) <= {"path-not-portable", "v1-order-not-canonical"}


# --- as a list ---


def test_the_worst_comes_first_and_the_rest_is_counted() -> None:
    paths = sorted(f"{number:02}?" for number in range(MAX_FINDINGS + 3))
    findings = lint(
        v1({"announce": ""}, private=1, length=None, files=[{"length": 1, "path": [path]} for path in paths])
    )
    assert [finding.severity for finding in findings] == sorted(
        [finding.severity for finding in findings], key=list(Severity).index
    )
    same = [finding for finding in findings if finding.rule == "path-not-portable"]
    assert len(same) == MAX_FINDINGS + 1
    assert same[-1].message == "and 3 more like it"
    exactly = only(v1_of(*paths[:MAX_FINDINGS]), "path-not-portable")
    assert len(exactly) == MAX_FINDINGS


def test_a_refused_torrent_shows_all_that_was_noticed() -> None:
    found = rules(v1({"comment": 5}, name="..", piece_length=0) + b"x")
    assert {"unsafe-path", "value-out-of-range", "trailing-data"} <= found


def test_a_torrent_in_memory_is_judged_as_its_file_is() -> None:
    data = v1_of("b?", "a", private=1)
    assert lint_metainfo(Metainfo.from_bytes(data)) == lint(data)


@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda tail: v1()[:-1] + tail))
def test_hostile_bytes_give_findings_and_no_exception(data: bytes) -> None:
    for finding in lint(data):
        assert finding.rule in RULES


KEYS = st.sampled_from([*INFO, "files", "file tree", "meta version", "private", "attr", "symlink path", "md5sum", ""])
JUNK = st.recursive(
    st.integers(-5, 20_000) | st.binary(max_size=4) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=5,
)


@given(
    outer=st.dictionaries(st.sampled_from(["announce", "announce-list", "nodes", "url-list", "similar"]), JUNK),
    info=st.dictionaries(KEYS, JUNK),
)
def test_junk_in_known_keys_gives_findings_and_no_exception(outer: dict[str, Any], info: dict[str, Any]) -> None:
    data = reference.bencode({**QUIET, **outer, "info": {**INFO, **info}})
    bencode.decode(data)
    for finding in lint(data):
        assert finding.severity in Severity
        assert finding.message.isprintable()
