"""A watched folder of torrent files: what is new, changed and gone, at once or after a while."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mktorrent_py.errors import ContentError
from mktorrent_py.web import folder_watch
from mktorrent_py.web.folder_watch import FolderWatch

NAMES = st.sampled_from(["a.torrent", "b.torrent", "notes.txt", "below/c.torrent", "below/deep/d.torrent"])
STATES = st.lists(st.dictionaries(NAMES, st.binary(max_size=3)), max_size=5)


def write(folder: Path, wanted: dict[str, bytes], moment: int) -> None:
    """Make the folder hold exactly these files; those that change get the modification time `moment`."""
    for path in [path for path in folder.rglob("*") if path.is_file()]:
        if path.relative_to(folder).as_posix() not in wanted:
            path.unlink()
    for name, data in wanted.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
            os.utime(path, ns=(moment, moment))


@settings(deadline=None)
@given(STATES, st.booleans())
def test_scans_report_exactly_the_differences(states: list[dict[str, bytes]], recursive: bool) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        watch = FolderWatch(folder, recursive=recursive)
        before: dict[str, bytes] = {}
        for moment, state in enumerate(states, 1):
            write(folder, state, moment * 10**9)
            seen = {
                path: data
                for path, data in state.items()
                if path.endswith(".torrent") and (recursive or "/" not in path)
            }
            changes = watch.scan()
            assert changes.changed == sorted(folder / path for path in seen if seen[path] != before.get(path))
            assert changes.removed == sorted(folder / path for path in before if path not in seen)
            assert sorted(watch.files) == sorted(folder / path for path in seen)
            before = seen


def test_folders_and_dangling_links_are_not_files(tmp_path: Path) -> None:
    (tmp_path / "folder.torrent").mkdir()
    (tmp_path / "link.torrent").symlink_to(tmp_path / "nowhere")
    assert FolderWatch(tmp_path, recursive=True).scan() == ([], [])


def test_a_folder_that_does_not_exist_is_an_error_at_the_first_scan(tmp_path: Path) -> None:
    with pytest.raises(ContentError) as caught:
        FolderWatch(tmp_path / "nowhere", recursive=False).scan()
    assert caught.value.code == "folder-unreadable"


@pytest.mark.parametrize("recursive", [False, True])
def test_changes_are_yielded_as_they_happen(tmp_path: Path, recursive: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_watch, "RESCAN_MS", 300)
    folder, away = tmp_path / "torrents", tmp_path / "away"
    folder.mkdir()

    async def scene() -> None:
        watch = FolderWatch(folder, recursive=recursive)
        watch.scan()
        changes = watch.changes()
        path = folder / "a.torrent"
        path.write_bytes(b"1")
        assert await asyncio.wait_for(anext(changes), 5) == ([path], [])
        path.write_bytes(b"22")
        assert await asyncio.wait_for(anext(changes), 5) == ([path], [])
        # A folder that is gone for a moment keeps its files.
        folder.rename(away)
        waiting = asyncio.ensure_future(anext(changes))
        assert (await asyncio.wait([waiting], timeout=1))[0] == set()
        away.rename(folder)
        path.unlink()
        assert await asyncio.wait_for(waiting, 5) == ([], [path])
        await changes.aclose()

    asyncio.run(scene())
