import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PercentilesTask } from '../../../workers/contract/percentiles.ts';
import { compactAll, dayStartMs, filled, hourMs, nothingElse, storeFor, twoFieldLayout } from './fixture.ts';
import { sumOf, type Timed, timed } from './insides.ts';
import { randomNumbers } from './random.ts';

const minuteMs = 60_000;
const layout = twoFieldLayout(1);
const routes = ['/a', '/b/:id', 'constructor'];

interface Written {
  readonly timeMs: number;
  readonly route: string;
  readonly durationsUs: readonly number[];
}

/** A day and a half of ticks every 5 minutes with some silence; the last hours not compacted yet. */
function stage(context: Parameters<typeof storeFor>[0]) {
  const { open, read, time } = storeFor(context, { sinks: [] });
  const random = randomNumbers(7);
  const written: Written[] = [];
  const store = open();
  for (let timeMs = dayStartMs; timeMs < dayStartMs + 36 * hourMs; timeMs += 5 * minuteMs + 2000) {
    if (random() < 0.2) continue;
    const series: Timed[] = routes
      .filter(() => random() < 0.7)
      .map((route) => ({
        tags: { process: 'crm', route },
        durationsUs: Array.from({ length: 1 + Math.floor(random() * 5) }, () =>
          Math.floor(Math.exp(random() * 18)),
        ),
      }));
    time.nowMs = timeMs;
    const tick = store.append(timeMs, [filled(layout, 1)], nothingElse, timed(...series));
    for (const { tags, durationsUs } of series) {
      written.push({ timeMs: tick.timeMs, route: tags.route!, durationsUs });
    }
    if (timeMs < dayStartMs + 33 * hourMs && random() < 0.1) compactAll(store, timeMs);
  }
  return { reader: read(), written };
}

/** By group and step: count, sum and maximum, and the ranks of percentiles. */
function modelOf(written: readonly Written[], task: PercentilesTask) {
  const groups = new Map<string, Map<number, number[]>>();
  for (const { timeMs, route, durationsUs } of written) {
    if (timeMs < task.startMs || timeMs >= task.endMs) continue;
    if (task.tags.route !== undefined && task.tags.route !== route) continue;
    const key = task.by.includes('route') ? route : '';
    const steps = groups.get(key) ?? new Map<number, number[]>();
    groups.set(key, steps);
    // What is kept by minutes is where its minute begins: steps are whole minutes, so that is the same step.
    const step = Math.floor((timeMs - task.startMs) / task.stepMs);
    steps.set(step, [...(steps.get(step) ?? []), ...durationsUs]);
  }
  return groups;
}

function assertAsModel(
  written: readonly Written[],
  reader: ReturnType<typeof stage>['reader'],
  task: PercentilesTask,
) {
  const { series } = reader.percentiles(task);
  const model = modelOf(written, task);
  assert.equal(series.length, model.size);
  for (const { tags, count, rows } of series) {
    const steps = model.get(tags.route ?? '')!;
    assert.equal(count, sumOf([...steps.values()].map(({ length }) => length)));
    assert.deepEqual(
      rows.map(({ timeMs }) => (timeMs - task.startMs) / task.stepMs),
      [...steps.keys()].sort((a, b) => a - b),
    );
    for (const row of rows) {
      const values = steps.get((row.timeMs - task.startMs) / task.stepMs)!.sort((a, b) => a - b);
      assert.equal(row.count, values.length);
      assert.equal(row.maxMs, values.at(-1)! / 1000);
      assert.ok(Math.abs(row.avgMs - sumOf(values) / values.length / 1000) < 1e-9);
      for (const [q, found] of [
        [0.5, row.p50Ms],
        [0.95, row.p95Ms],
        [0.99, row.p99Ms],
      ] as const) {
        const exact = values[Math.max(1, Math.ceil(q * values.length)) - 1]! / 1000;
        assert.ok(Math.abs(found - exact) <= exact * 0.008 + 1e-9, `p${q * 100}: ${found}, not ${exact}`);
      }
    }
  }
}

test('percentiles of each step are those of all that fell into it, from ticks, minutes and hours', (context) => {
  const { reader, written } = stage(context);
  const all = { measurement: 'http', limit: 10, skip: 0 } as const;
  const endMs = dayStartMs + 36 * hourMs;
  for (const stepMs of [minuteMs, 7 * minuteMs, hourMs, 6 * hourMs, 24 * hourMs]) {
    for (const startMs of [dayStartMs, dayStartMs + 90 * minuteMs, dayStartMs + 30 * hourMs]) {
      for (const by of [[], ['route']]) {
        assertAsModel(written, reader, { ...all, by, tags: {}, startMs, endMs, stepMs });
      }
    }
  }
  const tags = { route: '/b/:id' };
  assertAsModel(written, reader, { ...all, by: ['route'], tags, startMs: dayStartMs, endMs, stepMs: hourMs });
});

test('of more series than asked for the most frequent come, and it is said how many did not', (context) => {
  const { reader, written } = stage(context);
  const range = { startMs: dayStartMs, endMs: dayStartMs + 36 * hourMs, stepMs: 6 * hourMs };
  const task: PercentilesTask = { measurement: 'http', by: ['route'], tags: {}, ...range, limit: 1, skip: 0 };
  const { series, omitted } = reader.percentiles(task);
  const counts = routes.map((route) =>
    sumOf(written.filter((one) => one.route === route).map(({ durationsUs }) => durationsUs.length)),
  );
  assert.equal(omitted, 2);
  const sorted = counts.sort((a, b) => b - a);
  assert.deepEqual(
    series.map(({ count }) => count),
    sorted.slice(0, 1),
  );
  const rest = reader.percentiles({ ...task, limit: 5, skip: 1 });
  assert.equal(rest.omitted, 0);
  assert.deepEqual(
    rest.series.map(({ count }) => count),
    sorted.slice(1),
  );
});

test('nothing timed gives no series, and an empty range is refused', (context) => {
  const { reader } = stage(context);
  const task: PercentilesTask = {
    ...{ measurement: 'db', by: [], tags: {}, limit: 5, skip: 0, stepMs: hourMs },
    ...{ startMs: dayStartMs, endMs: dayStartMs + hourMs },
  };
  assert.deepEqual(reader.percentiles(task), { series: [], omitted: 0 });
  assert.throws(() => reader.percentiles({ ...task, endMs: dayStartMs }), RangeError);
});
