"""The list of torrents in a headless browser: it reads without JavaScript, and names cannot become markup."""

from __future__ import annotations

import asyncio
import struct
import subprocess
from pathlib import Path

import clients
import pytest
from rig import torrent, write_torrent

from mktorrent_py.tracker import Tracker, TrackerOptions

pytestmark = pytest.mark.interop

# Dimensions stand at byte 16 of a PNG.
PNG_SIZE = slice(16, 24)


def browse(folder: Path, path: str, *options: str) -> str:
    """The page as the browser has it after loading, as text."""
    browser = clients.require("chromium")

    async def load() -> bytes:
        tracker_options = TrackerOptions(hosts=("127.0.0.1",), port=0, folder=folder, base_url="http://tracker.test")
        async with Tracker(tracker_options) as server:
            process = await asyncio.create_subprocess_exec(
                browser,
                *("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"),
                *(f"--user-data-dir={folder / 'profile'}", *options),
                f"http://127.0.0.1:{server.port}{path}",
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
            out, _ = await asyncio.wait_for(process.communicate(), 60)
            return out

    return asyncio.run(load()).decode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_torrent(tmp_path, torrent("aurora", {"docs/guide.txt": 900, "sky.iso": 16000}, comment="second pressing"))
    hostile = torrent("<img src=x onerror=document.title='owned'>", {"'\"><svg onload=document.title='owned'>": 1})
    write_torrent(tmp_path, hostile)
    return tmp_path


def test_the_page_in_a_browser(folder: Path) -> None:
    document = browse(folder, "/", "--dump-dom")
    assert "<title>Torrents</title>" in document and "owned'&gt;</h2>" in document
    assert document.count("<li ") == 2
    for text in ("aurora", "16.9 kB", "docs/guide.txt", "second pressing", "magnet:?xt=urn:btih:", ".torrent</a>"):
        assert text in document
    assert "<script" not in document, "what is there is there without JavaScript"
    assert "<svg" not in document and "src=x" not in document.replace("&lt;img src=x", "")


def test_searching_in_a_browser(folder: Path) -> None:
    document = browse(folder, "/?q=guide", "--dump-dom")
    assert document.count("<li ") == 1 and 'value="guide"' in document
    assert "No torrents match." in browse(folder, "/?q=nowhere", "--dump-dom")


def test_it_can_be_painted(folder: Path, tmp_path: Path) -> None:
    picture = tmp_path / "page.png"
    browse(folder, "/", f"--screenshot={picture}", "--window-size=400,900")
    painted = picture.read_bytes()
    assert painted.startswith(b"\x89PNG") and painted[PNG_SIZE] == struct.pack("!II", 400, 900)
    # A blank page of this size packs into a few kilobytes.
    assert len(painted) > 15_000
