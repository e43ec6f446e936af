"""The public interface, used as a program would use it: `from mktorrent_py import ...` and nothing else."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import io
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from trees import write_tree

import mktorrent_py
from mktorrent_py import (
    UNCHANGED,
    BencodeError,
    CancelledError,
    ContentError,
    CreateOptions,
    Edit,
    FetchOptions,
    FetchPhase,
    FetchProgress,
    FetchResult,
    FileStatus,
    Limits,
    ListChange,
    Magnet,
    MetainfoError,
    PieceState,
    Progress,
    RefusedError,
    ScanOptions,
    SeedOptions,
    Selection,
    SessionOptions,
    Severity,
    SortOrder,
    Symlinks,
    TierChange,
    TorrentError,
    TorrentVersion,
    Tracker,
    TrackerOptions,
    UsageError,
    VerifyOptions,
    create_from_stream,
    create_torrent,
    diff,
    draft_torrent,
    edit_metainfo,
    fetch,
    lint,
    read_metainfo,
    seed,
    seed_events,
    summarize,
    verify_content,
    warnings_of,
    write_metainfo,
)

TRACKER = "https://tracker.example/announce"
TREE: dict[str, int | bytes] = {"a.bin": 3_000_000, "docs/read me.txt": b"hello", "docs/empty": 0}


@pytest.fixture
def release(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "release", TREE)


# --- programs ---


def test_create_with_progress(release: Path) -> None:
    seen = []
    progress = Progress()
    created = create_torrent(
        release,
        CreateOptions(trackers=[TRACKER], comment="first pressing", piece_length=1 << 20),
        progress=progress,
        on_progress=lambda now: seen.append((now.bytes_done, now.total, now.fraction, threading.current_thread())),
    )
    total = created.metainfo.info.layout.content_length
    assert total == 3_000_005
    assert {shown for _, shown, _, _ in seen} == {total}
    assert [done for done, _, _, _ in seen] == sorted(done for done, _, _, _ in seen)
    assert seen[-1] == (total, total, 1.0, threading.current_thread())
    assert created.metainfo.trackers == ((TRACKER,),)
    write_metainfo(created.metainfo, release.with_name("release.torrent"))
    assert read_metainfo(release.with_name("release.torrent")) == created.metainfo


def test_edit_the_trackers(release: Path, tmp_path: Path) -> None:
    torrent = tmp_path / "release.torrent"
    write_metainfo(create_torrent(release, CreateOptions(trackers=[[TRACKER]])).metainfo, torrent)
    old = read_metainfo(str(torrent))
    new = edit_metainfo(
        old, Edit(trackers=TierChange(add=[["udp://t2.example:80/announce"]]), comment="second", source=UNCHANGED)
    )
    assert new.infohashes == old.infohashes
    assert [list(tier) for tier in new.trackers] == [[TRACKER], ["udp://t2.example:80/announce"]]
    with pytest.raises(RefusedError) as refused:
        write_metainfo(new, torrent)
    assert isinstance(refused.value, RefusedError)
    assert (refused.value.code, refused.value.data) == ("overwrite-refused", {"file": str(torrent)})
    write_metainfo(new, torrent, overwrite=True)
    changes = diff(old, read_metainfo(torrent))
    assert {change.field for change in changes.fields} == {"comment"}
    assert [change.url for change in changes.trackers] == ["udp://t2.example:80/announce"]
    with pytest.raises(RefusedError):
        edit_metainfo(old, Edit(private=True))


def test_verify_and_list_what_is_wrong(release: Path, tmp_path: Path) -> None:
    torrent = tmp_path / "release.torrent"
    write_metainfo(create_torrent(release, CreateOptions(piece_length=1 << 20)).metainfo, torrent)
    assert verify_content(torrent, release).ok
    data = bytearray((release / "a.bin").read_bytes())
    data[1_500_000] ^= 1
    (release / "a.bin").write_bytes(data)
    (release / "docs" / "read me.txt").unlink()
    progress, seen = Progress(), []
    report = verify_content(
        read_metainfo(torrent),
        str(tmp_path),
        progress=progress,
        on_progress=lambda now: seen.append((now.bytes_done, now.total)),
    )
    assert not report.ok
    assert {"/".join(file.path): file.status for file in report.files} == {
        "a.bin": FileStatus.CORRUPT,
        "docs/empty": FileStatus.OK,
        "docs/read me.txt": FileStatus.MISSING,
    }
    (corrupt,) = [file for file in report.files if file.status is FileStatus.CORRUPT]
    assert corrupt.bad == (range(1 << 20, 2 << 20),)
    assert [PieceState(state) for state in report.pieces][:3] == [PieceState.GOOD, PieceState.BAD, PieceState.GOOD]
    assert seen[-1] == (3_000_000, 3_000_000)
    assert progress.total == 3_000_000


def test_a_magnet_there_and_back(release: Path) -> None:
    metainfo = create_torrent(release, CreateOptions(trackers=[TRACKER])).metainfo
    magnet = metainfo.magnet()
    assert str(magnet).startswith(f"magnet:?xt=urn:btih:{str(metainfo.infohashes).partition(',')[0]}&")
    assert Magnet.parse(str(magnet)) == magnet
    assert magnet.infohashes == metainfo.infohashes


def test_walk_the_files(release: Path) -> None:
    metainfo = create_torrent(release).metainfo
    assert [(file.posix_path, file.length) for file in metainfo.info.files] == [
        ("a.bin", 3_000_000),
        ("docs/empty", 0),
        ("docs/read me.txt", 5),
    ]
    assert summarize(metainfo)["files"] == 3


def test_lint_before_publishing(release: Path) -> None:
    metainfo = create_torrent(release, CreateOptions(private=True)).metainfo
    findings = lint(metainfo.to_bytes())
    assert [(each.rule, each.severity) for each in findings][:1] == [("private-without-tracker", Severity.ERROR)]


def test_look_before_hashing(release: Path) -> None:
    draft = draft_torrent(release, CreateOptions(private=True, piece_length=4 << 20))
    assert (draft.name, draft.layout.piece_count) == ("release", 2)
    warnings = {warning.code: warning for warning in warnings_of(draft)}
    assert set(warnings) == {"private-without-tracker", "padding-large"}
    assert warnings["padding-large"].data["padding"] == draft.layout.padding


def test_torf_reads_the_same_torrent(release: Path, tmp_path: Path) -> None:
    torf = pytest.importorskip("torf")
    created = create_torrent(release, CreateOptions(version=TorrentVersion.V1, trackers=[TRACKER], piece_length=65536))
    write_metainfo(created.metainfo, tmp_path / "x.torrent")
    theirs = torf.Torrent.read(tmp_path / "x.torrent")
    assert theirs.infohash == str(created.metainfo.infohashes)
    assert [[str(url) for url in tier] for tier in theirs.trackers] == [[TRACKER]]
    assert {str(file) for file in theirs.files} == {
        "/".join(("release", *file.path)) for file in created.metainfo.info.files
    }


def test_download_a_magnet_from_a_seeder_and_track_it(release: Path, tmp_path: Path) -> None:
    pytest.importorskip("libtorrent")
    torrent = tmp_path / "release.torrent"
    quiet = SessionOptions(port=0, bind="127.0.0.1", dht=False, lsd=False, pex=False, upnp=False)

    async def program() -> FetchResult:
        async with Tracker(TrackerOptions(hosts=["127.0.0.1"], port=0, udp=False)) as tracker:
            options = CreateOptions(trackers=[tracker.announce_urls[0]])
            write_metainfo(create_torrent(release, options).metainfo, torrent)
            async with seed(torrent, content=release, options=SeedOptions(session=quiet)) as seeding:
                async for event in seeding:
                    if isinstance(event, seed_events.TrackerAnswered):
                        break
                magnet = str(read_metainfo(torrent).magnet())
                download = fetch(magnet, tmp_path / "downloads", options=FetchOptions(session=quiet, timeout=60))
                phases = [event.phase async for event in download if isinstance(event, FetchProgress)]
                assert {FetchPhase.METADATA, FetchPhase.DOWNLOAD} <= set(phases)
                return await download.result()

    result = asyncio.run(program())
    assert result.path == tmp_path / "downloads" / "release"
    assert verify_content(torrent, result.path).ok


# --- misuse ---


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CreateOptions(trackers=TRACKER),
        lambda: CreateOptions(trackers=[[5]]),  # type: ignore[list-item]
        lambda: CreateOptions(trackers=[TRACKER, [TRACKER]]),
        lambda: CreateOptions(web_seeds="https://w/"),
        lambda: CreateOptions(web_seeds=5),  # type: ignore[arg-type]
        lambda: CreateOptions(collections=[b"x"]),  # type: ignore[list-item]
        lambda: CreateOptions(nodes=["router.example:6881"]),  # type: ignore[list-item]
        lambda: CreateOptions(similar=["00" * 20]),  # type: ignore[list-item]
        lambda: CreateOptions(comment=5),  # type: ignore[arg-type]
        lambda: CreateOptions(private="yes"),  # type: ignore[arg-type]
        lambda: CreateOptions(private=1),  # type: ignore[arg-type]
        lambda: CreateOptions(piece_length="1MiB"),  # type: ignore[arg-type]
        lambda: CreateOptions(piece_length=65536.0),  # type: ignore[arg-type]
        lambda: CreateOptions(creation_date="2026-11-22"),  # type: ignore[arg-type]
        lambda: CreateOptions(checksums="sha256"),
        lambda: CreateOptions(threads="2"),  # type: ignore[arg-type]
        lambda: CreateOptions(scan=Selection()),  # type: ignore[arg-type]
        lambda: CreateOptions(version=1),  # type: ignore[arg-type]
        lambda: CreateOptions(file_list="a"),
        lambda: CreateOptions(file_list=[5]),  # type: ignore[list-item]
        lambda: ScanOptions(selection="*.bin"),  # type: ignore[arg-type]
        lambda: ScanOptions(attributes="x"),  # type: ignore[arg-type]
        lambda: ScanOptions(never="x.torrent"),  # type: ignore[arg-type]
        lambda: ScanOptions(symlinks=True),  # type: ignore[arg-type]
        lambda: Selection(exclude="*.bin"),
        lambda: Selection(include=[b"*.bin"]),  # type: ignore[list-item]
        lambda: Selection(hidden="no"),  # type: ignore[arg-type]
        lambda: VerifyOptions(files="*.bin"),
        lambda: VerifyOptions(quick=1),  # type: ignore[arg-type]
        lambda: VerifyOptions(not_extra="x.torrent"),
        lambda: Edit(comment=5),  # type: ignore[arg-type]
        lambda: Edit(private="yes", new_infohash=True),  # type: ignore[arg-type]
        lambda: ListChange(add="http://x/"),
        lambda: read_metainfo(io.StringIO("d4:infode")),  # type: ignore[arg-type]
        lambda: read_metainfo(5),  # type: ignore[arg-type]
        lambda: create_torrent(5),  # type: ignore[arg-type]
        lambda: verify_content(5, "x"),  # type: ignore[arg-type]
    ],
)
def test_a_value_of_the_wrong_type_is_a_type_error_where_it_is_passed(wrong: Any) -> None:
    with pytest.raises(TypeError):
        wrong()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: CreateOptions(version="v3"),  # type: ignore[arg-type]
        lambda: ScanOptions(sort="random"),  # type: ignore[arg-type]
        lambda: create_torrent(".", CreateOptions(threads=-1)),
    ],
)
def test_a_value_that_cannot_be_is_a_usage_error(wrong: Any) -> None:
    with pytest.raises(UsageError):
        wrong()


def test_a_piece_length_in_words_says_what_to_pass() -> None:
    with pytest.raises(TypeError, match=r"piece_length must be an int \(bytes\) or None, not str"):
        CreateOptions(piece_length="1MiB")  # type: ignore[arg-type]


def test_names_of_choices_and_lists_are_accepted_and_kept_as_values() -> None:
    options = CreateOptions(
        version="v1",  # type: ignore[arg-type]
        trackers=[[TRACKER, "udp://b/"], ["http://c/"]],
        web_seeds=["https://w/"],
        nodes=[("router.example", 6881)],
        similar=[bytes(20)],
        file_list=["a", b"b", Path("c")],
        scan=ScanOptions(
            selection=Selection(exclude=["*.tmp"]),
            symlinks="skip",  # type: ignore[arg-type]
            sort="size",  # type: ignore[arg-type]
            never=["/x"],  # type: ignore[list-item]
        ),
    )
    assert options.version is TorrentVersion.V1
    assert options.trackers == ((TRACKER, "udp://b/"), ("http://c/",))
    assert options.web_seeds == ("https://w/",)
    assert options.nodes == (("router.example", 6881),)
    assert options.file_list == (b"a", b"b", b"c")
    assert (options.scan.symlinks, options.scan.sort) == (Symlinks.SKIP, SortOrder.SIZE)
    assert options.scan.never == {Path("/x")}
    assert hash(options) == hash(options)
    assert VerifyOptions(files=["*.bin"], not_extra=["/x"]) == VerifyOptions(files=("*.bin",), not_extra={Path("/x")})


def test_the_torrents_name_is_given_in_one_place(release: Path) -> None:
    assert "name" not in ScanOptions.__slots__
    assert create_torrent(release, CreateOptions(name="other")).metainfo.info.name == "other"


def test_a_list_of_files_may_be_paths_of_any_kind(release: Path) -> None:
    created = create_torrent(release, CreateOptions(file_list=["docs/read me.txt", Path("a.bin")]))
    assert [file.path for file in created.metainfo.info.files] == [("a.bin",), ("docs", "read me.txt")]


# --- sources ---


def test_a_torrent_is_read_from_a_path_and_from_a_binary_file(release: Path, tmp_path: Path) -> None:
    torrent = tmp_path / "x.torrent"
    metainfo = create_torrent(release).metainfo
    write_metainfo(metainfo, str(torrent))
    with torrent.open("rb") as file, torrent.open("rb", buffering=0) as raw:
        for source in (torrent, str(torrent), file, raw, io.BytesIO(metainfo.to_bytes())):
            assert read_metainfo(source) == metainfo
        assert not file.closed


def test_errors_name_the_source_that_was_read(tmp_path: Path) -> None:
    path = tmp_path / "bad.torrent"
    path.write_bytes(b"d4:info")
    with path.open("rb") as file:
        for source in (path, file):
            with pytest.raises(BencodeError, match=r"bad\.torrent"):
                read_metainfo(source)
    with pytest.raises(MetainfoError, match=r"^stream: "):
        read_metainfo(io.BytesIO(b"x"))
    with pytest.raises(TorrentError, match="larger than 3 bytes"):
        read_metainfo(io.BytesIO(b"d4:info"), limits=Limits(size=3))
    with pytest.raises(ContentError):
        read_metainfo(tmp_path / "missing")


def test_results_are_hashable(release: Path) -> None:
    created = create_torrent(release)
    report = verify_content(created.metainfo, release)
    assert len({created, created.draft, report, report.files[0]}) == 4


# --- progress ---


def test_progress_starts_again_with_every_run(release: Path) -> None:
    progress = Progress()
    assert (progress.total, progress.bytes_done, progress.fraction) == (None, 0, None)
    for _ in range(2):
        created = create_torrent(release, progress=progress)
        assert (progress.bytes_done, progress.total, progress.fraction) == (3_000_005, 3_000_005, 1.0)
    for _ in range(2):
        verify_content(created.metainfo, release, progress=progress)
        assert (progress.bytes_done, progress.total) == (3_000_005, 3_000_005)
    with (release / "a.bin").open("rb") as stream:
        create_from_stream(stream, CreateOptions(name="a"), progress=progress)
    assert (progress.bytes_done, progress.total, progress.fraction) == (3_000_000, None, None)


@pytest.mark.parametrize("version", list(TorrentVersion))
def test_progress_never_passes_its_total_where_pieces_are_read_twice(tmp_path: Path, version: TorrentVersion) -> None:
    """A fault is narrowed down by reading the pieces of its unit again."""
    release = write_tree(tmp_path / "release", {f"{number:02}": 40_000 for number in range(60)})
    metainfo = create_torrent(release, CreateOptions(version=version, piece_length=16384)).metainfo
    progress, seen = Progress(), []

    def spoil(now: Progress) -> None:
        (release / "50").unlink(missing_ok=True)
        seen.append((now.bytes_done, now.total))

    report = verify_content(metainfo, release, VerifyOptions(threads=1), progress=progress, on_progress=spoil)
    assert report.counts[FileStatus.UNREADABLE] == 1
    assert all(total == 2_400_000 and done <= total for done, total in seen)
    assert progress.bytes_done <= 2_400_000


def test_a_cancelled_run_is_an_error_of_its_own_and_the_next_run_starts(release: Path) -> None:
    progress = Progress()
    metainfo = create_torrent(release).metainfo
    works = [
        lambda: create_torrent(release, progress=progress),
        lambda: create_from_stream(io.BytesIO(bytes(9_000_000)), CreateOptions(name="x"), progress=progress),
        lambda: verify_content(metainfo, release, progress=progress),
        lambda: verify_content(metainfo, release, VerifyOptions(fail_fast=True, threads=1), progress=progress),
    ]
    for work in works:
        progress.cancel()
        with pytest.raises(CancelledError):
            work()  # type: ignore[no-untyped-call]
        assert not progress.is_cancelled
        work()  # type: ignore[no-untyped-call]


def test_a_run_that_stops_at_the_first_failure_cancels_no_other(tmp_path: Path) -> None:
    release = write_tree(tmp_path / "release", {f"{number:02}": 4_000_000 for number in range(8)})
    metainfo = create_torrent(release).metainfo
    (release / "00").write_bytes(bytes(4_000_000))
    progress = Progress()
    assert not verify_content(metainfo, release, VerifyOptions(fail_fast=True), progress=progress).ok
    assert not verify_content(metainfo, release, progress=progress).ok


def test_what_the_callback_raises_stops_the_work(tmp_path: Path) -> None:
    release = write_tree(tmp_path / "release", {f"{number:02}": 2_000_000 for number in range(20)})
    metainfo = create_torrent(release).metainfo
    before = threading.active_count()

    def stop(_: Progress) -> None:
        raise OSError("the disk of the log is full")

    for work in (
        lambda: create_torrent(release, on_progress=stop),
        lambda: verify_content(metainfo, release, on_progress=stop),
    ):
        with pytest.raises(OSError, match="log is full"):
            work()
        assert threading.active_count() == before


# --- the package ---


def test_importing_the_package_imports_nothing_but_how_to_import() -> None:
    program = (
        "import sys; before = set(sys.modules); import mktorrent_py;"
        "print(sorted(name for name in sys.modules if name.startswith('mktorrent_py.')))"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
        == b"['mktorrent_py.lazy']\n"
    )


def test_typed_names_and_imported_names_are_the_same() -> None:
    tree = ast.parse(Path(mktorrent_py.__file__).read_text())
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    typed = {
        alias.asname or alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    typed |= {node.targets[0].id for node in block.body if isinstance(node, ast.Assign)}  # type: ignore[attr-defined]
    assert {name for name in typed if not name.startswith("_")} | {"__version__"} == set(mktorrent_py.__all__)


def test_the_package_runs_as_a_program() -> None:
    done = subprocess.run([sys.executable, "-m", "mktorrent_py", "--version"], capture_output=True, text=True)
    assert done.returncode == 0
    assert mktorrent_py.__version__ in done.stdout


PROGRAM = """
from pathlib import Path

from mktorrent_py import (
    CreateOptions, CreateResult, Differences, Edit, FileReport, Finding, ListChange, Magnet, Metainfo, Progress,
    ScanOptions, Selection, TierChange, TorrentError, TorrentVersion, VerifyOptions, VerifyReport, create_torrent, diff,
    edit_metainfo, lint, read_metainfo, verify_content, write_metainfo,
)


def show(progress: Progress) -> None:
    print(progress.bytes_done, progress.total, progress.fraction)


options = CreateOptions(
    version=TorrentVersion.V2,
    trackers=[["https://t.example/announce"]],
    web_seeds=["https://w.example/"],
    scan=ScanOptions(selection=Selection(exclude=["*.tmp"])),
)
try:
    created: CreateResult = create_torrent(Path("release"), options, on_progress=show)
    write_metainfo(created.metainfo, "release.torrent")
    metainfo: Metainfo = read_metainfo("release.torrent")
    edited: Metainfo = edit_metainfo(metainfo, Edit(trackers=TierChange(add=[["https://u/"]])))
    differences: Differences = diff(metainfo, edited)
    findings: tuple[Finding, ...] = lint(metainfo.to_bytes())
    report: VerifyReport = verify_content(metainfo, "release", VerifyOptions(files=["*.bin"]))
    wrong: list[FileReport] = [file for file in report.files if not file.is_right]
    magnet: str = str(Magnet.from_metainfo(metainfo))
except TorrentError as error:
    print(error.code, error.data, error.hint)
"""


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy is missing")
def test_a_program_is_checked_against_the_types_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "wrong.py").write_text("from mktorrent_py import CreateOptions\nCreateOptions(trackers=5)\n")
    # An installed package is found by mypy, which does not accept site-packages in MYPYPATH.
    home = Path(mktorrent_py.__file__).parent.parent
    environment = {"PATH": ""} if home.name == "site-packages" else {"MYPYPATH": str(home), "PATH": ""}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    done = subprocess.run(
        [*command, "program.py", "wrong.py"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert [line.split(":")[0] for line in done.stdout.splitlines() if "error:" in line] == ["wrong.py"], done.stdout
