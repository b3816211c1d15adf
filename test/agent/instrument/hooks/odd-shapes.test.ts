import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { createExpressMiddleware } from '../../../../agent/instrument/hooks/express.ts';
import { observeFastify } from '../../../../agent/instrument/hooks/fastify.ts';
import { packageHook } from '../../../../agent/instrument/hooks/packages.ts';
import { createPrismaExtension } from '../../../../agent/instrument/hooks/prisma.ts';
import { replaceMethod } from '../../../../agent/instrument/hooks/safety.ts';
import { attachSocketIo } from '../../../../agent/instrument/hooks/socket-io.ts';
import { collector } from './collector.ts';

const throwing = new Proxy(() => {}, {
  get: () => {
    throw new Error('do not look');
  },
  getPrototypeOf: () => {
    throw new Error('do not look');
  },
});

test('hooks stay out of what they do not know, and do not throw', () => {
  const seen = collector();
  for (const odd of [{}, throwing, Object.freeze({ of: () => null })]) {
    attachSocketIo(seen, odd);
    observeFastify(odd as never);
  }
  assert.deepEqual(seen.socketEvents, []);
});

test('the middleware hands on what is no request at all', () => {
  const seen = collector();
  const middleware = createExpressMiddleware(seen);
  let calls = 0;
  for (const odd of [null, undefined, {}, throwing, Object.freeze({})])
    middleware(odd as object, odd as object, () => {
      calls++;
    });
  assert.equal(calls, 5);
});

test('a request whose every part throws is let pass', async () => {
  const seen = collector();
  const res = Object.assign(new EventEmitter(), {
    headersSent: true,
    statusCode: 200,
    writableFinished: true,
  });
  createExpressMiddleware(seen)(throwing, res, () => {});
  res.emit('close');
  assert.deepEqual(seen.requests, []);
});

test('a package is told by what it exports, and only then touched', () => {
  const hook = packageHook(collector());
  for (const odd of [{}, () => {}, { Worker: 1, Queue: 2 }, { Server: () => {} }, Object.create(null)])
    assert.equal(hook(odd as object), undefined);
});

test('values that are thrown and are no errors pass through the extension', async () => {
  const seen = collector();
  const { query } = createPrismaExtension(seen);
  for (const thrown of ['text', null, 7, { odd: true }]) {
    const call = { model: 'Deal', operation: 'update', args: {}, query: () => Promise.reject(thrown) };
    await assert.rejects(query.$allOperations(call), (error) => error === thrown);
  }
  assert.deepEqual(
    seen.queries.map(({ failed, error }) => [failed, error]),
    [
      [true, 'text'],
      [true, 'null'],
      [true, '7'],
      [true, ''],
    ],
  );
});

test('the extension gives back the very promise of the query', () => {
  const { query } = createPrismaExtension(collector());
  const promise = Promise.resolve(1);
  assert.equal(query.$allOperations({ operation: 'x', args: [], query: () => promise }), promise);
});

test('a method that was replaced looks like the one before, and is replaced once', () => {
  class Example {
    greet(name: string, _other?: string): string {
      return `hello ${name}`;
    }
  }
  const { prototype } = Example;
  const original = prototype.greet;
  let calls = 0;
  for (let i = 0; i < 2; i++)
    replaceMethod<typeof original>(
      prototype,
      'greet',
      (before) =>
        function (this: Example, name, other) {
          calls++;
          return before.call(this, name, other);
        },
    );
  assert.equal(new Example().greet('x'), 'hello x');
  assert.equal(calls, 1);
  assert.deepEqual([prototype.greet.name, prototype.greet.length], ['greet', 2]);
  assert.deepEqual(
    { ...Object.getOwnPropertyDescriptor(prototype, 'greet'), value: 0 },
    { value: 0, writable: true, enumerable: false, configurable: true },
  );
});
