import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../agent/clock.ts';
import { PromqlTurns } from '../../../agent/pipeline/promql-turns.ts';
import type { PromqlAnswer, PromqlAsk, PromqlTask } from '../../../workers/contract/promql-tasks.ts';

const ask = (expr: string): PromqlAsk => ({ ask: 'query', expr, timeMs: 0, lookbackMs: 1, limit: 0 });
const stays = () => new AbortController().signal;
const done: PromqlAnswer = { body: new Uint8Array() };
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Turns over a worker that is done when the test says so, and a clock that the test moves. */
function stage() {
  const running: {
    readonly task: PromqlTask;
    finish(answer?: PromqlAnswer): void;
    fail(error: Error): void;
  }[] = [];
  const time = { ms: 0 };
  const turns = new PromqlTurns({
    run: (task) =>
      new Promise((resolve, reject) => {
        running.push({ task, finish: (answer = done) => resolve(answer), fail: reject });
      }),
    older: null,
    retention: { raw: 1000, minute: 2000 },
    ...{ intervalMs: 2000, commonTags: {}, slowFactor: () => 1 },
    clock: { ...systemClock, monotonicMs: () => time.ms },
  });
  return { running, time, turns };
}

test('one query at a time is with the worker, the others wait in turn', async () => {
  const { running, turns } = stage();
  const answers = ['a', 'b', 'c'].map((expr) => turns.ask(ask(expr), 1000, stays()));
  assert.equal(running.length, 1);
  running[0]!.finish();
  await answers[0];
  await settled();
  assert.deepEqual(
    running.map(({ task }) => task.ask === 'query' && task.expr),
    ['a', 'b'],
  );
});

test('a failure is for who asked, and the next one is asked nevertheless', async () => {
  const { running, turns } = stage();
  const first = turns.ask(ask('a'), 1000, stays());
  const second = turns.ask(ask('b'), 1000, stays());
  running[0]!.fail(new Error('gone'));
  await assert.rejects(first, /gone/);
  await settled();
  running[1]!.finish();
  assert.equal(await second, done);
});

test('at most 32 wait', async () => {
  const { running, turns } = stage();
  const answers = Array.from({ length: 33 }, () => turns.ask(ask('x'), 1000, stays()));
  const refused = await turns.ask(ask('one too many'), 1000, stays());
  assert.ok('errorType' in refused && refused.errorType === 'unavailable', JSON.stringify(refused));
  for (const answer of answers) {
    running.at(-1)!.finish();
    assert.equal(await answer, done);
    await settled();
  }
  assert.equal(running.length, 33);
});

test('who leaves while waiting gives the place away, and the worker never hears of it', async () => {
  const { running, turns } = stage();
  const first = turns.ask(ask('a'), 1000, stays());
  const leaving = new AbortController();
  const second = turns.ask(ask('b'), 1000, leaving.signal);
  leaving.abort();
  const answer = await second;
  assert.ok('errorType' in answer && answer.errorType === 'canceled');
  running[0]!.finish();
  await first;
  await settled();
  assert.equal(running.length, 1);
});

test('who leaves while the worker is at it sets the cell that the evaluation looks at', () => {
  const { running, turns } = stage();
  const leaving = new AbortController();
  void turns.ask(ask('a'), 1000, leaving.signal);
  const cell = new Int32Array(running[0]!.task.cancelled);
  assert.equal(cell[0], 0);
  leaving.abort();
  assert.equal(cell[0], 1);
});

test('the time in the queue counts', async () => {
  const { running, time, turns } = stage();
  const first = turns.ask(ask('a'), 1000, stays());
  const second = turns.ask(ask('b'), 1000, stays());
  const third = turns.ask(ask('c'), 600, stays());
  time.ms = 600;
  running[0]!.finish();
  await first;
  await settled();
  assert.equal(running[1]!.task.limitMs, 400);
  running[1]!.finish();
  await second;
  const answer = await third;
  assert.ok('errorType' in answer && answer.errorType === 'timeout');
});
