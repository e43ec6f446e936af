"""A bar chart as SVG: horizontal bars in groups, legible on a light page and on a dark one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

WIDTH = 760
LABEL_WIDTH = 170
VALUE_WIDTH = 110
BAR_HEIGHT = 18
BAR_STEP = 24
TITLE_HEIGHT = 34
GROUP_GAP = 16
MARGIN = 16

STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #24292f }
.title { font-weight: 600 }
.ours { fill: #2f6f9f }
.peer { fill: #b3bac2 }
@media (prefers-color-scheme: dark) {
  text { fill: #d7dce1 }
  .ours { fill: #6cb0e0 }
  .peer { fill: #59626b }
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar: `value` sets its length, `text` stands behind it; `ours` gives it the strong colour."""

    label: str
    value: float
    text: str
    ours: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Bars on one scale of their own, under a title."""

    title: str
    bars: Sequence[Bar]

    @property
    def height(self) -> int:
        return TITLE_HEIGHT + BAR_STEP * len(self.bars) + GROUP_GAP


def draw_chart(groups: Sequence[Group]) -> str:
    """The whole SVG document."""
    height = 2 * MARGIN + sum(group.height for group in groups)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
        f'viewBox="0 0 {WIDTH} {height}" role="img">',
        f"<style>{STYLE}</style>",
    ]
    top = MARGIN
    for group in groups:
        parts += draw_group(group, top)
        top += group.height
    return "\n".join([*parts, "</svg>", ""])


def draw_group(group: Group, top: int) -> list[str]:
    parts = [f'<text class="title" x="{MARGIN}" y="{top + 18}">{escape(group.title)}</text>']
    longest = max((bar.value for bar in group.bars), default=0) or 1
    for index, bar in enumerate(group.bars):
        parts += draw_bar(bar, top + TITLE_HEIGHT + BAR_STEP * index, longest)
    return parts


def draw_bar(bar: Bar, top: int, longest: float) -> list[str]:
    left = MARGIN + LABEL_WIDTH
    room = WIDTH - MARGIN - VALUE_WIDTH - left
    length = max(1, round(room * bar.value / longest))
    baseline = top + BAR_HEIGHT - 5
    return [
        f'<text x="{left - 8}" y="{baseline}" text-anchor="end">{escape(bar.label)}</text>',
        f'<rect class="{"ours" if bar.ours else "peer"}" x="{left}" y="{top}" width="{length}" '
        f'height="{BAR_HEIGHT}" rx="2"/>',
        f'<text x="{left + length + 8}" y="{baseline}">{escape(bar.text)}</text>',
    ]
