"""The status page: HTML that is readable without scripts, and asks nothing of any other machine.

Pure: it is made of the facts that it is given. Whatever a peer or a torrent calls itself is escaped.
"""

from __future__ import annotations

import html
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import segno

from mktorrent_py.formatting import printable

REFRESH = 5
PLOT_WIDTH, PLOT_HEIGHT = 600, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerFacts:
    """A peer; `has` is the share of the content it has, `rate` bytes a second that we send it."""

    address: str
    client: str
    has: float
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TorrentFacts:
    """A torrent that is given. `copies` says of each of some equal runs of pieces how many peers have it."""

    name: str
    magnet: str
    length: int
    uploaded: int
    rate: int
    peers: tuple[PeerFacts, ...]
    trackers: tuple[tuple[str, str], ...]
    copies: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFacts:
    """Everything on the page; `rates` are (seconds, bytes a second), oldest first."""

    addresses: tuple[str, ...]
    seconds: float
    uploaded: int
    ratio: float
    rates: tuple[tuple[float, int], ...]
    torrents: tuple[TorrentFacts, ...]
    more: int


def render_page(facts: PageFacts) -> str:
    """The whole document."""
    peers = sum([len(torrent.peers) for torrent in facts.torrents])
    rate = sum([torrent.rate for torrent in facts.torrents])
    title = f"mkt seed: {_size(rate)}/s to {peers} peer{'' if peers == 1 else 's'}"
    figures = [
        (f"{_size(rate)}/s", "now"),
        (str(peers), "peers"),
        (_size(facts.uploaded), "sent"),
        (f"{facts.ratio:.2f}", "ratio"),
        (_hours(facts.seconds), "up"),
    ]
    parts = [
        f"<h1>mkt seed</h1><p class=dim>{_text(' '.join(facts.addresses))}</p>",
        "<dl class=figures>" + "".join([f"<div><dd>{value}</dd><dt>{name}</dt></div>" for value, name in figures]),
        f"</dl>{plot(facts.rates)}",
        *[_torrent(torrent, is_open=len(facts.torrents) == 1) for torrent in facts.torrents],
        f"<p class=dim>and {facts.more:,} more torrents</p>" if facts.more else "",
        "" if facts.torrents else "<p>Nothing is seeded.</p>",
    ]
    return _DOCUMENT.format(title=_text(title), refresh=REFRESH, body="\n".join(parts))


def plot(rates: Sequence[tuple[float, int]]) -> str:
    """Rates over time as an SVG, with the highest named."""
    if len(rates) < 2:
        return ""
    start, end = rates[0][0], rates[-1][0]
    top = max([rate for _, rate in rates]) or 1
    points = [
        f"{PLOT_WIDTH * (when - start) / max(end - start, 1e-9):.1f},{PLOT_HEIGHT * (1 - rate / top):.1f}"
        for when, rate in rates
    ]
    area = f"0,{PLOT_HEIGHT} {' '.join(points)} {PLOT_WIDTH},{PLOT_HEIGHT}"
    return (
        f'<figure><svg viewBox="0 0 {PLOT_WIDTH} {PLOT_HEIGHT}" role=img aria-label="rate over time" '
        f'preserveAspectRatio=none><polygon points="{area}"/></svg>'
        f"<figcaption>the last {_hours(end - start)}, at most {_size(top)}/s</figcaption></figure>"
    )


def copies_bar(copies: Sequence[float]) -> str:
    """How many peers have which part, as shades: white for nobody, dark for most."""
    top = max(copies, default=0)
    if not top:
        return "<p class=dim>no peer has any of it yet</p>"
    cells = [
        f'<rect x="{number}" width="1.02" height="8" opacity="{0.08 + 0.92 * count / top:.2f}"/>'
        for number, count in enumerate(copies)
    ]
    return (
        f'<svg class=copies viewBox="0 0 {len(copies)} 8" preserveAspectRatio=none role=img '
        f'aria-label="availability of pieces among peers">{"".join(cells)}</svg>'
        f"<p class=dim>pieces among peers: {min(copies):.1f} to {top:.1f} copies</p>"
    )


def qr_code(magnet: str) -> str:
    """The magnet as a QR code in SVG; empty where it is too long for one."""
    try:
        code = segno.make(magnet, error="l", micro=False)
    except segno.DataOverflowError:
        return ""
    out = io.BytesIO()
    code.save(out, kind="svg", xmldecl=False, svgns=True, scale=2, border=4, light="#fff")
    return out.getvalue().decode("ascii")


def _torrent(torrent: TorrentFacts, *, is_open: bool) -> str:
    ratio = torrent.uploaded / torrent.length if torrent.length else 0
    facts = f"{_size(torrent.length)}, {_size(torrent.uploaded)} sent, ratio {ratio:.2f}, {_size(torrent.rate)}/s"
    return (
        f"<section><h2>{_text(torrent.name)}</h2><p>{facts}</p>"
        f"<details{' open' if is_open else ''}><summary>magnet</summary>{qr_code(torrent.magnet)}"
        f'<p><a href="{_text(torrent.magnet)}"><code>{_text(torrent.magnet)}</code></a></p></details>'
        f"{copies_bar(torrent.copies)}"
        f"{_table(('tracker', 'says'), torrent.trackers)}"
        f"{_table(('peer', 'client', 'has', 'gets'), [_peer_row(peer) for peer in torrent.peers])}</section>"
    )


def _peer_row(peer: PeerFacts) -> tuple[str, ...]:
    return peer.address, peer.client, f"{100 * peer.has:.0f} %", f"{_size(peer.rate)}/s"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join(["<tr>" + "".join([f"<td>{_text(cell)}</td>" for cell in row]) + "</tr>" for row in rows])
    if not body:
        return ""
    return f"<table><tr>{''.join([f'<th>{head}</th>' for head in heads])}</tr>{body}</table>"


def _text(text: str) -> str:
    return html.escape(printable(text))


def _size(length: float) -> str:
    """Decimal, three digits."""
    unit = 0
    while length >= 999.5 and unit < 6:
        length, unit = length / 1000, unit + 1
    digits = 0 if not unit or length >= 99.95 else 1 if length >= 9.995 else 2
    return f"{length:.{digits}f} {('', 'k', 'M', 'G', 'T', 'P', 'E')[unit]}B"


def _hours(seconds: float) -> str:
    minutes = int(seconds) // 60
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {int(seconds) % 60} s"


_DOCUMENT = """<!doctype html>
<html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
<meta http-equiv=refresh content={refresh}><title>{title}</title><style>
:root {{ color-scheme: light dark; --accent: #2a7; --line: #8884; }}
body {{ font: 16px/1.45 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.3rem; margin: 0; }} h2 {{ font-size: 1.1rem; margin: 0; overflow-wrap: anywhere; }}
p {{ margin: .3rem 0; }} .dim, dt, figcaption, th {{ opacity: .7; font-size: .85rem; }}
.figures {{ display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1.2rem 0; }}
.figures div {{ display: flex; flex-direction: column; }} dd {{ margin: 0; font-size: 1.6rem; white-space: nowrap; }}
figure {{ margin: 0 0 1.5rem; }} figure svg {{ width: 100%; height: 5rem; border-bottom: 1px solid var(--line); }}
polygon, rect {{ fill: var(--accent); }} .copies {{ width: 100%; height: 1rem; border: 1px solid var(--line); }}
section {{ border-top: 1px solid var(--line); padding: 1rem 0; }} code {{ overflow-wrap: anywhere; font-size: .8rem; }}
table {{ border-collapse: collapse; width: 100%; margin: .6rem 0; font-variant-numeric: tabular-nums; }}
th, td {{ text-align: left; padding: .15rem .8rem .15rem 0; overflow-wrap: anywhere; font-weight: normal; }}
summary {{ cursor: pointer; }}
</style></head><body>
{body}
</body></html>
"""
