"""The status page, the metrics and the health of a seeder."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from aiohttp import ClientSession
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families as parse_metrics
from seeding_rig import HERE, Leecher, make_release, seeding

from mktorrent_py.client.seeding.status_page import (
    PageFacts,
    PeerFacts,
    TorrentFacts,
    copies_bar,
    plot,
    render_page,
)
from mktorrent_py.client.seeding.status_server import is_own_host, serve_status
from mktorrent_py.errors import NetworkError
from mktorrent_py.web.security_headers import SECURITY_HEADERS

TEXTS = st.text(max_size=30)
HOSTILE = '<script>alert("1")</script>\x1b[2J"\'>&\u202e'


def facts(text: str, *, peers: int = 1) -> PageFacts:
    torrent = TorrentFacts(
        name=text,
        magnet=f"magnet:?dn={text}"[:200],
        length=1000,
        uploaded=2000,
        rate=10,
        peers=tuple([PeerFacts(address=text, client=text, has=0.5, rate=1)] * peers),
        trackers=((text, text),),
        copies=(0.0, 0.5, 2.0),
    )
    return PageFacts(
        addresses=("127.0.0.1:6881",),
        seconds=3700,
        uploaded=2000,
        ratio=2.0,
        rates=((0.0, 0), (1.0, 100), (2.0, 50)),
        torrents=(torrent,),
        more=3,
    )


class Inspector(HTMLParser):
    """Collects what a page consists of, and whether its elements are closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for key, value in attrs if key in ("href", "src", "action", "data", "srcset")]
        assert not [key for key, _ in attrs if key.startswith("on")]


@given(TEXTS)
def test_no_name_becomes_markup(text: str) -> None:
    plain, page = Inspector(), Inspector()
    plain.feed(render_page(facts("x")))
    page.feed(render_page(facts(text)))
    assert set(page.tags) <= set(plain.tags) | {"svg", "path"}
    assert page.tags.count("section") == 1


def test_a_hostile_peer_is_shown_as_text() -> None:
    page = render_page(facts(HOSTILE))
    assert "<script" not in page
    assert "\x1b" not in page
    assert "\u202e" not in page
    assert "&lt;script&gt;" in page


def test_the_page_asks_nothing_of_others() -> None:
    inspector = Inspector()
    inspector.feed(render_page(facts("x")))
    assert all(link.startswith("magnet:") for link in inspector.links)
    assert not {"script", "link", "img", "iframe", "form"} & set(inspector.tags)


@given(st.lists(st.tuples(st.floats(0, 1e6), st.integers(0, 1 << 40)), max_size=20).map(sorted))
def test_a_plot_stays_in_its_frame(rates: list[tuple[float, int]]) -> None:
    numbers = re.findall(r"[-\d.]+,[-\d.]+", plot(rates).partition("points=")[2].partition("/>")[0])
    for number in numbers:
        x, y = map(float, number.split(","))
        assert 0 <= x <= 600
        assert 0 <= y <= 80


def test_nothing_to_show_is_no_picture() -> None:
    assert plot([]) == plot([(1.0, 5)]) == ""
    assert "no peer" in copies_bar([])
    assert "no peer" in copies_bar([0.0, 0.0])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost:8080", "[::1]:80", "seed.lan", "192.0.2.7:9"])
def test_own_hosts(host: str) -> None:
    assert is_own_host(host, "seed.lan")


@pytest.mark.parametrize(
    "host", ["", "evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil", "a:b:c"]
)
def test_hosts_of_others(host: str) -> None:
    assert not is_own_host(host, "seed.lan")


def test_what_it_answers(tmp_path: Path) -> None:
    release = make_release(tmp_path)

    async def scene() -> dict[str, tuple[int, str]]:
        answers: dict[str, tuple[int, str]] = {}
        async with (
            seeding(release) as seeder,
            serve_status(seeder.seeder, HERE, 0) as port,
            ClientSession(f"http://{HERE}:{port}") as client,
        ):
            await Leecher(release, tmp_path / "out").fetch_from(seeder.port)
            await asyncio.sleep(1.1)
            for path in ("/", "/metrics", "/healthz", "/none"):
                async with client.get(path) as answer:
                    answers[path] = answer.status, await answer.text()
                    assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
            async with client.post("/") as answer:
                answers["post"] = answer.status, ""
                assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
            async with client.get("/", headers={"Host": "evil.example"}) as answer:
                answers["evil"] = answer.status, await answer.text()
                assert SECURITY_HEADERS.items() <= dict(answer.headers).items()
        return answers

    answers = asyncio.run(scene())
    assert {name: status for name, (status, _) in answers.items()} == {
        "/": 200,
        "/metrics": 200,
        "/healthz": 200,
        "/none": 404,
        "post": 405,
        "evil": 421,
    }
    assert "release" in answers["/"][1]
    assert "release" not in answers["evil"][1]
    samples = [sample for family in parse_metrics(answers["/metrics"][1]) for sample in family.samples]
    metrics = {sample.name: sample.value for sample in samples}
    assert set(metrics) == {
        *("mkt_seed_torrents", "mkt_seed_peers", "mkt_seed_upload_rate_bytes", "mkt_seed_ratio"),
        *("mkt_seed_uploaded_bytes_total", "mkt_seed_failures_total", "mkt_seed_torrent_uploaded_bytes_total"),
    }
    assert metrics["mkt_seed_torrents"] == 1
    assert metrics["mkt_seed_uploaded_bytes_total"] >= release.metainfo.info.layout.content_length
    infohash = release.metainfo.infohashes.v1
    assert infohash is not None
    assert {"infohash": infohash.hex(), "name": "release"} in [sample.labels for sample in samples]


def test_an_address_that_is_taken_is_an_error(tmp_path: Path) -> None:
    async def scene() -> None:
        async with seeding() as seeder, serve_status(seeder.seeder, HERE, 0) as port:
            with pytest.raises(NetworkError, match="cannot serve at"):
                async with serve_status(seeder.seeder, HERE, port):
                    pass

    asyncio.run(scene())


@pytest.mark.interop
def test_a_browser_draws_it(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("chromium is not installed")
    page, picture = tmp_path / "page.html", tmp_path / "page.png"
    page.write_text(render_page(facts(HOSTILE, peers=3)))
    words = [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}"]
    drawn = [*words, f"--screenshot={picture}", "--window-size=400,1200", page.as_uri()]
    subprocess.run(drawn, check=True, timeout=60, capture_output=True)
    assert picture.stat().st_size > 5000
    tree = subprocess.run([*words, "--dump-dom", page.as_uri()], check=True, timeout=60, capture_output=True, text=True)
    assert "alert(" in tree.stdout
    assert "<script" not in tree.stdout
