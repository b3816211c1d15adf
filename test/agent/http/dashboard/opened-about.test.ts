import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAbout } from '../../../../agent/http/dashboard/views/opened-about.ts';

const queue = { queue: 'mail', redis: 'main', prefix: 'bull' };

test('an alert is about a queue when it names it, and no other Redis or prefix', () => {
  assert.ok(isAbout({ alertname: 'high-queue', ...queue }, queue));
  assert.ok(
    isAbout({ alertname: 'high-queue', queue: 'mail' }, queue),
    'the rule sums over Redis and prefix',
  );
  assert.ok(!isAbout({ queue: 'mail', redis: 'other' }, queue));
  assert.ok(!isAbout({ queue: 'sms', redis: 'main', prefix: 'bull' }, queue));
});

test('an alert that names no queue is about none', () => {
  assert.ok(!isAbout({ alertname: 'high-cpu', redis: 'main' }, queue));
});
