import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { createSchemaCheck, type RequestPart, type Schema } from '../../../agent/http/schema-check.ts';
import { cursorOf, durationOf, limitOf, orNull, queryOf, textOf } from '../../../agent/http/schemas.ts';

function checked(schema: Schema, data: unknown, part: RequestPart = 'querystring'): unknown {
  const outcome = createSchemaCheck(schema, part)(data);
  return 'error' in outcome ? outcome.error.message : { ...(outcome.value as object) };
}

const query = queryOf({
  limit: limitOf(100, 1000),
  before: cursorOf('^\\d+$'),
  window: durationOf('How far back.', 10_000, 86_400_000, '1m'),
  status: { type: 'string', enum: ['active', 'resolved'] },
  hours: { type: 'number', minimum: 0.5 },
  exact: { type: 'boolean' },
  by: { type: 'array', items: { type: 'string' }, maxItems: 2 },
  name: textOf('Of it.', { minLength: 2, maxLength: 5 }),
});

const answers: readonly [query: Record<string, unknown>, answer: object | string][] = [
  [{}, { limit: 100, window: 60_000 }],
  [
    { limit: '7', window: '5m' },
    { limit: 7, window: 300_000 },
  ],
  [{ limit: '' }, { limit: 100, window: 60_000 }],
  [
    { hours: '1.5', exact: 'true', by: 'a' },
    { hours: 1.5, exact: true, by: ['a'], limit: 100, window: 60_000 },
  ],
  [{ limit: '0' }, 'limit: expected a whole number from 1 to 1000, got "0"'],
  [{ limit: '1e2' }, 'limit: expected a whole number from 1 to 1000, got "1e2"'],
  [{ limit: '9007199254740993' }, 'limit: expected a whole number from 1 to 1000, got "9007199254740993"'],
  [{ limit: ['1', '2'] }, 'limit: expected once, got it several times'],
  [{ hours: '0x10' }, 'hours: expected a number of 0.5 or more, got "0x10"'],
  [{ hours: '.4' }, 'hours: expected a number of 0.5 or more, got ".4"'],
  [{ before: 'x' }, 'before: expected the `next` of an earlier answer'],
  [{ window: '5 s' }, 'window: expected a duration from 10s to 1d such as 5m or 24h, got "5 s"'],
  [{ window: '2d' }, 'window: expected a duration from 10s to 1d such as 5m or 24h, got "2d"'],
  [
    { status: 'reslved' },
    'status: expected one of active, resolved, got "reslved"; did you mean "resolved"?',
  ],
  [{ exact: 'yes' }, 'exact: expected true or false, got "yes"'],
  [{ by: ['a', 'b', 'c'] }, 'by: expected a list of texts of 0 to 2 entries, got ["a","b","c"]'],
  [{ name: 'x' }, 'name: expected a text of 2 to 5 characters, got "x"'],
];

for (const [given, answer] of answers) {
  test(`${JSON.stringify(given)} gives ${JSON.stringify(answer)}`, () => {
    assert.deepEqual(checked(query, given), answer);
  });
}

test('an unknown parameter is refused with the one that was likely meant', () => {
  assert.match(
    String(checked(query, { limt: '1' })),
    /^unknown parameter "limt"; did you mean "limit"\? \(allowed: limit, /,
  );
});

for (const name of ['__proto__', 'constructor', 'toString']) {
  test(`${name} is a parameter like any other`, () => {
    assert.match(String(checked(query, Object.fromEntries([[name, 'x']]))), /^unknown parameter/);
    assert.deepEqual(
      checked({ type: 'object', additionalProperties: textOf('Any.') }, Object.fromEntries([[name, 'x']])),
      Object.fromEntries([[name, 'x']]),
    );
  });
}

const body: Schema = {
  type: 'object',
  properties: {
    id: textOf('Of it.'),
    limit: { type: 'integer', maximum: 5 },
    place: {
      type: 'object',
      properties: { x: { type: 'number' } },
      required: ['x'],
      additionalProperties: false,
    },
    note: orNull(textOf('Or none.')),
    matchers: { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] },
  },
  required: ['id'],
  additionalProperties: false,
};

const bodies: readonly [body: unknown, answer: object | string][] = [
  [
    { id: 'a', note: null, matchers: ['m'] },
    { id: 'a', note: null, matchers: ['m'] },
  ],
  [undefined, 'id: expected a text, got nothing'],
  [null, 'id: expected a text, got nothing'],
  [[], 'the body: expected a JSON object, got []'],
  ['text', 'the body: expected a JSON object, got "text"'],
  [{ id: 1 }, 'id: expected a text, got 1'],
  [{ id: 'a', limit: '3' }, 'limit: expected a whole number from -∞ to 5, got "3"'],
  [{ id: 'a', place: { y: 1 } }, 'unknown key "y"; did you mean "x"? (allowed: x)'],
  [{ id: 'a', place: {} }, 'place.x: expected a number, got nothing'],
  [{ id: 'a', place: { x: '1' } }, 'place.x: expected a number, got "1"'],
  [{ id: 'a', ids: [] }, 'unknown key "ids"; did you mean "id"? (allowed: id, limit, place, note, matchers)'],
];

for (const [given, answer] of bodies) {
  test(`the body ${JSON.stringify(given)} gives ${JSON.stringify(answer)}`, () => {
    assert.deepEqual(checked(body, given, 'body'), answer);
  });
}

test('a schema with a keyword that would go unchecked is refused', () => {
  for (const schema of [
    { oneOf: [] },
    { properties: { a: { multipleOf: 2 } } },
    { items: { uniqueItems: true } },
  ]) {
    assert.throws(() => createSchemaCheck(schema, 'body'), /a schema of a request has/);
  }
});

/** Numbers that look random and are the same in every run. */
function sequence(): (below: number) => number {
  let state = 12345;
  return (below) => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function randomSchema(next: (below: number) => number, depth: number): Schema {
  switch (next(depth > 0 ? 9 : 6)) {
    case 0:
      return { type: 'string', minLength: next(3), maxLength: 2 + next(3) };
    case 1:
      return { type: 'integer', minimum: next(3) - 1, maximum: 2 + next(3) };
    case 2:
      return { type: ['number', 'null'], minimum: 0.5 };
    case 3:
      return { enum: ['a', 1, null] };
    case 4:
      return { type: 'boolean' };
    case 5:
      return { type: 'string', pattern: '^[ab😀]+$' };
    case 6:
      return {
        type: 'array',
        items: randomSchema(next, depth - 1),
        minItems: next(2),
        maxItems: 1 + next(2),
      };
    case 7:
      return { anyOf: [randomSchema(next, depth - 1), randomSchema(next, depth - 1)] };
    default:
      return {
        type: 'object',
        properties: { a: randomSchema(next, depth - 1), b: randomSchema(next, depth - 1) },
        ...(next(2) === 0 && { required: ['a'] }),
        additionalProperties: [false, true, randomSchema(next, 0)][next(3)],
      };
  }
}

function randomValue(next: (below: number) => number, depth: number): unknown {
  const plain = ['', 'a', 'ab', '😀😀', 'xyz', 'abbab', 0, 1, 2, 0.5, -1, 4, true, false, null];
  const kind = next(depth > 0 ? 4 : 2);
  if (kind < 2) return plain[next(plain.length)];
  if (kind === 2) return Array.from({ length: next(3) }, () => randomValue(next, depth - 1));
  return Object.fromEntries(
    ['a', 'b', 'c'].slice(next(3)).map((name) => [name, randomValue(next, depth - 1)]),
  );
}

test('bodies are taken and refused as Ajv does', () => {
  const next = sequence();
  const ajv = new Ajv2020({ strict: false });
  const counts = { taken: 0, refused: 0 };
  for (let i = 0; i < 150; i++) {
    const schema = { type: 'object', properties: { v: randomSchema(next, 2) }, required: ['v'] };
    const theirs = ajv.compile(schema);
    const ours = createSchemaCheck(schema, 'body');
    for (let j = 0; j < 60; j++) {
      const data = { v: randomValue(next, 2) };
      const isTaken = theirs(data);
      counts[isTaken ? 'taken' : 'refused']++;
      const outcome = ours(data);
      assert.equal('value' in outcome, isTaken, `${JSON.stringify(schema)} ${JSON.stringify(data)}`);
      if ('value' in outcome) assert.deepEqual(JSON.parse(JSON.stringify(outcome.value)), data);
    }
  }
  assert.ok(counts.taken > 500 && counts.refused > 500, JSON.stringify(counts));
});
