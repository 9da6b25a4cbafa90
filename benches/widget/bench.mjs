// Measures the widget in Chromium, beside bare pages in the same run. `cargo xtask bench` starts what it needs.
//
//   TWINCHAT_BENCH='{world}' node benches/widget/bench.mjs [--quick] [--rounds 3] [--only part-of-a-name]... [--where]
//
// `--where` says for each where the main thread's time went, and keeps the traces for DevTools. Its figures are higher.
//
// Prints a table; writes widget.json and widget.html into the folder that the world names. Nothing is judged: a figure
// that misses its goal is said to, and that is all.

import { execFileSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CASES } from './cases.mjs';
import { inspectWith, launch } from './chromium.mjs';
import { judged } from './goals.mjs';
import { picture } from './plots.mjs';
import { markdown, words } from './table.mjs';

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, rounds: { type: 'string' }, only: { type: 'string', multiple: true, default: [] }, write: { type: 'string' }, where: { type: 'boolean' } },
});
const rounds = Number(values.rounds ?? (values.quick ? 1 : 3));
const world = JSON.parse(process.env.TWINCHAT_BENCH);
const chosen = CASES.filter(({ name, quick, rare }) => (values.only.length ? values.only.some((part) => name.includes(part)) : quick || !(values.quick || rare)));
if (!chosen.length) throw new Error(`no bench has ${values.only.join(' or ')} in its name; there are: ${CASES.map(({ name }) => name).join(', ')}`);

/** The middle of the rounds, number by number. */
function median(runs) {
  if (typeof runs[0] !== 'number') return runs[0]?.map((_, at) => median(runs.map((run) => run[at])));
  const sorted = [...runs].sort((one, two) => one - two);
  const half = sorted.length / 2;
  return Number.isInteger(half) ? (sorted[half - 1] + sorted[half]) / 2 : sorted[Math.floor(half)];
}

const git = (...words) => execFileSync('git', words, { encoding: 'utf8' }).trim();

/** The harness's files, which no server of ours serves. */
const harness = createServer(async ({ url }, response) => {
  const types = { js: 'text/javascript', wasm: 'application/wasm' };
  const body = await readFile(join(world.harness_files, new URL(url, 'http://harness').pathname)).catch(() => undefined);
  response.writeHead(body ? 200 : 404, { 'Content-Type': types[url.split('.').at(-1)] ?? 'text/plain', 'Access-Control-Allow-Origin': '*' }).end(body);
});
await new Promise((resolve) => { harness.listen(0, '127.0.0.1', resolve); });
world.harness = `http://127.0.0.1:${harness.address().port}`;
world.browser = await launch();

const report = {
  when: new Date().toISOString(),
  commit: git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain') ? ' and changes' : ''),
  machine: `${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GB, ${platform()} ${release().split('-')[0]}`,
  browser: world.browser.version(),
  rounds,
  load: [],
  cases: {},
};
for (const { name, subjects } of chosen) {
  const load = loadavg()[0];
  // What fails is said, and the others are measured all the same.
  const runs = await all(name, subjects).catch((error) => void console.error(`\n${name} failed: ${error.message}`));
  if (!runs) {
    process.exitCode = 1;
    continue;
  }
  const medians = Object.entries(runs).map(([subject, all]) => [subject, Object.fromEntries(Object.keys(all[0]).map((figure) => [figure, median(all.map((run) => run[figure]))]))]);
  report.cases[name] = { load, medians: Object.fromEntries(medians), runs };
  report.load.push(load);
  console.log(`\n${name} (load ${load.toFixed(1)})`);
  for (const [subject, figures] of medians) console.log(`  ${subject.padEnd(8)} ${words(figures)}`);
}

/** Where the time of one measurement went; the last trace of a name is kept. */
async function told(name, trace, where) {
  console.log(`  ${name}: ${Object.entries(where).map(([sort, { ms, count }]) => `${sort} ${ms.toFixed(1)} ms${count ? ` (${count})` : ''}`).join(', ')}`);
  await writeFile(join(world.out, `${name}.trace.json`), JSON.stringify(trace));
}

/** Every subject, in turns. */
async function all(name, subjects) {
  const runs = Object.fromEntries(Object.keys(subjects).map((subject) => [subject, []]));
  for (let round = 0; round < rounds; round += 1) {
    for (const [subject, measure] of Object.entries(subjects)) {
      if (values.where) inspectWith(({ trace, where }) => told(`${name}-${subject}`, trace, where));
      runs[subject].push(await measure(world));
    }
  }
  return runs;
}
await world.browser.close();
harness.close();

report.goals = judged(report.cases);
for (const { what, is, goal, met } of report.goals) console.log(`${met ? 'reached' : 'MISSED '} ${what}: ${is} (goal ${goal})`);
await writeFile(join(world.out, 'widget.json'), JSON.stringify(report, null, 1));
await writeFile(join(world.out, 'widget.html'), picture(report));
console.log(`\nas JSON: ${join(world.out, 'widget.json')}\nas a page: ${join(world.out, 'widget.html')}`);
if (values.write) {
  const [begin, end] = ['<!-- made: figures -->\n', '<!-- end -->'];
  const page = await readFile(values.write, 'utf8');
  const [before, rest] = page.split(begin);
  await writeFile(values.write, before + begin + markdown(report) + rest.slice(rest.indexOf(end)));
  console.log(`written into ${values.write}`);
}
