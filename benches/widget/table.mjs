// Figures as text: lines for a terminal, tables for the documents.

const KB = 1024;
const UNITS = {
  busy: 'ms', longest: 'ms', took: 'ms', shown: 'ms', ready: 'ms', whole: 'ms', climbing: 'ms', climbingLongest: 'ms', scroll: 'ms', scrollLongest: 'ms',
  memory: 'KB', second: 'KB', last: 'KB', each: 'KB', growth: 'x',
};
const NAMES = {
  busy: 'main thread', longest: 'longest task', took: 'took', shown: 'shown after', ready: 'ready after', whole: 'widget itself after', dropped: 'dropped frames', layouts: 'layouts', shifts: 'layout shift',
  growth: 'last / first', memory: 'memory', nodes: 'nodes', nodesAfter: 'nodes at the end', climbing: 'to the first message', climbingLongest: 'longest task on the way',
  scroll: 'per step of scrolling', scrollLongest: 'longest task of scrolling', second: 'after the second', last: 'after the tenth', each: 'per conversation', listeners: 'listeners',
};

function value(figure, number) {
  const unit = UNITS[figure];
  if (unit === 'KB') return `${Math.round(number / KB).toLocaleString('en-US')} KB`;
  const text = Math.abs(number) >= 100 ? Math.round(number).toLocaleString('en-US') : String(Number(number.toFixed(number < 1 ? 3 : 1)));
  return unit ? `${text} ${unit}` : text;
}

const scalar = (figures) => Object.entries(figures).filter(([, number]) => typeof number === 'number');

export const words = (figures) => scalar(figures).map(([figure, number]) => `${NAMES[figure] ?? figure} ${value(figure, number)}`).join(', ');

/** The part of docs/figures.md that is made. */
export function markdown({ when, commit, machine, browser, rounds, load, cases, goals }) {
  const lines = [
    `Measured ${when.slice(0, 10)} at ${commit}: ${machine}; Chromium ${browser}; the median of ${rounds} rounds; the machine's load was ${Math.min(...load).toFixed(1)} to ${Math.max(...load).toFixed(1)}.`,
    '', '| goal | is | is to be | |', '|---|---|---|---|',
    ...goals.map(({ what, is, goal, met }) => `| ${what} | ${is} | ${goal} | ${met ? 'reached' : '**missed**'} |`), '',
  ];
  for (const [name, { medians }] of Object.entries(cases)) {
    const figures = [...new Set(Object.values(medians).flatMap((subject) => scalar(subject).map(([figure]) => figure)))];
    const row = (figure) => `| ${NAMES[figure] ?? figure} | ${Object.values(medians).map((subject) => (figure in subject ? value(figure, subject[figure]) : '')).join(' | ')} |`;
    lines.push(`\`${name}\``, '', `| | ${Object.keys(medians).join(' | ')} |`, `|---|${Object.keys(medians).map(() => '---|').join('')}`, ...figures.map(row), '');
  }
  return `${lines.join('\n')}\n`;
}
