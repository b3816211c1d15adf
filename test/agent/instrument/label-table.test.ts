import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { createRecorder } from '../../../agent/instrument/event-recorder.ts';
import { LabelTable, PairTable } from '../../../agent/instrument/label-table.ts';
import { noLabel, TextArena } from '../../../agent/instrument/text-arena.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** After a full collection, in MB. */
function usedMb(): number {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
}

function tables() {
  const arena = new TextArena(() => {
    labels.forget();
    pairs.forget();
  });
  const labels = new LabelTable(arena, (text) => text);
  const pairs = new PairTable(arena, (key, partner) => `${partner}\0${key}`);
  const textOf = ({ at }: { at: number }) =>
    Buffer.from(arena.words.buffer, at * 4 + 4, arena.words[at]).toString();
  return { labels, pairs, textOf };
}

describe('label tables', () => {
  test('give the same label for the same text', () => {
    const { labels, pairs } = tables();
    assert.equal(labels.get('ann'), labels.get(['a', 'nn'].join('')));
    assert.equal(pairs.get('/a', 'GET'), pairs.get('/a', 'GET'));
    assert.notEqual(pairs.get('/a', 'GET'), pairs.get('/a', 'POST'));
  });

  test('give no label for no text', () => {
    assert.equal(tables().labels.get(''), noLabel);
  });

  test('keep the bytes of any text', () => {
    const { labels, pairs, textOf } = tables();
    for (const text of ['a', 'ab', 'abc', 'abcd', 'äöü', '😀', '__proto__', '12']) {
      assert.equal(textOf(labels.get(text)), text);
      assert.equal(textOf(pairs.get(text, 'x')), `x\0${text}`);
    }
  });

  test('cut a text at 4,096 bytes and between characters', () => {
    const { pairs, textOf } = tables();
    assert.equal(textOf(pairs.get('é'.repeat(3000), '')), `\0${'é'.repeat(2047)}`);
  });

  test('hold labels made for one event while the arena turns', () => {
    const { labels, textOf } = tables();
    for (let i = 0; i < 2000; i++) {
      const first = labels.get(`first ${i} ${'x'.repeat(1500)}`);
      const second = labels.get(`second ${i} ${'y'.repeat(1500)}`);
      assert.ok(textOf(first).startsWith(`first ${i} `) && textOf(second).startsWith(`second ${i} `));
    }
  });

  test('stay small over a million distinct texts of each kind', () => {
    const recorder = createRecorder(() => ({ path: '/nonexistent/intake.sock' }));
    const request = {
      ...{ method: 'GET', route: '', status: 500, durationUs: 1, timeMs: Date.now(), user: '', error: '' },
      untimed: false,
    };
    const make = (from: number, count: number) => {
      for (let i = from; i < from + count; i++) {
        request.route = `/route/${i}`;
        request.method = `M${i % 100_000}`;
        request.user = `user ${i}`;
        recorder.request(request);
        if (i % 10 !== 0) continue;
        recorder.query(`m${i}`, `o${i}`, `select ${i} from t${i}`, 1, 0, true, `no ${i}`);
        recorder.socketEvent(`e${i}`, `n${i}`, 1, 0, `u${i}`, `failed ${i}`);
        recorder.job(`q${i}`, `j${i}`, 1, 0, true, `bounced ${i}`);
      }
    };
    make(0, 100_000);
    const before = usedMb();
    make(100_000, 1_000_000);
    const grown = usedMb() - before;
    recorder.close();
    assert.ok(grown < 3, `grew by ${grown} MB`);
  });

  test('do not keep alive the long text that a label is a piece of', () => {
    const { labels, pairs } = tables();
    const before = usedMb();
    for (let i = 0; i < 200; i++) {
      const headers = `${i} ${'x'.repeat(100_000)} user-${i}-of-many`;
      labels.get(headers.slice(-20));
      pairs.get(headers.slice(-20), headers.slice(-19));
    }
    const grown = usedMb() - before;
    assert.ok(grown < 2, `grew by ${grown} MB`);
  });
});
