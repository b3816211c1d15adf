import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stdoutOptions } from '../../../../agent/alerts/notifiers/stdout/options.ts';
import { createStdoutNotifier } from '../../../../agent/alerts/notifiers/stdout/stdout.ts';
import type { Notification } from '../../../../workers/contract/alerts.ts';
import { alertOf, notificationOf, resolvedOf } from './notifications.ts';

async function written(notification: Notification, format: 'json' | 'text'): Promise<string> {
  let text = '';
  const write = async (part: string) => {
    text += part;
  };
  const notifier = createStdoutNotifier(stdoutOptions.parse({ format }), { write });
  await notifier.send(notification, new AbortController().signal);
  return text;
}

test('a notification is one line of JSON', async () => {
  const notification = notificationOf([alertOf('high-queue', { annotations: { summary: 'two\nlines' } })]);
  const text = await written(notification, 'json');
  assert.equal(text.indexOf('\n'), text.length - 1);
  assert.deepEqual(JSON.parse(text), notification);
});

test('a notification is a few lines for a person', async () => {
  const alerts = [alertOf('high-queue'), resolvedOf('slow-api')];
  assert.equal(
    await written(notificationOf(alerts, { truncatedAlerts: 2 }), 'text'),
    `2026-01-31T12:00:00.000Z [FIRING:1] oncall alertname="high-queue" (new)
  firing since 2026-01-31T12:00:00.000Z alertname="high-queue" severity="critical"
    summary: high-queue fires
  resolved since 2026-01-31T12:01:00.000Z alertname="slow-api" severity="critical"
    summary: slow-api fires
  and 2 more
`,
  );
});

test('a text for a person has no control characters in its labels', async () => {
  const labels = { alertname: 'odd', text: 'a\u001b[2Jb\nc\u009bd' };
  const text = await written(notificationOf([alertOf('odd', { labels })]), 'text');
  assert.doesNotMatch(text, /[^\P{Cc}\n]/u);
});

test('a failure to write may be tried again', async () => {
  const write = () => Promise.reject(new Error('EPIPE'));
  const notifier = createStdoutNotifier(stdoutOptions.parse({}), { write });
  const sent = notifier.send(notificationOf([alertOf('a')]), new AbortController().signal);
  await assert.rejects(sent, { code: 'NOTIFY_FAILED', retryable: true, message: 'standard output: EPIPE' });
});
