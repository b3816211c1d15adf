import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MovedSearch } from '../../../workers/cause/moved-search.ts';
import {
  explain,
  intervalMs,
  point,
  randomFrom,
  ringOf,
  type SignalPoint,
  step,
  storyTicks,
} from './fixture.ts';

const runtime = point('runtime', { process: 'crm', worker: '0' }, { heap_used_bytes: 5e7 });

function route(name: string, fields: SignalPoint['fields'], status = '2xx'): SignalPoint {
  return point('http', { process: 'crm', route: name, method: 'GET', status }, fields);
}

/** Some 20 % up and down. */
function noisy(middle: number, seed: number): (tick: number) => number {
  const random = randomFrom(seed);
  return () => middle * (0.8 + 0.4 * random());
}

test('a slow route is told with what it was, and the query that moved with it', () => {
  const { cause } = explain({
    points: [
      runtime,
      route('/contacts', { requests: 10, duration_p95_ms: step(40, 820) }),
      route('/health', { requests: 3, duration_p95_ms: 2 }),
      point(
        'db',
        { process: 'crm', model: 'Contact', operation: 'findMany' },
        { duration_avg_ms: step(3, 310) },
      ),
    ],
  });
  assert.equal(cause.kind, 'moved_with');
  assert.equal(
    cause.text,
    'GET /contacts p95 rose from 40 ms to 820 ms; db Contact.findMany average rose from 3 ms to 310 ms.',
  );
  assert.deepEqual(cause.moved, [
    {
      series: 'http_duration_p95_ms{host="h",method="GET",process="crm",route="/contacts",status="2xx"}',
      now: 820,
      usual: 40,
      score: 156,
    },
    {
      series: 'db_duration_avg_ms{host="h",model="Contact",operation="findMany",process="crm"}',
      now: 310,
      usual: 3,
      score: 153.5,
    },
  ]);
});

test('when nothing moved the cause is unknown and the text says so', () => {
  const { cause } = explain({ points: [runtime, route('/contacts', { requests: 10, duration_p95_ms: 40 })] });
  assert.deepEqual(cause, { kind: 'unknown', text: 'Nothing else moved in the same minutes.', moved: [] });
});

test('a ring without rows says that what moved is not known', () => {
  assert.match(explain({ points: [], ticks: 0, activeAtTick: 0 }).cause.text, /not known/);
});

test('noise and rare requests are no movement', () => {
  const random = randomFrom(7);
  const rare = () => (random() < 0.1 ? 1 : 0);
  const points = Array.from({ length: 100 }, (_, i) =>
    route(`/r${i}`, { requests: rare, duration_p95_ms: noisy(40, i) }),
  );
  const { cause } = explain({ points: [runtime, ...points] });
  assert.ok(cause.moved.length <= 1, JSON.stringify(cause.moved));
});

test('a status class that was never seen before counts from nothing while its process reported', () => {
  const fields = { requests: step(undefined, 2) };
  const told = explain({ points: [runtime, route('/contacts', fields, '5xx')] }).cause;
  assert.equal(told.text, 'GET /contacts 5xx requests rose from 0/s to 1/s.');
  const untold = explain({ points: [route('/contacts', fields, '5xx')] }).cause;
  assert.equal(untold.kind, 'unknown');
});

test('a new group of errors is told', () => {
  const tags = { process: 'crm', fingerprint: '0123456789abcdef', type: 'TypeError' };
  const { cause } = explain({ points: [runtime, point('errors', tags, { count: step(undefined, 1) })] });
  assert.equal(cause.text, 'error TypeError (01234567) rose from 0/s to 30/min.');
});

test('a restart in the minutes before comes first', () => {
  const { cause } = explain({
    points: [
      runtime,
      route('/contacts', { requests: 10, duration_p95_ms: step(4, 80_000) }),
      point('process', { process: 'crm' }, { restarts_total: step(3, 4, storyTicks - 120) }),
    ],
  });
  assert.match(cause.text, /^crm restarted; GET \/contacts p95 rose/);
  assert.deepEqual([cause.moved[0]!.usual, cause.moved[0]!.now], [3, 4]);
});

test('what fell is told too, and a counter as a rate', () => {
  const { cause } = explain({
    points: [
      point(
        'queue',
        { redis: 'main', prefix: 'bull', queue: 'mail' },
        {
          failed_total: (tick) => (tick % 5 === 0 ? Math.max(0, tick - (storyTicks - 50)) : undefined),
        },
      ),
      point('redis', { redis: 'main' }, { ops_per_second: step(5000, 100) }),
    ],
  });
  assert.match(cause.text, /Redis main commands fell from 5,000\/s to 100\/s/);
  assert.match(cause.text, /queue mail failures rose from 0\/s to 30\/min/);
});

test('what the alert is about is not its cause, but the load on the same route is', () => {
  const points = [
    runtime,
    route('/contacts', { requests: step(2, 200), duration_p95_ms: step(40, 820) }),
    route('/deals', { requests: 1, duration_p95_ms: step(40, 820) }),
  ];
  const expr = 'max by (route) (http_duration_p95_ms) > 500';
  const ofRoute = explain({ points, expr, labels: { alertname: 'slow', route: '/contacts' } });
  assert.deepEqual(
    ofRoute.cause.moved.map(({ series }) => series.replace(/\{.*route="(.*?)".*/, ' $1')),
    ['http_requests /contacts', 'http_duration_p95_ms /deals'],
  );
  const ofAll = explain({ points, expr: 'avg(http_duration_avg_ms) > 500' });
  assert.equal(ofAll.cause.moved.length, 3);
});

test('host CPU does not explain the snapshot of host CPU, a process does', () => {
  const { cause } = explain({
    points: [
      point('system', {}, { cpu_usage_percent: step(10, 95) }),
      point('process', { process: 'crm' }, { cpu_usage_percent: step(20, 180) }),
    ],
    expr: 'avg_over_time(snapshot_cpuUsage[1m]) > 80',
  });
  assert.equal(cause.text, 'crm CPU rose from 20 % to 180 %.');
});

test('of failures those that failed are told first, though slow ones are further from usual', () => {
  const { cause } = explain({
    points: [
      runtime,
      route('/contacts', { requests: 10, duration_p95_ms: step(1, 60_000) }),
      route('/deals', { requests: step(undefined, 4) }, '5xx'),
      ...Array.from({ length: 20 }, (_, i) => route(`/r${i}`, { duration_p95_ms: step(1, 50_000) })),
    ],
    expr: 'sum(rate(http_errors_total[1m])) > 1',
  });
  assert.match(cause.text, /^GET \/deals 5xx requests rose from 0\/s to 2\/s; GET \/contacts p95 rose/);
  assert.equal(cause.moved.length, 10);
  assert.match(cause.moved.at(-1)!.series, /route="\/deals"/);
});

test('the agent is looked at for alerts about the agent only', () => {
  const points = [point('agent', { source: 'host' }, { read_ms: step(1, 900) })];
  assert.equal(explain({ points }).cause.kind, 'unknown');
  const { cause } = explain({ points, expr: 'agent_source_up == 0' });
  assert.equal(cause.text, 'agent host reading time rose from 1 ms to 900 ms.');
});

test('what began within the last half minute is found', () => {
  const { cause } = explain({
    points: [runtime, route('/contacts', { requests: 5, duration_p95_ms: step(40, 820, storyTicks - 16) })],
    activeAtTick: storyTicks - 1,
  });
  assert.equal(cause.text, 'GET /contacts p95 rose from 40 ms to 820 ms.');
});

test('minutes without data are not taken for nothing', () => {
  const gap = (tick: number) => (tick > 200 && tick < 300 ? undefined : 8);
  const points = [runtime, point('socket', { process: 'crm' }, { connections: gap })];
  assert.equal(explain({ points }).cause.kind, 'unknown');
});

test('of many that moved the ten furthest are told, furthest first', () => {
  const points = Array.from({ length: 300 }, (_, i) =>
    route(`/r${i}`, { requests: 5, duration_p95_ms: step(10, 100 + i) }),
  );
  const { cause } = explain({ points: [runtime, ...points] });
  assert.deepEqual(
    cause.moved.map(({ now }) => now),
    [399, 398, 397, 396, 395, 394, 393, 392, 391, 390],
  );
});

test('the search looks once at alerts that began together, and gives up beyond a few moments', () => {
  const points = [runtime, route('/contacts', { requests: 10, duration_p95_ms: step(40, 820) })];
  const { ring, nowMs } = ringOf(points, storyTicks);
  const search = new MovedSearch(ring, intervalMs);
  const first = search.around(nowMs);
  assert.equal(first?.length, 1);
  assert.equal(search.around(nowMs), first);
  for (let i = 1; i < 4; i++) assert.ok(search.around(nowMs - i * 60_000));
  assert.equal(search.around(nowMs - 400_000), undefined);
  assert.equal(search.around(nowMs), first);
});
