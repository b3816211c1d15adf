import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Queue, Worker } from 'bullmq';
import type { ShownAlert } from '../../agent/alert-shape.ts';
import { runAgent, startAgent, type TestAgent, testToken } from '../support/agent.ts';
import { startRedis, type TestServer, temporaryFolder, untilTrue } from '../support/servers.ts';

/** What Alertmanager's webhooks get, version 4. */
interface WebhookBody {
  readonly version: string;
  readonly status: string;
  readonly groupLabels: Record<string, string>;
  readonly alerts: {
    readonly status: string;
    readonly labels: Record<string, string>;
    readonly annotations: Record<string, string>;
    readonly startsAt: string;
    readonly endsAt: string;
  }[];
}

const rules = `
groups:
  - name: queues
    rules:
      - alert: high-queue
        expr: queue_waiting > 20
        labels: {severity: warning}
        annotations:
          summary: '{{ $labels.queue }} has {{ $value }} waiting'
`;

let redis: TestServer;
let folder: string;
let receiver: Server;
let agent: TestAgent;
let queue: Queue;
const bodies: WebhookBody[] = [];

before(async () => {
  folder = await temporaryFolder('nova-alerts-');
  redis = await startRedis();
  receiver = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (data) => {
      text += data;
    });
    request.on('end', () => {
      bodies.push(JSON.parse(text));
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  await writeFile(join(folder, 'rules.yml'), rules);
  await writeFile(
    join(folder, 'notify.yml'),
    `
route:
  receiver: oncall
  group_by: [alertname]
  group_wait: 0s
  group_interval: 1s
receivers:
  - name: oncall
    webhook_configs:
      - url: http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook
`,
  );
  queue = new Queue('mail', { connection: { url: redis.url } });
  await queue.add('send', { i: 0 });
  agent = await startAgent(configuration(), { folder });
  // Workers are counted every 10 s only, and they are the cause.
  await untilTrue(async () => {
    const known = await runAgent(['query', 'queue_workers', '--instant', '-c', agent.configFile]);
    assert.match(known.stdout, /queue="mail"/);
  }, 60_000);
  await queue.addBulk(Array.from({ length: 29 }, (_, i) => ({ name: 'send', data: { i } })));
});

function configuration() {
  return {
    agent: { interval: '500ms' },
    processes: [{ name: 'crm', pid: process.pid }],
    queues: [{ name: 'main', redis: redis.url }],
    rules: ['rules.yml'],
    notify: 'notify.yml',
  };
}

after(async () => {
  await agent?.stop('SIGKILL');
  await queue?.close();
  receiver?.close();
  receiver?.closeAllConnections();
  await redis?.remove();
  if (folder) await rm(folder, { recursive: true, force: true });
});

function alerts(status = 'active'): Promise<ShownAlert[]> {
  return agent.get<ShownAlert[]>(`/api/monitoring/alerts?status=${status}`);
}

async function send(method: string, path: string, body?: object) {
  const answer = await fetch(agent.url + path, {
    method,
    headers: {
      authorization: `Bearer ${testToken}`,
      ...(body && { 'content-type': 'application/json' }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  return { status: answer.status, json: (await answer.json()) as { data: { id: string; status: string } } };
}

test('a queue that nobody works on is told once, with its cause', async () => {
  await untilTrue(() => assert.equal(bodies.length, 1));
  const [body] = bodies as [WebhookBody];
  assert.equal(body.version, '4');
  assert.equal(body.status, 'firing');
  assert.deepEqual(body.groupLabels, { alertname: 'high-queue' });
  assert.equal(body.alerts.length, 1);
  const [alert] = body.alerts as [WebhookBody['alerts'][number]];
  assert.equal(alert.labels.queue, 'mail');
  assert.match(alert.annotations.summary!, /^mail has [23]\d waiting$/);
  assert.match(alert.annotations.cause!, /no worker connected\. [23]\d jobs wait/);
  const [shown] = await alerts();
  assert.equal(shown!.type, 'high-queue');
  assert.equal(shown!.status, 'active');
  await untilTrue(async () => assert.equal((await alerts())[0]!.data.value, 30));
  assert.equal(shown!.cause!.kind, 'no_workers');
});

test('the command line lists, acknowledges and silences it', async () => {
  const run = (...args: string[]) => runAgent(['alerts', ...args, '-c', agent.configFile]);
  const listed = await run('list', '--format', 'json');
  assert.equal(listed.code, 0, listed.stderr);
  const { id } = JSON.parse(listed.stdout) as ShownAlert;
  const silenced = await run('silence', 'queue="mail"', '--for', '1h', '--comment', 'known');
  assert.equal(silenced.code, 0, silenced.stderr);
  await untilTrue(async () => assert.equal((await alerts('silenced'))[0]?.id, id));
  const silences = await run('silences', '--format', 'json');
  const [silence] = silences.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string });
  assert.equal(bodies.length, 1);
  assert.equal((await run('unsilence', silence!.id)).code, 0);
  await untilTrue(async () => assert.equal((await alerts())[0]?.id, id));
  await untilTrue(() => assert.equal(bodies.length, 2, 'it fires on, and nobody would know'));
  assert.equal((await run('ack', id, '--comment', 'mine')).code, 0);
  await untilTrue(async () => assert.equal((await alerts('acknowledged'))[0]?.id, id));
  const wrong = await run('ack', 'nobody');
  assert.equal(wrong.code, 1);
  assert.match(wrong.stderr, /no alert is pending or firing with the id nobody/);
});

test('a silence by HTTP is stored, seen and ended', async () => {
  const begun = await send('POST', '/api/monitoring/silences', {
    matchers: ['queue="other"'],
    duration: '1h',
    comment: 'try',
  });
  assert.equal(begun.status, 201);
  const { id } = begun.json.data;
  const listed =
    await agent.get<{ id: string; status: string; createdBy: string }[]>('/api/monitoring/silences');
  assert.deepEqual(
    listed.filter((one) => one.id === id).map(({ status, createdBy }) => [status, createdBy]),
    [['active', 'test']],
  );
  assert.equal((await send('DELETE', `/api/monitoring/silences/${id}`)).status, 200);
  assert.equal((await send('DELETE', `/api/monitoring/silences/${id}`)).status, 404);
});

test('while Redis does not answer it is unknown, not resolved', async () => {
  redis.process.kill('SIGSTOP');
  try {
    await untilTrue(async () => {
      const [alert] = await alerts('all');
      assert.deepEqual(alert!.unknownSources, ['queues/main']);
      assert.equal(alert!.resolvedAt, null);
    });
  } finally {
    redis.process.kill('SIGCONT');
  }
  await untilTrue(async () => assert.deepEqual((await alerts('all'))[0]!.unknownSources, []));
  assert.equal(bodies.length, 2);
});

test('a restart tells nothing twice, and who acknowledged is still known', async () => {
  const [before] = await alerts('acknowledged');
  await agent.stop('SIGKILL');
  agent = await startAgent(configuration(), { folder });
  await untilTrue(async () => assert.equal((await alerts('acknowledged'))[0]?.id, before!.id));
  assert.equal(bodies.length, 2);
});

test('when the jobs are done it is resolved, and told once', async () => {
  const worker = new Worker('mail', async () => {}, { connection: { url: redis.url } });
  try {
    await untilTrue(() => assert.equal(bodies.length, 3));
  } finally {
    await worker.close();
  }
  const body = bodies[2]!;
  assert.equal(body.status, 'resolved');
  assert.equal(body.alerts.length, 1);
  assert.ok(Date.parse(body.alerts[0]!.endsAt) >= Date.parse(body.alerts[0]!.startsAt));
  assert.deepEqual(await alerts(), []);
  const [resolved] = await alerts('resolved');
  assert.equal(resolved!.status, 'resolved');
  assert.equal(resolved!.cause!.kind, 'no_workers');
});

test('a test notification says that it is one', async () => {
  const sent = await runAgent(['alerts', 'test-notify', 'oncall', '-c', agent.configFile]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.equal(sent.stdout, 'webhook/0: delivered\n');
  assert.equal(bodies.at(-1)!.alerts[0]!.labels.alertname, 'TestNotification');
  const unknown = await runAgent(['alerts', 'test-notify', 'oncal', '-c', agent.configFile]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stderr, /no receiver "oncal".*oncall/);
});
