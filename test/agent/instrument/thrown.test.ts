import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeThrown as described, framesOf } from '../../../agent/instrument/thrown.ts';

class OwnFault extends Error {}

function describeThrown(thrown: unknown) {
  const { type, message, stacks } = described(thrown);
  return { type, message, frames: framesOf(stacks) };
}

describe('thrown', () => {
  test('has type, message and frames of an error', () => {
    const { type, message, frames } = describeThrown(new TypeError('no\n    at home (x.js:1:1)'));
    assert.deepEqual([type, message], ['TypeError', 'no\n    at home (x.js:1:1)']);
    assert.match(frames, /^at .*thrown\.test\.ts:\d+:\d+\)?\n/);
    assert.doesNotMatch(frames, /home/);
  });

  test('names an error after its class where that says more', () => {
    assert.equal(describeThrown(new OwnFault('x')).type, 'OwnFault');
    assert.equal(describeThrown(Object.assign(new OwnFault('x'), { name: 'Named' })).type, 'Named');
  });

  test('tells the chain of causes, and each cause once', () => {
    const inner = new RangeError('inner');
    const middle = new OwnFault('middle', { cause: inner });
    inner.cause = middle;
    const { message, frames } = describeThrown(new Error('outer', { cause: middle }));
    assert.equal(message, 'outer (caused by OwnFault: middle) (caused by RangeError: inner)');
    assert.ok(frames.split('\n').length <= 20);
  });

  test('tells the first errors of an aggregate', () => {
    const errors = ['a', 'b', 'c', 'd'].map((text) => new Error(text));
    const { type, message } = describeThrown(new AggregateError(errors, 'all failed'));
    assert.equal(type, 'AggregateError');
    assert.equal(message, 'all failed (caused by Error: a) (caused by Error: b) (caused by Error: c)');
  });

  const others: readonly [unknown, string, string][] = [
    ['a text', 'string', 'a text'],
    [42, 'number', '42'],
    [10n, 'bigint', '10'],
    [Symbol('s'), 'symbol', 'Symbol(s)'],
    [null, 'null', 'null'],
    [undefined, 'undefined', 'undefined'],
    [() => 1, 'function', ''],
    [{ message: 'told', body: 'secret' }, 'Object', 'told'],
    [{ name: 'body' }, 'Object', ''],
    [Object.create(null), 'object', ''],
    [['a'], 'Array', ''],
  ];
  for (const [thrown, type, message] of others) {
    test(`describes what is no error: ${type} ${message}`, () => {
      assert.deepEqual(describeThrown(thrown), { type, message, frames: '' });
    });
  }

  test('survives objects that throw whatever they are asked', () => {
    const hostile = new Proxy(
      {},
      {
        get: () => {
          throw new Error('get');
        },
        getPrototypeOf: () => {
          throw new Error('getPrototypeOf');
        },
      },
    );
    assert.deepEqual(describeThrown(hostile), { type: 'object', message: '', frames: '' });
    const { proxy, revoke } = Proxy.revocable([], {});
    revoke();
    assert.equal(describeThrown(proxy).message, '');
    assert.equal(
      describeThrown({ errors: proxy, cause: hostile, message: 'm' }).message,
      'm (caused by object: )',
    );
  });

  test('survives enormous messages and stacks', () => {
    const error = new Error('x'.repeat(10_000_000));
    assert.equal(describeThrown(error).message.length, 1024);
    assert.match(describeThrown(error).frames, /^at .*thrown\.test\.ts/);
    error.stack = '    at a (b.js:1:1)\n'.repeat(100_000);
    assert.equal(describeThrown(error).frames.split('\n').length, 20);
  });
});
