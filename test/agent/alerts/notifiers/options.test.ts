import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { z } from 'zod';
import { alertmanagerOptions } from '../../../../agent/alerts/notifiers/alertmanager/options.ts';
import { emailOptions } from '../../../../agent/alerts/notifiers/email/options.ts';
import { heartbeatOptions } from '../../../../agent/alerts/notifiers/heartbeat/options.ts';
import { pagerdutyOptions } from '../../../../agent/alerts/notifiers/pagerduty/options.ts';
import { slackOptions } from '../../../../agent/alerts/notifiers/slack/options.ts';
import { stdoutOptions } from '../../../../agent/alerts/notifiers/stdout/options.ts';
import { webhookOptions } from '../../../../agent/alerts/notifiers/webhook/options.ts';
import { parsePrometheusDuration } from '../../../../agent/units.ts';

const url = 'http://127.0.0.1:1/';
const mail = { to: 'a@example.org', from: 'b@example.org', smarthost: 'smtp.example.org:25' };

const least: readonly (readonly [name: string, schema: z.ZodType, options: object])[] = [
  ['webhook', webhookOptions, { url }],
  ['slack', slackOptions, { api_url: url }],
  ['email', emailOptions, mail],
  ['pagerduty', pagerdutyOptions, { routing_key: 'k' }],
  ['alertmanager', alertmanagerOptions, { url }],
  ['stdout', stdoutOptions, {}],
  ['heartbeat', heartbeatOptions, { url }],
];

for (const [name, schema, options] of least) {
  test(`${name} takes the least that it needs`, () => assert.ok(schema.safeParse(options).success));
  test(`${name} refuses an unknown key`, () => {
    const { error } = schema.safeParse({ ...options, sned_resolved: true });
    assert.equal(error!.issues[0]!.code, 'unrecognized_keys');
  });
}

test('the end of alerts is told as by Alertmanager unless said otherwise', () => {
  const told = least.slice(0, 6).map(([name, schema, options]) => {
    return [name, (schema.parse(options) as { send_resolved: boolean }).send_resolved];
  });
  assert.deepEqual(Object.fromEntries(told), {
    ...{ webhook: true, slack: false, email: false, pagerduty: true, alertmanager: true, stdout: true },
  });
});

describe('options', () => {
  const refused: readonly (readonly [what: string, schema: z.ZodType, options: object, message: RegExp])[] = [
    ['no URL', webhookOptions, {}, /missing url \(or url_file\)/],
    ['a URL and its file', webhookOptions, { url, url_file: 'f' }, /not both/],
    ['a URL of another kind', webhookOptions, { url: 'ftp://a' }, /http:\/\/ or https:\/\//],
    ['a password that is not encoded', webhookOptions, { url: 'http://a:50%@b' }, /%25/],
    ['a metadata address', alertmanagerOptions, { url: 'http://169.254.169.254' }, /metadata/],
    ['a link-local mail server', emailOptions, { ...mail, smarthost: '[fe80::1]:25' }, /link-local/],
    ['a mail server without a port', emailOptions, { ...mail, smarthost: 'smtp.example.org' }, /host:port/],
    ['no mail server', emailOptions, { ...mail, smarthost: undefined }, /smtp_smarthost in global/],
    ['no address of the sender', emailOptions, { ...mail, from: undefined }, /smtp_from in global/],
    ['the same header twice', emailOptions, { ...mail, headers: { Subject: 'a', subject: 'b' } }, /already/],
    ['a user without a password', emailOptions, { ...mail, auth_username: 'u' }, /needs auth_password/],
    ['no key of PagerDuty', pagerdutyOptions, {}, /missing routing_key/],
    ['no URL of Slack', slackOptions, {}, /slack_api_url in global/],
    [
      'an action without a target',
      slackOptions,
      { api_url: url, actions: [{ type: 'a', text: 't' }] },
      /url or name/,
    ],
    ['redirects', webhookOptions, { url, http_config: { follow_redirects: true } }, /never followed/],
    ['a proxy', webhookOptions, { url, http_config: { proxy_url: url } }, /proxy_url/],
    [
      'basic as a scheme',
      webhookOptions,
      { url, http_config: { authorization: { type: 'Basic' } } },
      /basic_auth/,
    ],
    [
      'two ways to prove oneself',
      webhookOptions,
      { url, http_config: { bearer_token: 'a', basic_auth: { username: 'u' } } },
      /give one of/,
    ],
    [
      'a token that no header can hold',
      webhookOptions,
      { url, http_config: { bearer_token: 'a\nb' } },
      /no line breaks/,
    ],
    [
      'a header that is ours',
      webhookOptions,
      { url, http_config: { http_headers: { Authorization: { values: ['a'] } } } },
      /http_headers|header/,
    ],
    [
      'a certificate without its key',
      webhookOptions,
      { url, http_config: { tls_config: { cert: 'c' } } },
      /together/,
    ],
    ['a time that is too long', webhookOptions, { url, timeout: '2m' }, /100ms to 1m/],
    ['a time that is none', heartbeatOptions, { url, interval: 'often' }, /such as 30s/],
  ];
  for (const [what, schema, options, message] of refused) {
    test(`with ${what} are refused`, () => assert.match(String(schema.safeParse(options).error), message));
  }
});

test('durations are read in Prometheus’ spelling', () => {
  const read = ['0', '5m', '1h30m', '1d2h3m4s5ms', '1w', '1y'].map(parsePrometheusDuration);
  assert.deepEqual(read, [0, 300_000, 5_400_000, 93_784_005, 604_800_000, 31_536_000_000]);
  for (const text of ['', '5', '1.5h', '5m1h', '1h1h', '-5m', ' 5m', '1H'])
    assert.equal(parsePrometheusDuration(text), undefined, text);
});
