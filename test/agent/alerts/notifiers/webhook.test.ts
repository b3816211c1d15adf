import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { NotifyError } from '../../../../agent/alerts/notifiers/notifier.ts';
import { webhookOptions } from '../../../../agent/alerts/notifiers/webhook/options.ts';
import { createWebhookNotifier } from '../../../../agent/alerts/notifiers/webhook/webhook.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import type { Notification } from '../../../../workers/contract/alerts.ts';
import { type HttpReceiver, startHttpReceiver } from '../../../support/http-receiver.ts';
import { alertOf, notificationOf, resolvedOf } from './notifications.ts';

const never = new AbortController().signal;
const fixture = (name: string) =>
  readFileSync(new URL(`../../../fixtures/tls/loopback-${name}.pem`, import.meta.url), 'utf8');
const tls = { key: fixture('key'), cert: fixture('cert') };
const notification = notificationOf([alertOf('high-queue')]);

let receiver: HttpReceiver;
beforeEach(async () => {
  receiver = await startHttpReceiver();
});
afterEach(() => receiver.close());

async function send(options: object, what: Notification = notification): Promise<void> {
  const parsed = webhookOptions.parse({ url: `${receiver.url}/hook`, ...options });
  const notifier = createWebhookNotifier(parsed, { clock, externalUrl: 'http://agent:7070' });
  try {
    await notifier.send(what, never);
  } finally {
    await notifier.close();
  }
}

async function failure(options: object = {}): Promise<NotifyError> {
  const error = await send(options).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof NotifyError, String(error));
  return error;
}

describe('the message of a webhook', () => {
  test('is version 4 of Alertmanager’s', async () => {
    const firing = alertOf('high-queue', {
      labels: { severity: 'warning', alertname: 'high-queue', queue: 'mail' },
    });
    const over = resolvedOf('high-queue', {
      labels: { alertname: 'high-queue', severity: 'warning', queue: 'sms' },
    });
    await send({}, notificationOf([firing, over], { truncatedAlerts: 3 }));
    const [{ method, path, headers, body } = assert.fail()] = receiver.requests;
    assert.deepEqual([method, path, headers['content-type']], ['POST', '/hook', 'application/json']);
    assert.equal(
      body,
      JSON.stringify({
        receiver: 'oncall',
        status: 'firing',
        alerts: [
          {
            status: 'firing',
            labels: { alertname: 'high-queue', queue: 'mail', severity: 'warning' },
            annotations: { summary: 'high-queue fires' },
            startsAt: '2026-01-31T12:00:00.000Z',
            endsAt: '0001-01-01T00:00:00Z',
            generatorURL: 'http://127.0.0.1:7070/#rule',
            fingerprint: '686967682d717565',
          },
          {
            status: 'resolved',
            labels: { alertname: 'high-queue', queue: 'sms', severity: 'warning' },
            annotations: { summary: 'high-queue fires' },
            startsAt: '2026-01-31T12:00:00.000Z',
            endsAt: '2026-01-31T12:01:00.000Z',
            generatorURL: 'http://127.0.0.1:7070/#rule',
            fingerprint: '686967682d717565',
          },
        ],
        groupLabels: { alertname: 'high-queue' },
        commonLabels: { alertname: 'high-queue', severity: 'warning' },
        commonAnnotations: { summary: 'high-queue fires' },
        externalURL: 'http://agent:7070',
        version: '4',
        groupKey: '{}:{alertname="high-queue"}',
        truncatedAlerts: 3,
      }),
    );
  });

  test('has the id of the notification in a header', async () => {
    await send({});
    assert.equal(receiver.requests[0]!.headers['x-nova-notification-id'], 'a1b2c3');
  });

  test('holds at most max_alerts and says how many are left out', async () => {
    const alerts = ['a', 'b', 'c'].map((name) => alertOf(name));
    await send({ max_alerts: 2 }, notificationOf(alerts, { truncatedAlerts: 5 }));
    const body = JSON.parse(receiver.requests[0]!.body);
    assert.deepEqual([body.alerts.length, body.truncatedAlerts], [2, 6]);
  });

  test('of resolved alerts only is resolved', async () => {
    await send({}, notificationOf([resolvedOf('high-queue')]));
    assert.equal(JSON.parse(receiver.requests[0]!.body).status, 'resolved');
  });

  test('holds 1,000 alerts with 10 KB each', async () => {
    const alert = alertOf('large', { annotations: { summary: 'x'.repeat(10_240) } });
    await send({}, notificationOf(Array.from({ length: 1000 }, () => alert)));
    assert.equal(JSON.parse(receiver.requests[0]!.body).alerts.length, 1000);
  });
});

describe('http_config', () => {
  const authorization = async (options: object) => {
    await send(options);
    return receiver.requests[0]!.headers.authorization;
  };

  test('sends user name and password', async () => {
    const basic_auth = { username: 'nova', password: 'pass:word' };
    assert.equal(await authorization({ http_config: { basic_auth } }), `Basic ${btoa('nova:pass:word')}`);
  });

  test('sends a bearer token', async () => {
    assert.equal(await authorization({ http_config: { bearer_token: 'abc' } }), 'Bearer abc');
  });

  test('sends credentials of another scheme', async () => {
    const http_config = { authorization: { type: ' Token ', credentials: 'abc' } };
    assert.equal(await authorization({ http_config }), 'Token abc');
  });

  test('takes user name and password of the URL', async () => {
    const url = receiver.url.replace('//', '//nova:p%40ss@');
    assert.equal(await authorization({ url }), `Basic ${btoa('nova:p@ss')}`);
  });

  test('sends headers, those with several values too', async () => {
    await send({ http_config: { http_headers: { 'X-Team': { values: ['a', 'b'], secrets: ['c'] } } } });
    assert.equal(receiver.requests[0]!.headers['x-team'], 'a, b, c');
  });

  test('trusts the authority that it names', async () => {
    await receiver.close();
    receiver = await startHttpReceiver(tls);
    await send({ http_config: { tls_config: { ca: tls.cert } } });
    assert.equal(receiver.requests.length, 1);
  });

  test('does not trust a server of no known authority', async () => {
    await receiver.close();
    receiver = await startHttpReceiver(tls);
    const error = await failure();
    assert.match(error.message, /self-signed certificate/);
    assert.equal(error.retryable, true);
  });

  test('trusts any server when it is told to', async () => {
    await receiver.close();
    receiver = await startHttpReceiver(tls);
    await send({ http_config: { tls_config: { insecure_skip_verify: true } } });
    assert.equal(receiver.requests.length, 1);
  });

  test('checks the name that it gives', async () => {
    await receiver.close();
    receiver = await startHttpReceiver(tls);
    const tls_config = { ca: tls.cert, server_name: 'other.example.org' };
    assert.match((await failure({ http_config: { tls_config } })).message, /altnames/);
  });

  test('shows a certificate', async () => {
    await receiver.close();
    receiver = await startHttpReceiver({ ...tls, requestCert: true, ca: tls.cert, rejectUnauthorized: true });
    await failure({ http_config: { tls_config: { ca: tls.cert } } });
    await send({ http_config: { tls_config: { ca: tls.cert, ...tls } } });
    assert.equal(receiver.requests.length, 1);
  });
});

describe('an answer', () => {
  test('of any status from 200 to 299 is success', async () => {
    for (const status of [200, 201, 202, 204, 299]) {
      receiver.answer = (response) => response.writeHead(status).end();
      await send({});
    }
  });

  test('that begins well and breaks off is success', async () => {
    receiver.answer = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => response.socket!.destroy());
    };
    await send({});
  });

  test('that begins well and hangs is success', async () => {
    receiver.answer = (response) => {
      response.writeHead(200).write('half');
    };
    await send({ timeout: '1s' });
  });

  test('that never ends is read up to 4 KB', async () => {
    receiver.answer = (response) => {
      response.writeHead(400);
      const more = () => {
        if (!response.destroyed) response.write('word '.repeat(1000), more);
      };
      more();
    };
    assert.equal((await failure()).retryable, false);
  });

  test('that asks for time is heard, in seconds', async () => {
    receiver.answer = (response) => response.writeHead(429, { 'retry-after': '120' }).end();
    const error = await failure();
    assert.deepEqual([error.retryable, error.retryAfterMs], [true, 120_000]);
  });

  test('that asks for time is heard, as a date', async () => {
    const at = new Date(Date.now() + 3_600_000).toUTCString();
    receiver.answer = (response) => response.writeHead(503, { 'retry-after': at }).end();
    const { retryAfterMs } = await failure();
    assert.ok(retryAfterMs! > 3_000_000 && retryAfterMs! <= 3_600_000, `${retryAfterMs}`);
  });

  test('that never comes ends with the time', async () => {
    receiver.answer = () => {};
    const error = await failure({ timeout: '200ms' });
    assert.match(error.message, /no answer within 0.2 s/);
    assert.equal(error.retryable, true);
  });

  test('of a server that is not there may come later', async () => {
    const { url } = receiver;
    await receiver.close();
    const error = await failure({ url });
    receiver = await startHttpReceiver();
    assert.match(error.message, /^127\.0\.0\.1:\d+: connection refused$/);
    assert.equal(error.retryable, true);
  });
});
