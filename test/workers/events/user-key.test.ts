import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import { UserKey } from '../../../workers/events/user-key.ts';

test('an id becomes the first 16 digits of its HMAC-SHA-256, each time the same', () => {
  const key = 'ab'.repeat(32);
  const users = new UserKey(key);
  const expected = (id: string) =>
    createHmac('sha256', Buffer.from(key, 'hex')).update(id).digest('hex').slice(0, 16);
  for (let round = 0; round < 2; round++) {
    for (let i = 0; i < 25_000; i += round === 0 ? 1 : 1000)
      assert.equal(users.hash(`user ${i}`), expected(`user ${i}`));
    for (const id of ['__proto__', 'é', '漢'.repeat(2000), '\0']) assert.equal(users.hash(id), expected(id));
  }
});

test('without a key an id stays as it is, cut and without control characters; nobody stays nobody', () => {
  const users = new UserKey('');
  assert.equal(users.hash('anna@example.org'), 'anna@example.org');
  assert.equal(users.hash('a\0b\nc'), 'a b c');
  assert.equal(users.hash('é'.repeat(100)), 'é'.repeat(64));
  assert.equal(users.hash(''), '');
  assert.equal(new UserKey('ab').hash(''), '');
});
