/** The look of all pages: light and dark as the reader's system has it, and black on white on paper. */
export const pageStyle: string = `:root { color-scheme: light dark; --ink: #1a1d21; --quiet: #5a626b; --paper: #ffffff; --card: #f5f6f8; --line: #d5d9de; --link: #0b57a8; --focus: #b3541e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --quiet: #a3abb5; --paper: #15181c; --card: #1e2228; --line: #363d46; --link: #7db8f5; --focus: #f0a36b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 1rem; }
header { border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
footer { border-top: 1px solid var(--line); margin-top: 2rem; }
h1, h2, h3 { line-height: 1.25; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; } h2 { font-size: 1.25rem; } h3 { font-size: 0.9rem; margin: 0; color: var(--quiet); }
a { color: var(--link); } a:hover { text-decoration-thickness: 2px; }
.home { font-weight: 600; }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 1rem; top: 1rem; background: var(--paper); padding: 0.5rem; }
.quiet { color: var(--quiet); }
.search label { display: block; margin-bottom: 0.25rem; }
.search input { width: 100%; padding: 0.6rem 0.8rem; font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; }
.cards { list-style: none; padding: 0; display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(min(100%, 18rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 1rem; overflow-wrap: anywhere; }
.card[hidden] { display: none; }
.card h2 { margin: 0 0 0.5rem; font-size: 1.1rem; } .card p { margin: 0 0 0.5rem; }
.tag { display: inline-block; border: 1px solid var(--line); border-radius: 999px; padding: 0 0.6rem; font-size: 0.85rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: 0.4rem 0.8rem 0.4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
td { overflow-wrap: anywhere; } tbody th { font-weight: 500; }
.pairs th { overflow-wrap: anywhere; } .pairs td { min-width: 7rem; }
.rows th, .rows td { white-space: nowrap; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 0.25rem 1.5rem; } .facts dd { margin: 0; overflow-wrap: anywhere; } .facts dt { color: var(--quiet); }
.command { position: relative; margin: 0.75rem 0; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0.7rem; margin: 0.25rem 0; overflow-x: auto; }
code { font: 0.9em/1.5 ui-monospace, monospace; }
.command button { position: absolute; right: 0; top: -0.25rem; font: inherit; font-size: 0.8rem; color: var(--link); background: none; border: 0; cursor: pointer; }
summary { font-size: 1.25rem; font-weight: 600; cursor: pointer; margin: 1rem 0 0.5rem; }
article { border-top: 1px solid var(--line); margin-top: 1.5rem; overflow-wrap: anywhere; } article img { max-width: 100%; }
blockquote { margin: 0; padding-left: 1rem; border-left: 3px solid var(--line); color: var(--quiet); }
@media (max-width: 36rem) { .facts { grid-template-columns: 1fr; } .facts dd { margin-bottom: 0.5rem; } }
`;
