import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { createRingBuffers } from '../../../workers/contract/ring-cells.ts';
import { buildLayout, type PointKey } from '../../../workers/point/point.ts';
import { MetricRing } from '../../../workers/ring/metric-ring.ts';
import { RingWriter } from '../../../workers/ring/ring-writer.ts';
import { OpenMetrics } from '../../../workers/tasks/open-metrics.ts';
import { httpRecord } from '../../support/frames.ts';
import { EventStage } from '../events/event-stage.ts';

const tags = { host: 'h' };
const points: PointKey[] = [
  { measurement: 'system', tags, fields: ['load1', 'memory_free_bytes'] },
  { measurement: 'disk', tags: { ...tags, path: 'a"b\\c\nd' }, fields: ['read_bytes_total'] },
  { measurement: 'http', tags: { ...tags, route: '/a' }, fields: ['requests', 'requests_total'] },
  { measurement: 'made:up', tags: {}, fields: ['recorded'] },
  { measurement: 'no-name', tags: {}, fields: ['x'] },
];

/** Ticks every second of these points; NaN is no value. */
function stage(rows: readonly (readonly number[])[]) {
  const buffers = createRingBuffers(1000);
  const writer = new RingWriter(buffers);
  const layout = buildLayout(points);
  const { columns } = writer.admit(layout);
  rows.forEach((row, i) => {
    writer.write(1_000_000 + i * 1000, [{ columns, section: { layout, values: Float64Array.from(row) } }]);
  });
  const events = new EventStage();
  const metrics = new OpenMetrics(new MetricRing(buffers), events.buffers, () => events.monotonicMs);
  const text = (isOpenMetrics: boolean) => {
    const task = { intervalMs: 10_000, slowFactor: 1, commonTags: tags, isOpenMetrics };
    return Buffer.from(metrics.text(task)).toString();
  };
  return { events, text };
}

const row = [1.5, 4096, 7, 3, 12, 1e-7, 1];

test('OpenMetrics has each series with its type, unit and help, counters by their families', () => {
  const { text } = stage([row]);
  const lines = text(true).split('\n');
  const at = lines.indexOf('# TYPE disk_read_bytes counter');
  assert.deepEqual(lines.slice(at, at + 4), [
    '# TYPE disk_read_bytes counter',
    '# UNIT disk_read_bytes bytes',
    '# HELP disk_read_bytes Bytes read from the device since the host started',
    'disk_read_bytes_total{host="h",path="a\\"b\\\\c\\nd"} 7',
  ]);
  assert.ok(lines.includes('# TYPE http_requests gauge'));
  assert.ok(lines.includes('# TYPE http_requests_total unknown'), 'the gauge has the name of its family');
  assert.ok(lines.includes('# TYPE made:up unknown'));
  assert.ok(lines.includes('made:up 1e-07'));
  assert.ok(lines.includes('scrape_series_left_out 1'), 'no-name_x is no name');
  assert.equal(text(true).endsWith('\n# EOF\n'), true);
});

test('the older text format names counters whole and has no end', () => {
  const lines = stage([row]).text(false).split('\n');
  assert.ok(lines.includes('# TYPE disk_read_bytes_total counter'));
  assert.ok(lines.includes('# TYPE http_requests_total counter'));
  assert.ok(lines.includes('# TYPE made:up untyped'));
  assert.ok(!lines.some((line) => line.startsWith('# UNIT') || line.startsWith('# EOF')));
});

test('a series counts while it had a value in one of the last ticks', () => {
  const without = row.with(0, Number.NaN);
  const few = stage([row, without, without, without, without]).text(true);
  assert.match(few, /^system_load1\{host="h"\} 1\.5$/m);
  const many = stage([row, without, without, without, without, without]).text(true);
  assert.doesNotMatch(many, /^system_load1/m);
});

test('durations since the start are a cumulative histogram in seconds', () => {
  const { events, text } = stage([row]);
  const durationsUs = [100, 900, 63_999, 64_000, 2_000_000, 100_000_000];
  events.take(durationsUs.map((durationUs) => httpRecord('GET', '/a', { durationUs })));
  events.fold();
  const lines = text(true)
    .split('\n')
    .filter((line) => line.startsWith('http_duration_seconds'));
  const of = (suffix: string, le = '') =>
    lines
      .find((line) => line.startsWith(`http_duration_seconds_${suffix}{`) && line.includes(le))
      ?.split(' ')
      .at(-1);
  assert.deepEqual(
    ['0.000125', '0.001', '0.032', '0.064', '0.128', '2.048', '65.536', '+Inf'].map((le) =>
      of('bucket', `le="${le}"`),
    ),
    ['1', '2', '2', '3', '4', '5', '5', '6'],
  );
  assert.equal(of('count'), '6');
  assert.equal(Number(of('sum')), durationsUs.reduce((sum, us) => sum + us, 0) / 1e6);
  assert.match(lines[0]!, /\{host="h",method="GET",process="crm",route="\/a",status="2xx",le="0\.000125"\}/);
});

test('promtool reads it, and finds fault with the style of names only', () => {
  const { events, text } = stage([row]);
  events.take([httpRecord('GET', '/"quoted"\\', { durationUs: 100 })]);
  events.fold();
  const { status, stdout, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: text(false),
    encoding: 'utf8',
  });
  const faults = `${stdout}${stderr}`.split('\n').filter((line) => line !== '');
  assert.ok(status === 0 || status === 3, faults.join('\n'));
  for (const fault of faults) assert.match(fault, /no help text|camelCase|abbreviated units|contain ':'/);
});
