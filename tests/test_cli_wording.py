"""What `mkt` prints, as documents to read: each verb's messages and reports, and every help text."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import reference
from torrents import encode, hybrid, v1, v2
from transcripts import TextFile, Transcript
from trees import write_tree

from mktorrent_py.cli import app
from mktorrent_py.cli.output import console
from mktorrent_py.cli.output.events import EventView, event_printer
from mktorrent_py.cli.output.seed_events import SeedViews
from mktorrent_py.cli.output.tracker_events import tracker_view
from mktorrent_py.client import seed_events
from mktorrent_py.errors import ContentError
from mktorrent_py.tracker import TrackerNote, TrackerOptions, TrackerStarted, TrackerStatus, TrackerStopping

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths and messages of a POSIX system")

PIECE = 1 << 14
TRACKER = "https://tracker.example/announce"


@pytest.fixture
def snapshot(snapshot: Any) -> Any:
    return snapshot.use_extension(TextFile)


@pytest.fixture
def mkt(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Transcript:
    """Runs in a directory with some content in `release`."""
    monkeypatch.chdir(tmp_path)
    write_tree(Path("release"), {"disc1.iso": 5 * PIECE, "disc2.iso": 4 * PIECE, "notes/readme.txt": 9})
    return Transcript(capsys, monkeypatch)


def save(name: str, torrent: dict[str, Any]) -> None:
    Path(name).write_bytes(encode(torrent))


@pytest.mark.parametrize("verb", app.VERBS)
def test_help(verb: str, mkt: Transcript, snapshot: Any) -> None:
    mkt.run(verb, "--help")
    assert mkt.text == snapshot


def test_usage(mkt: Transcript, snapshot: Any) -> None:
    mkt.run("--help")
    mkt.section("commands and options")
    mkt.run_each("""
        creat release
        dance
        --no-such
        create
        create one two
        create release --no-hiden
        create release -c
        create release --threads x
        create release --threads 300
        create release --symlinks jump
        create release --target-pieces 1.5
        create ''
        verify '' release
        seed release.torrent --slots 0
    """)
    mkt.section("errors in JSON")
    mkt.run_each("""
        create --json --no-such
        create nowhere --json
        create -c --json nowhere
    """)
    assert mkt.text == snapshot


def test_create(mkt: Transcript, snapshot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("release/.DS_Store").write_bytes(b"x")
    Path("release/broken").symlink_to("nowhere")
    mkt.section("results")
    mkt.run(
        "create",
        "release",
        "-t",
        TRACKER,
        "-t",
        "udp://tracker.example:80",
        "-w",
        "https://web.example/",
        "-l",
        "32KiB",
    )
    mkt.run("create", "release", "-f", "--v2", "-s", "TAG", "-p", "-t", TRACKER, "--checksums", "sha256")
    mkt.run("create", "release", "--dry-run", "--v1", "-o", "other.torrent")
    mkt.run("create", "release", "-f", "--v1", "-c", "hello", terminal=False)
    mkt.run("create", "release", "-f", "--v1", "--json", terminal=False)
    mkt.run("create", "release", "-f", "--v1", "--field", "infohash", "-v")
    mkt.run("create", "release", "-f", "--v1", "-q")
    mkt.section("warnings")
    write_tree(Path("lone"), {"only": 5})
    write_tree(Path("outside"), {"what?": 5})
    Path("outside/link").symlink_to("../release/disc1.iso")
    mkt.run_each("""
        create release -o other.torrent --dry-run -l 1MiB
        create release -o other.torrent --dry-run --private --v1
        create release -o other.torrent --dry-run --v1 -l 32MiB
        create release -o other.torrent --dry-run --target-pieces 1
        create lone --dry-run --v2
        create outside --dry-run --v1
        create outside --v1 -q
        create outside --v1 -f
    """)
    mkt.section("refusals")
    mkt.run_each("""
        create release
        create release -o missing/x.torrent
        create release -o -
        create release -o - --checksums sha256
        create release -o - --json
        create release -o ''
        create nowhere
        create ''
        create release --field infohash.v3
        create release --json --field name
        create release --v1 --v2
        create release --checksums md5
        create release --checksums ,
        create release -l 17KiB
        create release -l 1KiB --v1
        create release -l x
        create release -l 32KiB --max-piece-length 16KiB
        create release -l 16KiB --target-pieces 4
        create release --sort size
        create release -t tracker.example
        create release -t ''
        create release -w gopher://x/
        create release --node host
        create release --similar abc
        create release --update-url ''
        create release --collection ''
        create release --creator x --no-creator
        create release --date now --no-date
        create release --date yesterday
        create release --date 20261122
        create release --date 1969-12-31
        create release -n a/b
        create release -0
        create release --files-from ''
        create release --ignore-file missing
        create release --include '['
        create release --exclude '*'
        create -
        create - -n x -o y.torrent --dry-run
        create - -n x -o y.torrent --files-from list
        create - -n x -o y.torrent --target-pieces 3
        create - -n x -o y.torrent
        create release --seed-port 1
        create - --seed
    """)
    mkt.run("create", "release", "-n", "n" * 250)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "tomorrow")
    mkt.run("create", "release")
    assert mkt.text == snapshot


def test_inspect(mkt: Transcript, snapshot: Any) -> None:
    torrent = hybrid() | {
        "announce-list": [[TRACKER, "udp://a.example:1"], ["udp://b.example:1"]],
        "url-list": "https://web.example/",
        "httpseeds": ["https://seed.example/"],
        "nodes": [["::1", 5]],
        "comment": "two\nlines",
        "created by": "test",
        "creation date": 1700000000,
        "odd": 1,
        "encoding": "UTF-8",
    }
    torrent["info"] |= {"private": 1, "source": "TAG", "collections": ["c"], "similar": [b"s" * 20]}
    save("x.torrent", torrent)
    save("nameless.torrent", {"info": {"length": 1}})
    Path("junk.torrent").write_bytes(b"junk")
    Path("deep.torrent").write_bytes(b"d1:a" + b"l" * 200 + b"e" * 200 + encode(v1())[1:])
    mkt.section("results")
    mkt.run("inspect", "x.torrent")
    mkt.run("inspect", "x.torrent", "--files")
    mkt.run("inspect", "x.torrent", "--no-files", terminal=False)
    mkt.run("inspect", "x.torrent", "--json")
    mkt.run("inspect", "x.torrent", "--field", "file_list")
    mkt.run("inspect", "nameless.torrent", "--raw")
    mkt.run("inspect", f"magnet:?xt=urn:btih:{'ab' * 20}&dn=n&tr=udp%3A%2F%2Ft.example%3A1&x.pe=[::1]:5&so=0,2-4&odd=1")
    mkt.section("refusals")
    mkt.run_each("""
        inspect missing.torrent
        inspect nameless.torrent
        inspect junk.torrent
        inspect deep.torrent
        inspect release
        inspect https://example.org/x.torrent
        inspect magnet:?dn=x
        inspect -
        inspect x.torrent --raw --json
        inspect x.torrent --json --field name
        inspect x.torrent --field nothing
        inspect x.torrent --limit breadth=1
        inspect magnet:?xt=urn:btih:abababababababababababababababababababab --raw
    """)
    assert mkt.text == snapshot


def test_verify(mkt: Transcript, snapshot: Any) -> None:
    for version in reference.Version.__args__:
        Path(f"{version}.torrent").write_bytes(reference.create(Path("release"), version=version, piece_length=PIECE))
    mkt.section("valid content")
    mkt.run("verify", "hybrid.torrent", "release")
    mkt.run("verify", "v1.torrent", ".", "--quick", "--map")
    mkt.run("verify", "v2.torrent", "release", "-v", terminal=False)
    mkt.run("verify", "v1.torrent", "release", "-q")
    mkt.section("damaged content")
    data = bytearray(Path("release/disc1.iso").read_bytes())
    for piece in (1, 3, 4):
        data[piece * PIECE] ^= 1
    Path("release/disc1.iso").write_bytes(data)
    with Path("release/disc2.iso").open("r+b") as file:
        file.truncate(2 * PIECE)
    Path("release/notes/readme.txt").unlink()
    Path("release/Thumbs.db").write_bytes(b"")
    mkt.run("verify", "hybrid.torrent", "release", "--map")
    mkt.run("verify", "v1.torrent", "release", "--strict")
    mkt.run("verify", "v2.torrent", "release", terminal=False)
    mkt.run("verify", "v2.torrent", "release", "--json")
    mkt.run("verify", "v2.torrent", "release", "--field", "files_by_status.corrupt")
    mkt.run("verify", "v2.torrent", "release", "--fail-fast", "--files", "*.iso")
    with Path("release/disc2.iso").open("ab") as file:
        file.write(bytes(3 * PIECE))
    mkt.run("verify", "v2.torrent", "release")
    Path("release").rename("other")
    mkt.run("verify", "v2.torrent", "missing.torrent", "--in", "other", "--in", ".")
    Path("empty").mkdir()
    mkt.run("verify", "v2.torrent", "empty")
    mkt.section("refusals")
    info, layers = reference.info_and_layers(Path("other"), version="hybrid", piece_length=PIECE)
    info["pieces"] = bytes(20) + info["pieces"][20:]
    Path("odd.torrent").write_bytes(reference.bencode({"info": info, "piece layers": layers}))
    mkt.run_each("""
        verify odd.torrent other
        verify v1.torrent
        verify v1.torrent v2.torrent other
        verify v1.torrent nowhere
        verify missing.torrent other
        verify v1.torrent other --files '*.nothing'
        verify v1.torrent other --files '['
        verify v1.torrent other --field nothing
        verify v1.torrent other --json --field ok
    """)
    assert mkt.text == snapshot


def test_edit(mkt: Transcript, snapshot: Any) -> None:
    save("x.torrent", v1() | {"announce": TRACKER, "comment": "first pressing"})
    save("y.torrent", v1() | {"announce": "udp://nowhere"})
    Path("junk.torrent").write_bytes(b"junk")
    mkt.section("results")
    mkt.run("edit", "x.torrent", "--add-tracker", "udp://t2.example:80/announce", "--comment", "second pressing")
    mkt.run(
        "edit", "x.torrent", "--add-node", "router.example:6881", "--set", "x-count:=5", "--dry-run", terminal=False
    )
    mkt.run("edit", "x.torrent", "--date", "2026-11-22", "-o", "z.torrent", "--json")
    mkt.run("edit", "x.torrent", "--name", "new", "--private", "--new-infohash", "-o", "n.torrent")
    mkt.run("edit", "x.torrent", "--comment", "second pressing")
    mkt.run("edit", "x.torrent", "--no-web-seeds", "--remove-web-seed", "https://w/", "--if-present", "-q")
    mkt.run("edit", "y.torrent", "-c", "x", "--field", "infohash.v1")
    mkt.section("refusals")
    mkt.run_each("""
        edit x.torrent
        edit x.torrent --private
        edit x.torrent -c x -o y.torrent
        edit x.torrent -c x -o missing/y.torrent
        edit x.torrent -c x -o -
        edit x.torrent y.torrent -c x -o z.torrent
        edit x.torrent -c x --json --field path
        edit x.torrent -c x --field nothing
        edit missing.torrent -c x
        edit junk.torrent -c x
        edit x.torrent --tracker udp://a.example:1 --no-trackers
        edit x.torrent --tracker ''
        edit x.torrent --web-seed https://w/ --no-web-seeds
        edit x.torrent --similar abababababababababababababababababababab --no-similar
        edit x.torrent --comment x --no-comment
        edit x.torrent --date now --no-date
        edit x.torrent --add-tracker t.example
        edit x.torrent --add-to-tier udp://a.example:1
        edit x.torrent --add-to-tier 9=udp://a.example:1
        edit x.torrent --remove-tier 9
        edit x.torrent --remove-tracker udp://a.example:1
        edit x.torrent --remove-node host:1
        edit x.torrent --set x
        edit x.torrent --set x:=1.5
        edit x.torrent --set 'creation date=soon'
        edit x.torrent --set info.pieces=x --new-infohash
        edit x.torrent --unset info
        edit x.torrent --unset x
        edit x.torrent --name a/b --new-infohash
    """)
    mkt.run("edit", "-", "-c", "x", "--json", stdin=Path("x.torrent").read_bytes())
    assert mkt.text == snapshot


def test_magnet(mkt: Transcript, snapshot: Any) -> None:
    save("x.torrent", v2() | {"announce": TRACKER, "url-list": "https://web.example/"})
    save("p.torrent", v1() | {"info": v1()["info"] | {"private": 1}})
    mkt.section("results")
    mkt.run_each("""
        magnet x.torrent
        magnet x.torrent --select 1 --peer [::1]:5 --web-seeds --no-trackers
        magnet x.torrent --select-file '*.bin' --json
        magnet x.torrent --field infohash
        magnet x.torrent -q
        magnet p.torrent
        magnet p.torrent --qr
        magnet x.torrent --qr link.svg
    """)
    mkt.section("refusals")
    mkt.run_each("""
        magnet x.torrent --qr link.svg
        magnet x.torrent --qr --json
        magnet x.torrent link.svg
        magnet x.torrent p.torrent --qr
        magnet x.torrent --select 2
        magnet x.torrent --select 1-0
        magnet x.torrent --select-file '*.iso'
        magnet x.torrent --peer nowhere
        magnet x.torrent --field nothing
        magnet magnet:?xt=urn:btih:abababababababababababababababababababab
        magnet missing.torrent
    """)
    assert mkt.text == snapshot


def test_lint(mkt: Transcript, snapshot: Any) -> None:
    save("good.torrent", v1() | {"announce": TRACKER})
    save("bad.torrent", v1() | {"info": v1()["info"] | {"private": 1}, "url-list": "nowhere"})
    Path("junk.torrent").write_bytes(b"junk")
    mkt.section("results")
    mkt.run_each("""
        lint good.torrent
        lint bad.torrent good.torrent junk.torrent missing.torrent
        lint bad.torrent good.torrent -q
        lint bad.torrent --allow private-without-tracker --deny warnings --json
    """)
    mkt.run("lint", "bad.torrent", terminal=False)
    mkt.section("refusals")
    mkt.run_each("""
        lint
        lint missing.torrent
        lint good.torrent --deny private-without-traker
        lint good.torrent --allow nothing-like-it
        lint magnet:?xt=urn:btih:abababababababababababababababababababab
    """)
    assert mkt.text == snapshot


def test_diff(mkt: Transcript, snapshot: Any) -> None:
    save("old.torrent", hybrid() | {"announce": TRACKER, "creation date": 0})
    new = hybrid() | {"announce-list": [["udp://a.example:1"], [TRACKER]], "comment": "new", "creation date": 86400}
    new["info"] |= {"source": "TAG"}
    save("new.torrent", new)
    save("v1.torrent", v1())
    mkt.section("results")
    mkt.run_each("""
        diff old.torrent old.torrent
        diff old.torrent new.torrent
        diff old.torrent v1.torrent
        diff old.torrent new.torrent --json
        diff old.torrent new.torrent --field trackers
        diff old.torrent new.torrent -q
    """)
    mkt.run("diff", "old.torrent", "new.torrent", terminal=False)
    mkt.section("refusals")
    mkt.run_each("""
        diff - -
        diff old.torrent
        diff old.torrent missing.torrent
        diff old.torrent new.torrent --field nothing
    """)
    assert mkt.text == snapshot


def seed_views() -> list[EventView]:
    """Every event of seeding once, as it is shown."""
    views = SeedViews()
    started = seed_events.SeedStarted(
        name="release",
        magnet=f"magnet:?xt=urn:btih:{'ab' * 20}",
        infohash_v1="ab" * 20,
        infohash_v2=None,
        length=4_290_000_000,
        files=12,
        private=False,
        basis=seed_events.Basis.CHECKED,
        checked=1.1,
    )
    status = seed_events.Status(
        torrents=1,
        peers=9,
        rate=41_200_000,
        uploaded=7_900_000_000,
        ratio=1.84,
        peers_done=0,
        seconds=7860,
        checking=None,
    )
    changed = ContentError("second/a.bin changed", hint="It is no longer seeded.")
    checking = seed_events.Checking(name="release", done=1_000_000_000, total=4_290_000_000)
    return [
        views.view(event)
        for event in (
            seed_events.NoTorrents(directory="torrents"),
            seed_events.Listening(addresses=("192.0.2.1:6881",)),
            replace(status, torrents=0, peers=0, rate=0, checking=checking),
            started,
            replace(started, name="second", basis=seed_events.Basis.REMEMBERED, checked=None),
            replace(started, name="third", basis=seed_events.Basis.TRUSTED, checked=None),
            seed_events.TrackerAnswered(name="release", url=TRACKER, seeds=3, peers=12, again=1740),
            seed_events.TrackerFailed(name="release", url=TRACKER, reason="connection refused"),
            seed_events.PeerJoined(name="release", address="192.0.2.9:51413", client="Transmission 4.0"),
            seed_events.PeerLeft(name="release", address="192.0.2.9:51413", done=True),
            status,
            seed_events.SeedRemoved(name="third"),
            seed_events.SeedFailed(name="second", error=changed),
            seed_events.Listening(addresses=()),
            seed_events.SeedEnded(
                reason="2 peers have everything", uploaded=9_000_000_000, ratio=2.1, seconds=8000, error=None
            ),
        )
    ]


def track_views() -> list[EventView]:
    """Every event of a tracker once, as it is shown."""
    started = TrackerStarted(
        options=TrackerOptions(folder="torrents", state="tracker.sqlite"),
        port=6969,
        listen=("0.0.0.0:6969",),
        announce_urls=("http://192.0.2.1:6969/announce", "udp://192.0.2.1:6969/announce"),
        torrents=2,
        restored=3,
    )
    counts = {"torrents": 2, "announces": 1234, "refused": 5, "uptime": 7900}
    events = (
        started,
        TrackerStatus(**counts, swarms=2, seeds=1, leechers=4),
        TrackerStatus(**counts),
        TrackerNote(message="x.torrent is skipped: invalid bencode"),
        TrackerStopping(),
    )
    return [tracker_view(event) for event in events]


@pytest.mark.parametrize(("verb", "views"), [("seed", seed_views), ("track", track_views)])
def test_events(verb: str, views: Callable[[], list[EventView]], mkt: Transcript, snapshot: Any) -> None:
    pytest.importorskip("libtorrent")
    for title, terminal, options in (
        ("", True, {}), (" | cat", False, {}), (" --json", True, {"json": True}), (" --quiet", True, {"quiet": True})
    ):  # fmt: skip
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(console, "is_terminal", lambda stream, answer=terminal: answer)
            patch.setattr(console, "has_cursor", lambda stream, answer=terminal: answer)
            printer = event_printer(**{"json": False, "quiet": False, **options}, has_tabs=verb == "seed")
            mkt.show(printer, views(), title=f"mkt {verb}{title}")
    assert mkt.text == snapshot


def test_fetch(mkt: Transcript, snapshot: Any) -> None:
    pytest.importorskip("libtorrent")
    save("release.torrent", hybrid())
    mkt.section("refusals")
    mkt.run_process("""
        fetch missing.torrent
        fetch release.torrent -o x.torrent
        fetch release.torrent --metadata-only --seed-after
        fetch release.torrent --select [
        fetch release.torrent --select nothing
        fetch release.torrent --timeout soon
        fetch release.torrent --proxy gopher://x --bind 127.0.0.1
        fetch release.torrent --peer nowhere
        fetch release.torrent --encryption perhaps
        fetch magnet:?dn=x
        fetch release.torrent --metadata-only -o release.torrent
    """)
    assert mkt.text == snapshot


def test_seed_and_track_refusals(mkt: Transcript, snapshot: Any) -> None:
    pytest.importorskip("libtorrent")
    save("release.torrent", hybrid())
    mkt.section("seed")
    mkt.run_process("""
        seed release.torrent release release.torrent
        seed release.torrent --ratio nan
        seed release.torrent --for ever
        seed release.torrent --http nowhere
        seed release.torrent --proxy socks5://127.0.0.1:1 --bind 127.0.0.1
        seed release.torrent --bind nowhere0
    """)
    mkt.section("track")
    mkt.run_process("""
        track missing
        track --bind nowhere
        track --url tracker.example
        track --trusted-proxy nowhere
        track --state x --store redis://127.0.0.1
        track --state missing/x
    """)
    assert mkt.text == snapshot
