import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { slowness, type TestAgent, testToken } from '../support/agent.ts';
import { freePort, untilTrue } from '../support/servers.ts';
import { stored, untilTicks } from './evidence.ts';
import { ask, bearer, getOf, openClient, told, whileWatched } from './http-stage.ts';
import { scale } from './scale.ts';
import { atEnd, configFor, destination, fillStore, newAgent, newFolder, tickMs } from './stage.ts';
import '../support/watchdog.ts';

/** It would take minutes. */
const dear = `/api/v1/query?${new URLSearchParams({
  query: 'quantile_over_time(0.5, quantile_over_time(0.5, vector(1)[12h:1s])[12h:1s])',
})}`;
const history = '/api/monitoring/historical?hours=2&step=1';
let agent: TestAgent;

/** An InfluxDB that takes connections and says nothing. */
async function startHungInflux(): Promise<string> {
  const server = createServer((socket) => socket.on('error', () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => server.close());
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

before(async () => {
  const folder = await newFolder();
  const fields = ['cpuUsage', 'memoryUsage', 'apiErrorRate'];
  fillStore(folder, [{ measurement: 'snapshot', tags: {}, fields }], scale(300, 3600));
  const rules = [
    { name: 'all', interval: `${tickMs}ms`, rules: [{ record: 'beat', expr: 'vector(time())' }] },
  ];
  await writeFile(join(folder, 'rules.yml'), JSON.stringify({ groups: rules }));
  const auth = { tokens: [{ name: 'test', role: 'admin', token: testToken }] };
  // Each reload would take another free port.
  const http = { port: await freePort(), auth };
  const influx = destination(await startHungInflux());
  agent = await newAgent({ ...configFor(influx), http, rules: ['rules.yml'] }, folder);
  await untilTicks(agent, 4);
});

/** What is done beside rules that are evaluated with every tick. */
async function underRules(work: () => Promise<unknown>): Promise<string> {
  const startMs = Date.now();
  const watched = await whileWatched(agent, work);
  const endMs = Date.now();
  const beats = stored(agent, 'beat', {}, startMs, endMs).length;
  const words = `${told(watched)}; rules evaluated ${beats} times`;
  const { stored: ticks, missed, due } = watched.ticks;
  assert.ok(ticks + missed >= due * 0.9 - 2, words);
  // A tick later each.
  assert.ok(beats >= ticks * 0.5 - 2, words);
  assert.ok(watched.rssMb.most - watched.rssMb.before <= 250, words);
  return words;
}

test('queries that would take minutes, ten at once, whose clients leave: rules are evaluated with every tick', async (t) => {
  const words = await underRules(async () => {
    for (let round = 0; round < scale(2, 20); round++) {
      const leaving = new AbortController();
      const asked = Array.from({ length: 10 }, () =>
        assert.rejects(ask(agent, dear, { signal: leaving.signal })),
      );
      await sleep(1000);
      leaving.abort();
      await Promise.all(asked);
    }
  });
  t.diagnostic(words);
  assert.equal((await ask(agent, '/api/v1/query?query=1')).status, 200);
});

test('hundreds of questions about the past at once: some are answered, the others told to come back, and rules go on', async (t) => {
  const statuses: number[] = [];
  const words = await underRules(() =>
    Promise.all(
      Array.from({ length: scale(100, 500) }, async () => statuses.push((await ask(agent, history)).status)),
    ),
  );
  const answered = statuses.filter((status) => status === 200).length;
  t.diagnostic(`${answered} of ${statuses.length} answered; ${words}`);
  assert.ok(
    answered >= 10 && statuses.every((status) => status === 200 || status === 503),
    statuses.join(' '),
  );
});

test('older history is asked for while InfluxDB hangs: the answer is what the store has, with a warning', async () => {
  const { status, text } = await ask(agent, '/api/monitoring/historical?hours=720');
  assert.equal(status, 200, text);
  const { data, notice } = JSON.parse(text) as { data: unknown[]; notice?: string };
  assert.ok(data.length > 0);
  assert.match(String(notice), /older than the store could not be read/);
  const past = await ask(
    agent,
    `/api/v1/query?query=snapshot_cpuUsage&time=${Date.now() / 1000 - 30 * 86_400}`,
  );
  assert.equal(past.status, 200, past.text);
  assert.match(String((JSON.parse(past.text) as { warnings?: string[] }).warnings), /could not be read/);
});

const odd = {
  script: '<script>alert(1)</script>',
  quote: `"'\`;--\\x`,
  rightToLeft: 'abc\u202ecba\u2066',
  zeroWidth: 'a\u200b\ufeffb',
  prototype: '__proto__',
  long: 'ж'.repeat(5000),
};

test('names of script, right-to-left marks and kilobytes come back as text in JSON, as they were', async () => {
  const lines = Object.entries(odd).map(([kind, value]) => {
    const written = value.replaceAll(/[ ,=]/g, '\\$&');
    return `odd,kind=${kind},name=${written} value=1`;
  });
  const headers = { authorization: `Token ${testToken}` };
  const wrote = await ask(agent, '/write', { method: 'POST', headers, body: lines.join('\n') });
  assert.equal(wrote.status, 204, wrote.text);
  for (const path of ['/api/v1/query?query=odd_value', '/api/v1/series?match[]=odd_value']) {
    await untilTrue(async () => {
      const answer = await ask(agent, path);
      assert.match(String(answer.headers['content-type']), /^application\/json/);
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      const { data } = JSON.parse(answer.text) as { data: { result?: { metric: Named }[] } & Named[] };
      const found = data.result?.map(({ metric }) => metric) ?? data;
      const names = Object.fromEntries(found.map(({ kind, name }) => [kind, name]));
      assert.deepEqual(names, odd, path);
    });
  }
});

interface Named {
  readonly kind: string;
  readonly name: string;
}

test('a reload under open streams ends them, and who comes back looks on', async () => {
  const streams = Array.from({ length: 50 }, () =>
    openClient(agent, getOf('/api/monitoring/stream', bearer)),
  );
  await untilTrue(() => assert.ok(streams.every((stream) => stream.text().includes('event: snapshot'))));
  const config = await readFile(agent.configFile, 'utf8');
  await writeFile(agent.configFile, config.replace('cpuPercent: 100', 'cpuPercent: 99'));
  agent.process.kill('SIGHUP');
  await untilTrue(() => assert.match(agent.log(), /SIGHUP: new configuration in force/));
  await untilTrue(() => assert.ok(streams.every(({ socket }) => socket.closed)));
  await untilTicks(agent, 2);
  const again = openClient(agent, getOf('/api/monitoring/stream', bearer));
  await untilTrue(() => assert.match(again.text(), /event: snapshot/));
});

test('an agent with fifty open streams and ten running queries ends within five seconds', async (t) => {
  const streams = Array.from({ length: 50 }, (_, i) =>
    openClient(agent, getOf('/api/monitoring/stream', bearer), i % 2 === 0),
  );
  await untilTrue(() => assert.match(streams[0]!.text(), /event: snapshot/));
  for (let i = 0; i < 10; i++) openClient(agent, getOf(dear, bearer));
  await sleep(500);
  const { code, tookMs } = await agent.stop();
  t.diagnostic(`ended after ${Math.round(tookMs)} ms`);
  assert.equal(code, 0, agent.log().slice(-2000));
  assert.ok(tookMs <= 5000 * (await slowness()), `${tookMs}`);
});
