"""`create_torrent` against the reference, byte for byte, and against what must stop it."""

from __future__ import annotations

import hashlib
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import reference
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judges import LIBTORRENT, require
from trees import CORPUS, CORPUS_PIECE_LENGTH, ORDER_TRAPS, Content, trees, write_content, write_tree

from mktorrent_py import CreateOptions, Metainfo, Progress, TorrentVersion, create_torrent
from mktorrent_py.content.scan import ScanOptions, SortOrder
from mktorrent_py.create import create_from_stream
from mktorrent_py.errors import CancelledError, ContentError, UsageError
from mktorrent_py.hashing import hasher

VERSIONS = list(TorrentVersion)
PIECE_LENGTHS = [CORPUS_PIECE_LENGTH // 2, CORPUS_PIECE_LENGTH, 2 * CORPUS_PIECE_LENGTH]


def options_for(version: TorrentVersion, piece_length: int = CORPUS_PIECE_LENGTH) -> CreateOptions:
    return CreateOptions(version=version, piece_length=piece_length)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", CORPUS)
def test_the_corpus_comes_out_as_the_reference_makes_it(name: str, version: TorrentVersion, tmp_path: Path) -> None:
    content = write_content(tmp_path / "content", CORPUS[name])
    for piece_length in PIECE_LENGTHS:
        created = create_torrent(content, options_for(version, piece_length))
        data = created.metainfo.to_bytes()
        assert data == reference.create(content, version=version.value, piece_length=piece_length)
        assert Metainfo.from_bytes(data) == created.metainfo


@given(tree=trees(), version=st.sampled_from(VERSIONS), threads=st.integers(1, 3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_tree_comes_out_as_the_reference_makes_it(
    tree: Content, version: TorrentVersion, threads: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = write_content(tmp_path_factory.mktemp("tree") / "content", tree)
    created = create_torrent(content, replace(options_for(version), threads=threads))
    assert created.metainfo.to_bytes() == reference.create(
        content, version=version.value, piece_length=CORPUS_PIECE_LENGTH
    )


@pytest.mark.parametrize("piece_length", [16385, 20_000, 65_535, 1_000_003])
def test_odd_piece_lengths_in_v1(piece_length: int, tmp_path: Path) -> None:
    content = write_tree(tmp_path / "content", {"a": piece_length - 1, "b": 1, "c": 3 * piece_length, "d": 5})
    created = create_torrent(content, options_for(TorrentVersion.V1, piece_length))
    assert created.metainfo.to_bytes() == reference.create(content, version="v1", piece_length=piece_length)


@pytest.mark.parametrize("version", VERSIONS)
def test_libtorrent_reads_what_is_made_and_agrees(version: TorrentVersion, tmp_path: Path) -> None:
    require(LIBTORRENT)
    content = write_tree(tmp_path / "content", {**ORDER_TRAPS, "large": 5 * CORPUS_PIECE_LENGTH + 1, "empty": 0})
    metainfo = create_torrent(content, options_for(version)).metainfo
    data = metainfo.to_bytes()
    assert LIBTORRENT.infohashes(data) == (metainfo.infohashes.v1, metainfo.infohashes.v2)
    listed = [(file.path, file.length) for file in LIBTORRENT.files(data) if not file.is_pad]
    assert sorted(listed) == sorted(("/".join(("content", *file.path)), file.length) for file in metainfo.info.files)


def test_every_field_as_the_reference_writes_it(tmp_path: Path) -> None:
    content = write_tree(tmp_path / "content", {"a": 40_000})
    created = create_torrent(
        content,
        CreateOptions(
            piece_length=CORPUS_PIECE_LENGTH,
            trackers=(("http://one/announce", "udp://two:80/announce"), ("http://three/announce",)),
            web_seeds=("http://a/", "http://b/"),
            http_seeds=("http://seed/",),
            nodes=(("2001:db8::1", 6881), ("router.example", 6881)),
            similar=(bytes(20),),
            collections=("set",),
            update_url="http://new/",
            name="n\u00e4me",
            comment="c",
            source="SRC",
            created_by="me",
            creation_date=12345,
        ),
    )
    assert created.metainfo.to_bytes() == reference.create(
        content,
        version="hybrid",
        piece_length=CORPUS_PIECE_LENGTH,
        name="n\u00e4me",
        source="SRC",
        extra_info={"update-url": "http://new/"},
        trackers=[["http://one/announce", "udp://two:80/announce"], ["http://three/announce"]],
        web_seeds=["http://a/", "http://b/"],
        comment="c",
        created_by="me",
        creation_date=12345,
        extra={
            "httpseeds": ["http://seed/"],
            "nodes": [["2001:db8::1", 6881], ["router.example", 6881]],
            "similar": [bytes(20)],
            "collections": ["set"],
        },
    )


def test_private_is_written_only_when_it_is_said(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content", 40_000)
    public, private = (
        create_torrent(content, replace(options_for(TorrentVersion.V1), private=said)).metainfo
        for said in (False, True)
    )
    assert b"7:private" not in public.to_bytes()
    assert b"7:privatei1e" in private.info.raw
    assert public.infohashes != private.infohashes


@pytest.mark.parametrize("spelling", ["content", "content/", "./content", "content/.", "other/../content"])
def test_the_spelling_of_the_path_changes_nothing(
    spelling: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = write_tree(tmp_path / "content", {"a": 40_000, "b/c": 0})
    (tmp_path / "other").mkdir()
    expected = create_torrent(content, options_for(TorrentVersion.HYBRID)).metainfo
    monkeypatch.chdir(tmp_path)
    assert create_torrent(spelling, options_for(TorrentVersion.HYBRID)).metainfo == expected


def test_the_working_directory_may_be_the_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = write_tree(tmp_path / "content", {"a": 40_000})
    expected = create_torrent(content, options_for(TorrentVersion.HYBRID)).metainfo
    monkeypatch.chdir(content)
    assert create_torrent(".", options_for(TorrentVersion.HYBRID)).metainfo == expected


@pytest.mark.parametrize("version", VERSIONS)
def test_checksums_come_from_the_same_read(version: TorrentVersion, tmp_path: Path) -> None:
    from blake3 import blake3

    tree = {"a": 0, "b": 100_000, "c/d": 3 * CORPUS_PIECE_LENGTH, "e": 1, "f": 1_000_000}
    content = write_tree(tmp_path / "content", tree)
    wanted = replace(options_for(version), checksums=("sha256", "blake3"), threads=3)
    created = create_torrent(content, wanted)
    files = [content.joinpath(*file.path).read_bytes() for file in created.metainfo.info.files]
    assert created.checksums["sha256"] == [hashlib.sha256(data).hexdigest() for data in files]
    assert created.checksums["blake3"] == [blake3(data).hexdigest() for data in files]
    assert created.metainfo == create_torrent(content, options_for(version)).metainfo


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("length", [1, 16384, 65536, 65537, 4 << 20, (4 << 20) + 1, 9_000_000])
@pytest.mark.parametrize("piece_length", [16384, 65536, 8 << 20])
def test_a_stream_makes_what_its_file_makes(
    length: int, piece_length: int, version: TorrentVersion, tmp_path: Path
) -> None:
    content = write_content(tmp_path / "file.bin", length)
    wanted = replace(options_for(version, piece_length), name="file.bin", checksums=("sha256",))
    with content.open("rb") as stream:
        streamed = create_from_stream(stream, wanted)
    created = create_torrent(content, wanted)
    assert streamed.metainfo == created.metainfo
    assert streamed.checksums == created.checksums


def test_an_empty_stream_is_refused(tmp_path: Path) -> None:
    with Path(os.devnull).open("rb") as stream, pytest.raises(UsageError, match="the stream is empty"):
        create_from_stream(stream, CreateOptions(name="x"))


def test_sparse_files_beyond_4_gib(tmp_path: Path) -> None:
    content = tmp_path / "sparse"
    length = (4 << 30) + 5
    with content.open("wb") as file:
        file.truncate(length)
    created = create_torrent(content, options_for(TorrentVersion.V2, 128 << 20))
    assert created.metainfo.info.layout.content_length == length
    zero_piece = reference.merkle_root([hashlib.sha256(bytes(16384)).digest()] * 8192, 8192)
    (layer,) = (created.metainfo.piece_layers or {}).values()
    assert layer[:32] == layer[31 * 32 : 32 * 32] == zero_piece


@pytest.mark.parametrize("tree", [{}, {"a": 0}, {"a": 0, "b/c": 0}])
def test_content_without_a_byte_is_refused(tree: dict[str, int], tmp_path: Path) -> None:
    content = write_tree(tmp_path / "content", tree)
    with pytest.raises(UsageError, match=r"no files|no bytes"):
        create_torrent(content)


def test_sorting_is_for_v1(tmp_path: Path) -> None:
    content = write_tree(tmp_path / "content", {"10": 3, "9": 2, "b": 1})
    by_size = CreateOptions(version=TorrentVersion.V1, scan=ScanOptions(sort=SortOrder.SIZE))
    natural = CreateOptions(version=TorrentVersion.V1, scan=ScanOptions(sort=SortOrder.NATURAL))
    assert [file.path[0] for file in create_torrent(content, by_size).metainfo.info.files] == ["b", "9", "10"]
    assert [file.path[0] for file in create_torrent(content, natural).metainfo.info.files] == ["9", "10", "b"]
    with pytest.raises(UsageError, match="sorted by path"):
        create_torrent(content, replace(by_size, version=TorrentVersion.HYBRID))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (CreateOptions(piece_length=1000), "below the minimum"),
        (CreateOptions(piece_length=3 << 14), "power of two"),
        (CreateOptions(private=True, nodes=(("a", 1),)), "BEP 27"),
        (CreateOptions(checksums=("md5",)), "unknown checksum"),
        (CreateOptions(target_pieces=0), "at least 1"),
        (CreateOptions(name=".."), "name"),
        (CreateOptions(name="a/b"), "name"),
        (CreateOptions(name=""), "name"),
    ],
)
def test_options_that_cannot_be(options: CreateOptions, problem: str, tmp_path: Path) -> None:
    content = write_content(tmp_path / "content", 40_000)
    with pytest.raises(UsageError, match=problem):
        create_torrent(content, options)


def test_progress_counts_what_is_read(tmp_path: Path) -> None:
    content = write_tree(tmp_path / "content", {"a": 100_000, "b": 5})
    progress = Progress()
    create_torrent(content, options_for(TorrentVersion.HYBRID), progress=progress)
    assert progress.bytes_done == 100_005


Damage = dict[str, object]


def shrink(path: Path) -> None:
    os.truncate(path, 10)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def replace_by_same_size(path: Path) -> None:
    data = path.read_bytes()
    other = path.with_name("other")
    other.write_bytes(data)
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)


def vanish(path: Path) -> None:
    path.unlink()


def touch(path: Path) -> None:
    os.utime(path, ns=(1, 1))


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("with_checksums", [False, True])
@pytest.mark.parametrize("damage", [shrink, grow, replace_by_same_size, vanish, touch])
def test_a_file_that_does_not_keep_still_stops_everything(
    damage: object, with_checksums: bool, version: TorrentVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = write_tree(tmp_path / "content", {"a": 100_000, "b/victim": 200_000, "c": 100_000})
    real = hasher.hash_content

    def damaged(*arguments: object) -> object:
        damage(content / "b" / "victim")  # type: ignore[operator]
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr("mktorrent_py.create.torrent.hash_content", damaged)
    wanted = replace(options_for(version), checksums=("sha256",) if with_checksums else ())
    with pytest.raises(ContentError, match=r"b/victim (vanished|changed|shrank)") as caught:
        create_torrent(content, wanted)
    assert isinstance(caught.value, ContentError)
    assert caught.value.code == "content-changed"


def test_cancelling_stops_the_workers(tmp_path: Path) -> None:
    content = write_content(tmp_path / "content", 2_000_000)
    progress = Progress()
    progress.cancel()
    before = threading.active_count()
    with pytest.raises(CancelledError, match="cancelled"):
        create_torrent(content, options_for(TorrentVersion.HYBRID), progress=progress)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"piece_length": 32768, "max_piece_length": 16384}, "larger than the maximum of 16,384 bytes"),
        ({"piece_length": 16384, "target_pieces": 4}, "cannot be combined"),
        ({"target_pieces": 0}, "at least 1"),
        ({"nodes": (("host", 65536),)}, "'host:65536' is not a valid HOST:PORT"),
        ({"nodes": (("", 1),)}, "is not a valid HOST:PORT"),
        ({"similar": (b"short",)}, "20 bytes"),
        ({"creation_date": -1}, "before 1970"),
        ({"trackers": ((),)}, "tier is empty"),
        ({"trackers": (("",),)}, "is empty"),
        ({"web_seeds": ("",)}, "is empty"),
        ({"http_seeds": ("",)}, "is empty"),
        ({"collections": ("",)}, "is empty"),
        ({"update_url": ""}, "is empty"),
        ({"trackers": (("http://\udce9/",),)}, "not UTF-8"),
        ({"comment": "\udce9"}, r"'\\xe9' is not UTF-8"),
        ({"source": "\ud800"}, "not UTF-8"),
        ({"web_seeds": ("http://\udce9/",)}, "not UTF-8"),
        ({"checksums": ("md5",)}, "unknown checksum 'md5'"),
    ],
)
def test_what_no_torrent_should_say_is_refused(wrong: dict[str, Any], says: str, tmp_path: Path) -> None:
    (tmp_path / "content").write_bytes(b"x")
    with pytest.raises(UsageError, match=says):
        create_torrent(tmp_path / "content", CreateOptions(**wrong))


@pytest.mark.parametrize(("files", "says"), [({"a": 0}, "every file in it is empty"), (None, "the file is empty")])
def test_content_without_a_byte_is_counted_in_words(files: dict[str, int] | None, says: str, tmp_path: Path) -> None:
    content = tmp_path / "content"
    if files is None:
        content.touch()
    else:
        write_tree(content, files)
    with pytest.raises(UsageError, match=says):
        create_torrent(content)


def test_a_path_that_no_system_takes_cannot_be_read() -> None:
    with pytest.raises(ContentError, match="cannot read"):
        create_torrent("a\0b")
