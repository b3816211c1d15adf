import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explain, point, type Signal, type SignalPoint, step, storyTicks } from './fixture.ts';

const labels = { alertname: 'high-queue', redis: 'main', prefix: 'bull', queue: 'mail' };
const expr = 'queue_waiting > 100';

/** Every fifth tick, as readings of 10 s. */
function fifth(signal: Signal): Signal {
  return (tick) => (tick % 5 !== 0 ? undefined : typeof signal === 'number' ? signal : signal(tick));
}

/** A queue with nothing to do but for what is given; the fields of every 10 s come every fifth tick. */
function queue(fields: Readonly<Record<string, Signal>>, name = 'mail'): SignalPoint {
  const every = { waiting: 0, active: 0, delayed: 0, prioritized: 0, paused: 0 };
  const slow = { completed_total: 0, failed_total: 0, workers: 1, rate_limited: 0, overdue: 0, stalled: 0 };
  const all: Record<string, Signal> = { ...every, ...fields };
  for (const [field, signal] of Object.entries({ ...slow, ...fields }))
    if (!(field in every)) all[field] = fifth(signal);
  return point('queue', { redis: 'main', prefix: 'bull', queue: name }, all);
}

function causeOf(fields: Readonly<Record<string, Signal>>) {
  return explain({ points: [queue(fields)], expr, labels }).cause;
}

/** So many a tick of 2 s. */
function growing(perTick: number): Signal {
  return (tick) => tick * perTick;
}

test('a paused queue', () => {
  assert.deepEqual(causeOf({ paused: 1, waiting: 340, workers: 0, oldest_waiting_age_ms: 190_000 }), {
    kind: 'paused',
    text: 'Queue mail is paused. 340 jobs wait, the oldest for 3 min.',
    moved: [],
  });
});

test('a queue without workers', () => {
  const { kind, text } = causeOf({ waiting: 340, workers: 0, active: 4, stalled: 1 });
  assert.equal(kind, 'no_workers');
  assert.equal(
    text,
    'Queue mail has no worker connected. 340 jobs wait. 1 of 4 active jobs has lost the worker.',
  );
});

test('workers that are not known are not no workers', () => {
  const unknown = { workers: () => undefined };
  assert.equal(
    causeOf({ ...unknown, waiting: growing(2), active: 1, completed_total: growing(1) }).kind,
    'overloaded',
  );
});

test('where nothing works and workers are not known, nothing is claimed', () => {
  const unknown = { workers: () => undefined, completed_total: () => undefined };
  assert.deepEqual(causeOf({ ...unknown, waiting: 30 }), {
    kind: 'unknown',
    text: 'Nothing works on queue mail, and how many workers it has is not known yet. 30 jobs wait.',
    moved: [],
  });
});

test('a queue whose active jobs lost their worker', () => {
  assert.deepEqual(causeOf({ waiting: 7, active: 5, stalled: 5, workers: 1 }), {
    kind: 'stalled',
    text: 'Queue mail is stalled. 5 of 5 active jobs have lost the worker. 1 worker is connected. 7 jobs wait.',
    moved: [],
  });
});

test('a queue in which nothing finishes any more', () => {
  const { kind, text } = causeOf({
    waiting: growing(1),
    active: 5,
    completed_total: (tick) => Math.min(tick, storyTicks - 101),
    run_p50_ms: step(300, undefined),
    run_p95_ms: step(800, undefined),
  });
  assert.equal(kind, 'stalled');
  assert.match(
    text,
    /^Queue mail is stalled: no job has finished for 3 min, where 95 % took at most 800 ms\./,
  );
});

test('jobs that take long by nature are not stalled', () => {
  const long = { waiting: 50, active: 5, completed_total: 12 };
  assert.equal(causeOf(long).kind, 'overloaded');
  assert.equal(causeOf({ ...long, run_p95_ms: 100_000 }).kind, 'overloaded');
});

test('workers that take no jobs are stalled', () => {
  assert.equal(causeOf({ waiting: 50, completed_total: 12, workers: 3 }).kind, 'stalled');
});

test('a queue that its rate limit holds back', () => {
  const { kind, text } = causeOf({
    waiting: growing(4),
    rate_limited: (tick) => (tick % 15 === 0 ? 0 : 1),
    completed_total: growing(20),
  });
  assert.equal(kind, 'rate_limited');
  assert.equal(text, 'Queue mail is held back by its rate limit. 10/s finish, 12/s come. 1,796 jobs wait.');
});

test('an overloaded queue is told with what it would take', () => {
  const { kind, text } = causeOf({
    waiting: growing(8),
    active: 10,
    workers: 2,
    completed_total: growing(16),
    run_p50_ms: 1250,
    run_p95_ms: 3000,
    oldest_waiting_age_ms: 61_000,
  });
  assert.equal(kind, 'overloaded');
  assert.equal(
    text,
    'Queue mail is overloaded: 12/s come, 8/s finish. At 1.3 s a job, 15 jobs at once would keep up; ' +
      'at most 10 ran. 3,592 jobs wait, the oldest for 61 s. 10 jobs are active on 2 workers.',
  );
});

test('jobs that take longer than before are told', () => {
  const { text } = causeOf({
    waiting: growing(8),
    active: 10,
    completed_total: growing(16),
    run_p50_ms: step(400, 3100),
    run_p95_ms: 4000,
  });
  assert.match(text, /A job takes 3\.1 s, before it took 400 ms\./);
});

test('a backlog that is worked off says how long it takes', () => {
  const { kind, text } = causeOf({
    waiting: (tick) => 5000 - 10 * tick,
    active: 10,
    completed_total: growing(16),
    run_p95_ms: 100,
  });
  assert.equal(kind, 'overloaded');
  assert.match(
    text,
    /^Queue mail has a backlog: 3\/s come, 8\/s finish; at this rate .* worked off in 102 s\./,
  );
});

test('an overloaded queue whose finished jobs cannot be counted', () => {
  const none = () => undefined;
  const { kind, text } = causeOf({
    waiting: growing(8),
    active: 10,
    completed_total: none,
    failed_total: none,
  });
  assert.equal(kind, 'overloaded');
  assert.equal(
    text,
    'Queue mail has more to do than it gets done. 3,592 jobs wait. 10 jobs are active on 1 worker.',
  );
});

test('delayed jobs that nobody moves', () => {
  assert.deepEqual(causeOf({ delayed: 12, overdue: 11, workers: 0 }), {
    kind: 'overdue',
    text: 'Queue mail is overdue: 11 delayed jobs are due and not moved to waiting. No worker is connected.',
    moved: [],
  });
});

test('an idle queue', () => {
  const { kind, text } = causeOf({
    active: 2,
    delayed: 3,
    failed_total: growing(1),
    completed_total: growing(1),
  });
  assert.equal(kind, 'idle');
  assert.equal(text, 'Queue mail is idle: nothing waits; 2 active, 3 delayed for later, 30/min fail.');
});

test('what moved with an overloaded queue is told behind it, without the queue itself', () => {
  const points = [
    queue({ waiting: step(0, 500), active: step(1, 10), completed_total: growing(16) }),
    point('runtime', { process: 'crm', worker: '0' }, { heap_used_bytes: 5e7 }),
    point(
      'http',
      { process: 'crm', route: '/campaigns', method: 'POST', status: '2xx' },
      { requests: step(0, 40) },
    ),
  ];
  const { cause } = explain({ points, expr, labels });
  assert.equal(cause.kind, 'overloaded');
  assert.match(cause.text, /Moved with it: POST \/campaigns requests rose from 0\/s to 20\/s\.$/);
  assert.equal(cause.moved.length, 1);
});

test('a rule over all queues is explained by the one with most jobs waiting', () => {
  const points = [
    queue({ waiting: 5 }, 'news'),
    queue({ waiting: 900, paused: 1 }, 'mail'),
    queue({}, 'sms'),
  ];
  const { cause } = explain({ points, expr: 'sum(queue_waiting) > 100', labels: { alertname: 'x' } });
  assert.match(cause.text, /^Queue mail is paused\. 900 jobs wait\./);
});

test('of a queue that is gone or was never there nothing is known', () => {
  const points = [queue({ waiting: step(500, undefined, 100), paused: step(0, undefined, 100) })];
  const gone = explain({ points, expr, labels }).cause;
  assert.equal(gone.kind, 'unknown');
  assert.match(gone.text, /^Nothing is known of the queue now\./);
  const other = explain({ points, expr, labels: { ...labels, queue: 'other' } }).cause;
  assert.match(other.text, /^Nothing is known of the queue now\./);
});
