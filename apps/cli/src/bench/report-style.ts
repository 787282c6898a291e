/** How the report looks, in both colour schemes and on paper. Must never load anything. */
export const reportStyle = `
:root {
  color-scheme: light dark;
  --ground: #fff; --ink: #1c2024; --quiet: #60646c; --rule: #e3e5e9; --panel: #f7f8f9;
  --first: #0d74ce; --second: #cc4e00; --good: #18794e; --bad: #c62a2f; --late: #8f5c00;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #131518; --ink: #edeef0; --quiet: #a3a8b0; --rule: #2d3136; --panel: #1b1e22;
    --first: #70b8ff; --second: #ff9b52; --good: #4cc38a; --bad: #ff9592; --late: #ffca16;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 40px 24px 64px; max-width: 808px; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
}
header p.what { margin: 0; color: var(--quiet); font-size: 13px; }
h1 { margin: 2px 0 14px; font-size: 26px; line-height: 1.2; letter-spacing: -0.01em; }
h2 { margin: 36px 0 4px; font-size: 16px; }
p { margin: 0 0 10px; }
.verdict {
  border-left: 4px solid var(--tone); border-radius: 0 6px 6px 0;
  padding: 10px 16px; background: var(--panel);
}
.verdict strong { color: var(--tone); display: block; font-size: 13px; letter-spacing: 0.04em; }
.verdict p { margin: 0; font-size: 17px; line-height: 1.45; }
.good { --tone: var(--good); } .bad { --tone: var(--bad); } .late { --tone: var(--late); }
.hint { color: var(--quiet); font-size: 13px; margin: 0 0 8px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td {
  text-align: left; vertical-align: top; padding: 8px 16px 8px 0; border-bottom: 1px solid var(--rule);
}
th { font-weight: 500; color: var(--quiet); white-space: nowrap; width: 1%; padding-right: 28px; }
.numbers thead th { font-size: 13px; width: auto; padding-right: 0; border-bottom-color: var(--quiet); }
.numbers td, .numbers thead th:not(:first-child) {
  text-align: right; padding: 8px 0 8px 16px; white-space: nowrap;
}
td small { display: block; color: var(--quiet); font-size: 13px; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre {
  margin: 8px 0 16px; padding: 12px 14px; background: var(--panel);
  border: 1px solid var(--rule); border-radius: 6px;
  white-space: normal; overflow-x: auto;
}
pre span { white-space: nowrap; }
ul { margin: 8px 0; padding-left: 20px; }
svg { display: block; width: 100%; height: auto; min-width: 520px; }
svg text { fill: var(--quiet); font: 11.5px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
  font-variant-numeric: tabular-nums; }
svg text.mark { fill: var(--ink); }
svg .axis { stroke: var(--quiet); stroke-width: 1; }
svg .grid { stroke: var(--rule); stroke-width: 1; }
svg .bar { fill: var(--first); opacity: 0.75; } svg .bar:hover { opacity: 1; }
svg line.mark { stroke: var(--second); stroke-width: 1; stroke-dasharray: 3 3; }
svg .line { fill: none; stroke-width: 2; stroke-linejoin: round; }
svg .first { stroke: var(--first); } svg .second { stroke: var(--second); stroke-dasharray: 5 3; }
footer { margin-top: 40px; color: var(--quiet); font-size: 13px; }
@media print { body { padding: 0; } .verdict, pre { background: none; } }
`;
