import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testNotifications } from '../../../agent/alerts/test-notification.ts';

const receiver = { name: 'oncall', integrations: [{ key: 'webhook/0' }, { key: 'email/0' }] };

test('a test goes to each way out of the receiver and says that it is one', () => {
  const notifications = testNotifications(receiver, 1_000_000, 'http://agent:7070');
  assert.deepEqual(
    notifications.map(({ receiver, integration, reason, status }) => [receiver, integration, reason, status]),
    [
      ['oncall', 'webhook/0', 'test', 'firing'],
      ['oncall', 'email/0', 'test', 'firing'],
    ],
  );
  const [
    {
      alerts: [alert = assert.fail()],
    } = assert.fail(),
  ] = notifications;
  assert.equal(alert.labels.alertname, 'TestNotification');
  assert.match(alert.annotations.summary!, /test notification/);
});

test('two tests are two notifications, in groups of their own', () => {
  const made = [1, 2].flatMap((nowMs) => testNotifications(receiver, nowMs, ''));
  assert.equal(new Set(made.map(({ id }) => id)).size, 4);
  assert.equal(new Set(made.map(({ groupKey }) => groupKey)).size, 2);
});
