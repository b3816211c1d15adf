import '../support/watchdog.ts';
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { projectRoot, startAgent, type TestAgent, testToken } from '../support/agent.ts';
import { freePort, serve, type TestServer, temporaryFolder, untilTrue } from '../support/servers.ts';

describe('/metrics', () => {
  let agent: TestAgent;
  let scraper: TestServer;
  let service: ChildProcess;

  before(async () => {
    agent = await startAgent({ agent: { interval: '500ms' }, processes: [], queues: false });
    service = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', tracking], {
      cwd: projectRoot,
      env: { ...process.env, NOVA_AGENT_INTAKE_SOCKET: join(agent.folder, 'run', 'intake.sock') },
      stdio: 'ignore',
    });
    scraper = await startScraper(agent.url);
  });

  after(async () => {
    service?.kill('SIGKILL');
    await scraper?.remove();
    await agent?.stop();
    await rm(agent.folder, { recursive: true, force: true });
  });

  async function ask<T>(url: string, expr: string, time?: string): Promise<T> {
    const query = new URLSearchParams({ query: expr, ...(time && { time }) });
    const headers = { authorization: `Bearer ${testToken}` };
    const answer = await fetch(`${url}/api/v1/query?${query}`, { headers });
    return ((await answer.json()) as { data: { result: T } }).data.result;
  }

  type Sample = { readonly metric: Record<string, string>; readonly value: [number, string] };

  test('a real Prometheus scrapes histograms that count every request', async () => {
    await untilTrue(async () => {
      const [count] = await ask<Sample[]>(scraper.url, 'http_duration_seconds_count{route="/x"}');
      assert.equal(count?.value[1], '300');
    });
    const buckets = await ask<Sample[]>(scraper.url, 'http_duration_seconds_bucket{route="/x"}');
    assert.equal(buckets.length, 21);
    for (const { metric, value } of buckets) {
      const le = Number(metric.le!.replace('+Inf', 'Infinity'));
      const expected = Array.from({ length: 300 }, (_, i) => i + 1).filter((ms) => ms / 1000 < le).length;
      assert.equal(Number(value[1]), expected, metric.le);
    }
    const [sum] = await ask<Sample[]>(scraper.url, 'http_duration_seconds_sum{route="/x"}');
    assert.ok(Math.abs(Number(sum!.value[1]) - 45.15) < 0.001);
  });

  test('what it then answers equals what the agent says itself', async () => {
    const names = [
      'http_requests_total',
      'system_memory_total_bytes',
      'system_cpu_cores',
      'agent_interval_ms',
    ];
    for (const name of names) {
      const ours = await ask<Sample[]>(agent.url, name);
      const theirs = await ask<Sample[]>(scraper.url, name);
      assert.ok(ours.length > 0, name);
      assert.deepEqual(
        theirs.map(({ metric: { instance, job, ...labels }, value }) => [labels, value[1]]),
        ours.map(({ metric, value }) => [metric, value[1]]),
      );
    }
  });

  test('every sample that it scraped was taken', async () => {
    await untilTrue(async () => {
      const [up] = await ask<Sample[]>(scraper.url, 'up');
      assert.equal(up?.value[1], '1');
    });
    const [scraped] = await ask<Sample[]>(scraper.url, 'scrape_samples_scraped');
    assert.ok(Number(scraped!.value[1]) > 50);
  });
});

/** A service that answered 300 requests to /x in 1, 2, 3 … ms, and goes on. */
const tracking = `
import { monitor } from './agent/instrument/instrument.ts';
for (let i = 1; i <= 300; i++)
  monitor.trackAPIRequest({ timestamp: new Date(), endpoint: '/x', method: 'GET', statusCode: 200, responseTime: i });
setInterval(() => {}, 1000);
`;

async function startScraper(url: string): Promise<TestServer> {
  const folder = await temporaryFolder('nova-scraper-');
  const port = await freePort();
  const { host } = new URL(url);
  await writeFile(
    join(folder, 'prometheus.yml'),
    `scrape_configs: [{job_name: agent, scrape_interval: 1s, authorization: {credentials: ${testToken}}, static_configs: [{targets: ['${host}']}]}]\n`,
  );
  const args = [
    `--config.file=${folder}/prometheus.yml`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--log.level=error',
  ];
  return serve('prometheus', args, port, folder, `http://127.0.0.1:${port}`, async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/-/ready`);
    if (!answer.ok) throw new Error(`status ${answer.status}`);
  });
}
