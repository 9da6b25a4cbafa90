// The figures as one page that needs nothing else: bars of every round beside those of the bare page, tenths of a stream.

import { words } from './table.mjs';

const escape = (text) => String(text).replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
const STYLE = `
:root{color-scheme:light dark;--ink:light-dark(#1c2024,#e8eaed);--paper:light-dark(#fff,#16181b);--soft:light-dark(#68707a,#9aa2ab);--line:light-dark(#dfe3e8,#33383e);--widget:light-dark(#0f766e,#2dd4bf);--bare:light-dark(#a8b0ba,#5b636d)}
body{font:15px/1.5 system-ui,sans-serif;max-width:960px;margin:32px auto;padding:0 16px;color:var(--ink);background:var(--paper)}
h2{font-size:17px;margin:36px 0 4px}p,td,th{color:var(--soft)}table{border-collapse:collapse;width:100%}td,th{text-align:start;padding:4px 12px 4px 0;border-bottom:1px solid var(--line)}
td:first-child{color:var(--ink)}svg{width:100%;height:auto;display:block}text{font:12px system-ui,sans-serif;fill:var(--soft)}.widget,.view,.clicked{fill:var(--widget)}.bare,.static,.steady{fill:var(--bare)}.missed{color:light-dark(#b42318,#f97066)}`;

const WIDTH = 960;
const LABEL = 190;
const BAR = 14;

/** A bar per subject: the median, with a dot per round. */
function bars(figure, unit, { medians, runs }) {
  const subjects = Object.keys(medians).filter((subject) => figure in medians[subject]);
  const most = Math.max(...subjects.flatMap((subject) => runs[subject].map((run) => run[figure])), Number.MIN_VALUE);
  const x = (number) => LABEL + (number / most) * (WIDTH - LABEL - 90);
  const rows = subjects.map((subject, at) => {
    const [top, value] = [at * (BAR + 6) + 4, medians[subject][figure]];
    const dots = runs[subject].map((run) => `<circle cx="${x(run[figure]).toFixed(1)}" cy="${top + BAR / 2}" r="2" fill="var(--ink)"/>`).join('');
    return `<text x="0" y="${top + 11}">${escape(`${figure}, ${subject}`)}</text><rect class="${subject}" x="${LABEL}" y="${top}" width="${Math.max(1, x(value) - LABEL).toFixed(1)}" height="${BAR}" rx="2"/>${dots}<text x="${(x(most) + 8).toFixed(1)}" y="${top + 11}">${value < 10 ? value.toFixed(2) : Math.round(value).toLocaleString('en-US')} ${unit}</text>`;
  });
  return `<svg viewBox="0 0 ${WIDTH} ${rows.length * (BAR + 6) + 8}" role="img" aria-label="${escape(`${figure}: ${subjects.map((subject) => `${subject} ${medians[subject][figure].toFixed(1)} ${unit}`).join(', ')}`)}">${rows.join('')}</svg>`;
}

/** A column per tenth of the deltas and subject. */
function tenths({ medians }) {
  const subjects = Object.keys(medians).filter((subject) => medians[subject].tenths);
  if (!subjects.length) return '';
  const most = Math.max(...subjects.flatMap((subject) => medians[subject].tenths));
  const columns = subjects.flatMap((subject, at) => medians[subject].tenths.map((value, tenth) => {
    const height = (value / most) * 90;
    return `<rect class="${subject}" x="${LABEL + tenth * 70 + at * 26}" y="${(100 - height).toFixed(1)}" width="22" height="${height.toFixed(1)}"><title>${escape(`${subject}, tenth ${tenth + 1}: ${value.toFixed(1)} ms`)}</title></rect>`;
  }));
  return `<svg viewBox="0 0 ${WIDTH} 104" role="img" aria-label="main-thread time of each tenth"><text x="0" y="60">each tenth, ms (most ${most.toFixed(0)})</text>${columns.join('')}</svg>`;
}

const SHOWN = { busy: 'ms', longest: 'ms', shown: 'ms', ready: 'ms', scroll: 'ms', dropped: 'frames', nodes: 'nodes' };

export function picture({ when, commit, machine, browser, rounds, load, cases, goals }) {
  const parts = Object.entries(cases).map(([name, one]) => {
    const figures = Object.entries(SHOWN).filter(([figure]) => Object.values(one.medians).some((subject) => figure in subject));
    const all = Object.entries(one.medians).map(([subject, medians]) => `${subject}: ${words(medians)}`).join('. ');
    return `<h2>${escape(name)}</h2>${figures.map(([figure, unit]) => bars(figure, unit, one)).join('')}${tenths(one)}<details><summary>all</summary><p>${escape(all)}</p></details>`;
  });
  const rows = goals.map(({ what, is, goal, met }) => `<tr><td>${escape(what)}</td><td>${escape(is)}</td><td>${escape(goal)}</td><td${met ? '>reached' : ' class="missed">missed'}</td></tr>`);
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>twinchat: figures</title><style>${STYLE}</style></head><body>
<h1>What the widget costs</h1><p>${escape(`${when}, commit ${commit}; ${machine}; Chromium ${browser}; ${rounds} rounds; load ${load.map((one) => one.toFixed(1)).join(' ')}`)}</p>
<table><tr><th>goal</th><th>is</th><th>is to be</th><th></th></tr>${rows.join('')}</table>${parts.join('\n')}</body></html>
`;
}
