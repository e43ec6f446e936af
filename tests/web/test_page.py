"""What the pages share: the skeleton, and headers that allow its style sheet and nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from mktorrent_py.web.page import html_document, html_text
from mktorrent_py.web.security_headers import SECURITY_HEADERS


class Reader(HTMLParser):
    """Collects the tags and the text of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


@settings(deadline=None)
@given(st.text())
def test_text_stays_text(text: str) -> None:
    reader = Reader()
    reader.feed(f"<p>{html_text(text)}</p>")
    assert reader.tags == ["p"]
    assert reader.text.isprintable() or "\u3000" in text
    if text.isprintable():
        assert reader.text == text


def test_the_policy_allows_the_style_of_a_page_and_no_other() -> None:
    style = re.search(r"<style>(.*)</style>", html_document("title", "<p>body</p>"), re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}';" in policy
    assert "default-src 'none'" in policy and "unsafe" not in policy and "script-src" not in policy
