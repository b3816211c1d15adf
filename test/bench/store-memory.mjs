// Prints its resident memory, in bytes, after hours of ticks: taken by a store that is also delivered from, compacted
// and asked, or, without a path, by nobody. The first argument is where the compiled workers/ lie.
const [workers, path] = process.argv.slice(2);
const hours = 4;
const tickMs = 2000;
const hourMs = 3_600_000;
const startMs = Math.floor(Date.now() / hourMs) * hourMs - hours * hourMs;
const { buildLayout } = await import(new URL('point/point.js', workers));

const fields = Array.from({ length: 10 }, (_, f) => `field${f}`);
const layout = buildLayout(
  Array.from({ length: 25 }, (_, q) => ({ measurement: 'queue', tags: { queue: `queue-${q}` }, fields })),
);
const values = new Float64Array(layout.width).fill(1000);

async function openAll() {
  const { openStore } = await import(new URL('store/store.js', workers));
  const { openReader } = await import(new URL('store/reader.js', workers));
  const retention = { rawMs: 1e12, minuteMs: 1e12, hourMs: 1e12 };
  const store = openStore(path, { sinks: ['influx'], quotaBytes: 2 ** 31, retention });
  return { store, reader: openReader(path) };
}

function use({ store, reader }, timeMs) {
  store.append(timeMs, [{ layout, values }], { lostPoints: 0, overflowPoints: 0 });
  store.compact(timeMs);
  if (timeMs % 10_000 === 0) {
    const batch = store.readBatch('influx', 5000, '');
    const { from, to, points } = batch;
    store.settle('influx', { from, to, delivered: points, quarantined: [] });
  }
  if (timeMs % 600_000 === 0) {
    const [series] = reader.series({ field: 'field1' });
    const range = { startMs: timeMs - hourMs, endMs: timeMs, stepMs: 12_000 };
    reader.buckets([series.id], range, true);
  }
}

const opened = path ? await openAll() : undefined;
for (let timeMs = startMs; timeMs < startMs + hours * hourMs; timeMs += tickMs) {
  for (let i = 0; i < values.length; i++) values[i] += Math.round(Math.random() * 2 - 1);
  if (opened) use(opened, timeMs);
  // Between ticks the agent waits, too.
  if (timeMs % 60_000 === 0) await new Promise((resolve) => setTimeout(resolve, 1));
}
process.stdout.write(`${process.memoryUsage.rss()}\n`);
opened?.reader.close();
opened?.store.close();
