"""The JSON schemas in the package against what every command prints: each key is described, each description true."""

from __future__ import annotations

import hashlib
import io
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from torrents import encode, hybrid, single, v1, v2

from mktorrent_py.cli import main
from mktorrent_py.cli.commands.help import bundled_schema, read_schema, schema_names

ROOT = Path(__file__).parent.parent
PARTS = ROOT / "mktorrent_py" / "schemas" / "parts"
FIXTURES = sorted((ROOT / "fixtures" / "torrents").glob("*.torrent"))
MAGNETS = (ROOT / "fixtures" / "vectors" / "magnets.jsonl").read_text(encoding="utf-8").splitlines()
MKT = (sys.executable, "-c", "from mktorrent_py.cli import entry; entry()")
HERE = "127.0.0.1"
QUIET = ("--bind", HERE, "--port", "0", "--no-dht", "--no-lsd", "--no-upnp")
EVERYTHING = (
    *("-t", "http://a.example/announce,http://b.example/announce", "-t", "udp://c.example:80/announce"),
    *("-w", "https://w.example/", "--http-seed", "http://h.example/seed", "--similar", "ab" * 20),
    *("--collection", "tests", "--update-url", "https://u.example/", "-c", "comment", "-s", "SRC"),
)
Facts = dict[str, Any]
PATIENCE = 60.0

SEEDING_SCHEMAS = {"seed", "create-seed", "fetch-seed", "fetch", "fetch-metadata"}
needs_swarm = pytest.mark.skipif(
    find_spec("libtorrent") is None or sys.platform == "win32", reason="needs libtorrent and POSIX signals"
)
STREAMS_OF_PARTS = {"create-seed", "fetch-seed"}
"""Their keys are those of `create`, `fetch` and `seed`."""

NEVER_PRINTED = {"create": {"oddities.rule", "oddities.path", "oddities.message"}}
"""What is described because another command prints it: a torrent that was just created has no irregularity."""


def each_of(names: Iterable[str]) -> list[Any]:
    return [pytest.param(name, marks=needs_swarm) if name in SEEDING_SCHEMAS else name for name in names]


# ---- running mkt


def run(*words: object) -> tuple[str, str]:
    """What `mkt` prints on stdout and on stderr, whatever its exit code."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        main([str(word) for word in words])
    return out.getvalue(), err.getvalue()


def printed(*words: object) -> Facts:
    """The one object that `mkt ... --json` prints."""
    facts: Facts = json.loads(run(*words, "--json")[0])
    return facts


def printed_apart(*words: object) -> Facts:
    """The same from a process of its own, for commands that forbid their process to write files (Landlock)."""
    done = subprocess.run([*MKT, *map(str, words), "--json"], capture_output=True, timeout=PATIENCE)
    facts: Facts = json.loads(done.stdout)
    return facts


class Running:
    """A command that prints an object a line until it is stopped."""

    def __init__(self, *words: object) -> None:
        self.facts: list[Facts] = []
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.process = subprocess.Popen(
            [*MKT, *map(str, words), "--json"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(line)

    def wait_for(self, event: str, *, name: str | None = None, having: str = "event") -> Facts:
        """The first event of this kind, printed before or still to come: of torrent `name`, with a value `having`."""
        wanted = {"event": event} | ({"name": name} if name is not None else {})
        while True:
            found = next((each for each in self.facts if wanted.items() <= each.items() and each.get(having)), None)
            if found is not None:
                return found
            self.facts.append(self._next(f"waiting for {wanted}"))

    def stop(self) -> list[Facts]:
        """Interrupt it; returns every object that it printed."""
        self.process.send_signal(signal.SIGINT)
        self._reader.join(PATIENCE)
        while not self._lines.empty():
            self.facts.append(self._next("reading the rest"))
        self.process.wait(PATIENCE)
        return self.facts

    def _next(self, purpose: str) -> Facts:
        try:
            line = self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            line = ""
        assert line, f"{self.process.args!r} printed nothing while {purpose}; before: {self.facts}"
        facts: Facts = json.loads(line)
        return facts

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._reader.join()
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def running(*words: object) -> Iterator[Running]:
    command = Running(*words)
    try:
        yield command
    finally:
        command.close()


# ---- shapes of content and torrents


def plant(directory: Path, name: str = "release") -> Path:
    """A directory with files of several kinds, and with some that are left out."""
    root = directory / name
    (root / "docs").mkdir(parents=True)
    (root / "a.bin").write_bytes(bytes(range(256)) * 400)
    (root / "docs" / "b.txt").write_bytes(b"text")
    (root / "empty").touch()
    (root / ".DS_Store").write_bytes(b"junk")
    if sys.platform != "win32":
        (root / "link").symlink_to("a.bin")
        (root / "broken").symlink_to("nowhere")
        (root / "docs" / "b.txt").chmod(0o755)
    return root


def saved(path: Path, torrent: dict[str, Any]) -> Path:
    path.write_bytes(encode(torrent))
    return path


def torrents_of_all_kinds(directory: Path) -> list[Path]:
    """Torrents as they are met: created here, by other programs, and with something wrong."""
    root = plant(directory)
    single_file = root / "a.bin"
    for name, words in {
        "hybrid": (root, *EVERYTHING),
        "v1": (root, "--v1", "--private", "-t", "http://a.example/announce", "--no-date", "--no-creator"),
        "v2": (root, "--v2", "--symlinks", "store", "--attributes", "--node", "router.example:6881"),
        "single": (single_file, "--v2"),
        "single-v1": (single_file, "--v1"),
    }.items():
        run("create", *words, "-o", directory / f"{name}.torrent", "-q")
    odd = hybrid() | {"x-unknown": 1, "signatures": {"signer": {}}, "encoding": "UTF-8", "nodes": [["h", 0]]}
    odd["info"] |= {"x-unknown": b"\xff", "name": b"\xff\xfe"}
    written = [saved(directory / "odd.torrent", odd), saved(directory / "plain-v2.torrent", v2())]
    return [*FIXTURES, *written, *[path for path in sorted(directory.glob("*.torrent")) if path not in written]]


# ---- what each schema is about


def create_outputs(directory: Path) -> Iterator[Facts]:
    root = plant(directory)
    for number, words in enumerate(([root], [root, "--v1", *EVERYTHING], [root, "--v2", "-p"], [root / "a.bin"])):
        yield printed("create", *words, "-o", directory / f"{number}.torrent")


def dry_run_outputs(directory: Path) -> Iterator[Facts]:
    root = plant(directory)
    for words in ([root], [root, "--v1", "-o", "-"], [root / "a.bin", "--v2"]):
        yield printed("create", "--dry-run", *words)


def inspect_outputs(directory: Path) -> Iterator[Facts]:
    for torrent in torrents_of_all_kinds(directory):
        yield printed("inspect", torrent)
    yield printed("inspect", FIXTURES[0], "--no-files")
    yield from magnets_inspected()


def magnets_inspected() -> Iterator[Facts]:
    for line in MAGNETS:
        facts = printed("inspect", json.loads(line).get("uri", "magnet:?"))
        if "error" not in facts:
            yield facts


def magnet_outputs(directory: Path) -> Iterator[Facts]:
    for torrent in torrents_of_all_kinds(directory):
        yield printed("magnet", torrent, "--web-seeds", "--peer", "127.0.0.1:6881", "--select", "0")
    yield from magnets_inspected()


def verify_outputs(directory: Path) -> Iterator[Facts]:
    torrents_of_all_kinds(directory)
    root, several = directory / "release", [directory / f"{name}.torrent" for name in ("hybrid", "v1", "single")]
    yield printed("verify", several[0], root)
    (root / "a.bin").write_bytes(b"?" + (root / "a.bin").read_bytes()[1:])
    (root / "docs" / "b.txt").unlink()
    (root / "extra").touch()
    for words in ([], ["--quick"], ["--fail-fast"]):
        yield from (printed("verify", torrent, root, *words) for torrent in several[:2])
    yield printed("verify", *several, directory / "missing.torrent", "--in", directory)
    run("create", plant(directory, "umlaut") / "a.bin", "-n", "\u00fc.bin", "-o", directory / "u.torrent", "-q")
    (directory / "umlaut" / "a.bin").rename(directory / "u\u0308.bin")
    yield printed("verify", directory / "u.torrent", directory)
    yield printed("verify", directory / "u.torrent", several[0], "--in", directory)


def edit_outputs(directory: Path) -> Iterator[Facts]:
    torrents = torrents_of_all_kinds(directory)
    one = directory / "hybrid.torrent"
    yield printed(
        "edit", *torrents, "-o", directory, "-f", "--add-tracker", "http://z.example/a", "--set", "x-tag:=[1]"
    )
    yield printed("edit", one, "--private", "--new-infohash", "--dry-run")
    yield printed("edit", directory / "odd.torrent", "-n", "new", "--new-infohash", "--no-comment", "--if-present")
    yield printed("edit", one, "--no-trackers", "--no-web-seeds", "--unset", "comment", "-o", directory / "out", "-f")


def lint_outputs(directory: Path) -> Iterator[Facts]:
    torrents = torrents_of_all_kinds(directory)
    yield printed("lint", *torrents, directory / "missing.torrent", "--deny", "warnings")
    yield from (printed("lint", torrent) for torrent in torrents)


def lint_list_outputs(directory: Path) -> Iterator[Facts]:
    yield printed("lint", "--list")


def diff_outputs(directory: Path) -> Iterator[Facts]:
    torrents = torrents_of_all_kinds(directory)
    yield from (printed("diff", old, new) for old in torrents[::2] for new in torrents[1::3])
    yield printed("diff", torrents[0], torrents[0])
    root = directory / "release"
    (root / "a.bin").rename(root / "renamed.bin")
    (root / "empty").write_bytes(b"no more")
    (root / "docs" / "b.txt").write_bytes(b"TEXT")
    run("create", root, "-t", "udp://c.example:80/announce", "-o", directory / "new.torrent", "-q")
    yield printed("diff", directory / "hybrid.torrent", directory / "new.torrent")


def error_outputs(directory: Path) -> Iterator[Facts]:
    saved(directory / "bad.torrent", {"info": single()["info"] | {"length": -1}})
    (directory / "cut.torrent").write_bytes(encode(v1())[:-9])
    yield printed("create", directory / "nothing")
    yield printed("create", directory, "--v1", "--v2")
    yield printed("inspect", directory / "bad.torrent")
    yield printed("inspect", directory / "cut.torrent")
    yield printed("inspect", "magnet:?dn=nothing")
    run("create", plant(directory), "-o", directory / "x.torrent", "-q")
    yield printed("create", directory / "release", "-o", directory / "x.torrent")
    yield printed("edit", directory / "x.torrent", "--private")


def progress_outputs(directory: Path) -> Iterator[Facts]:
    root = plant(directory)
    torrent = directory / "x.torrent"
    for words in (["create", root, "-o", torrent], ["verify", torrent, root]):
        yield from map(json.loads, run(*words, "--progress", "json", "-q")[1].splitlines())
    piped = subprocess.run(
        [*MKT, "create", "-", "-n", "stream", "-o", str(directory / "y.torrent"), "--progress", "json", "-q"],
        input=b"content",
        capture_output=True,
        check=True,
    )
    yield from map(json.loads, piped.stderr.splitlines())


def track_outputs(directory: Path) -> Iterator[Facts]:
    run("create", plant(directory), "-o", directory / "x.torrent", "-q")
    (directory / "bad.torrent").write_bytes(b"no torrent")
    with running("track", directory, "--bind", HERE, "--port", "0") as tracker:
        for event in ("started", "status", "note"):
            tracker.wait_for(event)
        yield from tracker.stop()


OUTPUTS: dict[str, Callable[[Path], Iterator[Facts]]] = {
    "create": create_outputs,
    "create-dry-run": dry_run_outputs,
    "inspect": inspect_outputs,
    "magnet": magnet_outputs,
    "verify": verify_outputs,
    "edit": edit_outputs,
    "lint": lint_outputs,
    "lint-list": lint_list_outputs,
    "diff": diff_outputs,
    "error": error_outputs,
    "progress": progress_outputs,
    "track": track_outputs,
}


# ---- a swarm of our own on loopback


def sparse_release(directory: Path) -> Path:
    """A file of zeros that takes some seconds to check, and its torrent, which takes none to make."""
    piece_length, pieces = 1 << 24, 256
    with (directory / "zeros").open("wb") as file:
        file.truncate(piece_length * pieces)
    digest = hashlib.sha1(bytes(piece_length)).digest()
    info = {"name": "zeros", "length": piece_length * pieces, "piece length": piece_length, "pieces": digest * pieces}
    return saved(directory / "zeros.torrent", {"info": info})


def swarm_outputs(directory: Path) -> dict[str, list[Facts]]:
    """What a tracker, two seeders and downloads print that meet on loopback."""
    content, watched, downloads = directory / "content", directory / "torrents", directory / "downloads"
    watched.mkdir()
    root = plant(content)
    with running("track", "--bind", HERE, "--port", "0") as tracker:
        announce = next(url for url in tracker.wait_for("started")["announce"] if url.startswith("http"))
        trackers = ("-t", f"http://{HERE}:1/announce", "-t", announce)  # the next tier is asked when one fails
        release = watched / "release.torrent"
        with running(
            *("create", root, *trackers, "-o", release, "--seed", "--seed-port", "0", "--seed-bind", HERE)
        ) as creator:
            creator.wait_for("seed-started")
            created = creator.stop()
        run("create", plant(content, "damaged"), "-o", watched / "damaged.torrent", "-q")
        (content / "damaged" / "a.bin").unlink()
        with running("seed", watched, "--content", content, *QUIET, "-j", "1") as seeder:
            port = seeder.wait_for("listening")["addresses"][0].rpartition(":")[2]
            seeder.wait_for("seed-started", name="release")
            from_here = (*QUIET, "--peer", f"{HERE}:{port}")
            fetched = printed_apart("fetch", release, "-d", directory / "other downloads", *from_here)
            with running("fetch", release, "-d", downloads, *from_here, "--seed-after") as fetcher:
                fetcher.wait_for("seed-started")
                fetched_and_seeded = fetcher.stop()
            seeder.wait_for("peer-left")
            seeder.wait_for("tracker-answered")
            seeder.wait_for("tracker-failed")
            release.rename(directory / "release.torrent")
            seeder.wait_for("seed-removed")
            sparse_release(content).rename(watched / "zeros.torrent")
            seeder.wait_for("status", having="checking")
            seeded = seeder.stop()
    harmful = {"name": "a\x01b", "length": 4, "piece length": 1 << 14, "pieces": hashlib.sha1(b"text").digest()}
    (downloads / "a_b").write_bytes(b"text")
    renamed = printed_apart("fetch", saved(directory / "harmful.torrent", {"info": harmful}), "-d", downloads, *QUIET)
    metadata = printed_apart(
        "fetch", directory / "release.torrent", "--metadata-only", "-o", directory / "copy.torrent"
    )
    return {
        "seed": seeded,
        "create-seed": created,
        "fetch-seed": fetched_and_seeded,
        "fetch": [fetched, renamed],
        "fetch-metadata": [metadata],
    }


@pytest.fixture(scope="module")
def swarm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Facts]]:
    return swarm_outputs(tmp_path_factory.mktemp("swarm"))


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Callable[[str], list[Facts]]:
    """What the commands of a schema print; each is run once."""

    @cache
    def outputs_of(name: str) -> list[Facts]:
        if name in SEEDING_SCHEMAS:
            found: dict[str, list[Facts]] = request.getfixturevalue("swarm")
            return found[name]
        return list(OUTPUTS[name](tmp_path_factory.mktemp(name)))

    return outputs_of


# ---- the keys that a schema describes


def event_of(schema: Facts) -> str:
    event = schema.get("properties", {}).get("event", {})
    return f"{event['const']}: " if "const" in event else ""


def described(schema: Facts, prefix: str = "") -> Iterator[str]:
    """Dotted names of all keys, with the event before them where there is one; items of lists as their list."""
    prefix = prefix or event_of(schema)
    if "$ref" in schema:
        yield from described(read_schema(f"parts/{schema['$ref'].rpartition(':')[2]}"), prefix)
    for branch in [*schema.get("allOf", []), *schema.get("anyOf", [])]:
        yield from described(branch, prefix)
    for key, value in schema.get("properties", {}).items():
        yield f"{prefix}{key}"
        yield from described(value, f"{prefix}{key}.")
    if "items" in schema:
        yield from described(schema["items"], prefix)


def occurring(value: Any, prefix: str = "") -> Iterator[str]:
    """Dotted names of the keys of an object, in the same form."""
    if isinstance(value, dict):
        prefix = prefix or (f"{value['event']}: " if "schema" in value and "event" in value else "")
        for key, inner in value.items():
            yield f"{prefix}{key}"
            yield from occurring(inner, f"{prefix}{key}.")
    elif isinstance(value, list):
        for item in value:
            yield from occurring(item, prefix)


def objects_of(schema: Any) -> Iterator[Facts]:
    """All schemas of objects inside a schema."""
    if isinstance(schema, dict):
        if "properties" in schema:
            yield schema
        for value in schema.values():
            yield from objects_of(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from objects_of(value)


# ---- the tests


def test_every_schema_has_commands_to_judge() -> None:
    assert {*OUTPUTS, *SEEDING_SCHEMAS} == set(schema_names())


@pytest.mark.parametrize("name", each_of(schema_names()))
def test_output_is_valid_and_an_unknown_key_is_not(name: str, outputs: Callable[[str], list[Facts]]) -> None:
    validator = Draft202012Validator(bundled_schema(name))
    found = outputs(name)
    assert found
    for facts in found:
        validator.validate(facts)
        assert not validator.is_valid(facts | {"x-unknown": 1})


@pytest.mark.parametrize("name", each_of(sorted({*schema_names()} - STREAMS_OF_PARTS)))
def test_every_described_key_occurs(name: str, outputs: Callable[[str], list[Facts]]) -> None:
    schema = read_schema(name)
    keys = set(described(schema)) - NEVER_PRINTED.get(name, set())
    missing = keys - {key for facts in outputs(name) for key in occurring(facts)}
    if sys.platform == "win32":
        missing = {key for key in missing if not key.endswith(("symlink", "detail", "attributes"))}
    assert sorted(missing) == []


@pytest.mark.parametrize("name", [*schema_names(), *[f"parts/{path.stem}" for path in sorted(PARTS.glob("*.json"))]])
def test_a_schema_is_one_and_describes_each_key(name: str) -> None:
    schema = read_schema(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:mktorrent-py:schema:1:{name.replace('/', ':')}"
    assert schema["title"]
    for each in objects_of(schema):
        is_closed = each.get("additionalProperties") is False or each.get("unevaluatedProperties") is False
        assert is_closed or (name.startswith("parts/") and each is schema), each
        for key, value in each["properties"].items():
            assert value.get("description") or "$ref" in value or key == "event", key


def test_every_part_is_used() -> None:
    used = {part for name in schema_names() for part in bundled_schema(name).get("$defs", {})}
    assert {path.stem for path in PARTS.glob("*.json")} <= used


def test_help_prints_a_schema_that_stands_alone() -> None:
    printed_schema = json.loads(run("help", "schema", "create")[0])
    assert printed_schema == bundled_schema("create")
    assert [line.split()[0] for line in run("help", "schema")[0].splitlines()] == schema_names()
    assert "there is no schema 'crate'" in run("help", "schema", "crate")[1]
    assert os.path.pardir not in run("help", "schema", "../parts/torrent")[0]
