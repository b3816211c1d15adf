import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AgentError } from '../../../agent/errors.ts';
import { Turns } from '../../../agent/pipeline/turns.ts';

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Work that is done when the test says so. */
function stage(mostWaiting = 4) {
  const turns = new Turns(mostWaiting);
  const begun: string[] = [];
  const ends = new Map<string, { resolve(value: string): void; reject(error: Error): void }>();
  const ask = (name: string, signal?: AbortSignal) =>
    turns.run(() => {
      begun.push(name);
      return new Promise<string>((resolve, reject) => ends.set(name, { resolve, reject }));
    }, signal);
  return { begun, ends, ask };
}

test('work is done one at a time, in the order in which it came, also after one that failed', async () => {
  const { begun, ends, ask } = stage();
  const [a, b, c] = ['a', 'b', 'c'].map((name) => ask(name));
  await settled();
  assert.deepEqual(begun, ['a']);
  ends.get('a')!.reject(new Error('broken'));
  await assert.rejects(a!, /broken/);
  await settled();
  assert.deepEqual(begun, ['a', 'b']);
  ends.get('b')!.resolve('done');
  assert.equal(await b, 'done');
  await settled();
  ends.get('c')!.resolve('done');
  await c;
  const again = ask('d');
  await settled();
  assert.deepEqual(begun, ['a', 'b', 'c', 'd']);
  ends.get('d')!.resolve('');
  await again;
});

test('who leaves while waiting is never begun, and who comes between two turns waits', async () => {
  const { begun, ends, ask } = stage();
  const first = ask('a');
  const leaving = new AbortController();
  const left = ask('b', leaving.signal);
  const third = ask('c');
  leaving.abort();
  await assert.rejects(left, { name: 'AbortError' });
  ends.get('a')!.resolve('');
  await first;
  const late = ask('d');
  await settled();
  assert.deepEqual(begun, ['a', 'c']);
  ends.get('c')!.resolve('');
  await third;
  await settled();
  ends.get('d')!.resolve('');
  await late;
  await assert.rejects(ask('e', leaving.signal), { name: 'AbortError' });
  assert.deepEqual(begun, ['a', 'c', 'd']);
});

test('who leaves after the beginning gets the answer all the same', async () => {
  const { ends, ask } = stage();
  const leaving = new AbortController();
  const answer = ask('a', leaving.signal);
  await settled();
  leaving.abort();
  ends.get('a')!.resolve('done');
  assert.equal(await answer, 'done');
});

test('too many are told to come again', async () => {
  const { ends, ask } = stage(2);
  const all = ['a', 'b', 'c'].map((name) => ask(name));
  const isBusy = (error: unknown) => error instanceof AgentError && error.code === 'BUSY';
  await assert.rejects(ask('d'), isBusy);
  for (const name of ['a', 'b', 'c']) {
    await settled();
    ends.get(name)!.resolve('');
  }
  await Promise.all(all);
});
