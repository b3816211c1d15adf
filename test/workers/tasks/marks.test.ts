import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { buildLayout, type PointKey } from '../../../workers/point/point.ts';
import { findMarks } from '../../../workers/tasks/marks.ts';
import { compactAll, dayStartMs, hourMs, nothingElse, storeFor } from '../store/fixture.ts';

const minuteMs = 60_000;
const intervalMs = minuteMs;

/** What ran at a time: the watched process, its version, and since when the agent runs. */
interface Moment {
  readonly process?: { readonly startMs: number; readonly pid: number; readonly version?: string };
  readonly agentStartMs: number;
}

/** A store with a tick every minute of `hours`; no moment, no tick. */
function stage(
  context: TestContext,
  hours: number,
  momentAt: (timeMs: number) => Moment | undefined,
  retention = {},
) {
  const { open, read, time } = storeFor(context, { sinks: [], ...retention });
  const store = open();
  for (let timeMs = dayStartMs; timeMs < dayStartMs + hours * hourMs; timeMs += intervalMs) {
    const moment = momentAt(timeMs);
    if (!moment) continue;
    time.nowMs = timeMs;
    const { process, agentStartMs } = moment;
    const points: PointKey[] = [{ measurement: 'agent', tags: {}, fields: ['uptime_seconds'] }];
    const values = [(timeMs - agentStartMs) / 1000];
    if (process) {
      points.push({ measurement: 'process', tags: { process: 'crm' }, fields: ['uptime_seconds', 'pid'] });
      values.push((timeMs - process.startMs) / 1000, process.pid);
      if (process.version) {
        const tags = { process: 'crm', version: process.version };
        points.push({ measurement: 'service', tags, fields: ['instances'] });
        values.push(1);
      }
    }
    const layout = buildLayout(points);
    store.append(timeMs, [{ layout, values: Float64Array.from(values) }], nothingElse);
  }
  // What is beyond its retention goes an hour after it was rolled up.
  for (const later of [2, 3]) compactAll(store, dayStartMs + (hours + later) * hourMs);
  return read();
}

function shown(reader: ReturnType<typeof stage>, hours: number, fromHour = 0) {
  const range = { startMs: dayStartMs + fromHour * hourMs, endMs: dayStartMs + hours * hourMs };
  return findMarks(reader, { ...range, limit: 100, skip: 0 }).marks.map(({ timeMs, kind, text }) => [
    (timeMs - dayStartMs) / minuteMs,
    kind,
    text,
  ]);
}

const agentStartMs = dayStartMs - 5000;
const first = { startMs: dayStartMs - 7 * hourMs, pid: 100 };

test('a quiet day has no marks', (context) => {
  const reader = stage(context, 5, () => ({ process: first, agentStartMs }));
  assert.deepEqual(shown(reader, 5), []);
});

test('a restart is marked at the moment when the new process started', (context) => {
  const second = { startMs: dayStartMs + 90 * minuteMs - 4000, pid: 200 };
  const third = { startMs: dayStartMs + 92 * minuteMs - 4000, pid: 100 };
  const reader = stage(context, 4, (timeMs) => ({
    process: [third, second].find(({ startMs }) => timeMs >= startMs) ?? first,
    agentStartMs,
  }));
  const expected = [
    [90 - 4 / 60, 'restart', 'crm restarted (pid 100 → 200)'],
    [92 - 4 / 60, 'restart', 'crm restarted (pid 200 → 100)'],
  ];
  assert.deepEqual(shown(reader, 4), expected);
  assert.deepEqual(shown(reader, 4, 2), []);
});

test('a restart under the same pid, as in a container, is one', (context) => {
  const secondMs = dayStartMs + 2.5 * hourMs;
  const reader = stage(context, 4, (timeMs) => ({
    process: { pid: 1, startMs: timeMs >= secondMs ? secondMs : first.startMs },
    agentStartMs,
  }));
  assert.deepEqual(shown(reader, 4), [[150, 'restart', 'crm restarted']]);
});

test('an agent that was away is marked when it came back, with the restart that it missed', (context) => {
  const backMs = dayStartMs + 4 * hourMs + 20 * minuteMs;
  const second = { startMs: dayStartMs + 3 * hourMs, pid: 200 };
  const reader = stage(context, 6, (timeMs) => {
    if (timeMs >= backMs) return { process: second, agentStartMs: backMs };
    return timeMs < dayStartMs + hourMs ? { process: first, agentStartMs } : undefined;
  });
  assert.deepEqual(shown(reader, 6), [
    [180, 'restart', 'crm restarted (pid 100 → 200)'],
    [260, 'agent', 'the agent started'],
  ]);
});

test('a restart that brings another version is a deploy; one that brings the same is none', (context) => {
  const secondMs = dayStartMs + 70 * minuteMs;
  const thirdMs = dayStartMs + 100 * minuteMs;
  const reader = stage(context, 3, (timeMs) => ({
    process:
      timeMs >= thirdMs
        ? { startMs: thirdMs, pid: 3, version: '1.1.0' }
        : timeMs >= secondMs
          ? { startMs: secondMs, pid: 2, version: '1.1.0' }
          : { ...first, version: '1.0.0' },
    agentStartMs,
  }));
  assert.deepEqual(shown(reader, 3), [
    [70, 'deploy', 'crm 1.0.0 → 1.1.0'],
    [100, 'restart', 'crm restarted (pid 2 → 3)'],
  ]);
});

test('going back to the version before is a deploy, too', (context) => {
  const version = (timeMs: number) => (Math.floor((timeMs - dayStartMs) / hourMs) === 1 ? '2.0.0' : '1.0.0');
  const reader = stage(context, 3, (timeMs) => ({
    process: { ...first, version: version(timeMs) },
    agentStartMs,
  }));
  assert.deepEqual(shown(reader, 3), [
    [60, 'deploy', 'crm 1.0.0 → 2.0.0'],
    [120, 'deploy', 'crm 2.0.0 → 1.0.0'],
  ]);
});

test('where only hours are kept a restart is marked to the hour', (context) => {
  const second = { startMs: dayStartMs + 90 * minuteMs, pid: 200 };
  const short = { rawMs: hourMs, minuteMs: hourMs, hourMs: 730 * 24 * hourMs };
  const reader = stage(
    context,
    8,
    (timeMs) => ({ process: timeMs >= second.startMs ? second : first, agentStartMs }),
    { retention: short },
  );
  const [uptime] = reader.series({ measurement: 'process', field: 'uptime_seconds' });
  const kept = reader.read([uptime!.id], dayStartMs, dayStartMs + 3 * hourMs)[0]!;
  assert.equal(kept.values.length, 0, 'samples are gone');
  const marks = shown(reader, 8);
  assert.equal(marks.length, 1);
  assert.ok(Math.abs((marks[0]![0] as number) - 90) <= 60, `${marks[0]![0]}`);
});
