import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { labelsFingerprint } from '../../../workers/rules/fingerprint.ts';
import { freePort, temporaryFolder, untilTrue } from '../../support/servers.ts';

const labelSets = [
  { alertname: 'A' },
  { alertname: 'high-queue', severity: 'warning', queue: 'mail', redis: 'main' },
  { alertname: 'Ümlaut', text: '日本語 and "quotes"\nand a line 🙂', Z: 'upper before lower', a: '' },
  { alertname: 'long', text: 'x'.repeat(10_000) },
  ...Array.from({ length: 200 }, (_, index) => ({ alertname: 'many', index: `${index * 7919}` })),
];

test('fingerprints are those of a real Alertmanager', async () => {
  const folder = await temporaryFolder('nova-alertmanager-');
  const port = await freePort();
  const config = join(folder, 'config.yml');
  await writeFile(config, '{route: {receiver: r}, receivers: [{name: r}]}');
  const server = spawn(
    'prometheus-alertmanager',
    [
      `--config.file=${config}`,
      `--storage.path=${folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(server, 'exit');
  try {
    const url = `http://127.0.0.1:${port}/api/v2/alerts`;
    const body = JSON.stringify(labelSets.map((labels) => ({ labels })));
    const headers = { 'content-type': 'application/json' };
    await untilTrue(async () => assert.ok((await fetch(url, { method: 'POST', headers, body })).ok));
    const alerts = (await (await fetch(url)).json()) as {
      fingerprint: string;
      labels: Record<string, string>;
    }[];
    assert.equal(alerts.length, labelSets.length);
    for (const { labels, fingerprint } of alerts) assert.equal(labelsFingerprint(labels), fingerprint);
  } finally {
    server.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true });
  }
});

test('labels without a value and the order of labels make no difference', () => {
  const fingerprint = labelsFingerprint({ a: '1', b: '2' });
  assert.equal(labelsFingerprint({ c: '', b: '2', a: '1' }), fingerprint);
  assert.notEqual(labelsFingerprint({ a: '12', b: '' }), labelsFingerprint({ a: '1', b: '2' }));
});
