import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { foldMessage } from '../../../workers/events/error-message.ts';

/** Messages of one fault each. */
const alike: readonly (readonly [what: string, ...messages: string[]])[] = [
  ['numbers', 'contact 17 not found', 'contact 4711 not found', 'contact -3 not found'],
  ['sizes and durations', 'waited 500ms, 1.5MB', 'waited 12s, 300KB'],
  ['UUIDs', 'no job 0f8fad5b-d9cb-469f-a165-70867728950e', 'no job a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'],
  ['object ids', 'no deal 507f1f77bcf86cd799439011', 'no deal a07f191e810c19729de860ea'],
  ['cuids', 'no user clh3k2x9p0000qzrm1v5h8d2f', 'no user ckq1a2b3c4d5e6f7g8h9i0j1k'],
  ['an id of digits and one with letters', 'no lead 12345678', 'no lead 3f9a2c1b'],
  ['prefixed ids', 'bad charge ch_3LmnopQ2eZvKYlo2C', 'bad charge ch_1Abc9XyZ8w7V6u5T4'],
  ['numbers after an underscore', 'no job_17', 'no job_4711'],
  [
    'values of any length in messages that were cut',
    `cannot import ${'1'.repeat(20)} of ${'the rest of a long sentence, '.repeat(9)}`.slice(0, 200),
    `cannot import ${'2'.repeat(60)} of ${'the rest of a long sentence, '.repeat(9)}`.slice(0, 200),
  ],
  [
    'quoted values that were cut',
    `cannot parse '${'abc '.repeat(100)}'`.slice(0, 200),
    `cannot parse '${'xy z '.repeat(100)}'`.slice(0, 200),
  ],
  ['memory addresses', 'segment at 0x7ffe4a1b', 'segment at 0xdeadbeef00'],
  ['IPv4 and IPv6', 'connect ECONNREFUSED 127.0.0.1:5432', 'connect ECONNREFUSED ::1:5432'],
  ['IPv6', 'no route to fe80::1ff:fe23:4567:890a', 'no route to 2001:db8::ff00:42:8329'],
  ['e-mail addresses', 'already taken: a.b@example.com', 'already taken: zoe+x@mail.example.org'],
  ['URLs', 'GET https://api.example.com/v1/x?a=1 failed', 'GET http://[::1]:80/ failed'],
  ['ISO dates', 'due 2026-11-23T20:41:52.123Z', 'due 2025-01-02'],
  ['dates in words', 'due Mon Nov 23 2026 20:41:52 GMT+0000', 'due Tue Jan 05 2027 03:04:05 GMT+0000'],
  ['HTTP dates', 'since Mon, 23 Nov 2026 20:41:52 GMT', 'since Fri, 01 Jan 2027 00:00:00 GMT'],
  ['paths', 'cannot read /srv/app/uploads/a.csv', 'cannot read /tmp/b-17.csv', 'cannot read C:\\Temp\\c.csv'],
  ['quotes of both kinds', "contact 'Ann' is gone", 'contact "Bob" is gone', "contact 'O'Brien' is gone"],
  ['quoted text with spaces', "open '/tmp/my file'", "open '/tmp/x'"],
  ['apostrophes', "can't find 'a' in Bob's list", "can't find 'b c' in Bob's list"],
  ['lists of any length', 'missing 1, 2, 3', 'missing 7'],
  ['JSON of any length', 'bad ids [1,2]', 'bad ids [1, 2, 3, 4]'],
  ['white space', 'a  b\n c', 'a b c'],
  [
    'tokens',
    'bad token eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9x',
    'bad token aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgMTIzNDU2Nzg5MA==',
  ],
  [
    'elements of an array',
    "Cannot read properties of undefined (reading '0')",
    "Cannot read properties of undefined (reading '12')",
  ],
];

/** Messages of different faults. */
const different: readonly (readonly [what: string, a: string, b: string])[] = [
  ['words', 'contact 17 not found', 'deal 17 not found'],
  [
    'property names',
    "Cannot read properties of undefined (reading 'id')",
    "Cannot read properties of undefined (reading 'name')",
  ],
  [
    'columns',
    'null value in column "name" violates not-null',
    'null value in column "email" violates not-null',
  ],
  ['identifiers in backticks', 'Argument `where` is missing.', 'Argument `data` is missing.'],
  ['error codes', 'failed with P2002', 'failed with P2025'],
  ['statuses', 'Request failed with status code 404', 'Request failed with status code 500'],
  ['functions', 'contact.save is not a function', 'contact.load is not a function'],
  ['methods', 'GET /x failed', 'POST /x failed'],
  ['names with a digit', 'sha256 is not supported', 'md5 is not supported'],
  ['modules', "Cannot find module 'express'", "Cannot find module 'fastify'"],
];

describe('foldMessage', () => {
  for (const [what, first, ...others] of alike)
    test(`takes ${what} for values`, () => {
      for (const other of others) assert.equal(foldMessage(other), foldMessage(first!));
    });

  for (const [what, a, b] of different)
    test(`tells ${what} apart`, () => {
      assert.notEqual(foldMessage(a), foldMessage(b));
    });

  test('leaves the words of a message', () => {
    assert.equal(foldMessage('contact 17 of bob@example.com not found'), 'contact * of * not found');
    assert.equal(foldMessage('Unexpected end of JSON input'), 'Unexpected end of JSON input');
    assert.equal(foldMessage("it's and/or text/html, isn't it"), "it's and/or text/html, isn't it");
  });

  test('is the same for what it made', () => {
    for (const [, ...messages] of alike)
      for (const message of messages) assert.equal(foldMessage(foldMessage(message)), foldMessage(message));
  });
});

test('no text makes it slow: each step looks at a part of the text a bounded number of times', () => {
  const hostile = ["'a ", '"', '/', 'a@', '0:', 'a1', '1.', 'aaaa-', 'Mon ', '\\', '::', '%', '='].map(
    (part) => part.repeat(4096),
  );
  for (const text of hostile) {
    const before = process.cpuUsage().user;
    for (let i = 0; i < 10; i++) foldMessage(text);
    // A pattern that backtracks exponentially would never end.
    assert.ok(process.cpuUsage().user - before < 5_000_000, text.slice(0, 20));
  }
});
