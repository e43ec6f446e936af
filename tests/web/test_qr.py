"""QR codes of magnets of any length."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from mktorrent_py.errors import UsageError
from mktorrent_py.web.qr import BLOCKS, MAX_BYTES, fit_magnet, make_qr_code, qr_picture, qr_svg, qr_terminal_lines

START = "magnet:?xt=urn:btih:" + "ab" * 20
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789%."

required = st.tuples(st.sampled_from(["dn", "xl", "so", "kt", "x"]), st.text(LETTERS, max_size=300))
optional = st.tuples(st.sampled_from(["tr", "ws", "as", "x.pe", "dht"]), st.text(LETTERS, max_size=900))
parameters = st.lists(st.one_of(required, optional), max_size=12)


def magnet_of(pairs: list[tuple[str, str]]) -> str:
    return "&".join([START, *[f"{key}={value}" for key, value in pairs]])


@settings(deadline=None)
@given(parameters)
def test_the_first_trackers_and_peers_that_fit_are_kept_and_everything_else(pairs: list[tuple[str, str]]) -> None:
    magnet = magnet_of(pairs)
    kept = fit_magnet(magnet)
    is_optional = [key in ("tr", "ws", "as", "x.pe", "dht") for key, _ in pairs]
    candidates = []
    for limit in range(sum(is_optional), -1, -1):
        seen = [sum(is_optional[: position + 1]) for position in range(len(pairs))]
        candidates.append(magnet_of([pair for pair, drop, at in zip(pairs, is_optional, seen, strict=True)
                                     if not drop or at <= limit]))  # fmt: skip
    assert kept == next((text for text in candidates if len(text) <= MAX_BYTES), candidates[-1])


@pytest.mark.parametrize("length", [MAX_BYTES - 1, MAX_BYTES, MAX_BYTES + 1, MAX_BYTES + 5000])
def test_a_magnet_of_any_length_has_a_code_when_its_trackers_may_go(length: int) -> None:
    magnet = f"{START}&tr="
    magnet += "t" * (length - len(magnet))
    expected = magnet if length <= MAX_BYTES else START
    assert fit_magnet(magnet) == expected
    assert make_qr_code(magnet).matrix == segno.make_qr(expected, error="l").matrix


@pytest.mark.parametrize(("length", "fits"), [(MAX_BYTES, True), (MAX_BYTES + 1, False)])
def test_a_name_alone_fits_up_to_the_capacity_of_a_code(length: int, fits: bool) -> None:
    magnet = f"{START}&dn="
    magnet += "n" * (length - len(magnet))
    assert fit_magnet(magnet) == magnet
    assert bool(qr_svg(magnet)) is fits
    if not fits:
        with pytest.raises(UsageError) as caught:
            qr_picture(magnet, "png")
        assert (caught.value.code, caught.value.data) == ("qr-too-long", {"length": length})


def test_every_form_draws_the_same_modules() -> None:
    code = make_qr_code(START)
    size = code.symbol_size(border=4)[0]
    svg = ElementTree.fromstring(qr_svg(START))
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert svg.get("viewBox") == f"0 0 {size} {size}" and svg.get("width") is None
    assert qr_picture(START, "svg").startswith(b"<?xml")
    assert qr_picture(START, "png").startswith(b"\x89PNG")
    drawn = [[bool(BLOCKS.index(block) & bit) for block in line] for line in qr_terminal_lines(START) for bit in (2, 1)]
    assert drawn[:size] == [[not dark for dark in row] for row in code.matrix_iter(border=4)]
    assert all(map(all, drawn[size:]))
