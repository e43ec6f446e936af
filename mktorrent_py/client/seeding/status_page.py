"""The seeder's status page: HTML that is readable without scripts and loads nothing from other machines.

It is made from `PageFacts` alone. Names of torrents, peers and trackers are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mktorrent_py.formatting import duration, human_rate, human_size, percent, plural
from mktorrent_py.web.page import html_document, html_text
from mktorrent_py.web.qr import qr_svg

REFRESH_SECONDS = 5
PLOT_WIDTH, PLOT_HEIGHT = 600, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerFacts:
    """A connected peer. `has` is the share of the content it has, `rate` our upload to it in bytes per second."""

    address: str
    client: str
    has: float
    rate: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TorrentFacts:
    """A torrent being seeded. Trackers are (URL, reply).

    `copies` holds, for equal runs of pieces in order, how many peers have the run.
    """

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
    """Everything the page shows; `rates` are (seconds, bytes per second), oldest first."""

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
    rate = human_rate(sum([torrent.rate for torrent in facts.torrents]), 1)
    figures = [
        ("upload rate", rate),
        ("peers", f"{peers:,}"),
        ("uploaded", human_size(facts.uploaded)),
        ("ratio", f"{facts.ratio:.2f}"),
        ("uptime", duration(facts.seconds)),
    ]
    body = [
        f"<header><h1>Seeding</h1><p>{html_text(', '.join(facts.addresses))}</p></header><main>",
        f'<dl class="figures">{"".join([f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in figures])}'
        f"</dl>{plot(facts.rates)}",
        *[_torrent(torrent, is_open=len(facts.torrents) == 1) for torrent in facts.torrents],
        f'<p class="quiet">and {plural(facts.more, "more torrent")}</p>' if facts.more else "",
        "" if facts.torrents else "<p>No torrents are being seeded.</p>",
        "</main>",
    ]
    return html_document(
        f"Seeding: {rate} to {plural(peers, 'peer')}",
        "\n".join(body),
        head=f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">',
    )


def plot(rates: Sequence[tuple[float, int]]) -> str:
    """An SVG figure of rates over time, with the maximum as text; empty for fewer than two."""
    if len(rates) < 2:
        return ""
    start, end = rates[0][0], rates[-1][0]
    maximum = max([rate for _, rate in rates])
    points = [
        f"{PLOT_WIDTH * (when - start) / max(end - start, 1e-9):.1f},{PLOT_HEIGHT * (1 - rate / (maximum or 1)):.1f}"
        for when, rate in rates
    ]
    area = f"0,{PLOT_HEIGHT} {' '.join(points)} {PLOT_WIDTH},{PLOT_HEIGHT}"
    return (
        f'<figure><svg viewBox="0 0 {PLOT_WIDTH} {PLOT_HEIGHT}" role="img" aria-label="upload rate over time" '
        f'preserveAspectRatio="none"><polygon points="{area}"/></svg>'
        f"<figcaption>last {duration(end - start)}, maximum {human_rate(maximum, 1)}</figcaption></figure>"
    )


def copies_bar(copies: Sequence[float]) -> str:
    """An SVG bar of how many peers have each run of pieces: the more copies, the darker."""
    maximum = max(copies, default=0)
    if not maximum:
        return '<p class="quiet">no peer has any piece yet</p>'
    cells = [
        f'<rect x="{number}" width="1.02" height="8" opacity="{0.08 + 0.92 * count / maximum:.2f}"/>'
        for number, count in enumerate(copies)
    ]
    return (
        f'<svg class="copies" viewBox="0 0 {len(copies)} 8" preserveAspectRatio="none" role="img" '
        f'aria-label="availability of pieces among peers">{"".join(cells)}</svg>'
        f'<p class="quiet">availability among peers: {min(copies):.1f} to {maximum:.1f} copies</p>'
    )


def _torrent(torrent: TorrentFacts, *, is_open: bool) -> str:
    ratio = torrent.uploaded / torrent.length if torrent.length else 0
    facts = [
        ("size", human_size(torrent.length)),
        ("uploaded", human_size(torrent.uploaded)),
        ("ratio", f"{ratio:.2f}"),
        ("upload rate", human_rate(torrent.rate, 1)),
    ]
    magnet = html_text(torrent.magnet)
    peers = [(peer.address, peer.client, percent(peer.has), human_rate(peer.rate, 1)) for peer in torrent.peers]
    return (
        f'<section class="card"><h2>{html_text(torrent.name)}</h2>'
        f'<dl class="facts">{"".join([f"<div><dt>{name}</dt><dd>{value}</dd></div>" for name, value in facts])}</dl>'
        f"<details{' open' if is_open else ''}><summary>magnet and QR code</summary>"
        f'<div class="more">{qr_svg(torrent.magnet)}<div><a href="{magnet}"><code>{magnet}</code></a></div></div>'
        f"</details>{copies_bar(torrent.copies)}"
        f"{_table(('tracker', 'reply'), torrent.trackers)}"
        f"{_table(('peer', 'client', 'complete', 'upload rate'), peers)}</section>"
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    body = "".join([f"<tr>{''.join([f'<td>{html_text(cell)}</td>' for cell in row])}</tr>" for row in rows])
    head = "".join([f"<th>{head}</th>" for head in heads])
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""
