import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../../agent/clock.ts';
import { RunningSource } from '../../../agent/pipeline/running-source.ts';
import type { Source } from '../../../agent/sources/source.ts';
import type { Reading } from '../../../workers/contract/tasks.ts';

const reading: Reading = { source: 's', layout: '[]', values: new Float64Array() };

function source(read: Source['read']): RunningSource {
  return new RunningSource({ name: 's', read, close: async () => {} }, systemClock);
}

test('a source that answers is up', async () => {
  const running = source(async () => reading);
  assert.equal(await running.read(1000, 1000), reading);
  assert.deepEqual({ ...running.status(), readMs: 0 }, { source: 's', up: true, readMs: 0, problem: '' });
});

test('a source that fails is down, with its reason, and up again when it answers', async () => {
  let fails = true;
  const running = source(async () => {
    if (fails) throw new Error('refused');
    return reading;
  });
  assert.equal(await running.read(1000, 1000), null);
  assert.equal(running.status().up, false);
  assert.equal(running.status().problem, 'refused');
  fails = false;
  assert.equal(await running.read(2000, 1000), reading);
  assert.equal(running.status().up, true);
});

test('while an answer is outstanding nothing more is asked and nobody waits', async () => {
  let asked = 0;
  let answer = (_: Reading) => {};
  const running = source(() => {
    asked++;
    return new Promise((resolve) => {
      answer = resolve;
    });
  });
  assert.equal(await running.read(1000, 5), null);
  assert.equal(await running.read(3000, 60_000), null);
  assert.equal(asked, 1);
  assert.match(running.status().problem, /no answer/);
  answer(reading);
  await new Promise((resolve) => setImmediate(resolve));
  const next = running.read(5000, 60_000);
  assert.equal(asked, 2);
  answer(reading);
  assert.equal(await next, reading);
});

test('a source that is late counts as read once it has answered or a tick has passed', async () => {
  let answer = (_: Reading) => {};
  const late = () => source(() => new Promise((resolve) => (answer = resolve)));
  const answering = late();
  await answering.read(1000, 1);
  assert.equal(answering.wasRead(), false);
  answer(reading);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answering.wasRead(), true);
  const hanging = late();
  await hanging.read(1000, 1);
  await hanging.read(3000, 1);
  assert.equal(hanging.wasRead(), true);
});

test('the dear part is asked for every 10 s, and again at the next tick when it failed', async () => {
  const slow: boolean[] = [];
  let fails = true;
  const running = source(async (at) => {
    slow.push(at.slow);
    if (fails) throw new Error('refused');
    return reading;
  });
  for (const timeMs of [0, 2000]) await running.read(timeMs, 1000);
  fails = false;
  for (const timeMs of [4000, 6000, 12_000, 14_000, 16_000]) await running.read(timeMs, 1000);
  assert.deepEqual(slow, [true, true, true, false, false, true, false]);
});

test('after a late answer the dear part waits for its next turn: it may be what made it late', async () => {
  const slow: boolean[] = [];
  const running = source(async (at) => {
    slow.push(at.slow);
    if (at.slow) await new Promise((resolve) => setTimeout(resolve, 50));
    return reading;
  });
  assert.equal(await running.read(0, 5), null);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await running.read(2000, 10_000), reading);
  assert.deepEqual(slow, [true, false]);
});

test('what a reading lacks though it succeeded is told, and the source stays up', async () => {
  const lacking = {
    name: 's',
    read: async () => reading,
    problem: () => 'workers are not known',
    close: async () => {},
  };
  const running = new RunningSource(lacking, systemClock);
  await running.read(0, 1000);
  const { up, problem } = running.status();
  assert.deepEqual({ up, problem }, { up: true, problem: 'workers are not known' });
});
