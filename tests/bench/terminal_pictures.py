"""Draw what `mkt` prints on a terminal as SVG, for the README.

    python tests/bench/terminal_pictures.py

The commands run for real, in a pseudo-terminal of 100 columns, on content that is made for them.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[2]
NAME = "release"
MKT = (sys.executable, "-c", "from mktorrent_py.cli import entry; entry()")
COLUMNS, ROWS = 100, 40
CELL_WIDTH, LINE_HEIGHT, FONT_SIZE, MARGIN = 8.0, 18, 13, 14

CLASSES = {"1": "bold", "2": "dim", "31": "red", "32": "green", "33": "yellow"}
STYLE = """
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #24292f;
       white-space: pre }
rect { fill: #f6f8fa; stroke: #d0d7de }
.bold { font-weight: 600 } .dim { fill: #656d76 }
.red { fill: #cf222e } .green { fill: #1a7f37 } .yellow { fill: #9a6700 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } rect { fill: #161b22; stroke: #30363d }
  .dim { fill: #8d96a0 } .red { fill: #ff7b72 } .green { fill: #3fb950 } .yellow { fill: #d29922 }
}
"""

_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")
Span = tuple[str, str]
"""Text and the class of its style."""


def on_terminal(words: Sequence[str], directory: Path) -> str:
    """What `mkt` prints with these words on a terminal, stdout and stderr as they come."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES")}
    environment |= {"TERM": "xterm-256color", "PYTHONUTF8": "1", "SOURCE_DATE_EPOCH": "1790000000"}
    parts = []
    with subprocess.Popen([*MKT, *words], stdout=theirs, stderr=theirs, env=environment, cwd=directory):
        os.close(theirs)
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:  # Linux: the other end is closed
            pass
    os.close(ours)
    return b"".join(parts).decode("utf-8")


def lines_of(text: str) -> Iterator[list[Span]]:
    """Lines of styled text. What a carriage return goes back over is gone; what is too long wraps."""
    style = ""
    for line in text.replace("\r\n", "\n").removesuffix("\n").split("\n"):
        spans: list[Span] = []
        at = 0
        last = line.rpartition("\r")[2]
        for found in _SEQUENCE.finditer(last):
            spans.append((last[at : found.start()], style))
            at = found.end()
            if found[2] == "m":
                style = CLASSES.get(found[1], "")
        spans.append((last[at:], style))
        yield from _wrapped(spans)


def _wrapped(spans: Sequence[Span]) -> Iterator[list[Span]]:
    row: list[Span] = []
    room = COLUMNS
    for text, style in spans:
        while len(text) > room:
            yield [*row, (text[:room], style)]
            text, row, room = text[room:], [], COLUMNS
        row.append((text, style))
        room -= len(text)
    yield row


def draw(lines: Sequence[Sequence[Span]]) -> str:
    """The SVG document: each span stands where its column is, whatever the font."""
    width = round(COLUMNS * CELL_WIDTH + 2 * MARGIN)
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' role="img"><style>{STYLE}</style><rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="6"/>'
    ]
    for number, line in enumerate(lines):
        column = 0
        y = MARGIN + number * LINE_HEIGHT + FONT_SIZE
        for text, style in line:
            stripped = text.strip(" ")
            if stripped:
                x = MARGIN + (column + len(text) - len(text.lstrip(" "))) * CELL_WIDTH
                length = f'textLength="{len(stripped) * CELL_WIDTH:g}" lengthAdjust="spacingAndGlyphs"'
                parts.append(f'<text x="{x:g}" y="{y}" {length} class="{style}">{escape(stripped)}</text>')
            column += len(text)
    return "\n".join([*parts, "</svg>"]) + "\n"


def picture(words: Sequence[str], directory: Path) -> str:
    prompt = [("$ ", "dim"), (f"mkt {shlex.join(words)}", "bold")]
    return draw([*_wrapped(prompt), *lines_of(on_terminal(words, directory))])


def plant(content: Path) -> None:
    """Write a release of two large files, two small ones, and what a desktop left there."""
    (content / "notes").mkdir(parents=True)
    for name, length in {
        "disc1.iso": 48_000_000,
        "disc2.iso": 30_000_000,
        "notes/cover.jpg": 90_000,
        "notes/readme.txt": 2_000,
    }.items():
        pattern = name.encode() + bytes(range(256))
        (content / name).write_bytes((pattern * (length // len(pattern) + 1))[:length])
    (content / ".DS_Store").write_bytes(b"junk")


def damage(content: Path) -> None:
    """Change some bytes, cut a file short, remove one, add one."""
    disc = bytearray((content / "disc1.iso").read_bytes())
    for place in (12_600_000, 12_700_000, 31_000_000):
        disc[place] ^= 1
    (content / "disc1.iso").write_bytes(disc)
    with (content / "disc2.iso").open("r+b") as file:
        file.truncate(24_000_000)
    (content / "notes" / "readme.txt").unlink()
    (content / "extra.txt").write_text("not in the torrent\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=ROOT / ".github", help="directory of the pictures")
    output: Path = parser.parse_args().output
    torrent = f"{NAME}.torrent"
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        plant(directory / NAME)
        for verb, words in {
            "create": [NAME, "-t", "https://tracker.example/announce"],
            "inspect": [torrent],
            "verify": [torrent, NAME, "--map"],
        }.items():
            if verb == "verify":
                damage(directory / NAME)
            (output / f"{verb}.svg").write_text(picture([verb, *words], directory), encoding="utf-8")


if __name__ == "__main__":
    main()
