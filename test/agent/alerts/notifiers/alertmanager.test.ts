import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { createAlertmanagerNotifier } from '../../../../agent/alerts/notifiers/alertmanager/alertmanager.ts';
import { alertmanagerOptions } from '../../../../agent/alerts/notifiers/alertmanager/options.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import type { Notification } from '../../../../workers/contract/alerts.ts';
import { labelsFingerprint } from '../../../../workers/rules/fingerprint.ts';
import { startAlertmanager } from '../../../support/alertmanager.ts';
import type { TestServer } from '../../../support/servers.ts';
import { alertOf, notificationOf, resolvedOf } from './notifications.ts';

const never = new AbortController().signal;
const startsAtMs = Date.now() - 60_000;

interface ShownAlert {
  readonly labels: Record<string, string>;
  readonly annotations: Record<string, string>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly fingerprint: string;
  readonly generatorURL: string;
}

describe('a real Alertmanager', () => {
  let server: TestServer;
  before(async () => {
    server = await startAlertmanager();
  });
  after(() => server.remove());

  async function send(what: Notification, options: object = {}): Promise<void> {
    const parsed = alertmanagerOptions.parse({ url: `${server.url}/`, ...options });
    const notifier = createAlertmanagerNotifier(parsed, { clock });
    await notifier.send(what, never);
    await notifier.close();
  }

  /** Alerts with this name that it takes for firing. */
  async function firing(name: string): Promise<ShownAlert[]> {
    const answer = await fetch(`${server.url}/api/v2/alerts?filter=alertname%3D${name}`);
    return (await answer.json()) as ShownAlert[];
  }

  test('takes a firing alert, until long after', async () => {
    const alert = alertOf('firing', { startsAtMs });
    await send(notificationOf([alert]), { resolve_after: '2d' });
    const [shown = assert.fail()] = await firing('firing');
    assert.deepEqual(shown.labels, alert.labels);
    assert.deepEqual(shown.annotations, alert.annotations);
    assert.equal(shown.generatorURL, alert.generatorUrl);
    assert.equal(shown.fingerprint, labelsFingerprint(alert.labels));
    assert.equal(Date.parse(shown.startsAt), startsAtMs);
    assert.ok(Date.parse(shown.endsAt) - clock.now() > 47 * 3_600_000, shown.endsAt);
  });

  test('hears of its end', async () => {
    await send(notificationOf([alertOf('over', { startsAtMs })]));
    assert.equal((await firing('over')).length, 1);
    await send(notificationOf([resolvedOf('over', { startsAtMs, endsAtMs: clock.now() })]));
    assert.deepEqual(await firing('over'), []);
  });

  test('takes an alert that ended before it began, after a jump of the clock', async () => {
    await send(notificationOf([resolvedOf('jump', { startsAtMs, endsAtMs: startsAtMs - 3_600_000 })]));
  });

  test('takes alerts without a link', async () => {
    await send(notificationOf([alertOf('plain', { startsAtMs, generatorUrl: '' })]));
    assert.equal((await firing('plain')).length, 1);
  });

  test('takes odd texts', async () => {
    const odd = `"<b>{{ x }}</b>" \\ 'a'\nb 日本 ${'x'.repeat(10_240)}`;
    await send(notificationOf([alertOf('odd', { startsAtMs, labels: { alertname: 'odd', odd } })]));
    assert.equal((await firing('odd'))[0]!.labels.odd, odd);
  });

  test('takes 1,000 alerts at once', async () => {
    const labels = (i: number) => ({ alertname: 'many', number: `${i}` });
    const alerts = Array.from({ length: 1000 }, (_, i) => alertOf('many', { startsAtMs, labels: labels(i) }));
    await send(notificationOf(alerts));
    assert.equal((await firing('many')).length, 1000);
  });

  test('lets a test end by itself', async () => {
    await send(notificationOf([alertOf('test', { startsAtMs })], { reason: 'test' }));
    const [shown = assert.fail()] = await firing('test');
    assert.ok(Date.parse(shown.endsAt) - clock.now() <= 5 * 60_000, shown.endsAt);
  });

  test('refuses what it cannot take, for good', async () => {
    const alert = alertOf('bad', { labels: { '0 is no name': 'x' } });
    await assert.rejects(send(notificationOf([alert])), { code: 'NOTIFY_FAILED', retryable: false });
  });
});
