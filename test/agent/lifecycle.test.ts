import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lifecycle } from '../../agent/lifecycle.ts';

const bounds = { stepMs: 10_000, totalMs: 10_000 };

test('steps end last in, first out, one after the other', async () => {
  const life = new Lifecycle();
  const ended: string[] = [];
  life.defer('first', () => ended.push('first'));
  life.defer('second', async () => {
    await new Promise((resolve) => setImmediate(resolve));
    ended.push('second');
  });
  assert.deepEqual(await life.close(bounds), []);
  assert.deepEqual(ended, ['second', 'first']);
});

test('a step that fails or hangs is told and does not keep the others from ending', async () => {
  const life = new Lifecycle();
  let ended = false;
  life.defer('first', () => {
    ended = true;
  });
  life.defer('hangs', () => new Promise(() => {}));
  life.defer('fails', () => {
    throw new Error('broken');
  });
  assert.deepEqual(await life.close({ stepMs: 120, totalMs: 10_000 }), [
    'fails: broken',
    'hangs: not ended after 120 ms',
  ]);
  assert.equal(ended, true);
});

test('steps that hang share the time of all; each still gets its moment', async () => {
  const life = new Lifecycle();
  for (const name of ['a', 'b', 'c']) life.defer(name, () => new Promise(() => {}));
  const troubles = await life.close({ stepMs: 200, totalMs: 250 });
  assert.equal(troubles[0], 'c: not ended after 200 ms');
  assert.deepEqual(troubles.slice(1), ['b: not ended after 100 ms', 'a: not ended after 100 ms']);
});

test('closing twice ends everything once', async () => {
  const life = new Lifecycle();
  let times = 0;
  life.defer('one', () => times++);
  await Promise.all([life.close(bounds), life.close(bounds)]);
  assert.equal(times, 1);
});
