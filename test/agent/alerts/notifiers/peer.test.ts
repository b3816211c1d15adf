import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { emailOptions } from '../../../../agent/alerts/notifiers/email/options.ts';
import { createNotifier, type Integration } from '../../../../agent/alerts/notifiers/notifiers.ts';
import { pagerdutyOptions } from '../../../../agent/alerts/notifiers/pagerduty/options.ts';
import { slackOptions } from '../../../../agent/alerts/notifiers/slack/options.ts';
import { webhookOptions } from '../../../../agent/alerts/notifiers/webhook/options.ts';
import { systemClock as clock } from '../../../../agent/clock.ts';
import { createLog } from '../../../../agent/log.ts';
import type { NotifiedAlert } from '../../../../workers/contract/alerts.ts';
import { labelsFingerprint } from '../../../../workers/rules/fingerprint.ts';
import { NotificationTemplates } from '../../../../workers/template/notification-template.ts';
import { startAlertmanager } from '../../../support/alertmanager.ts';
import { type HttpReceiver, startHttpReceiver } from '../../../support/http-receiver.ts';
import { type TestServer, untilTrue } from '../../../support/servers.ts';
import { type SmtpReceiver, startSmtpReceiver } from '../../../support/smtp-receiver.ts';
import { readMail } from './mail.ts';
import { alertOf, notificationOf } from './notifications.ts';

const startsAtMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;
const odd = `quotes " ' \\ <b>&amp;</b> 日本 {{ x }}\nline`;
// In the order in which Alertmanager sorts them.
const alerts: NotifiedAlert[] = [
  alertOf('two', { startsAtMs, labels: { severity: 'critical', queue: 'mail', alertname: 'two' } }),
  alertOf('one', { startsAtMs, labels: { alertname: 'one', queue: 'mail', odd, severity: 'critical' } }),
].map((alert) => ({
  ...alert,
  fingerprint: labelsFingerprint(alert.labels),
  annotations: { b: odd, a: alert.labels.alertname! },
}));

const everything =
  '{{ .Status }} {{ .Receiver }} {{ .GroupLabels.queue }} {{ range .Alerts }}{{ .Labels.odd }}|{{ end }}';
const pagerduty = {
  ...{ routing_key: 'key', description: everything, client: 'c', client_url: 'http://c', class: everything },
  ...{ component: 'p', group: 'g', severity: 'warning', source: 'here' },
  details: { firing: everything, resolved: 'r', more: 'm' },
  images: [{ src: 'http://src', alt: 'alt', href: 'http://href' }],
  links: [{ href: 'http://link', text: everything }],
};
const slack = {
  ...{
    channel: '#c',
    username: 'u',
    color: 'good',
    title: everything,
    title_link: 'l',
    pretext: 'p',
    text: everything,
  },
  ...{
    footer: 'f',
    fallback: everything,
    callback_id: 'id',
    icon_emoji: ':e:',
    icon_url: 'i',
    image_url: 'm',
  },
  ...{ thumb_url: 't', link_names: true, short_fields: true, mrkdwn_in: ['text'] },
  fields: [
    { title: 'a', value: everything },
    { title: 'b', value: 'c', short: false },
  ],
  actions: [
    { type: 'button', text: 'look', url: 'http://x', name: 'n' },
    {
      type: 'button',
      text: 'do',
      name: 'n',
      value: 'v',
      style: 's',
      confirm: { text: 't', title: 'q', ok_text: 'y', dismiss_text: 'z' },
    },
  ],
};
const mail = {
  ...{ from: 'nova@example.org', to: 'oncall@example.org', require_tls: false },
  ...{
    html: `<p title="${everything}">${everything}</p>`,
    headers: { Subject: everything, 'X-Team': 'team' },
  },
};

/** The same alerts through a real Alertmanager and through ours, to the same receivers. */
describe('beside a real Alertmanager', () => {
  let server: TestServer;
  let http: HttpReceiver;
  let smtp: SmtpReceiver;
  const hello = 'localhost';

  before(async () => {
    http = await startHttpReceiver();
    smtp = await startSmtpReceiver();
    const smarthost = `127.0.0.1:${smtp.port}`;
    const receiver = {
      name: 'oncall',
      webhook_configs: [{ url: `${http.url}/webhook` }],
      pagerduty_configs: [{ url: `${http.url}/pagerduty`, ...pagerduty }],
      slack_configs: [{ api_url: `${http.url}/slack`, send_resolved: true, ...slack }],
      email_configs: [{ smarthost, hello, ...mail }],
    };
    const route = { receiver: 'oncall', group_by: ['queue'], group_wait: '100ms', group_interval: '1s' };
    // JSON is YAML.
    server = await startAlertmanager(JSON.stringify({ route, receivers: [receiver] }));
    await post(alerts);
    await untilTrue(() => assert.equal(http.requests.length + smtp.mails.length, 4));
  });
  after(async () => {
    await server?.remove();
    await http.close();
    await smtp.close();
  });

  async function post(some: readonly NotifiedAlert[]): Promise<void> {
    const posted = some.map(({ labels, annotations, generatorUrl: generatorURL, endsAtMs }) => ({
      ...{ labels, annotations, generatorURL, startsAt: new Date(startsAtMs).toISOString() },
      ...(endsAtMs > 0 && { endsAt: new Date(endsAtMs).toISOString() }),
    }));
    const headers = { 'content-type': 'application/json' };
    await fetch(`${server.url}/api/v2/alerts`, { method: 'POST', headers, body: JSON.stringify(posted) });
  }

  const theirs = (path: string, place = 0) =>
    JSON.parse(http.requests.filter((request) => request.path === path)[place]!.body);

  async function send(integration: Integration, told: readonly NotifiedAlert[] = alerts): Promise<void> {
    const groupKey = theirs('/webhook').groupKey;
    const notification = notificationOf(told, { groupKey, groupLabels: { queue: 'mail' } });
    const write = async () => {};
    const [log, templates] = [createLog('silent'), new NotificationTemplates([])];
    const externalUrl = theirs('/webhook').externalURL;
    const notifier = createNotifier(integration, { clock, log, templates, externalUrl, write });
    await notifier.send(notification, new AbortController().signal);
    await notifier.close();
  }

  async function ours(integration: Integration, told = alerts) {
    await send(integration, told);
    return JSON.parse(http.requests.at(-1)!.body);
  }

  /** Both as JSON, so that the order of keys counts; times without their fractions. */
  const sameText = (mine: unknown, other: unknown) => {
    const text = (value: unknown) => JSON.stringify(value, null, 1).replace(/\.[0-9]+Z"/g, 'Z"');
    assert.equal(text(mine), text(other));
  };

  test('webhooks are the same', async () => {
    const options = webhookOptions.parse({ url: `${http.url}/ours` });
    sameText(await ours({ type: 'webhook', options }), theirs('/webhook'));
  });

  test('events of PagerDuty are the same', async () => {
    const options = pagerdutyOptions.parse({ url: `${http.url}/ours`, ...pagerduty });
    assert.deepEqual(await ours({ type: 'pagerduty', options }), theirs('/pagerduty'));
  });

  test('messages to Slack are the same', async () => {
    const options = slackOptions.parse({ api_url: `${http.url}/ours`, ...slack });
    assert.deepEqual(await ours({ type: 'slack', options }), theirs('/slack'));
  });

  test('mails are the same', async () => {
    const options = emailOptions.parse({ smarthost: `127.0.0.1:${smtp.port}`, hello, ...mail });
    await send({ type: 'email', options });
    const [their, our] = smtp.mails;
    // Theirs is multipart, of one part.
    const part = their!.text.split(/\r\n--[0-9a-f]+(?:--)?\r\n/)[1]!;
    assert.equal(normal(readMail(our!).body), normal(readMail({ ...their!, text: part }).body));
    for (const name of ['subject', 'x-team', 'from', 'to'])
      assert.equal(readMail(our!).headers[name], readMail(their!).headers[name]?.replace(/\s+/g, ' '), name);
    assert.deepEqual([our!.to, our!.from], [their!.to, their!.from.replace(' BODY=8BITMIME', '')]);
  });

  test('the end of alerts is told in the same way', async () => {
    const over = alerts.map((alert) => ({
      ...alert,
      status: 'resolved' as const,
      endsAtMs: startsAtMs + 30_000,
    }));
    await post(over);
    const told = () => http.requests.filter(({ path }) => path === '/webhook' || path === '/pagerduty');
    await untilTrue(() => assert.equal(told().length, 4));
    const webhook = webhookOptions.parse({ url: `${http.url}/ours` });
    sameText(await ours({ type: 'webhook', options: webhook }, over), theirs('/webhook', 1));
    const options = pagerdutyOptions.parse({ url: `${http.url}/ours`, ...pagerduty });
    assert.deepEqual(await ours({ type: 'pagerduty', options }, over), theirs('/pagerduty', 1));
  });
});

/** Line breaks and the ways to write a character in HTML apart. */
function normal(html: string): string {
  return html
    .replaceAll('\r\n', '\n')
    .replace(/&#([0-9]+);/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replaceAll('&quot;', '"')
    .trimEnd();
}
