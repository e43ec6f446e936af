"""How the list of torrents looks: one style sheet, no script, no font or picture from elsewhere."""

STYLE = """\
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
a { color: var(--accent); }
header p, footer { color: var(--quiet); margin: .25rem 0; }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; }
form { display: flex; gap: .5rem; margin: 1.25rem 0 .75rem; }
input { flex: 1; min-width: 0; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: .5rem; padding: .5rem .75rem; }
button { font: inherit; font-weight: 600; color: var(--paper); background: var(--accent); border: 0;
  border-radius: .5rem; padding: .5rem 1rem; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
ul.torrents { list-style: none; margin: 0; padding: 0; }
ul.torrents > li { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; margin: .75rem 0;
  padding: 1rem 1.25rem; }
h2 { font-size: 1.0625rem; line-height: 1.35; margin: 0; overflow-wrap: anywhere; }
.tag { font-size: .75rem; font-weight: 600; color: var(--quiet); border: 1px solid var(--line); border-radius: 1rem;
  padding: 0 .5rem; margin-left: .5rem; vertical-align: middle; white-space: nowrap; }
dl.facts { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; margin: .5rem 0 .625rem; }
dl.facts div { display: flex; gap: .375rem; }
dl.facts dt { color: var(--quiet); }
dl.facts dd { margin: 0; font-variant-numeric: tabular-nums; font-weight: 600; }
dl.facts .seeds dd { color: var(--seed); }
.get { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; align-items: baseline; margin: 0; }
details { flex-basis: 100%; }
summary { cursor: pointer; color: var(--quiet); width: fit-content; }
.more { display: flex; flex-wrap: wrap; gap: 1.25rem; align-items: flex-start; margin-top: .75rem; }
.more img { width: 11rem; height: 11rem; background: #fff; border-radius: .5rem; }
.more > div { flex: 1; min-width: min(18rem, 100%); }
.more dl { margin: 0 0 .75rem; }
.more dt { color: var(--quiet); font-size: .875rem; }
.more dd { margin: 0 0 .25rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
td { border-top: 1px solid var(--line); padding: .25rem 0; overflow-wrap: anywhere; }
td + td { text-align: right; white-space: nowrap; padding-left: 1rem; font-variant-numeric: tabular-nums; }
nav { display: flex; gap: 1rem; margin: 1.25rem 0; }
footer { margin-top: 2rem; font-size: .9375rem; }
"""
