import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { queuesOptions } from '../../../../agent/sources/queues/options.ts';
import '../../../support/watchdog.ts';

function problemsOf(value: unknown): string[] {
  const { error } = queuesOptions.safeParse(value);
  const texts: string[] = [];
  const collect = (issues: readonly z.core.$ZodIssue[]) => {
    for (const issue of issues) {
      if (issue.code === 'invalid_union') issue.errors.forEach(collect);
      else texts.push(`${issue.path.join('.')}: ${issue.message}`);
    }
  };
  collect(error?.issues ?? []);
  return texts;
}

test('an empty entry is the local Redis, the prefix bull and every queue', () => {
  assert.deepEqual(queuesOptions.parse([{}]), [
    { name: '127.0.0.1:6379', redis: 'redis://127.0.0.1:6379', prefix: ['bull'], discover: ['*'], names: [] },
  ]);
});

test('false reads no queues', () => {
  assert.equal(queuesOptions.parse(false), false);
});

test('a name that is not given is the address, without secrets, made unique', () => {
  const entries = [
    { redis: 'rediss://user:pa%40ss@redis.example.org:6380/2' },
    { redis: 'redis://:secret@redis.example.org', prefix: 'a' },
    { redis: 'redis://redis.example.org/0', prefix: 'b' },
    { name: 'main' },
  ];
  assert.deepEqual(
    (queuesOptions.parse(entries) as { name: string }[]).map(({ name }) => name),
    ['redis.example.org:6380/2', 'redis.example.org:6379', 'redis.example.org:6379-2', 'main'],
  );
});

test('names are read in place of discovery', () => {
  const [entry] = queuesOptions.parse([
    { names: ['mail', 'mail', 'x'], prefix: ['a', 'b', 'a'] },
  ]) as object[];
  assert.deepEqual(entry, {
    name: '127.0.0.1:6379',
    redis: 'redis://127.0.0.1:6379',
    prefix: ['a', 'b'],
    discover: [],
    names: ['mail', 'x'],
  });
});

test('what cannot be meant is refused', () => {
  const cases: [unknown, RegExp][] = [
    [[{ names: ['a'], discover: true }], /discover: give either `discover` or `names`, not both/],
    [[{ discover: false }], /discover: without `discover`, `names` must be given/],
    [[{ names: ['a:b'] }], /names\.0: BullMQ queue names cannot contain ":"/],
    [[{ name: 'x' }, { name: 'x' }], /1\.name: another entry is named "x"/],
    [[{ redis: 'http://x' }], /redis: expected redis:/],
    [[{ redis: 'redis://h/first' }], /redis: expected redis:/],
    [[{ prefx: 'bull' }], /Unrecognized key: "prefx"/],
    [[{ prefix: '' }], /prefix/],
    [[], /array/i],
  ];
  for (const [value, problem] of cases) {
    assert.match(problemsOf(value).join('\n'), problem, JSON.stringify(value));
  }
});

test('a refused URL is not repeated in the message', () => {
  assert.doesNotMatch(problemsOf([{ redis: 'redis://:sekret@' }]).join('\n'), /sekret/);
});

test('every option is described in the JSON Schema', () => {
  const schema = z.toJSONSchema(queuesOptions, { io: 'input' }) as unknown as {
    anyOf: { items?: { properties: Record<string, { description?: string }> } }[];
  };
  const properties = schema.anyOf.find(({ items }) => items)!.items!.properties;
  assert.deepEqual(Object.keys(properties), ['name', 'redis', 'prefix', 'discover', 'names']);
  for (const [name, { description }] of Object.entries(properties)) assert.ok(description, name);
});
