"""`mkt fetch` from our own seeder and from a plain web server."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import bencodepy
import pytest
from seeding_rig import (
    HERE,
    PATIENCE,
    QUIET_WORDS,
    TREE,
    Leecher,
    Process,
    Release,
    files_below,
    make_release,
    run_mkt,
    running,
    snapshot,
)
from trees import write_tree
from web_rig import web_server

from mktorrent_py.cli.exit import ExitCode
from mktorrent_py.client.fetching.source import download_torrent_file, read_source
from mktorrent_py.content.scan import ScanOptions, Symlinks
from mktorrent_py.errors import LimitError, MetainfoError, NetworkError, UsageError
from mktorrent_py.metainfo.infohash import TorrentVersion
from mktorrent_py.metainfo.magnet.uri import Magnet
from mktorrent_py.metainfo.metainfo import Metainfo
from mktorrent_py.torrentfile import read_metainfo

VERSIONS = list(TorrentVersion)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seeded:
    """A release that is being seeded, and the options to connect to its peer."""

    release: Release
    peer: tuple[str, str]


@pytest.fixture(scope="module", params=VERSIONS, ids=[version.value for version in VERSIONS])
def seeder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded(make_release(tmp_path_factory.mktemp("every"), request.param)) as found:
        yield found


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded(make_release(tmp_path_factory.mktemp("hybrid"))) as found:
        yield found


@contextmanager
def seeded(release: Release, *words: str) -> Iterator[Seeded]:
    with running("seed", release.torrent, release.content, "--port", "0", *QUIET_WORDS, "--json", *words) as process:
        (address,) = process.wait_for("listening")["addresses"]
        process.wait_for("seed-started")
        yield Seeded(release=release, peer=("--peer", address))


def fetch(source: str | Path, directory: Path, *words: str | Path) -> tuple[int, str, str]:
    return run_mkt("fetch", source, "-d", directory, "--port", "0", *QUIET_WORDS, *words)


def test_a_torrent_file_is_enough_to_download(seeder: Seeded, tmp_path: Path) -> None:
    code, out, err = fetch(seeder.release.torrent, tmp_path, *seeder.peer, "--json")
    assert (code, err) == (0, "")
    assert files_below(tmp_path / "release") == seeder.release.files()
    facts = json.loads(out)
    assert facts["path"] == str(tmp_path / "release")
    assert facts["length"] == sum(TREE.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["release"], "nothing else is left there"


@pytest.mark.parametrize("directory", ["out", ".", "out/../other"])
def test_the_directory_may_be_relative(
    hybrid: Seeded, directory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").mkdir()
    for _ in range(2):
        code, _, err = fetch(hybrid.release.torrent, Path(directory), *hybrid.peer)
        assert (code, err) == (0, "")
        assert files_below(tmp_path / directory / "release") == hybrid.release.files()


def test_a_magnet_is_enough_to_download(seeder: Seeded, tmp_path: Path) -> None:
    code, _, err = fetch(seeder.release.magnet, tmp_path, *seeder.peer)
    assert (code, err) == (0, "")
    assert files_below(tmp_path / "release") == seeder.release.files()


def test_metadata_only_writes_the_torrent_file_of_a_magnet(seeder: Seeded, tmp_path: Path) -> None:
    magnet = f"{seeder.release.magnet}&tr=http%3A%2F%2F127.0.0.1%3A1%2Fannounce&ws=http%3A%2F%2F127.0.0.1%3A1%2F"
    output = tmp_path / "made.torrent"
    code, _, _ = fetch(magnet, tmp_path, *seeder.peer, "--metadata-only", "-o", output)
    assert code == 0
    made = read_metainfo(output)
    assert made.infohashes == seeder.release.metainfo.infohashes
    assert made.info.raw == seeder.release.metainfo.info.raw
    assert made.piece_layers == seeder.release.metainfo.piece_layers
    assert made.trackers == (("http://127.0.0.1:1/announce",),)
    assert made.web_seeds == ("http://127.0.0.1:1/",)
    assert [path.name for path in tmp_path.iterdir()] == ["made.torrent"]
    again, _, err = fetch(magnet, tmp_path, *seeder.peer, "--metadata-only", "-o", output)
    assert again == ExitCode.REFUSED
    assert "already exists" in err


def test_a_second_run_downloads_nothing(seeder: Seeded, tmp_path: Path) -> None:
    fetch(seeder.release.torrent, tmp_path, *seeder.peer)
    before = snapshot(tmp_path)
    code, out, _ = fetch(seeder.release.torrent, tmp_path, "--json")
    assert code == 0
    assert json.loads(out)["received"] == 0
    assert snapshot(tmp_path) == before


def test_only_selected_files_are_downloaded(seeder: Seeded, tmp_path: Path) -> None:
    code, _, _ = fetch(seeder.release.torrent, tmp_path, *seeder.peer, "--select", "docs/**", "--select", "*.bin")
    assert code == 0
    wanted = {path: data for path, data in seeder.release.files().items() if path.startswith("docs/") or "bin" in path}
    assert files_below(tmp_path / "release") == wanted
    assert not [path for path in tmp_path.rglob("*") if path.name.endswith((".part", ".parts"))]


def test_a_second_run_finds_a_selection_complete(seeder: Seeded, tmp_path: Path) -> None:
    fetch(seeder.release.torrent, tmp_path, *seeder.peer, "--select", "docs/**")
    code, out, _ = fetch(seeder.release.torrent, tmp_path, "--select", "docs/**", "--json")
    assert code == 0
    assert json.loads(out)["received"] == 0


@pytest.mark.parametrize("words", [(), ("--metadata-only",)])
def test_a_directory_that_cannot_be_created_is_an_error(hybrid: Seeded, tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / "file").write_bytes(b"")
    for place, reason in (("file", "a file of that name exists"), ("file/below", "not a directory")):
        code, _, err = fetch(hybrid.release.torrent, tmp_path / place, *words)
        assert code == ExitCode.CONTENT
        assert f"cannot create directory {tmp_path / place}: {reason}" in err


def test_the_torrent_file_is_written_into_a_new_directory(hybrid: Seeded, tmp_path: Path) -> None:
    assert fetch(hybrid.release.magnet, tmp_path / "new" / "er", *hybrid.peer, "--metadata-only")[0] == 0
    assert read_metainfo(tmp_path / "new" / "er" / "release.torrent").info == hybrid.release.metainfo.info


def test_waiting_for_metadata_shows_progress(hybrid: Seeded, tmp_path: Path) -> None:
    code, _, err = fetch(hybrid.release.magnet, tmp_path, "--timeout", "1s", "--progress", "json")
    assert code == ExitCode.NETWORK
    told = [json.loads(line) for line in err.splitlines() if line.startswith("{")]
    assert [(event["what"], event["event"]) for event in told][-1] == ("asking peers for the metadata", "stopped")


def test_a_selection_without_a_file_is_a_usage_error(hybrid: Seeded, tmp_path: Path) -> None:
    code, _, err = fetch(hybrid.release.torrent, tmp_path, "--select", "*.none")
    assert code == ExitCode.USAGE
    assert "*.none" in err


def test_a_killed_download_continues(tmp_path: Path) -> None:
    """Data from before the kill is not downloaded again, and no file has its name before it is complete."""
    release = make_release(tmp_path, tree={"big.bin": 6_000_000, "small": 1000})
    out = tmp_path / "out"
    with seeded(release, "--upload-limit", "2M") as seeder:
        words = ("fetch", release.torrent, "-d", out, "--port", "0", *QUIET_WORDS, *seeder.peer, "-q")
        process = Process(*words)
        part = out / "release" / "big.bin.part"
        deadline = time.monotonic() + PATIENCE
        while not part.exists() or part.stat().st_blocks * 512 < 2_000_000:
            assert time.monotonic() < deadline
            assert not (out / "release" / "big.bin").exists()
            time.sleep(0.02)
        process.end(signal.SIGKILL)
        assert not (out / "release" / "big.bin").exists()
        code, result, _ = fetch(release.torrent, out, *seeder.peer, "--json")
    assert code == 0
    assert json.loads(result)["received"] < 5_500_000
    assert files_below(out / "release") == release.files()


@pytest.mark.parametrize("delay", [0, 0.01, 0.1, 0.35])
def test_an_interrupt_ends_a_download_and_keeps_its_data(tmp_path: Path, delay: float) -> None:
    release = make_release(tmp_path, tree={"big.bin": 6_000_000})
    out = tmp_path / "out"
    with seeded(release, "--upload-limit", "1M") as seeder:
        process = Process("fetch", release.torrent, "-d", out, "--port", "0", *QUIET_WORDS, *seeder.peer)
        while not (out / "release" / "big.bin.part").exists():
            time.sleep(0.05)
        # Wherever it strikes: in a callback of the loop, in a call of libtorrent, while the loop waits.
        time.sleep(delay)
        started = time.monotonic()
        code, _, err = process.end(signal.SIGINT)
    assert code == ExitCode.INTERRUPTED
    assert "interrupted" in err
    assert "Traceback" not in err
    assert time.monotonic() - started < 5
    assert (out / "release" / "big.bin.part").exists()


def test_without_a_peer_it_ends_with_exit_code_6(hybrid: Seeded, tmp_path: Path) -> None:
    for source in (hybrid.release.torrent, hybrid.release.magnet):
        code, _, err = fetch(source, tmp_path / "out", "--timeout", "1s")
        assert code == ExitCode.NETWORK
        assert "no valid data for 1 s" in err


@pytest.mark.parametrize("mine", [b"my own", b"my own" * 100_000])
@pytest.mark.parametrize("name", ["a.bin", "docs/empty"])
def test_existing_files_are_not_overwritten(hybrid: Seeded, tmp_path: Path, name: str, mine: bytes) -> None:
    own = tmp_path / "release" / name
    own.parent.mkdir(parents=True)
    own.write_bytes(mine)
    code, _, err = fetch(hybrid.release.torrent, tmp_path, *hybrid.peer)
    assert code == ExitCode.REFUSED
    assert "--force" in err
    assert own.read_bytes() == mine
    code, _, _ = fetch(hybrid.release.torrent, tmp_path, *hybrid.peer, "--force")
    assert code == 0
    assert files_below(tmp_path / "release") == hybrid.release.files()


def test_an_unfinished_file_that_is_too_long_is_not_touched(hybrid: Seeded, tmp_path: Path) -> None:
    part = tmp_path / "release" / "a.bin.part"
    part.parent.mkdir()
    part.write_bytes(bytes(TREE["a.bin"] + 1))
    assert fetch(hybrid.release.torrent, tmp_path, *hybrid.peer)[0] == ExitCode.REFUSED
    assert part.stat().st_size == TREE["a.bin"] + 1
    assert fetch(hybrid.release.torrent, tmp_path, *hybrid.peer, "--force")[0] == 0
    assert files_below(tmp_path / "release") == hybrid.release.files()


@pytest.mark.parametrize("place", ["release", "release/docs", "release/a.bin", "release/a.bin.part"])
def test_links_do_not_lead_out_of_the_directory(hybrid: Seeded, tmp_path: Path, place: str) -> None:
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    (outside / "victim").write_bytes(b"untouched")
    link = inside / place
    link.parent.mkdir(parents=True)
    link.symlink_to(outside if "bin" not in place else outside / "victim")
    before = snapshot(outside)
    code, _, err = fetch(hybrid.release.torrent, inside, *hybrid.peer, "--force")
    assert code == ExitCode.REFUSED
    assert "link" in err
    assert snapshot(outside) == before


def renamed_torrent(release: Release, name: bytes, path: list[bytes]) -> bytes:
    """The release's v1 torrent with another name, and another path for its first file."""
    fields = bencodepy.decode(release.torrent.read_bytes())
    fields[b"info"][b"name"] = name
    fields[b"info"][b"files"][0][b"path"] = path
    return bytes(bencodepy.encode(fields))


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (b"..", [b"a"]),
        (b"/etc", [b"a"]),
        (b"x", [b"..", b"..", b"escaped"]),
        (b"x", [b"/etc/escaped"]),
        (b"x", [b"a", b"", b"b"]),
        (b"x", [b"..\\..\\escaped"]),
        (b"x", [b"nul\0byte"]),
        (b"x", [b"\x1b[2J"]),
        (b"x", [b"y" * 300]),
    ],
)
def test_hostile_names_stay_in_the_directory(tmp_path: Path, name: bytes, path: list[bytes]) -> None:
    """The torrent is refused as invalid, or every byte of it is written below the directory."""
    release = make_release(tmp_path / "src", TorrentVersion.V1, {"a": 100_000, "b": 50_000})
    torrent = tmp_path / "hostile.torrent"
    torrent.write_bytes(renamed_torrent(release, name, path))
    inside = tmp_path / "deep" / "er" / "inside"
    true = sorted(release.files().values())
    try:
        hostile = Release(content=release.content, torrent=torrent, metainfo=read_metainfo(torrent))
    except Exception:
        hostile = None
    if hostile is None:
        code, _, _ = fetch(torrent, inside)
        assert code == ExitCode.METAINFO
        return
    web = tmp_path / "src"
    holder = Leecher(hostile, web / "unused")
    assert holder.port
    code, _, err = fetch(torrent, inside, "--timeout", "1s")
    assert code == ExitCode.NETWORK
    assert "\x1b" not in err
    everything = {found.resolve() for found in tmp_path.rglob("*.part")}
    assert all(found.is_relative_to(inside.resolve()) for found in everything)
    assert sorted(release.files().values()) == true


@pytest.mark.parametrize("version", VERSIONS)
def test_a_web_seed_is_enough_to_download(tmp_path: Path, version: TorrentVersion) -> None:
    source = tmp_path / "web"
    with web_server(source) as web:
        url = web.url()
        release = make_release(source, version, web_seeds=(f"{url}/",))
        code, _, err = fetch(f"{url}/{quote(release.torrent.name)}", tmp_path / "out")
    assert (code, err) == (0, "")
    assert files_below(tmp_path / "out" / "release") == release.files()


def test_sources_are_told_apart_by_their_form(tmp_path: Path) -> None:
    release = make_release(tmp_path, tree={"a": 1})
    assert isinstance(read_source(str(release.torrent), timeout=1), Metainfo)
    assert isinstance(read_source(release.magnet, timeout=1), Magnet)
    assert isinstance(read_source("ab" * 20, timeout=1), Magnet)
    with pytest.raises(UsageError):
        read_source(str(tmp_path / "none.torrent"), timeout=1)


def test_urls_without_a_torrent_are_errors(tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(bytes(2000))
    with web_server(tmp_path) as web:
        url = web.url()
        with pytest.raises(NetworkError, match="404"):
            download_torrent_file(f"{url}/none", timeout=5)
        with pytest.raises(NetworkError, match="not allowed"):
            download_torrent_file(f"{url}/away", timeout=5)
        with pytest.raises(LimitError):
            download_torrent_file(f"{url}/large", timeout=5, limit=1999)
        with pytest.raises(MetainfoError) as refused:
            read_source(f"{url}/large", timeout=5)
        assert refused.value.source == f"{url}/large"
        assert len(download_torrent_file(f"{url}/large", timeout=5, limit=2000)) == 2000
    with socket.socket() as closed:
        closed.bind((HERE, 0))
        with pytest.raises(NetworkError, match=r"cannot download .*: connection refused"):
            download_torrent_file(f"http://{HERE}:{closed.getsockname()[1]}/", timeout=5)


def test_metadata_that_is_too_large_is_rejected(hybrid: Seeded, tmp_path: Path) -> None:
    words = (*hybrid.peer, "--metadata-only", "--max-metadata", "300", "--timeout", "2s")
    code, _, _ = fetch(hybrid.release.magnet, tmp_path, *words)
    assert code in (ExitCode.NETWORK, ExitCode.METAINFO)
    assert not list(tmp_path.iterdir())


def test_a_torrent_file_from_a_magnet_downloads_the_content(seeder: Seeded, tmp_path: Path) -> None:
    made = tmp_path / "made.torrent"
    assert fetch(seeder.release.magnet, tmp_path, *seeder.peer, "--metadata-only", "-o", made)[0] == 0
    assert fetch(made, tmp_path / "out", *seeder.peer)[0] == 0
    assert files_below(tmp_path / "out" / "release") == seeder.release.files()


def test_permission_to_execute_and_links_are_restored(tmp_path: Path) -> None:
    content = tmp_path / "release"
    content.mkdir()
    (content / "run.sh").write_text("#!/bin/sh\n")
    (content / "run.sh").chmod(0o755)
    (content / "link").symlink_to("run.sh")
    scan = ScanOptions(attributes=True, symlinks=Symlinks.STORE)
    release = make_release(tmp_path, tree={"data": 1000}, scan=scan)
    with seeded(release) as seeder:
        code, _, err = fetch(release.torrent, tmp_path / "out", *seeder.peer)
    assert (code, err) == (0, "")
    got = tmp_path / "out" / "release"
    assert (got / "run.sh").stat().st_mode & 0o111
    assert not (got / "data").stat().st_mode & 0o111
    assert (got / "link").readlink() == Path("run.sh")


@pytest.mark.parametrize(
    "words",
    [("--select", "a.bin", "--seed-after"), ("--metadata-only", "--select", "*"), ("--metadata-only", "--seed-after")],
)
def test_options_that_cannot_be_combined_are_refused_before_the_download(
    hybrid: Seeded, tmp_path: Path, words: tuple[str, ...]
) -> None:
    code, out, err = fetch(hybrid.release.torrent, tmp_path, *hybrid.peer, *words)
    assert (code, out) == (ExitCode.USAGE, "")
    assert "--se" in err
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_seed_after_seeds_the_download(hybrid: Seeded, tmp_path: Path) -> None:
    words = ("fetch", hybrid.release.torrent, "-d", tmp_path, "--port", "0", *QUIET_WORDS, *hybrid.peer)
    with running(*words, "--seed-after", "--json") as process:
        assert process.wait_for("fetched")["received"] > 0
        assert process.wait_for("seed-started")["name"] == "release"
        code, _, _ = process.end(signal.SIGTERM)
    assert code == 0


def test_create_seeds_at_once(tmp_path: Path) -> None:
    write_tree(tmp_path / "release", TREE)
    words = ("create", "release", "--private", "--no-date", "--json", "--seed", "--seed-port", "0", "--seed-bind", HERE)
    with running(*words, "-t", f"http://{HERE}:1/announce", cwd=tmp_path) as process:
        made = process.wait_for("created")
        (address,) = process.wait_for("listening")["addresses"]
        process.wait_for("seed-started")
        code, _, err = fetch(tmp_path / made["output"], tmp_path / "out", "--peer", address)
        assert (code, err) == (0, "")
        assert files_below(tmp_path / "out" / "release") == files_below(tmp_path / "release")
        assert process.end(signal.SIGTERM)[0] == 0


@pytest.mark.parametrize("words", [["-", "-n", "x", "-o", "x"], ["release", "-o", "-"], ["release", "--dry-run"]])
def test_create_seeds_only_what_is_on_disk(words: list[str], tmp_path: Path) -> None:
    write_tree(tmp_path / "release", {"a": 5})
    code, out, err = run_mkt("create", *words, "--seed", cwd=tmp_path)
    assert (code, out) == (ExitCode.USAGE, "")
    assert "--seed cannot be combined with -, --dry-run or --field" in err
