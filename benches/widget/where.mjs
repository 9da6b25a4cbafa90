// Where the main thread's time went, from a trace: each sort of work without what it called, and how often it was done.

const SECOND = 1000;
/** Sorts of work, by the names of Chromium's trace events. What has another name counts to the work around it. */
const SORTS = {
  script: ['FunctionCall', 'EvaluateScript', 'v8.callFunction', 'FireAnimationFrame', 'TimerFire', 'EventDispatch', 'V8.Execute', 'v8.run', 'v8.compile'],
  microtasks: ['RunMicrotasks'],
  style: ['UpdateLayoutTree', 'Document::recalcStyle', 'Document::updateStyle'],
  layout: ['Layout'],
  'before painting': ['PrePaint', 'UpdateLayerTree', 'UpdateLayer'],
  paint: ['Paint', 'PaintImage'],
  layers: ['Layerize', 'Commit'],
  'hit test': ['HitTest'],
  intersections: ['IntersectionObserverController::computeIntersections'],
  garbage: ['MinorGC', 'MajorGC', 'V8.GC_SCAVENGER', 'V8.GCFinalizeMC', 'V8.GC_MC_INCREMENTAL', 'BlinkGC.AtomicPhase', 'CppGC.AtomicMark', 'CppGC.AtomicSweep'],
  compile: ['v8.wasm.compile', 'V8.CompileCode', 'v8.compileModule'],
};
const SORT_OF = new Map(Object.entries(SORTS).flatMap(([sort, names]) => names.map((name) => [name, sort])));

export const CATEGORIES = [
  '-*', 'toplevel', 'devtools.timeline', 'disabled-by-default-devtools.timeline', 'disabled-by-default-devtools.timeline.frame', 'v8', 'blink', 'blink_gc',
  'disabled-by-default-v8.gc', 'loading', '__metadata',
];

/** Per sort: milliseconds of processor time of its own, and how many there were; of the main thread that was busiest. */
export function where(events) {
  const threads = new Map();
  for (const { name, pid, tid, args } of events) if (name === 'thread_name' && args.name === 'CrRendererMain') threads.set(`${pid} ${tid}`, []);
  for (const event of events) if (event.ph === 'X' && event.tdur !== undefined) threads.get(`${event.pid} ${event.tid}`)?.push(event);
  const [busiest = []] = [...threads.values()].sort((one, two) => sum(two) - sum(one));
  const sorts = {};
  const open = [];
  const close = (upTo) => {
    while (open.length && open.at(-1).end <= upTo) {
      const { sort, own } = open.pop();
      const entry = (sorts[sort] ??= { ms: 0, count: 0 });
      entry.ms += own / SECOND;
    }
  };
  for (const { name, ts, dur, tdur } of busiest.sort((one, two) => one.ts - two.ts || two.dur - one.dur)) {
    close(ts);
    const parent = open.at(-1);
    const sort = SORT_OF.get(name) ?? parent?.sort ?? 'other';
    if (parent) parent.own -= tdur;
    if (SORT_OF.has(name)) (sorts[sort] ??= { ms: 0, count: 0 }).count += 1;
    open.push({ end: ts + dur, own: tdur, sort });
  }
  close(Infinity);
  return Object.fromEntries(Object.entries(sorts).filter(([, { ms }]) => ms >= 0.05).sort(([, one], [, two]) => two.ms - one.ms));
}

const sum = (events) => events.reduce((all, { name, tdur }) => all + (name.endsWith('::RunTask') ? tdur : 0), 0);
