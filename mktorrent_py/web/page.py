"""The skeleton and the style sheet of every page: readable without scripts, light or dark as the reader prefers."""

from __future__ import annotations

from html import escape

from mktorrent_py.formatting import printable

STYLE = """
:root {
  color-scheme: light dark;
  --ink: #1c2024; --quiet: #60646c; --line: #e0e1e6; --paper: #fcfcfd; --card: #fff; --accent: #0b68cb; --seed: #18794e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #edeef0; --quiet: #b0b4ba; --line: #363a3f; --paper: #111113; --card: #18191b; --accent: #70b8ff;
    --seed: #3dd68c;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 68rem; padding: 2rem 1.25rem 4rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.0625rem; line-height: 1.35; margin: 0; overflow-wrap: anywhere; }
p { margin: .5rem 0; }
a { color: var(--accent); }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--quiet); width: fit-content; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
header p, footer, .quiet, figcaption, th { color: var(--quiet); font-size: .9375rem; }
header p { margin: .25rem 0; }
footer { margin-top: 2rem; }
form { display: flex; gap: .5rem; margin: 1.25rem 0 .75rem; }
input { flex: 1; min-width: 0; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .5rem .75rem; }
button { font: inherit; font-weight: 600; color: var(--paper); background: var(--accent); border: 0;
  border-radius: .5rem; padding: .5rem 1rem; cursor: pointer; }
nav { display: flex; gap: 1rem; margin: 1.25rem 0; }
.torrents { list-style: none; margin: 0; padding: 0; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; margin: .75rem 0;
  padding: 1rem 1.25rem; }
.tag { font-size: .75rem; font-weight: 600; color: var(--quiet); border: 1px solid var(--line); border-radius: 1rem;
  padding: 0 .5rem; margin-left: .5rem; vertical-align: middle; white-space: nowrap; }
.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0 .625rem; }
.facts div { display: flex; gap: .375rem; }
.facts dt { color: var(--quiet); }
.facts dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }
.facts .seeds dd { color: var(--seed); }
.links { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: baseline; margin: 0; }
.links details { flex-basis: 100%; }
.more { display: flex; flex-wrap: wrap; gap: 1.25rem; align-items: flex-start; margin-top: .75rem; }
.more > img, .more > svg { width: 11rem; height: 11rem; background: #fff; border-radius: .5rem; }
.more > div { flex: 1; min-width: min(18rem, 100%); }
.more dl { margin: 0 0 .75rem; }
.more dt { color: var(--quiet); font-size: .875rem; }
.more dd { margin: 0 0 .25rem; }
.figures { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; margin: 1.25rem 0; }
.figures div { display: flex; flex-direction: column-reverse; }
.figures dt { color: var(--quiet); font-size: .9375rem; }
.figures dd { margin: 0; font-size: 1.6rem; line-height: 1.3; white-space: nowrap; }
figure { margin: 0 0 1.5rem; }
figure svg { display: block; width: 100%; height: 5rem; border-bottom: 1px solid var(--line); }
polygon, .copies rect { fill: var(--seed); }
.copies { display: block; width: 100%; height: 1rem; margin-top: .75rem; border: 1px solid var(--line);
  border-radius: .25rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; margin: .75rem 0 0;
  font-variant-numeric: tabular-nums; }
th { font-weight: normal; text-align: left; padding: .25rem 1rem .25rem 0; }
td { border-top: 1px solid var(--line); padding: .25rem 1rem .25rem 0; overflow-wrap: anywhere; }
.number { text-align: right; white-space: nowrap; padding-right: 0; }
"""


def html_text(text: str) -> str:
    """Text as HTML shows it: markup escaped, and what is not printable as backslash escapes."""
    return escape(printable(text))


def html_document(title: str, body: str, *, head: str = "") -> str:
    """A whole document. `title` is text; `body` and `head` are HTML."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html_text(title)}</title>{head}<style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )
