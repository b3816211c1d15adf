import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { QueueStanding, QueuesTask } from '../../../workers/contract/standings.ts';
import { listProcesses } from '../../../workers/tasks/process-list.ts';
import { listQueues } from '../../../workers/tasks/queue-list.ts';
import { point, ringOf, type Signal, type SignalPoint } from '../cause/fixture.ts';

const ticks = 120;
const last = ticks - 1;

/** What is read every 10 s: at every fifth tick, the last of them two before the end. */
function fifth(value: number): Signal {
  return (tick) => (tick % 5 === 2 ? value : undefined);
}

/** Until a tick; from then on not known. */
function until(tick: number, value: number): Signal {
  return (now) => (now < tick ? value : undefined);
}

function queue(name: string, changed: Readonly<Record<string, Signal>> = {}, redis = 'main'): SignalPoint {
  const every = { waiting: 0, active: 0, completed: 5, failed: 0, delayed: 0, prioritized: 0, paused: 0 };
  const slow = { workers: fifth(2), overdue: fifth(0), stalled: fifth(0) };
  const totals = { completed_total: 10, failed_total: 0 };
  return point('queue', { redis, prefix: 'bull', queue: name }, { ...every, ...slow, ...totals, ...changed });
}

function redisPoint(redis: string, up: Signal = 1): SignalPoint[] {
  return [
    point('redis', { redis }, { memory_used_bytes: fifth(1000), latency_ms: fifth(0.5) }),
    point('agent', { source: `queues/${redis}` }, { source_up: up }),
  ];
}

function list(points: readonly SignalPoint[], task: Partial<QueuesTask> = {}) {
  return listQueues(ringOf(points, ticks).ring, { limit: 10, ...task });
}

function only(queues: readonly QueueStanding[]): QueueStanding {
  assert.equal(queues.length, 1);
  return queues[0]!;
}

test('a queue has its newest numbers, those of every 10 s from their last reading', () => {
  const changed = {
    waiting: (tick: number) => tick,
    oldest_waiting_age_ms: (tick: number) => (tick === 112 ? 400_000 : undefined),
    completed_total: (tick: number) => tick * 4,
  };
  const found = only(list([queue('mail', changed), ...redisPoint('main')]).queues);
  assert.equal(found.fields.waiting, last);
  assert.equal(found.fields.workers, 2);
  assert.equal(found.fields.oldest_waiting_age_ms, null, 'none waited when it was last looked');
  assert.equal(found.fields.completed_total, last * 4);
  assert.equal(found.completedPerMinute, 120);
  assert.equal(found.arrivedPerMinute, 150);
});

const states: readonly [name: string, changed: Readonly<Record<string, Signal>>, state: string][] = [
  ['nothing waits', {}, 'idle'],
  ['jobs are worked on', { active: 2 }, 'working'],
  [
    'jobs wait for a moment',
    { waiting: 3, active: 1, oldest_waiting_age_ms: fifth(900), completed_total: (tick) => tick },
    'working',
  ],
  [
    'jobs come faster than they are done',
    { waiting: (tick) => tick * 5, oldest_waiting_age_ms: fifth(90_000), completed_total: (tick) => tick },
    'overloaded',
  ],
  ['jobs wait and no worker is there', { waiting: 3, workers: fifth(0) }, 'no_workers'],
  ['it is paused', { waiting: 3, paused: 1 }, 'paused'],
  ['due jobs stay delayed', { delayed: 4, overdue: fifth(4) }, 'overdue'],
];

for (const [name, changed, state] of states) {
  test(`a queue is ${state} where ${name}`, () => {
    const found = only(list([queue('mail', changed), ...redisPoint('main')]).queues);
    assert.equal(found.state, state, found.text);
    assert.match(found.text, /^Queue mail /);
  });
}

test('of a Redis that is away nothing is known, though it was just before', () => {
  const counts = { waiting: until(last, 7) };
  const points = [queue('mail', counts), ...redisPoint('main', (tick) => (tick === last ? 0 : 1))];
  const { queues, redis } = list(points);
  const found = only(queues);
  assert.equal(found.state, 'unknown');
  assert.ok(Object.values(found.fields).every((value) => value === null));
  assert.ok(Object.values(redis[0]!.fields).every((value) => value === null));
});

test('a queue that was deleted is not listed, one reading that is missing hides none', () => {
  const gone = Object.fromEntries(
    ['waiting', 'active', 'completed', 'failed', 'delayed', 'prioritized', 'paused'].map((field) => [
      field,
      until(ticks - 5, 0),
    ]),
  );
  const late = { ...gone, waiting: until(last, 3), paused: until(last, 0) };
  const { queues } = list([queue('gone', gone), queue('late', late), ...redisPoint('main')]);
  assert.deepEqual(
    queues.map(({ queue }) => queue),
    ['late'],
  );
});

test('queues come by name in pages, and only those asked for', () => {
  const points = [
    ...['c', 'a', 'b'].map((name) => queue(name)),
    queue('a', {}, 'other'),
    ...redisPoint('main'),
    ...redisPoint('other'),
  ];
  const names = (task: Partial<QueuesTask>) =>
    list(points, task).queues.map(({ redis, queue }) => `${redis}/${queue}`);
  const page = list(points, { limit: 2 });
  assert.equal(page.hasMore, true);
  assert.deepEqual(names({ limit: 2 }), ['main/a', 'main/b']);
  assert.deepEqual(names({ after: page.queues[1]! }), ['main/c', 'other/a']);
  assert.equal(list(points, { limit: 4 }).hasMore, false);
  assert.deepEqual(names({ only: { queue: 'a' } }), ['main/a', 'other/a']);
  assert.deepEqual(
    list(points).redis.map(({ redis }) => redis),
    ['main', 'other'],
  );
});

test('a process is up while it is found, with what is read every 10 s and what it tells itself', () => {
  const outside = {
    cpu_usage_percent: 12,
    pid: 77,
    uptime_seconds: (tick: number) => tick,
    open_fds: fifth(40),
  };
  const { ring, nowMs } = ringOf(
    [
      point('process', { process: 'crm' }, outside),
      point('runtime', { process: 'crm', worker: '0' }, { heap_used_bytes: 5, gc_pause_ms: 1 }),
      point('runtime', { process: 'crm', worker: '1' }, { heap_used_bytes: until(20, 6) }),
    ],
    ticks,
  );
  const { timeMs, processes } = listProcesses(ring, { watched: ['crm'] });
  assert.equal(timeMs, nowMs);
  const [crm] = processes;
  assert.equal(crm!.up, true);
  assert.equal(crm!.fields!.uptime_seconds, last);
  assert.equal(crm!.fields!.open_fds, 40);
  assert.equal(crm!.fields!.memory_rss_bytes, null);
  assert.deepEqual(
    crm!.runtimes.map(({ worker, fields }) => [worker, fields.heap_used_bytes]),
    [['0', 5]],
  );
});

test('a watched process that is gone is not up, and of one that nobody watches it is not known', () => {
  const points = [
    point('process', { process: 'crm' }, { pid: until(50, 77) }),
    point('runtime', { process: 'worker', worker: '0' }, { heap_used_bytes: until(50, 6) }),
    point('runtime', { process: 'other', worker: '0' }, { heap_used_bytes: 6 }),
  ];
  const { processes } = listProcesses(ringOf(points, ticks).ring, { watched: ['crm', 'never'] });
  assert.deepEqual(
    processes.map(({ process, up, fields }) => [process, up, fields]),
    [
      ['crm', false, null],
      ['never', false, null],
      ['other', true, null],
      ['worker', null, null],
    ],
  );
});
