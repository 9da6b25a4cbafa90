// A page of a browser, and what it costs: the main thread's time as the DevTools protocol counts it, the longest task and
// the frames from a trace, what moved, and what is kept in memory.
//
// Times of the main thread are processor time, so that what else runs on the machine counts little.

import { chromium } from 'playwright-core';
import { CATEGORIES, where } from './where.mjs';

const SECOND = 1000;
/** A page that did less than so much (ms) in a look's time has nothing to do; each look costs it something too. */
const CALM = 2;
const LOOK_EVERY = 60;
/** Looks in a row that must find it so. */
const CALM_LOOKS = 4;
const PATIENCE = 300 * SECOND;

/** What Lighthouse calls slow 4G, and a processor a quarter as quick. */
const SLOW = { offline: false, latency: 150, downloadThroughput: (1.6 * 1024 * 1024) / 8, uploadThroughput: (750 * 1024) / 8 };
const SLOW_PROCESSOR = 4;
const TRACED = ['-*', 'toplevel', 'disabled-by-default-devtools.timeline.frame', '__metadata'];

/** Hears of every cost that is measured, with a trace that says more and so costs more. */
let inspect;
export const inspectWith = (hear) => { inspect = hear; };

const pause = (time) => new Promise((resolve) => { setTimeout(resolve, time); });

export const launch = () => chromium.launch({
  executablePath: process.env.CHROME || undefined,
  args: [
    '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--js-flags=--expose-gc', '--disable-features=LocalNetworkAccessChecks',
  ],
});

/** A page of somebody who was never here, with nothing in any cache. `slow`: over slow 4G with a slow processor. */
export async function visit(browser, blank, { slow = false } = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', colorScheme: 'light' });
  const page = await context.newPage();
  const errors = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.addInitScript(watch);
  // The same process then serves what follows.
  await page.goto(blank);
  const session = await context.newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  if (slow) {
    await session.send('Network.enable');
    await session.send('Network.emulateNetworkConditions', SLOW);
    await session.send('Emulation.setCPUThrottlingRate', { rate: SLOW_PROCESSOR });
  }
  return new Visit(browser, context, page, session, errors, slow ? CALM * SLOW_PROCESSOR : CALM);
}

/** Runs in the page, before everything else: notes what moved, when something was there, and WebAssembly's memories. */
function watch() {
  // Whoever reads or writes in a memory asks for its bytes. (DevTools' queryObjects can bring the page down.)
  globalThis.memories = new Set();
  const noted = new WeakSet();
  const { get } = Object.getOwnPropertyDescriptor(WebAssembly.Memory.prototype, 'buffer');
  Object.defineProperty(WebAssembly.Memory.prototype, 'buffer', {
    get() {
      if (!noted.has(this)) {
        noted.add(this);
        globalThis.memories.add(new WeakRef(this));
      }
      return get.call(this);
    },
  });
  globalThis.shifts = 0;
  new PerformanceObserver((list) => { for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) globalThis.shifts += value; })
    .observe({ type: 'layout-shift', buffered: true });
  globalThis.inside = (selector) => document.querySelector('twin-chat')?.shadowRoot?.querySelector(selector);
  globalThis.isSeen = (selector) => globalThis.inside(selector)?.getClientRects().length > 0;
  /** Looks at every frame; gives the time of the frame after the first in which it is so. */
  globalThis.when = (is) => new Promise((resolve) => {
    const look = () => (is() ? requestAnimationFrame(() => resolve(performance.now())) : requestAnimationFrame(look));
    look();
  });
}

class Visit {
  constructor(browser, context, page, session, errors, calm) {
    Object.assign(this, { browser, context, page, session, errors, calm });
  }

  /** Runs something in the page, which may take its time but not for ever. */
  async evaluate(work, value) {
    let timer;
    const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error(`${this.page.url()} was not done in ${PATIENCE / SECOND} s${this.errors.map((error) => `; ${error}`).join('')}`)), PATIENCE); });
    return Promise.race([this.page.evaluate(work, value), late]).finally(() => clearTimeout(timer));
  }

  async metrics() {
    const { metrics } = await this.session.send('Performance.getMetrics');
    return Object.fromEntries(metrics.map(({ name, value }) => [name, value]));
  }

  /** Milliseconds of all tasks of the main thread so far: scripts, style, layout, painting, collecting garbage. */
  async busy() {
    return (await this.metrics()).TaskDuration * SECOND;
  }

  /** Waits until the page has nothing to do. */
  async settled() {
    let before = await this.busy();
    for (let calm = 0, waited = 0; calm < CALM_LOOKS; waited += LOOK_EVERY) {
      if (waited > PATIENCE) throw new Error(`the page was not done in ${PATIENCE / SECOND} s`);
      await pause(LOOK_EVERY);
      const now = await this.busy();
      calm = now - before < this.calm ? calm + 1 : 0;
      before = now;
    }
  }

  /** What the page costs while this goes on and until it has nothing to do. */
  async cost(work) {
    await this.settled();
    await this.evaluate(() => { globalThis.shifts = 0; });
    await this.browser.startTracing(this.page, { categories: inspect ? CATEGORIES : TRACED });
    const [before, start] = [await this.metrics(), performance.now()];
    await work();
    const took = performance.now() - start;
    await this.settled();
    const after = await this.metrics();
    const trace = JSON.parse((await this.browser.stopTracing()).toString('utf8'));
    const during = (name, unit = 1) => (after[name] - before[name]) * unit;
    const cost = { busy: during('TaskDuration', SECOND), took, ...told(trace.traceEvents), layouts: during('LayoutCount'), shifts: await this.evaluate(() => globalThis.shifts) };
    await inspect?.({ trace, where: where(trace.traceEvents) });
    return cost;
  }

  /** Bytes that are kept when what can be thrown away is: scripts' heap, and WebAssembly's memory. Nodes too. */
  async kept() {
    await this.session.send('HeapProfiler.enable');
    for (let round = 0; round < 3; round += 1) await this.session.send('HeapProfiler.collectGarbage');
    await this.session.send('HeapProfiler.disable');
    const { usedSize } = await this.session.send('Runtime.getHeapUsage');
    const { Nodes: nodes, JSEventListeners: listeners } = await this.metrics();
    return { heap: usedSize, wasm: await this.wasmBytes(), nodes, listeners };
  }

  /** Of every memory that still lives. */
  wasmBytes() {
    return this.evaluate(() => [...globalThis.memories].reduce((sum, held) => sum + (held.deref()?.buffer.byteLength ?? 0), 0));
  }

  /** Nodes of the document and of every shadow root in it. */
  nodes() {
    return this.evaluate(() => {
      const count = (root) => {
        let sum = 0;
        const walker = document.createTreeWalker(root, NodeFilter.SHOW_ALL);
        do {
          sum += 1;
          if (walker.currentNode.shadowRoot) sum += count(walker.currentNode.shadowRoot);
        } while (walker.nextNode());
        return sum;
      };
      return count(document);
    });
  }

  async close() {
    await this.context.close();
    if (this.errors.length) throw new Error(`the page failed: ${this.errors.join('; ')}`);
  }
}

/** The longest task of the page's main thread in milliseconds, and how many frames it did not make in time. */
function told(events) {
  const threads = new Map();
  for (const { name, pid, tid, args } of events) {
    if (name === 'thread_name' && args.name === 'CrRendererMain') threads.set(`${pid} ${tid}`, []);
  }
  let dropped = 0;
  for (const { name, pid, tid, tdur } of events) {
    if (name.endsWith('::RunTask') && tdur) threads.get(`${pid} ${tid}`)?.push(tdur / SECOND);
    if (name === 'DroppedFrame') dropped += 1;
  }
  const total = (tasks) => tasks.reduce((sum, task) => sum + task, 0);
  const [tasks = []] = [...threads.values()].sort((one, two) => total(two) - total(one));
  return { longest: Math.max(0, ...tasks), dropped };
}
