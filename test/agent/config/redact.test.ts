import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskUrls, redact } from '../../../agent/config/redact.ts';
import { load } from './support.ts';

test('no secret is left in what may be shown', async (t) => {
  const { config } = await load(t, {
    yaml: `queues: [{redis: "redis://op:hunter-1@r:1/2"}]
redis: {url: "rediss://:hunter-2@r:1"}
influx:
  - {name: a, url: http://i, version: 2, bucket: b, org: o, token: hunter-3}
  - {name: b, url: http://i, version: 1, database: d, user: u, password: hunter-4}
http: {auth: {tokens: [{name: x, role: admin, token: hunter-5-hunter-5}], jwt: {secret: hunter-6-hunter-6-hunter-6-hunter-6}}}
`,
  });
  const text = JSON.stringify(redact(config));
  assert.ok(!text.includes('hunter'), text);
  assert.ok(text.includes('redis://op:***@r:1/2'), text);
  assert.ok(text.includes('"token":"***"'), text);
});

test('durations and sizes are shown as they are written', async (t) => {
  const shown = redact((await load(t, {})).config) as {
    agent: { interval: string };
    store: { quota: string; retention: { hour: string } };
  };
  assert.equal(shown.agent.interval, '2s');
  assert.equal(shown.store.quota, '2GB');
  assert.equal(shown.store.retention.hour, '2y');
});

test('passwords in URLs are hidden even where they are not escaped', () => {
  assert.equal(maskUrls('redis://u:a/b@c#d@host:1/0'), 'redis://u:***@host:1/0');
  assert.equal(maskUrls('http://h/?token=abc&x=1'), 'http://h/?token=***&x=1');
  assert.equal(maskUrls('http://host:8086/path'), 'http://host:8086/path');
});
