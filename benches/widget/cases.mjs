// What is measured. A case has subjects, measured in turns in the same run: the widget, and bare pages that do the least
// that a page can do for the same thing.

import { randomUUID } from 'node:crypto';
import { visit } from './chromium.mjs';
import { fill } from './history.mjs';
import { cut, transcript } from './transcripts.mjs';

const TWIN = 'bench';
const HISTORY = 'history.';
/** A conversation of one of the ten: a question and an answer of usual length. */
const USUAL = { kind: 'mixed', characters: 4000, deltas: 400 };

const open = async (world, path, options) => {
  const there = await visit(world.browser, `${world.site}/blank`, options);
  await there.page.goto(`${world.site}${path}`);
  return there;
};

// From the first byte asked for.

/** A page that draws one button, or the widget's launcher. */
const start = (path, slow) => async (world) => {
  const there = await visit(world.browser, `${world.site}/blank`, { slow });
  const before = await there.busy();
  await there.page.goto(`${world.site}${path}`);
  const shown = await there.evaluate(() => new Promise((resolve) => {
    new PerformanceObserver((list) => { for (const { name, startTime } of list.getEntries()) if (name === 'first-paint') resolve(startTime); })
      .observe({ type: 'paint', buffered: true });
  }));
  await there.settled();
  const busy = (await there.busy()) - before;
  await there.close();
  return { shown, busy };
};

/** Wanted at once: the launcher is pressed as soon as it is there. `click`: only when the page has been at rest. */
const ready = (slow, rested) => async (world) => {
  const there = await visit(world.browser, `${world.site}/blank`, { slow });
  await there.page.goto(`${world.site}/widget?twin=${world.twin}`);
  if (rested) await there.settled();
  const before = await there.busy();
  const { pressed, composer, whole } = await there.evaluate(async () => {
    await globalThis.when(() => globalThis.isSeen('#launcher'));
    const pressed = performance.now();
    globalThis.inside('#launcher').click();
    const composer = await globalThis.when(() => globalThis.isSeen('textarea:enabled'));
    return { pressed, composer, whole: await globalThis.when(() => globalThis.isSeen('.tc-root:not(.tc-shell) textarea:enabled')) };
  });
  await there.settled();
  const busy = (await there.busy()) - before;
  await there.close();
  const since = rested ? pressed : 0;
  return { ready: composer - since, whole: whole - since, busy };
};

// Streams.

/** Sends a message that says how it is to be answered, and waits for the end of the answer. */
const ask = (there, how) => there.evaluate((text) => new Promise((resolve, reject) => {
  const chat = document.querySelector('twin-chat');
  chat.addEventListener('twinchat.response.end', ({ detail }) => (detail.status === 'complete' ? resolve() : reject(new Error(detail.status))), { once: true });
  chat.addEventListener('twinchat.error', ({ detail }) => reject(new Error(detail.code)), { once: true });
  chat.sendUserMessage({ text }).catch(reject);
}), JSON.stringify(how));

/** The widget in a new conversation, with everything there that a first message fetches. */
async function talking(world) {
  const there = await open(world, `/widget?twin=${world.twin}&open`);
  await there.evaluate(() => globalThis.when(() => globalThis.isSeen('textarea:enabled')));
  // One of each sort of text, so that parts that are fetched later are there.
  await ask(there, { kind: 'mixed', characters: 6000, deltas: 60 });
  return there;
}

const STREAMS = {
  /** All of it: proxy, widget, panel. */
  widget: { open: talking, send: ask },
  /** A page that appends the text of the same events. */
  bare: { open: (world) => open(world, '/bare-stream'), send: (there, how) => there.evaluate((message) => globalThis.read(message), JSON.stringify(how)) },
};

const stream = ({ open, send }, how) => async (world) => {
  const whole = await open(world);
  const before = await whole.kept();
  const cost = await whole.cost(() => send(whole, how));
  const after = await whole.kept();
  const nodes = await whole.nodes();
  await whole.close();
  // Once more with a rest after each tenth: whether the end costs more than the beginning.
  const parted = await open(world);
  await parted.settled();
  const tenths = await eachTenth(world, parted, () => send(parted, { ...how, tenths: true }));
  await parted.close();
  const grown = after.heap - before.heap + (after.wasm - before.wasm);
  return { ...cost, growth: (tenths[9] + tenths[8]) / (tenths[0] + tenths[1]), tenths, memory: grown, nodes };
};

async function eachTenth(world, there, send) {
  const tenths = [];
  let before = await there.busy();
  let over = false;
  const sent = send().then(() => { over = true; });
  while (tenths.length < 10) {
    await there.settled();
    const now = await there.busy();
    tenths.push(now - before);
    before = now;
    if (over) break;
    await fetch(`${world.site}/next`);
  }
  await sent;
  if (tenths.length < 10) throw new Error(`the answer came in ${tenths.length} parts`);
  return tenths;
}

// The view alone, as `cargo xtask harness` builds it: exactly so many deltas, 40 to a frame.

const view = (how) => async (world) => {
  const there = await open(world, '/bare-stream');
  await there.evaluate(async (module) => {
    const { open } = await import(module);
    globalThis.view = open(document.querySelector('main'));
  }, `${world.harness}/twinchat-harness.js`);
  return fed(there, how);
};

/** The same for text that is only appended. */
const append = (how) => async (world) => {
  const there = await open(world, '/bare-stream');
  await there.evaluate(() => { globalThis.view = { write: (delta) => document.querySelector('main').append(delta), end() {} }; });
  return fed(there, how);
};

async function fed(there, how) {
  await there.evaluate((deltas) => { globalThis.deltas = deltas; }, cut(transcript(how.kind, how.characters, how.seed), how.deltas, how.seed));
  const cost = await there.cost(() => there.evaluate(feed));
  const nodes = await there.nodes();
  await there.close();
  return { ...cost, nodes };
}

/** Runs in the page. A fixed number of deltas to a frame, so that both subjects draw as often, however busy the machine. */
async function feed() {
  const { view, deltas } = globalThis;
  for (let sent = 0; sent < deltas.length; sent += 1) {
    view.write(deltas[sent]);
    if (sent % 40 === 39) await new Promise((resolve) => { requestAnimationFrame(resolve); });
  }
  await view.end();
}

// What was said long ago.

const history = (count) => async (world) => {
  const kept = await fill(world, HISTORY + count, TWIN, count);
  const there = await open(world, `/widget?twin=${world.twin}&thread=${kept.conversation}&identity=${kept.identity()}&load=eager`);
  await there.evaluate(() => document.querySelector('twin-chat').ready);
  const before = await there.kept();
  let shown;
  const opening = await there.cost(async () => {
    shown = await there.evaluate(async () => {
      const from = performance.now();
      globalThis.inside('#launcher').click();
      return (await globalThis.when(() => globalThis.inside('[part~=messages] [data-key]'))) - from;
    });
  });
  const nodes = await there.nodes();
  // To the first message: everything is loaded then.
  const climbing = await there.cost(() => there.evaluate(climb));
  const scrolling = await there.cost(() => there.evaluate(scroll, 'widget'));
  const after = await there.kept();
  const most = await there.nodes();
  await there.close();
  return {
    shown, busy: opening.busy, longest: opening.longest, nodes, nodesAfter: most, shifts: opening.shifts,
    climbing: climbing.took, climbingLongest: climbing.longest, scroll: scrolling.busy / 100, scrollLongest: scrolling.longest,
    dropped: scrolling.dropped, memory: after.heap - before.heap + (after.wasm - before.wasm),
  };
};

/** Runs in the page: scrolls up until nothing older comes. */
async function climb() {
  const scroller = globalThis.inside('[part~=messages]');
  const frame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });
  for (let rest = 0; rest < 60;) {
    const [height, top] = [scroller.scrollHeight, scroller.scrollTop];
    scroller.scrollTop = 0;
    await frame();
    rest = scroller.scrollHeight === height && top === 0 ? rest + 1 : 0;
  }
}

/** Runs in the page: a hundred steps down, one each frame. */
async function scroll(subject) {
  const scroller = subject === 'widget' ? globalThis.inside('[part~=messages]') : document.querySelector('main');
  scroller.scrollTop = 0;
  for (let step = 0; step < 100; step += 1) {
    scroller.scrollTop += 400;
    await new Promise((resolve) => { requestAnimationFrame(resolve); });
  }
}

const bareHistory = (count) => async (world) => {
  const there = await open(world, '/bare-history');
  const before = await there.kept();
  let shown;
  const opening = await there.cost(async () => {
    shown = await there.evaluate(async (count) => {
      const from = performance.now();
      await globalThis.show(count);
      return (await globalThis.when(() => true)) - from;
    }, count);
  });
  const nodes = await there.nodes();
  const scrolling = await there.cost(() => there.evaluate(scroll, 'bare'));
  const after = await there.kept();
  await there.close();
  return { shown, busy: opening.busy, longest: opening.longest, nodes, scroll: scrolling.busy / 100, scrollLongest: scrolling.longest, dropped: scrolling.dropped, memory: after.heap - before.heap };
};

// Ten conversations in one page.

const conversations = async (world) => {
  const there = await open(world, `/widget?twin=${world.twin}&open`);
  await there.evaluate(() => globalThis.when(() => globalThis.isSeen('textarea:enabled')));
  const kept = [];
  for (let at = 0; at < 10; at += 1) {
    if (at > 0) await there.evaluate(() => document.querySelector('twin-chat').setThreadId(null));
    await there.settled();
    await ask(there, { ...USUAL, seed: at + 1, salt: randomUUID() });
    await there.settled();
    kept.push(await there.kept());
  }
  await there.close();
  const bytes = ({ heap, wasm }) => heap + wasm;
  const [second, last] = [kept[1], kept.at(-1)];
  return {
    second: bytes(second), last: bytes(last), each: (bytes(last) - bytes(second)) / 8, growth: bytes(last) / bytes(second),
    nodes: last.nodes - second.nodes, listeners: last.listeners - second.listeners, kept: kept.map(bytes),
  };
};

// All of them, by name. `quick` ones are run by --quick, `rare` ones by their names only.

const SIZES = { 40: { characters: 40_000, deltas: 2_000 }, 200: { characters: 200_000, deltas: 10_000 } };
const KINDS = ['mixed', 'list', 'table', 'code', 'paragraph'];
/** Measured when they are named only. */
const RARE = ['unspaced', 'nested', 'links', 'blocks', 'marks'];

const streams = Object.entries(SIZES).flatMap(([size, how]) => [...KINDS, ...RARE].flatMap((kind) => {
  const one = { ...how, kind, seed: 7 };
  const [quick, rare] = [size === '40' && kind === 'mixed', RARE.includes(kind)];
  return [
    { name: `stream-${kind}-${size}`, quick, rare, subjects: { widget: stream(STREAMS.widget, one), bare: stream(STREAMS.bare, one), steady: append(one) } },
    { name: `view-${kind}-${size}`, quick, rare, subjects: { view: view(one), bare: append(one) } },
  ];
}));

export const CASES = [
  { name: 'start', quick: true, subjects: { widget: start('/widget', false), bare: start('/bare-script', false), static: start('/bare-static', false) } },
  { name: 'start-slow', quick: true, subjects: { widget: start('/widget', true), bare: start('/bare-script', true), static: start('/bare-static', true) } },
  { name: 'ready', quick: true, subjects: { widget: ready(false, false), clicked: ready(false, true) } },
  { name: 'ready-slow', quick: true, subjects: { widget: ready(true, false), clicked: ready(true, true) } },
  ...streams,
  ...[1_000, 10_000].map((count) => ({ name: `history-${count}`, quick: count === 1_000, subjects: { widget: history(count), bare: bareHistory(count) } })),
  { name: 'conversations', quick: true, subjects: { widget: conversations } },
];
