import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { pagerdutyOptions } from '../../../../agent/alerts/notifiers/pagerduty/options.ts';
import { createPagerdutyNotifier } from '../../../../agent/alerts/notifiers/pagerduty/pagerduty.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import { NotificationTemplates } from '../../../../workers/template/notification-template.ts';
import { type HttpReceiver, startHttpReceiver } from '../../../support/http-receiver.ts';
import { alertOf, notificationOf, resolvedOf } from './notifications.ts';

const never = new AbortController().signal;
const notification = notificationOf([alertOf('high-queue')]);

let receiver: HttpReceiver;
beforeEach(async () => {
  receiver = await startHttpReceiver();
});
afterEach(() => receiver.close());

async function send(options: object = {}, what = notification) {
  const templates = new NotificationTemplates([]);
  const parsed = pagerdutyOptions.parse({ url: receiver.url, routing_key: 'key', ...options });
  const notifier = createPagerdutyNotifier(parsed, { clock, templates, externalUrl: 'http://agent:7070' });
  try {
    await notifier.send(what, never);
  } finally {
    await notifier.close();
  }
  return JSON.parse(receiver.requests.at(-1)!.body);
}

describe('an event of PagerDuty', () => {
  test('opens an incident, by the default templates', async () => {
    const event = await send();
    assert.equal(event.routing_key, 'key');
    assert.equal(event.event_action, 'trigger');
    assert.match(event.payload.summary, /^\[FIRING:1\] high-queue/);
    assert.equal(event.payload.severity, 'error');
    assert.equal(event.payload.source, event.client);
    assert.deepEqual(Object.keys(event.payload.custom_details), [
      'firing',
      'resolved',
      'num_firing',
      'num_resolved',
    ]);
    assert.equal(event.payload.custom_details.num_firing, '1');
    assert.deepEqual([event.images, event.links], [undefined, undefined]);
  });

  test('ends the same incident', async () => {
    const { dedup_key: opened } = await send();
    const { dedup_key, event_action } = await send(
      {},
      notificationOf([resolvedOf('high-queue')], { id: 'later' }),
    );
    assert.equal(event_action, 'resolve');
    assert.equal(dedup_key, opened);
    assert.equal(dedup_key, createHash('sha256').update(notification.groupKey).digest('hex'));
  });

  test('fills templates in everywhere', async () => {
    const status = '{{ .Status }}';
    const { payload, client, client_url, images, links, routing_key } = await send({
      ...{
        routing_key: `key-of-${status}`,
        client: status,
        client_url: status,
        description: status,
        severity: status,
      },
      ...{ source: `from ${status}`, class: status, component: status, group: status },
      details: { num_firing: 'mine', more: status },
      images: [{ src: status, alt: 'a', href: 'h' }, { alt: 'without a source' }],
      links: [{ href: status, text: 't' }, { text: 'without an address' }],
    });
    assert.deepEqual([routing_key, client, client_url], ['key-of-firing', 'firing', 'firing']);
    const { custom_details, ...rest } = payload;
    const firing = { severity: 'firing', class: 'firing', component: 'firing', group: 'firing' };
    assert.deepEqual(rest, { summary: 'firing', source: 'from firing', ...firing });
    assert.deepEqual([custom_details.num_firing, custom_details.more], ['mine', 'firing']);
    assert.deepEqual(images, [{ src: 'firing', alt: 'a', href: 'h' }]);
    assert.deepEqual(links, [{ href: 'firing', text: 't' }]);
  });

  test('has a summary of at most 1,024 characters', async () => {
    const { payload } = await send({ description: 'ö'.repeat(1025) });
    assert.equal(payload.summary, `${'ö'.repeat(1023)}…`);
  });

  test('of more than 512 KB goes without its details', async () => {
    const alert = alertOf('large', { annotations: { summary: 'x'.repeat(10_240) } });
    const { payload } = await send({}, notificationOf(Array.from({ length: 60 }, () => alert)));
    assert.deepEqual(Object.keys(payload.custom_details), ['error']);
    assert.match(payload.summary, /FIRING:60/);
    assert.ok(receiver.requests[0]!.body.length < 512_000);
  });

  test('is not sent without a key', async () => {
    const routing_key = '{{ .CommonLabels.no_such_label }}';
    await assert.rejects(send({ routing_key }), { code: 'NOTIFY_FAILED', retryable: false });
    assert.deepEqual(receiver.requests, []);
  });
});
