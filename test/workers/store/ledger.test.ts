import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Batch, LedgerEntry } from '../../../workers/contract/tasks.ts';
import type { Store } from '../../../workers/store/store.ts';
import {
  compactAll,
  dayStartMs,
  filled,
  hourMs,
  nothingElse,
  settings,
  storeFor,
  twoFieldLayout,
} from './fixture.ts';
import { randomNumbers } from './random.ts';

const layout = twoFieldLayout(5);

/** Asserts the equation for every sink, and that `waiting` is what the rows say. */
function assertBalanced(store: Store): readonly LedgerEntry[] {
  const entries = store.ledger();
  for (const { sink, collected, delivered, waiting, quarantined, dropped } of entries) {
    const given = Object.values(dropped).reduce((sum, points) => sum + points, 0);
    assert.equal(collected, delivered + waiting + quarantined + given, `${sink}: ${JSON.stringify(entries)}`);
    assert.equal(waiting, store.countWaiting(sink), sink);
  }
  return entries;
}

/** Takes up to `maxPoints` and says that they were delivered, but for the first `refused`. */
function deliver(store: Store, sink: string, maxPoints: number, refused = 0): Batch | null {
  const batch = store.readBatch(sink, maxPoints, '');
  if (!batch) return null;
  const lines = batch.text.split('\n').slice(0, Math.min(refused, batch.points));
  store.settle(sink, {
    from: batch.from,
    to: batch.to,
    delivered: batch.points - lines.length,
    quarantined: lines.map((line) => ({ line, reason: 'partial write' })),
  });
  return batch;
}

test('points wait until they are delivered, in the order in which they came', (context) => {
  const store = storeFor(context).open();
  for (let i = 0; i < 3; i++) store.append(dayStartMs + i * 2000, [filled(layout, i)], nothingElse);
  assert.equal(assertBalanced(store)[0]!.waiting, 15);
  const batch = deliver(store, 'main', 100);
  assert.equal(batch?.points, 15);
  assert.equal(batch?.more, false);
  const lines = batch!.text.trimEnd().split('\n');
  assert.equal(lines[0], `queue,host=h,queue=q0 waiting=0,active=0 ${dayStartMs}`);
  assert.equal(lines[14], `queue,host=h,queue=q4 waiting=2,active=2 ${dayStartMs + 4000}`);
  assert.equal(store.readBatch('main', 100, ''), null);
  const [entry] = assertBalanced(store);
  assert.deepEqual(entry, {
    sink: 'main',
    collected: 15,
    delivered: 15,
    waiting: 0,
    quarantined: 0,
    dropped: {},
  });
});

test('a batch may end inside a tick, and the next one goes on from there', (context) => {
  const store = storeFor(context).open();
  for (let i = 0; i < 4; i++)
    store.append(dayStartMs + i, [filled(layout, i), filled(twoFieldLayout(2, 'other'), i)], nothingElse);
  const whole = store.readBatch('main', 1000, 'p_')!.text;
  let text = '';
  for (;;) {
    const batch = store.readBatch('main', 3, 'p_');
    if (!batch) break;
    text += batch.text;
    store.settle('main', { from: batch.from, to: batch.to, delivered: batch.points, quarantined: [] });
    assertBalanced(store);
  }
  assert.equal(text, whole);
  assert.equal(text.split('\n').length - 1, 28);
  assert.ok(text.startsWith('p_queue,'));
});

test('a point without a known value is neither stored nor counted', (context) => {
  const store = storeFor(context).open();
  const section = filled(layout, 1);
  section.values.fill(Number.NaN, 2, 4);
  section.values[4] = Number.POSITIVE_INFINITY;
  assert.equal(
    store.append(dayStartMs, [section, filled(twoFieldLayout(3), Number.NaN)], nothingElse).points,
    4,
  );
  const lines = store.readBatch('main', 100, '')!.text.trimEnd().split('\n');
  assert.equal(lines.length, 4);
  assert.equal(lines[1], `queue,host=h,queue=q2 active=1 ${dayStartMs}`);
});

test('a tick of which nothing is known leaves no trace', (context) => {
  const store = storeFor(context).open();
  store.append(dayStartMs, [filled(layout, Number.NaN)], nothingElse);
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  const batch = store.readBatch('main', 100, '');
  assert.equal(batch?.points, 5);
  assert.ok(batch?.text.endsWith(` ${dayStartMs}\n`));
});

test('lost and left out points are collected and dropped for every sink', (context) => {
  const store = storeFor(context, { sinks: ['a', 'b'] }).open();
  store.append(dayStartMs, [filled(layout, 1)], { lostPoints: 7, overflowPoints: 2 });
  store.append(dayStartMs, [filled(layout, 1)], { lostPoints: 1, overflowPoints: 0 });
  for (const entry of assertBalanced(store)) {
    assert.equal(entry.collected, 20);
    assert.deepEqual(entry.dropped, { store_failed: 8, overflow: 2 });
  }
  assert.equal(store.collected(), 20);
});

test('an outcome that is not of the present cursor is refused', (context) => {
  const store = storeFor(context).open();
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  const batch = store.readBatch('main', 3, '')!;
  const outcome = { from: batch.from, to: batch.to, delivered: 3, quarantined: [] };
  store.settle('main', outcome);
  assert.throws(() => store.settle('main', outcome), {
    code: 'refused',
    message: /the outcome is of 1:0, the cursor is at 1:3/,
  });
  assert.equal(assertBalanced(store)[0]!.delivered, 3);
});

test('an outcome that does not account for every point is refused', (context) => {
  const store = storeFor(context).open();
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  const { from, to } = store.readBatch('main', 5, '')!;
  for (const delivered of [4, 6, -1]) {
    assert.throws(() => store.settle('main', { from, to, delivered, quarantined: [] }), { code: 'refused' });
  }
  assert.equal(assertBalanced(store)[0]!.waiting, 5);
});

test('a sink that the store does not know has nothing to read', (context) => {
  const store = storeFor(context).open();
  assert.equal(store.readBatch('main', 10, ''), null);
  assert.throws(
    () =>
      store.settle('main', {
        from: { seq: 1, offset: 0 },
        to: { seq: 2, offset: 0 },
        delivered: 1,
        quarantined: [],
      }),
    { code: 'refused' },
  );
});

test('a new sink counts from when it was added', (context) => {
  const { open } = storeFor(context);
  const store = open();
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  store.configure({ ...settings, sinks: ['main', 'late'] });
  store.append(dayStartMs + 1, [filled(layout, 2)], nothingElse);
  const [main, late] = assertBalanced(store);
  assert.equal(main!.collected, 10);
  assert.equal(late!.collected, 5);
  assert.match(store.readBatch('late', 100, '')!.text, /^queue,host=h,queue=q0 waiting=2/);
});

test('what waits for a sink that is removed is dropped, and its count goes on when it comes back', (context) => {
  const store = storeFor(context).open();
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  deliver(store, 'main', 2, 1);
  store.configure({ ...settings, sinks: [] });
  store.append(dayStartMs + 1, [filled(layout, 1)], nothingElse);
  assert.deepEqual(store.ledger(), []);
  store.configure(settings);
  store.append(dayStartMs + 2, [filled(layout, 1)], nothingElse);
  assert.deepEqual(assertBalanced(store), [
    { sink: 'main', collected: 10, delivered: 1, waiting: 5, quarantined: 1, dropped: { sink_removed: 3 } },
  ]);
});

test('opening without a tick changes no sink', (context) => {
  const { open } = storeFor(context);
  const first = open();
  first.append(dayStartMs, [filled(layout, 1)], nothingElse);
  first.close();
  const second = open({ sinks: [] });
  assert.equal(assertBalanced(second)[0]!.waiting, 5);
});

test('replayed points leave the quarantine as delivered, given up ones as dropped', (context) => {
  const { open, time, read } = storeFor(context);
  const store = open();
  store.append(dayStartMs, [filled(layout, 1)], nothingElse);
  time.nowMs = dayStartMs + 99;
  deliver(store, 'main', 5, 4);
  const { points } = store.spool({ do: 'list', limit: 100 });
  assert.deepEqual(
    points.map(({ id, sink, reason, refusedAtMs }) => [id, sink, reason, refusedAtMs]),
    [1, 2, 3, 4].map((id) => [id, 'main', 'partial write', dayStartMs + 99]),
  );
  const settled = store.spool({
    do: 'settle',
    delivered: [1, 77],
    refused: [{ id: 2, line: 'mended', reason: 'still' }],
  });
  assert.equal(settled.changed, 2);
  assert.equal(store.spool({ do: 'drop', ids: [3, 3] }).changed, 1);
  const [entry] = assertBalanced(store);
  assert.equal(entry!.delivered, 2);
  assert.equal(entry!.quarantined, 2);
  assert.deepEqual(entry!.dropped, { spool_drop: 1 });
  assert.deepEqual(read().quarantine({ sink: 'main', ids: [1, 2], limit: 9 }), [
    { id: 2, sink: 'main', line: 'mended', reason: 'still', refusedAtMs: dayStartMs + 99 },
  ]);
});

test('the quarantine keeps the newest 10,000 points of a sink and counts the others as dropped', (context) => {
  const store = storeFor(context).open();
  const wide = twoFieldLayout(6000);
  for (let i = 0; i < 2; i++) {
    store.append(dayStartMs + i, [filled(wide, i)], nothingElse);
    deliver(store, 'main', 6000, 6000);
  }
  const [entry] = assertBalanced(store);
  assert.equal(entry!.quarantined, 10_000);
  assert.deepEqual(entry!.dropped, { quarantine_full: 2000 });
  assert.equal(store.spool({ do: 'list', limit: 1 }).points[0]!.id, 2001);
});

test('the ledger balances under any order of operations, across restarts', (context) => {
  const { open } = storeFor(context, { sinks: ['a', 'b'] });
  const random = randomNumbers(11);
  const pick = (n: number) => Math.floor(random() * n);
  let store = open({ sinks: ['a', 'b'] });
  let timeMs = dayStartMs;
  const expected = { a: 0, b: 0 };
  for (let i = 0; i < 600; i++) {
    const sink = random() < 0.5 ? 'a' : 'b';
    const choice = random();
    if (choice < 0.5) {
      timeMs += pick(600_000);
      const section = filled(layout, i);
      for (let v = 0; v < section.values.length; v++) if (random() < 0.3) section.values[v] = Number.NaN;
      store.append(timeMs, [section], { lostPoints: random() < 0.1 ? pick(5) : 0, overflowPoints: 0 });
    } else if (choice < 0.8) {
      const batch = deliver(store, sink, 1 + pick(40), random() < 0.2 ? pick(3) : 0);
      expected[sink] += batch?.points ?? 0;
    } else if (choice < 0.9) {
      store.compact(timeMs);
    } else if (choice < 0.95) {
      const ids = store.spool({ do: 'list', limit: 5 }).points.map(({ id }) => id);
      store.spool(random() < 0.5 ? { do: 'drop', ids } : { do: 'settle', delivered: ids, refused: [] });
    } else {
      store.close();
      store = open({ sinks: ['a', 'b'] });
    }
    assertBalanced(store);
  }
  for (const { sink, delivered, quarantined, dropped } of assertBalanced(store)) {
    const settled = delivered + quarantined + (dropped.spool_drop ?? 0);
    assert.equal(settled, expected[sink as 'a' | 'b'], sink);
  }
  assert.ok(expected.a > 100 && expected.b > 100, 'both sinks had points');
});

test('ticks that a lagging sink has not had outlive their compaction', (context) => {
  const { open, count } = storeFor(context, { sinks: ['fast', 'slow'] });
  const store = open();
  for (let i = 0; i < 60; i++) store.append(dayStartMs + i * 60_000, [filled(layout, i)], nothingElse);
  while (deliver(store, 'fast', 1000));
  compactAll(store, dayStartMs + 2 * hourMs);
  assert.equal(assertBalanced(store)[1]!.waiting, 300);
  let text = '';
  for (let batch = deliver(store, 'slow', 70); batch; batch = deliver(store, 'slow', 70)) text += batch.text;
  assert.equal(text.split('\n').length - 1, 300);
  assert.equal(count('tick'), 60);
  compactAll(store, dayStartMs + 2 * hourMs);
  assert.equal(count('tick'), 0);
});
