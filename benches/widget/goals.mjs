// What the figures are to reach. Ratios are to a bare page of the same run.

const ms = (value) => `${value < 10 ? value.toFixed(1) : Math.round(value).toLocaleString('en-US')} ms`;
const times = (value) => `${value.toFixed(2)} x`;
const plain = (value) => Math.round(value).toLocaleString('en-US');

/** At most so many times what the bare page has. */
const ratio = (figure, most, subject = 'widget', other = 'bare') => ({ goal: `<= ${most} x`, of: (medians) => medians[subject][figure] / medians[other][figure], most, show: times });
const below = (figure, most, show, subject = 'widget') => ({ goal: `< ${show(most)}`, of: (medians) => medians[subject][figure], most, show });

const stream = (size) => [
  ['main-thread time, to a bare page', ratio('busy', 1.5)],
  ['main-thread time, to a bare page that draws every 40 deltas', ratio('busy', 1.5, 'widget', 'steady')],
  ['longest task', below('longest', 50, ms)],
  ...(size === 200 ? [['last fifth of the deltas to the first', below('growth', 1.2, times)]] : []),
];

const GOALS = [
  ['start-slow', 'bubble on slow 4G, processor at a quarter', [['first paint, to a bare page with a button', ratio('shown', 1.15)]]],
  ['ready-slow', 'composer on slow 4G, processor at a quarter', [['ready when wanted at once (deep-chat 1,186 ms on another machine)', below('ready', 1186, ms)]]],
  ['stream-mixed-40', '40 KB in 2,000 deltas', stream(40)],
  ['stream-mixed-200', '200 KB in 10,000 deltas', stream(200)],
  ...['list', 'table', 'code', 'paragraph'].flatMap((kind) => [40, 200].map((size) => [`stream-${kind}-${size}`, `one ${kind} of ${size} KB`, stream(size)])),
  ...['mixed', 'list', 'table', 'code', 'paragraph'].flatMap((kind) => [40, 200].map((size) => [`view-${kind}-${size}`, `the view alone, ${kind}, ${size} KB`, [
    ['main-thread time, to a bare page', ratio('busy', 1.5, 'view')], ['longest task', below('longest', 50, ms, 'view')],
  ]])),
  ['history-10000', '10,000 stored messages', [['shown', below('shown', 500, ms)], ['nodes, after all were loaded too', below('nodesAfter', 2000, plain)]]],
  ['conversations', 'ten conversations', [['memory after the tenth to that after the second', below('growth', 1.1, times)]]],
];

/** Each goal whose case was measured, and whether it is reached. */
export function judged(cases) {
  return GOALS.filter(([name]) => cases[name]).flatMap(([name, title, goals]) => goals.map(([what, { goal, of, most, show }]) => {
    const value = of(cases[name].medians);
    return { case: name, what: `${title}: ${what}`, is: show(value), goal, value, most, met: value <= most };
  }));
}
